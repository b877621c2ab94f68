"""What waits for one visitor of the console today: each thing that they themselves may do next, and nothing else.

Not theirs is what their roles do not permit, what another department's officers decide, what they asked for and another person must agree to.
Left to others: the facts and every act (the rooms), words and colours (``templates``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from admin_ui import licenses
from admin_ui.ports import AdminDeps, AdminVisitor, FailedJob
from crosscert import agreements
from crosscert.records import Agreement
from idp.administration import proposals
from idp.authenticators import switches
from idp.directories import sync
from idp.events import sending
from idp.logout import results
from idp.notices import cases
from idp.records import DirectoryState, Switch
from kernel.people import person_of
from licenses import template_proposals
from licenses.bulk import deciding, outcomes
from licenses.bulk_records import Batch
from licenses.life import acts
from licenses.template_records import Proposal
from pki import alarms, rollover
from pki.records import Rollover
from pki.roles import CA_ROLES
from policies.roles import permits

HELD = 100
"""So many of the certificates that their holders renew are counted: of a city's people a hundred end every day."""
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Ending:
    """Certificates without a successor that end: the ``first`` of them, and whether there are ``more``.

    ``held`` is how many end within ``days`` that their holders renew, by profile, as far as they were counted.
    """

    first: Sequence[alarms.Alarm]
    more: bool
    held: Mapping[str, int]
    days: int

    def __bool__(self) -> bool:
        """Tell whether any ends."""
        return bool(self.first or self.held)


@dataclass(frozen=True, slots=True)
class Today:
    """What waits: empty where nothing does.

    ``agreements`` to compare, approve or issue; ``reviews`` of revocations, with whether they are overdue; ``proposals`` and ``cases``
    how many changes of accounts and reports of strangers' logins; ``acts`` how many on licences want a second officer; ``directories``
    that were not taken over; ``jobs`` of the worker that fail; ``logouts`` and ``events`` how many messages departments did not take; ``off`` the ways to log in that are.
    """

    agreements: Sequence[Agreement] = ()
    reviews: Sequence[tuple[Agreement, bool]] = ()
    rollovers: Sequence[Rollover] = ()
    proposals: int = 0
    cases: int = 0
    acts: int = 0
    batches: Sequence[Batch] = ()
    templates: Sequence[Proposal] = ()
    ending: Ending | None = None
    directories: Sequence[DirectoryState] = ()
    jobs: Sequence[FailedJob] = ()
    logouts: int = 0
    events: int = 0
    off: Sequence[Switch] = ()

    def __bool__(self) -> bool:
        """Tell whether anything waits."""
        return any(getattr(self, one.name) for one in fields(self))


def find_today(deps: AdminDeps, visitor: AdminVisitor) -> Today:
    """Return what waits for ``visitor``."""
    roles = deps.policies.roles
    found = {
        name: find(deps, visitor) for name, (permission, find) in _FINDERS.items() if permits(roles, visitor.roles, permission)
    }
    return Today(**found)


def _agreements(deps: AdminDeps, visitor: AdminVisitor) -> Sequence[Agreement]:
    return [each for each in agreements.list_agreements(deps.crosscert) if _is_next(each, person_of(visitor.username))]


def _is_next(agreement: Agreement, person: str) -> bool:
    """Tell whether the next step is one that ``person`` may do: nobody approves their own request, and nobody twice."""
    if agreement.state == "compared":
        done = {person_of(agreement.requested_by), *(each.person for each in agreement.approvals)}
        return agreement.kind != "asked" and person not in done
    return agreement.state in {"requested", "approved"}


def _reviews(deps: AdminDeps, visitor: AdminVisitor) -> Sequence[tuple[Agreement, bool]]:
    now, person = deps.clock.now(), person_of(visitor.username)
    found = ((each, agreements.review_until(deps.crosscert, each)) for each in agreements.list_agreements(deps.crosscert))
    return [(each, until <= now) for each, until in found if until is not None and person != person_of(each.ended_by or "")]


