"""Enrolling an application that shows one-time codes: the secret is shown once, and counts when a code of it was typed.

Until then nothing is stored: the secret travels in the form, sealed for this session and a quarter of an hour.
Left to others: codes themselves (``people.one_time_codes``), who may (``changing``).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta

import segno

from idp.authenticators import changing
from idp.authenticators.errors import ENROLMENT_OVER
from idp.browsers.sessions import Current
from idp.people import one_time_codes
from idp.ports import IdpDeps
from idp.records import Authenticator
from kernel.canonical import canonical
from kernel.clock import to_micros
from kernel.errors import Misuse, Refusal
from kernel.randomness import token

_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the page shows: the QR code as a ``data:`` address, the secret to be typed where there is no camera, and the form's part."""

    qr: str = field(repr=False)
    secret: str = field(repr=False)
    sealed: str = field(repr=False)


def begin(deps: IdpDeps, current: Current) -> Enrolment:
    """Return a new secret for whoever may enrol now."""
    changing.check_fresh(deps, current)
    secret = one_time_codes.new_secret()
    until = to_micros(deps.clock.now() + timedelta(seconds=_SECONDS))
    text = canonical({"secret": secret, "until": until}).decode()
    sealed = base64.urlsafe_b64encode(deps.vault.encrypt(text, _context(current))).decode()
    return _show(deps, current, secret, sealed)


def again(deps: IdpDeps, current: Current, sealed: str) -> Enrolment:
    """Return the same enrolment once more, after a wrong code."""
    return _show(deps, current, _open(deps, current, sealed), sealed)


def confirm(deps: IdpDeps, current: Current, *, sealed: str, code: str, name: str) -> None:
    """Enrol it, given a code of it; that code is used up by this."""
    secret = _open(deps, current, sealed)
    wanted = changing.check_name(name)
    now = deps.clock.now()
    step = one_time_codes.verify_step(secret, code, now)
    account_id = current.account.id
    new = Authenticator(token(16), account_id, "totp", wanted, one_time_codes.seal_secret(deps, account_id, secret), now)
    with changing.change(deps, current) as (work, others):
        changing.add(work, deps, current, others, replace(new, counter=step))


def _show(deps: IdpDeps, current: Current, secret: str, sealed: str) -> Enrolment:
    uri = one_time_codes.enrolment_uri(secret, username=current.account.username, issuer=deps.node.name)
    qr: str = segno.make(uri, error="m", micro=False).svg_data_uri(border=4, dark="#000", light="#fff")
    return Enrolment(qr, secret, sealed)


def _open(deps: IdpDeps, current: Current, sealed: str) -> str:
    try:
        values = json.loads(deps.vault.decrypt(base64.urlsafe_b64decode(sealed), _context(current)))
    except (binascii.Error, ValueError, IndexError, Misuse):
        raise Refusal(ENROLMENT_OVER) from None
    if values["until"] <= to_micros(deps.clock.now()):
        raise Refusal(ENROLMENT_OVER)
    return str(values["secret"])


def _context(current: Current) -> str:
    return f"idp.totp-enrolment:{current.session.id}"
