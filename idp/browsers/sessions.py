"""Single sign-on: a browser in which somebody is logged in. Starting, finding, raising, ending; lifetimes by assurance level.

Left to others: how somebody proved who they are (``interaction.login``), how departments are told (``authorize``, ``tokens``), the cookie (views).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypedDict

from idp.hashes import digest
from idp.people.accounts import open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, Client, Login, Session
from kernel.audit import AuditEvent
from kernel.canonical import canonical
from kernel.errors import Text
from kernel.randomness import choose, token
from policies import assurance

_SEEN_EVERY = timedelta(seconds=60)
LENT, LENT_IDLE = timedelta(minutes=20), timedelta(minutes=3)
"""How long a session at a kiosk lasts, and how long it may be left alone: its pages leave by themselves before that.

Who asks for more time gets it ten times and more (WCAG 2.2.1); in the end whoever took a visitor's place is out.
"""
_MAX_AGENT = 300
_CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is read as something else
_CODE_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session is: the network address and what the browser calls itself."""

    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A session with the value for its cookie, which is only known now, and the login's code (empty when it was none)."""

    session: Session
    cookie: str = field(repr=False)
    code: str = ""


@dataclass(frozen=True, slots=True)
class Current:
    """A living session and whose it is."""

    session: Session
    account: Account


class _Strength(TypedDict):
    acr: str
    amr: tuple[str, ...]
    ends_at: datetime
    idle_seconds: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as its owner sees it: where, since when, how surely, and who was told of it."""

    session: Session
    device: Device
    level: Text
    clients: tuple[tuple[Client, datetime], ...]
    code: str = ""


def start(work: IdpWork, deps: IdpDeps, account_id: str, amr: Iterable[str], device: Device) -> Started:
    """Start a session for somebody who just proved who they are by ``amr``; it is as strong as these methods are."""
    now = deps.clock.now()
    cookie = token()
    session_id = token(16)
    session = Session(
        id=session_id,
        secret_hash=digest(cookie),
        account_id=account_id,
        **_strength(deps, amr, now),
        auth_time=now,
        created_at=now,
        seen_at=now,
        device=_seal(deps, session_id, device),
    )
    work.records.add_session(session)
    code = _name_login(work, session)
    _note(work, session, "idp.login", now)
    return Started(session, cookie, code)


def lend(work: IdpWork, deps: IdpDeps, lender: Session, session_id: str, device: Device) -> Started | None:
    """Let a session lend one to a kiosk: as strong, short, and never of just now, since nobody proves anything there; None when it ended meanwhile."""
    now, cookie = deps.clock.now(), token()
    lent = Session(
        id=session_id,
        secret_hash=digest(cookie),
        account_id=lender.account_id,
        acr=lender.acr,
        amr=lender.amr,
        auth_time=min(lender.auth_time, now - timedelta(seconds=deps.policies.assurance.change_within_seconds)),
        created_at=now,
        seen_at=now,
        ends_at=min(lender.ends_at, now + LENT),
        idle_seconds=int(LENT_IDLE.total_seconds()),
        device=_seal(deps, session_id, device),
        lent=True,
    )
    if not work.records.lend_session(lent, lender.id):
        return None
    _note(work, lent, "idp.lend_session", now)
    return Started(lent, cookie)


def renew(work: IdpWork, deps: IdpDeps, session: Session, amr: Iterable[str], device: Device) -> Started:
    """Let the same person's new login renew their session, so that what hangs on it lives on; its cookie changes."""
    now = deps.clock.now()
    cookie = token()
    renewed = replace(
        session,
        secret_hash=digest(cookie),
        **_strength(deps, amr, now),
        auth_time=now,
        seen_at=now,
        device=_seal(deps, session.id, device),
    )
    if not work.records.raise_session(renewed):  # ended meanwhile
        return start(work, deps, session.account_id, amr, device)
    code = _name_login(work, renewed)
    _note(work, renewed, "idp.login", now)
    return Started(renewed, cookie, code)


def raise_level(work: IdpWork, deps: IdpDeps, session: Session, method: str) -> Started | None:
    """Add a method to a living session (step-up). Its cookie changes with it; None when it was ended meanwhile."""
    now = deps.clock.now()
    cookie = token()
    strength = _strength(deps, {*session.amr, method}, session.auth_time)
    raised = replace(session, secret_hash=digest(cookie), **strength, seen_at=now)
    if not work.records.raise_session(raised):
        return None
    _note(work, raised, "idp.step_up", now)
    return Started(raised, cookie)


