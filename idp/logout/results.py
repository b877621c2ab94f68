"""What came of logouts, department by department, as the person and the admins read it.

Left to others: the words (the pages), sending (``delivery``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal

from idp.hashes import digest
from idp.ports import IdpDeps
from idp.records import LogoutBacklog, LogoutDelivery

State = Literal["told", "telling", "retrying", "failed", "no_address"]

_SHOWN_SESSIONS = 5
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Result:
    """One department's system: whether it knows."""

    name: str
    state: State


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that ended, and every department that had been told of it."""

    session_id: str
    ended_at: datetime
    results: tuple[Result, ...]

    @property
    def waits(self) -> bool:
        """Tell whether something may still change soon."""
        return any(result.state == "telling" for result in self.results)


def of_cookie(deps: IdpDeps, cookie: str | None) -> Ended | None:
    """Return the results of the ended session whose cookie this was; None when there is none, or nobody was told of it."""
    if not cookie:
        return None
    with deps.work.read() as work:
        found = work.records.find_session_by_secret(digest(cookie))
        if found is None or found[0].ended_at is None:
            return None
        deliveries = work.records.logouts_of_session(found[0].id)
    return next(iter(_by_session(deliveries)), None)


def latest(deps: IdpDeps, account_id: str) -> Sequence[Ended]:
    """Return the results of somebody's last few sessions that ended, the last first."""
    with deps.work.read() as work:
        deliveries = work.records.logouts_of_account(account_id, limit=_SHOWN)
    return _by_session(deliveries)[:_SHOWN_SESSIONS]


def backlog(deps: IdpDeps) -> Sequence[LogoutBacklog]:
    """Return what clients were not told although it was tried, by client."""
    with deps.work.read() as work:
        return work.records.logout_backlog()


def _by_session(deliveries: Iterable[LogoutDelivery]) -> list[Ended]:
    found = []
    for (session_id, ended_at), group in groupby(deliveries, key=lambda each: (each.session_id, each.owed_at)):
        found.append(Ended(session_id, ended_at, tuple(Result(each.client_name, _state(each)) for each in group)))
    return found


def _state(delivery: LogoutDelivery) -> State:
    match delivery.outcome:
        case "delivered":
            return "told"
        case "no_address":
            return "no_address"
        case "refused" | "given_up":
            return "failed"
        case None:
            return "telling" if delivery.error is None else "retrying"
