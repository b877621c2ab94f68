"""What went on in the last 24 hours, as bars. Left to others: the audit reader, words and colours (``templates``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from admin_ui.ports import AuditReader

HOURS = 24
ACTIONS = ("idp.login", "idp.suspect_login", "licenses.verify", "licenses.issue")
_BAR_HEIGHT = 40


@dataclass(frozen=True, slots=True)
class Chart:
    """How often something happened: in all, and in each hour, the earliest first. ``bars`` are heights from 0 to 40, never 0 for something."""

    action: str
    total: int
    bars: Sequence[int]


def draw_charts(reader: AuditReader, at: datetime) -> Sequence[Chart]:
    """Return the charts of the last 24 hours; the hour that is under way is the last."""
    begin = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    counted = reader.per_hour(ACTIONS, since=begin, hours=HOURS)
    return [_chart(action, counted[action]) for action in ACTIONS]


def _chart(action: str, times: Sequence[int]) -> Chart:
    most = max(times)
    return Chart(action, sum(times), [-(-_BAR_HEIGHT * each // most) if most else 0 for each in times])
