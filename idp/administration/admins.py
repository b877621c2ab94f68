"""Whoever acts upon other people's accounts, at the console or at a terminal, and how far they may reach.

Left to others: which role permits what (``policies.roles``), showing pages (``admin_ui``).
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.errors import ACCOUNT_UNKNOWN, ACT_ON_ONESELF
from idp.records import AccountRecord
from kernel.errors import Refusal
from kernel.people import person_of


@dataclass(frozen=True, slots=True)
class Admin:
    """Somebody who acts: ``actor`` in the audit trail, and ``person`` however the name is spelt.

    ``within`` is the organisation to whose staff they are confined; None: they are not, ``""``: to nobody's.
    """

    actor: str
    person: str
    account_id: str | None = None
    within: str | None = None


def operator(actor: str) -> Admin:
    """Return whoever acts at a terminal under a name (``operator:…``)."""
    return Admin(actor, person_of(actor))


def official(account_id: str, username: str, *, within: str | None = None) -> Admin:
    """Return somebody at the console."""
    return Admin(f"account:{account_id}", person_of(username), account_id, within)


def is_within(admin: Admin, record: AccountRecord) -> bool:
    """Tell whether an account is within somebody's reach: anybody's, or that of staff of the organisation they are confined to."""
    return admin.within is None or (record.kind == "staff" and record.organization == admin.within != "")


def check_reach(admin: Admin, record: AccountRecord | None) -> AccountRecord:
    """Return the account if ``admin`` may know of it; what is beyond their reach is unknown to them."""
    if record is None or not is_within(admin, record):
        raise Refusal(ACCOUNT_UNKNOWN)
    return record


def check_not_oneself(admin: Admin, record: AccountRecord) -> None:
    """Refuse what somebody would do to their own account, under whichever spelling of their name."""
    if admin.account_id == record.id or admin.person == person_of(record.username):
        raise Refusal(ACT_ON_ONESELF)
