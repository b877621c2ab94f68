"""As whom somebody logs in at a department: themselves, or an organisation that gave them a mandate towards it (以个人身份, 代表单位).

Left to others: asking them (``authorize.interactions``, ``interaction.identity``), what the tokens then say (``tokens.issue``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from idp.enterprises import mandates
from idp.people.accounts import open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, Client, Mandate

MYSELF = ""
"""What is remembered of a login in which somebody chose to be nobody but themselves."""

_ALWAYS = "openid"


@dataclass(frozen=True, slots=True)
class Acting:
    """An organisation for which somebody may act here, by which mandate."""

    mandate: Mandate
    organization: Account

    def narrow(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Return those of the requested scopes that the mandate gives. Nothing goes on in the agent's absence."""
        return tuple(scope for scope in scopes if scope == _ALWAYS or scope in self.mandate.powers)


def find_choices(
    work: IdpWork, deps: IdpDeps, client: Client, account: Account, *, scopes: Iterable[str], now: datetime
) -> tuple[Acting, ...]:
    """Return for whom somebody may act at a department: by a mandate towards it with at least one of the scopes."""
    if account.kind != "citizen":
        return ()
    wanted = frozenset(scopes)
    found = []
    for mandate in work.records.mandates(agent_id=account.id):
        if client.department not in mandate.departments or not wanted.intersection(mandate.powers):
            continue
        standing = mandates.find_standing(work, deps, mandate.id, now)
        if standing is not None:
            found.append(Acting(mandate, open_record(deps, standing[1])))
    return tuple(found)
