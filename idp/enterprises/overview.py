"""What the pages about organisations show: those that one represents, the mandates that one holds, and what an organisation has given.

Left to others: every change (``representing``, ``appointing``), the pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.browsers.sessions import Current
from idp.claims.told import told
from idp.claims.values import label_of
from idp.enterprises.offers import Offer, read, waiting_for
from idp.people.accounts import open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, Mandate
from kernel.clock import to_micros
from kernel.errors import Text

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Given:
    """A mandate with its parties' names, and what its departments and powers are called."""

    mandate: Mandate
    organization: Account | None
    agent: Account | None
    departments: tuple[Text, ...]
    powers: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """An offer, with what its departments and powers are called."""

    offer: Offer
    departments: tuple[Text, ...]
    powers: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """An organisation as its representative sees it: what it has given, and what it could give.

    ``own_login``: somebody can log in as the organisation itself, by whatever an admin once gave them.
    """

    organization: Account
    given: Sequence[Given]
    offers: Sequence[Pending]
    departments: Mapping[str, Text]
    powers: Mapping[str, Text]
    own_login: bool


def represented(deps: IdpDeps, current: Current) -> Sequence[Account]:
    """Return the organisations that whoever is logged in represents."""
    with deps.work.read() as work:
        records = [work.records.find_account(one.organization_id) for one in work.records.represented(current.account.id)]
    return [open_record(deps, record) for record in records if record is not None and record.disabled_at is None]


def held(deps: IdpDeps, current: Current) -> Sequence[Given]:
    """Return the mandates in force (or to come) that whoever is logged in holds."""
    now = deps.clock.now()
    with deps.work.read() as work:
        standing = [one for one in work.records.mandates(agent_id=current.account.id) if _stands(one, now)]
    return name_all(deps, standing)


def waiting(deps: IdpDeps, current: Current) -> Sequence[Pending]:
    """Return what waits for whoever is logged in to accept it."""
    with deps.work.read() as work:
        found = waiting_for(work, deps, current.account, deps.clock.now())
    return _pending(deps, found)


def describe(deps: IdpDeps, organization: Account) -> Desk:
    """Return an organisation's desk."""
    now = deps.clock.now()
    with deps.work.read() as work:
        given = [one for one in work.records.mandates(organization_id=organization.id) if _stands(one, now)]
        own_login = bool(work.records.authenticators(organization.id))
        offers = [one for offer in work.records.offers(now, organization_id=organization.id) if (one := read(work, deps, offer))]
    return Desk(
        organization, name_all(deps, given), _pending(deps, offers), departments(deps), powers(deps, organization), own_login
    )


def departments(deps: IdpDeps) -> Mapping[str, Text]:
    """Return the departments whose systems people can enter here, named as the first of them was registered."""
    with deps.work.read() as work:
        systems = [one for one in work.records.clients() if one.vetted and one.disabled_at is None and one.redirect_uris]
    systems.sort(key=lambda one: 0 if one.created_at is None else to_micros(one.created_at), reverse=True)
    return {one.department: one.title for one in systems}


def powers(deps: IdpDeps, organization: Account) -> Mapping[str, Text]:
    """Return what an organisation can let its agents use, by scope: those of which something is known of it, or that tell nothing."""
    found = {}
    for name in deps.policies.assurance.organizations.powers:
        scope = deps.policies.claims.scopes[name]
        labels = [label for claim in told(organization, scope.claims) if (label := label_of(claim)) is not None]
        if labels or not scope.claims:
            sentence = Text("、".join(one.zh for one in labels), ", ".join(one.en for one in labels))
            found[name] = sentence if labels else Text(scope.zh, scope.en)
    return found


def latest(deps: IdpDeps, uscc: str) -> Sequence[Given]:
    """Return all mandates of the organisation with a credit code, or of any where none is named, newest first, so many at most."""
    with deps.work.read() as work:
        found = work.records.find_holder(deps.vault.index(uscc, "idp.holder")) if uscc else None
        of_nobody = bool(uscc) and (found is None or found.kind != "enterprise")
        mandates = () if of_nobody else work.records.latest_mandates(None if found is None else found.id, limit=_SHOWN)
    return name_all(deps, mandates)


def name_all(deps: IdpDeps, found: Sequence[Mandate]) -> Sequence[Given]:
    """Return mandates with the names of those concerned."""
    known = departments(deps) if found else {}
    with deps.work.read() as work:
        return [_name(work, deps, known, one) for one in found]


def _name(work: IdpWork, deps: IdpDeps, known: Mapping[str, Text], mandate: Mandate) -> Given:
    records = [work.records.find_account(one) for one in (mandate.organization_id, mandate.agent_id)]
    organization, agent = (None if record is None else open_record(deps, record) for record in records)
    towards = tuple(known.get(one, Text(one, one)) for one in mandate.departments)
    return Given(mandate, organization, agent, towards, _name_powers(deps, organization, mandate.powers))


def _pending(deps: IdpDeps, found: Sequence[Offer]) -> Sequence[Pending]:
    known = departments(deps) if found else {}
    return [
        Pending(
            one,
            tuple(known.get(name, Text(name, name)) for name in one.record.departments),
            _name_powers(deps, one.organization, one.record.powers),
        )
        for one in found
    ]


def _name_powers(deps: IdpDeps, organization: Account | None, names: Sequence[str]) -> tuple[Text, ...]:
    known = {} if organization is None else powers(deps, organization)
    scopes = deps.policies.claims.scopes
    return tuple(known.get(name) or Text(scopes[name].zh, scopes[name].en) for name in names if name in scopes)


def _stands(mandate: Mandate, now: datetime) -> bool:
    return mandate.revoked_at is None and mandate.valid_until > now