def _rollovers(deps: AdminDeps, visitor: AdminVisitor) -> Sequence[Rollover]:
    asked = (rollover.find_open(deps.pki, role) for role in CA_ROLES)
    person = person_of(visitor.username)
    return [one for one in asked if one and person not in map(person_of, (one.requested_by, *one.approvals))]


def _proposals(deps: AdminDeps, visitor: AdminVisitor) -> int:
    person = person_of(visitor.username)
    waiting = proposals.listed(deps.idp, only_open=True)
    return sum(person not in {one.proposal.proposed_person, person_of(one.username)} for one in waiting)


def _cases(deps: AdminDeps, visitor: AdminVisitor) -> int:
    return sum(one.account_id != visitor.account_id for one in cases.listed(deps.idp, decided=False))


def _acts(deps: AdminDeps, visitor: AdminVisitor) -> int:
    officer = licenses.officer_of(deps.licenses, visitor, licenses.CHANGE)
    waiting = acts.list_acts(deps.licenses, officer, state="waiting")
    return sum(one.asked_person != officer.person for one in waiting)


def _batches(deps: AdminDeps, visitor: AdminVisitor) -> Sequence[Batch]:
    officer = licenses.officer_of(deps.licenses, visitor, licenses.ISSUE)
    waiting = outcomes.list_waiting(deps.licenses, officer)
    if waiting and deciding.takes_two(deps.licenses, officer):
        return [one for one in waiting if one.asked_person != officer.person]
    return waiting


def _templates(deps: AdminDeps, visitor: AdminVisitor) -> Sequence[Proposal]:
    officer = licenses.officer_of(deps.licenses, visitor, licenses.TEMPLATES)
    found, _older = template_proposals.list_proposals(deps.licenses, officer, state="waiting")
    return [one for one in found if one.asked_person != officer.person]


def _ending(deps: AdminDeps, _visitor: AdminVisitor) -> Ending:
    ours, held = alarms.profiles_by_whose(deps.pki)
    days = deps.pki.policies.alarms.days_before_end[-1]
    first = list(islice(alarms.find_due(deps.pki, ours), _LISTED + 1))
    # Not asked for by profile: these are a city's people, and what ends so soon is found by its end, whosesoever it is.
    soon = (one.profile for one in alarms.find_ending(deps.pki, days) if one.profile in held)
    return Ending(first[:_LISTED], len(first) > _LISTED, Counter(islice(soon, HELD)), days)


def _directories(deps: AdminDeps, _visitor: AdminVisitor) -> Sequence[DirectoryState]:
    states = (sync.find_state(deps.idp, directory) for directory in deps.idp.directories.values())
    return [one for one in states if one.failures]


_FINDERS: Mapping[str, tuple[str, Callable[[AdminDeps, AdminVisitor], Any]]] = {
    "agreements": ("agreements.approve", _agreements),
    "reviews": ("agreements.approve", _reviews),
    "rollovers": ("certificates.issue", _rollovers),
    "proposals": ("approvals.decide", _proposals),
    "cases": ("cases.decide", _cases),
    "acts": (licenses.CHANGE, _acts),
    "batches": (licenses.ISSUE, _batches),
    "templates": (licenses.TEMPLATES, _templates),
    "ending": ("certificates.issue", _ending),
    "directories": ("accounts.roles", _directories),
    "jobs": ("certificates.issue", lambda deps, _visitor: deps.failed_jobs()),
    "logouts": ("clients.write", lambda deps, _visitor: sum(one.failed for one in results.backlog(deps.idp))),
    "events": ("clients.write", lambda deps, _visitor: sum(sending.find_untold(deps.idp).values())),
    "off": ("logins.switch", lambda deps, _visitor: switches.listed(deps.idp)),
}
"""How each is found, and the permission by which it is somebody's."""