def _strength(deps: IdpDeps, amr: Iterable[str], since: datetime) -> _Strength:
    methods = tuple(sorted(amr))
    level = assurance.level_reached(deps.policies.assurance, frozenset(methods))
    if level is None:
        message = f"no assurance level is reached by {methods}"
        raise LookupError(message)
    return {
        "acr": level.acr,
        "amr": methods,
        "ends_at": since + timedelta(seconds=level.absolute_seconds),
        "idle_seconds": level.idle_seconds,
    }


def _name_login(work: IdpWork, session: Session) -> str:
    """Give a login the code by which anybody can report it; it says nothing of whose it is."""
    code = choose(_CODE_ALPHABET, _CODE_LENGTH)
    work.records.add_login(Login(code, session.account_id, session.id, session.auth_time, session.acr, session.device))
    return code


def _note(work: IdpWork, session: Session, action: str, now: datetime) -> None:
    details = {"session": session.id, "acr": session.acr, "amr": list(session.amr)}
    who = f"account:{session.account_id}"
    work.audit.record(AuditEvent(now, who, action, who, details=details))


def find_current(deps: IdpDeps, cookie: str | None, *, used: bool = True) -> Current | None:
    """Return the living session whose cookie this is: not ended, not too old, not left alone too long, its account enabled.

    Asking is using it, unless it is not ``used``: then nobody touched anything.
    """
    if not cookie:
        return None
    with deps.work.look() as work:
        found = work.records.find_session_by_secret(digest(cookie))
    return None if found is None else open_found(deps, *found, used=used)


def open_found(deps: IdpDeps, session: Session, record: AccountRecord, *, used: bool = True) -> Current | None:
    """Do what :func:`find_current` does with what was looked up already."""
    now = deps.clock.now()
    if not is_alive(session, now) or record.disabled_at is not None:
        return None
    if used and now - session.seen_at >= _SEEN_EVERY:
        with deps.work.note() as work:
            work.records.see_session(session.id, now)
    return Current(session, open_record(deps, record))


def is_alive(session: Session, now: datetime) -> bool:
    """Tell whether a session still counts at ``now``."""
    return session.ended_at is None and now < until(session)


def until(session: Session) -> datetime:
    """Return when a session that nobody touches any more ends by itself."""
    return min(session.ends_at, session.seen_at + timedelta(seconds=session.idle_seconds))


def end(deps: IdpDeps, session: Session, *, actor: str) -> None:
    """End a session and with it every token that does not outlive it. Ending it twice is no error."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        end_within(work, session, actor=actor, now=now)


def end_within(work: IdpWork, session: Session, *, actor: str, now: datetime) -> None:
    """Do what :func:`end` does as part of a larger change."""
    if work.records.end_session(session.id, now):
        told = [client.client_id for client, _ in work.records.session_clients(session.id)]
        target = f"account:{session.account_id}"
        work.audit.record(AuditEvent(now, actor, "idp.logout", target, details={"session": session.id, "clients": told}))


def listed(deps: IdpDeps, account_id: str) -> Sequence[Listed]:
    """Return the living sessions of somebody, newest first."""
    now = deps.clock.now()
    with deps.work.read() as work:
        alive = [session for session in work.records.sessions(account_id) if is_alive(session, now)]
        told = {session.id: tuple(work.records.session_clients(session.id)) for session in alive}
        codes = work.records.login_codes(account_id) if alive else {}
    return [
        Listed(
            session,
            open_device(deps, session.id, session.device),
            _level_of(deps, session.acr),
            told[session.id],
            codes.get(session.id, ""),
        )
        for session in alive
    ]


def _level_of(deps: IdpDeps, acr: str) -> Text:
    level = assurance.get_level(deps.policies.assurance, acr)
    return Text(level.zh, level.en)


def _seal(deps: IdpDeps, session_id: str, device: Device) -> bytes:
    text = canonical({"address": device.address, "agent": device.agent[:_MAX_AGENT]}).decode()
    return deps.vault.encrypt(text, _context(session_id))


def open_device(deps: IdpDeps, session_id: str, device: bytes) -> Device:
    """Return where a session or a login of it was."""
    values = json.loads(deps.vault.decrypt(device, _context(session_id)))
    return Device(values["address"], values["agent"])


def _context(session_id: str) -> str:
    return f"idp.device:{session_id}"
