"""What a person's home shows: their licences, what they were told, the departments they can enter, how safely they are logged in.

Left to others: licences (a port), the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from idp import notices
from idp.browsers.sessions import Current
from idp.ports import HeldLicense, IdpDeps
from idp.records import Account, Authenticator, Client
from kernel.errors import Text
from kernel.text import mask
from policies import assurance

_LATEST = 3


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that the home page tells.

    ``number`` is the person's own number, masked; ``used`` when they were last at which system; ``messages`` the latest of them.
    """

    account: Account
    number: str | None
    licenses: Sequence[HeldLicense]
    departments: Sequence[Client]
    used: Mapping[str, datetime]
    messages: Sequence[notices.Told]
    new_messages: int
    authenticators: Sequence[Authenticator]
    level: Text
    real_name_level: Text | None


def describe(deps: IdpDeps, current: Current) -> Home:
    """Return the home of whoever is logged in."""
    account = current.account
    with deps.work.read() as work:
        authenticators = work.records.authenticators(account.id)
        used = {client.client_id: consent.used_at for client, consent in work.records.consents(account.id)}
    level = assurance.get_level(deps.policies.assurance, current.session.acr)
    names = {one.number: Text(one.zh, one.en) for one in deps.policies.assurance.real_name_levels}
    return Home(
        account=account,
        number=None if account.holder_id is None else mask(account.holder_id, head=3, tail=2),
        licenses=() if account.holder_id is None else deps.holder_licenses.of(account.holder_id),
        departments=sorted(departments(deps), key=lambda one: one.client_id not in used),
        used=used,
        messages=notices.told(deps, account.id, limit=_LATEST),
        new_messages=notices.count_new(deps, account.id),
        authenticators=authenticators,
        level=Text(level.zh, level.en),
        real_name_level=names.get(account.real_name_level),
    )


def departments(deps: IdpDeps) -> Sequence[Client]:
    """Return the departments' systems that citizens can enter from here."""
    with deps.work.read() as work:
        return [client for client in work.records.clients() if client.home_url and client.disabled_at is None]
