"""What an admin must do today, and what went on in the last 24 hours.

Left to others: the facts (the rooms, the audit reader), words and colours (``templates``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from admin_ui.ports import AuditReader
from crosscert import agreements
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement
from idp.administration import proposals
from idp.notices import cases
from idp.ports import IdpDeps
from pki import alarms, rollover
from pki.ports import PkiDeps
from pki.records import Rollover
from pki.roles import CA_ROLES

HOURS = 24
SUSPICIOUS = "idp.suspect_login"
ACTIONS = ("idp.login", SUSPICIOUS, "licenses.verify", "licenses.issue")
_BAR_HEIGHT = 40
HELD = 100
"""So many of the certificates that their holders renew are counted: of a city's people a hundred end every day."""
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
    """What waits for an admin: certificates that end, agreements to compare or approve, revocations to be looked over, new keys for CAs.

    ``ending`` are the first of them; ``proposals`` and ``cases`` how many changes of accounts and reports of strangers' logins wait. ``held`` is how many certificates end within ``days`` that their holders renew, by profile, as far as they were counted.
    """

    ending: Sequence[alarms.Alarm]
    held: Mapping[str, int]
    days: int
    waiting: Sequence[Agreement]
    overdue: Sequence[Agreement]
    rollovers: Sequence[Rollover]
    proposals: int
    cases: int


def find_today(deps: PkiDeps, federation: CrosscertDeps, people: IdpDeps) -> Today:
    """Return what waits."""
    waiting = [each for each in agreements.list_agreements(federation) if each.state in {"requested", "compared", "approved"}]
    ours, held = alarms.profiles_by_whose(deps)
    days = deps.policies.alarms.days_before_end[-1]
    ending = islice(alarms.find_due(deps, ours), _ENDING)
    # Not asked for by profile: these are a city's people, and what ends so soon is found by its end, whosesoever it is.
    soon = (one.profile for one in alarms.find_ending(deps, days) if one.profile in held)
    counted = Counter(islice(soon, HELD))
    return Today(
        ending=list(ending),
        held=counted,
        days=days,
        waiting=waiting,
        overdue=agreements.overdue_reviews(federation),
        rollovers=[one for role in CA_ROLES if (one := rollover.find_open(deps, role)) is not None],
        proposals=len(proposals.listed(people, only_open=True)),
        cases=len(cases.listed(people, decided=False)),
    )


def draw_charts(reader: AuditReader, at: datetime) -> Sequence[Chart]:
    """Return the charts of the last 24 hours; the hour that is under way is the last."""
    begin = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    counted = reader.per_hour(ACTIONS, since=begin, hours=HOURS)
    return [_chart(action, counted[action]) for action in ACTIONS]


def _chart(action: str, times: Sequence[int]) -> Chart:
    most = max(times)
    return Chart(action, sum(times), [-(-_BAR_HEIGHT * each // most) if most else 0 for each in times])
