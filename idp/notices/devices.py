"""Which browsers an account was used in. A login in one that is new, or that others use as well, is told of; one's own is not.

A browser is known by its own cookie, never by what it calls itself. Left to others: single sign-on, which is told of to nobody.
"""

from __future__ import annotations

from datetime import datetime

from idp.browsers.devices import device_name
from idp.browsers.sessions import Device
from idp.hashes import digest
from idp.notices.telling import tell
from idp.ports import IdpDeps, IdpWork


def greet(
    work: IdpWork, deps: IdpDeps, account_id: str, *, browser: tuple[str, ...], device: Device, code: str, now: datetime
) -> None:
    """Remember a login's browser, and tell the account's owner of it unless it is theirs alone."""
    values = [digest(value) for value in browser]
    known = [work.records.see_device(account_id, value, now) for value in values]  # each is remembered
    if not any(known) or any(work.records.is_shared(value) for value in values):
        name = device_name(device.agent) or "–"
        tell(work, deps, account_id, "new_device", now, device=name, address=device.address or "–", code=code)
