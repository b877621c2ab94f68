"""What an admin must do today, and what went on in the last 24 hours.

Left to others: the facts (the rooms, the audit reader), words and colours (``templates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from admin_ui.ports import AuditReader
from crosscert import agreements
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement
from pki import alarms
from pki.ports import PkiDeps

HOURS = 24
ACTIONS = ("idp.login", "licenses.verify", "licenses.issue")
_BAR_HEIGHT = 40
_ENDING = 21
"""Of the certificates that end: as many as the page lists, and one by which it knows that there are others."""


@dataclass(frozen=True, slots=True)
class Chart:
    """How often something happened: in all, and in each hour, the earliest first. ``bars`` are heights from 0 to 40, never 0 for something."""

    action: str
    total: int
    bars: Sequence[int]


@dataclass(frozen=True, slots=True)
class Today:
    """What waits for an admin: certificates that end, the first of them, agreements to compare or approve, revocations to be looked over."""

    ending: Sequence[alarms.Alarm]
    waiting: Sequence[Agreement]
    overdue: Sequence[Agreement]


def find_today(deps: PkiDeps, federation: CrosscertDeps) -> Today:
    """Return what waits."""
    waiting = [each for each in agreements.list_agreements(federation) if each.state in {"requested", "compared", "approved"}]
    return Today(list(islice(alarms.find_due(deps), _ENDING)), waiting, agreements.overdue_reviews(federation))


def draw_charts(reader: AuditReader, at: datetime) -> Sequence[Chart]:
    """Return the charts of the last 24 hours; the hour that is under way is the last."""
    begin = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    counted = reader.per_hour(ACTIONS, since=begin, hours=HOURS)
    return [_chart(action, counted[action]) for action in ACTIONS]


def _chart(action: str, times: Sequence[int]) -> Chart:
    most = max(times)
    return Chart(action, sum(times), [-(-_BAR_HEIGHT * each // most) if most else 0 for each in times])
