"""Forms that were sent without a login that counts: kept until their sender has logged in again, so that nothing typed is lost.

A form is kept for whoever the browser was logged in as, in that browser and for half an hour, encrypted and bounded. It is shown
again, filled in; it is never sent by itself. Nobody else who logs in there gets it. What must not be kept is left out by its name.

Left to others: noticing such a form and filling it in again (``service.kept_forms``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from idp.hashes import digest
from idp.ports import IdpDeps
from idp.records import KeptForm
from kernel.randomness import token

THEN = "form-"
"""With a form's identifier, what a login is told to lead to."""

FIELD = "kept"
"""Names the form: in the address of its page, and in the form that is filled in again."""

KEPT = timedelta(minutes=30)
LEFT_OUT = frozenset({"code", "credential", "csrf_token", "kept", "password", "proof", "sealed", "ticket"})
"""Names of fields that are never kept: secrets, and proofs of the page that they came from. A test holds all templates against it."""

_THEN = re.compile(r"form-[A-Za-z0-9_-]{16,60}")
_MOST_BYTES = 32_768
_MOST_FORMS = 8


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: into the form that is sent to ``action``, on ``page`` (paths of this node), field by field as it was sent."""

    page: str
    action: str
    fields: Sequence[tuple[str, str]] = field(repr=False)


def keep(deps: IdpDeps, cookie: str | None, browser: Sequence[str], typed: Typed) -> str | None:
    """Keep what was typed for whose session ``cookie`` is or was; return its identifier, None when there is nothing to keep.

    Nothing is kept for a stranger, in a browser that is not known, of too much, and of more forms than anybody fills in at once.
    """
    fields = [(name, value) for name, value in typed.fields if name not in LEFT_OUT]
    content = json.dumps({"page": typed.page, "action": typed.action, "fields": fields}).encode()
    if not cookie or not browser or not any(value for _, value in fields) or len(content) > _MOST_BYTES:
        return None
    now, form_id = deps.clock.now(), token(16)
    with deps.work.begin() as work:
        found = work.records.find_session_by_secret(digest(cookie))
        if found is None or found[1].disabled_at is not None:
            return None
        sealed = deps.vault.encrypt_bytes(content, _context(form_id))
        form = KeptForm(form_id, found[1].id, digest(browser[0]), sealed, now + KEPT)
        return form_id if work.records.add_kept_form(form, most=_MOST_FORMS, now=now) else None


def find(deps: IdpDeps, form_id: str, account_id: str, browser: Sequence[str]) -> Typed | None:
    """Return what somebody typed in this browser; None for what is over, another's, or another browser's."""
    with deps.work.read() as work:
        form = work.records.find_kept_form(form_id)
    if form is None or form.account_id != account_id or form.expires_at <= deps.clock.now():
        return None
    if form.browser_hash not in [digest(value) for value in browser]:
        return None
    content = json.loads(deps.vault.decrypt_bytes(form.content, _context(form_id)))
    return Typed(content["page"], content["action"], [(name, value) for name, value in content["fields"]])


def names_form(then: str) -> bool:
    """Tell whether a login's ``then`` names a form."""
    return bool(_THEN.fullmatch(then))


def page_of(deps: IdpDeps, then: str, account_id: str, browser: Sequence[str]) -> str | None:
    """Return where the form that ``then`` names is filled in again; None when it is not for who has logged in."""
    form_id = then.removeprefix(THEN)
    typed = find(deps, form_id, account_id, browser)
    return None if typed is None else f"{typed.page}{'&' if '?' in typed.page else '?'}{FIELD}={form_id}"


def drop(deps: IdpDeps, form_id: str, account_id: str) -> None:
    """Forget a form of somebody's: it was sent."""
    with deps.work.begin() as work:
        work.records.remove_kept_form(form_id, account_id)


def _context(form_id: str) -> str:
    return f"idp.kept_form:{form_id}"
