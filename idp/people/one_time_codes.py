"""One-time codes by time (TOTP, RFC 6238): six digits, half a minute each, accepted one step early or late and only once.

Left to others: how often one may be tried (``throttle``), showing the secret at enrolment.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError

from idp.errors import AUTHENTICATOR_EXISTS, ONE_TIME_CODE_USED, ONE_TIME_CODE_WRONG
from idp.ports import IdpDeps
from idp.records import Authenticator
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import random_bytes, token

METHOD = "otp"
"""The ``amr`` value (RFC 8176)."""

_DIGITS = 6
_SECRET_BYTES = 20


def new_secret() -> str:
    """Return a new secret (160 bits, RFC 4226 4) in base32."""
    return base64.b32encode(random_bytes(_SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Tell whether ``text`` is a base32 secret of at least 128 bits."""
    try:
        return len(base64.b32decode(text)) >= 16  # noqa: PLR2004 - RFC 4226 4, R6
    except (binascii.Error, ValueError):
        return False


def enrolment_uri(secret: str, *, username: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that authenticator applications read from a QR code."""
    uri: str = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)
    return uri


def seal_secret(deps: IdpDeps, account_id: str, secret: str) -> bytes:
    """Return the secret as it is stored."""
    return deps.vault.encrypt(secret, _context(account_id))


def enrol(deps: IdpDeps, account_id: str, *, actor: str) -> str:
    """Give an account that has none an authenticator, and return its new secret; ``Refusal(authenticator_exists)``."""
    secret, now = new_secret(), deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.add_authenticator(
            Authenticator(token(16), account_id, "totp", "", seal_secret(deps, account_id, secret), now)
        ):
            raise Refusal(AUTHENTICATOR_EXISTS)
        details: dict[str, Json] = {"authenticators": ["totp"]}
        work.audit.record(AuditEvent(now, actor, "idp.enrol_authenticator", f"account:{account_id}", details=details))
    return secret


def accept(deps: IdpDeps, authenticator: Authenticator, code: str) -> None:
    """Accept ``code`` once; ``Refusal`` when it is wrong or it (or a later one) was accepted before."""
    now = deps.clock.now()
    step = verify_step(deps.vault.decrypt(authenticator.secret, _context(authenticator.account_id)), code, now)
    with deps.work.begin() as work:
        if not work.records.take_step(authenticator.id, step, now):
            raise Refusal(ONE_TIME_CODE_USED, field="code")


def verify_step(secret: str, code: str, now: datetime) -> int:
    """Return the time step that ``code`` belongs to; ``Refusal`` when it is wrong. Whether it was used is the caller's question."""
    step = _find_step(secret, code, now.timestamp())
    if step is None:
        raise Refusal(ONE_TIME_CODE_WRONG, field="code")
    return step


def _find_step(secret: str, code: str, at: float) -> int | None:
    digits = "".join(code.split())
    if len(digits) != _DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        step: int = pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=int(at), valid_window=1)
    except OTPVerificationError:
        return None
    return step


def _context(account_id: str) -> str:
    return f"idp.totp:{account_id}"
