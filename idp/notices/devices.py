"""Which browsers an account was used in. A login in one that is new, or that others use as well, is told of; one's own is not.

What looks like somebody else's login is told of in any case, over every channel. A browser is known by its own cookie, never by what it
calls itself. Left to others: single sign-on, which is told of to nobody; weighing the signs (``risk``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from idp import risk
from idp.browsers.devices import device_name
from idp.browsers.sessions import Device, open_device
from idp.hashes import digest
from idp.notices.telling import tell
from idp.ports import IdpDeps, IdpWork
from idp.records import Login
from kernel.audit import AuditEvent

_EARLIER = 20


@dataclass(frozen=True, slots=True)
class Impression:
    """What a login's browser is to the account: new to it or not its own alone; and whether the login looks like somebody else's."""

    new_device: bool
    suspicious: bool


def weigh(work: IdpWork, deps: IdpDeps, account_id: str, *, browser: tuple[str, ...], device: Device) -> Impression:
    """Return what a login that is about to succeed looks like."""
    values, now = [digest(value) for value in browser], deps.clock.now()
    # By day no rule of ours asks about earlier logins.
    work.records.expect_weighing(account_id, values, logins=_EARLIER if risk.is_night(now) else 0)
    own = any(work.records.knows_device(account_id, value) for value in values)
    new_device = not own or any(work.records.is_shared(value) for value in values)
    met = _met(work, deps, account_id) if new_device else ()
    signs = risk.Signs(now, device.address, met, new_device=new_device)
    return Impression(new_device, deps.risk.is_suspicious(signs))


def _met(work: IdpWork, deps: IdpDeps, account_id: str) -> Iterator[tuple[datetime, Callable[[], str]]]:
    """Yield when and from what address somebody came before; they are looked up when the first is wanted."""
    for one in work.records.last_logins(account_id, limit=_EARLIER):
        yield one.at, partial(_address, deps, one)


def _address(deps: IdpDeps, earlier: Login) -> str:
    return open_device(deps, earlier.session_id, earlier.device).address


def greet(
    work: IdpWork,
    deps: IdpDeps,
    account_id: str,
    impression: Impression,
    *,
    browser: tuple[str, ...],
    device: Device,
    code: str,
    now: datetime,
) -> None:
    """Remember a login's browser, and tell the account's owner of it unless it is theirs alone and nothing is suspicious."""
    for value in browser:
        work.records.see_device(account_id, digest(value), now)
    if impression.suspicious or impression.new_device:
        what = "suspicious_login" if impression.suspicious else "new_device"
        name = device_name(device.agent) or "–"
        tell(work, deps, account_id, what, now, device=name, address=device.address or "–", code=code)
    if impression.suspicious:  # the console counts them
        target = f"account:{account_id}"
        work.audit.record(AuditEvent(now, "system", "idp.suspect_login", target, details={"login": code}))
