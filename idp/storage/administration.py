"""What admins ask for, and accounts as they look for them, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from idp.records import AccountRecord, Channel, Proposal
from idp.storage.connection import OnConnection, as_json, as_values, micros, moment
from idp.storage.people import read_account
from idp.storage.tables import accounts, proposals
from kernel.clock import from_micros, to_micros
from pki.vault import Index

_INDEXES = {"phone": accounts.c.phone_index, "email": accounts.c.email_index}
_OFFICIALS = ("staff", "security_admin")


class SqlAdministration(OnConnection):
    """``AdministrationRecords`` on one connection."""

    def add_proposal(self, proposal: Proposal) -> None:
        """Store what waits for a second admin."""
        moments = {name: micros(getattr(proposal, name)) for name in ("proposed_at", "expires_at", "decided_at")}
        self._connection.execute(proposals.insert(), as_values(proposal) | moments)

    def find_proposal(self, proposal_id: str) -> Proposal | None:
        """Return what was asked for."""
        row = self._first(sa.select(proposals).where(proposals.c.id == proposal_id))
        return None if row is None else _read(row)

    def proposals(self, *, only_open_at: datetime | None = None, limit: int = 100) -> Sequence[Proposal]:
        """Return what was asked for, newest first; with a moment only what can be decided then."""
        query = sa.select(proposals).order_by(proposals.c.proposed_at.desc(), proposals.c.id).limit(limit)
        if only_open_at is not None:
            query = query.where(proposals.c.state == "open", proposals.c.expires_at > to_micros(only_open_at))
        return [_read(row) for row in self._all(query)]

    def decide_proposal(self, proposal_id: str, state: Literal["approved", "rejected"], *, by: str, at: datetime) -> bool:
        """Decide what is open and not too old; False when it was decided before or its time is over."""
        now = to_micros(at)
        waiting = (proposals.c.id == proposal_id, proposals.c.state == "open", proposals.c.expires_at > now)
        return self._change(proposals.update().where(*waiting).values(state=state, decided_by=by, decided_at=now))

    def set_roles(self, account_id: str, roles: tuple[str, ...], *, instead_of: tuple[str, ...]) -> bool:
        """Exchange an account's roles; False when they are others by now."""
        same = (accounts.c.id == account_id, accounts.c.roles == as_json(instead_of))
        return self._change(accounts.update().where(*same).values(roles=as_json(roles)))

    def accounts_reached_at(self, channel: Channel, index: Index) -> Sequence[AccountRecord]:
        """Return the accounts with a phone number or e-mail address."""
        return self._accounts(_INDEXES[channel].in_(index.both))

    def staff(self, *, organization: str | None, after: str = "", limit: int = 100) -> Sequence[AccountRecord]:
        """Return staff, of one organisation or all, ordered by username, starting beyond ``after``."""
        wanted = [accounts.c.kind == "staff", accounts.c.username > after]
        if organization is not None:
            wanted.append(accounts.c.organization == organization)
        return self._accounts(*wanted, limit=limit)

    def accounts_by_id(self, ids: Collection[str]) -> Sequence[AccountRecord]:
        """Return those of these accounts that there are."""
        return self._accounts(accounts.c.id.in_(ids)) if ids else ()

    def accounts_with_roles(self) -> Sequence[AccountRecord]:
        """Return everybody who has any role, by username."""
        return self._accounts(accounts.c.kind.in_(_OFFICIALS), accounts.c.roles != as_json([]))

    def _accounts(self, *wanted: sa.ColumnElement[bool], limit: int | None = None) -> Sequence[AccountRecord]:
        query = sa.select(accounts).where(*wanted).order_by(accounts.c.username).limit(limit)
        return [read_account(row) for row in self._all(query)]


def _read(row: sa.RowMapping) -> Proposal:
    values: dict[str, Any] = dict(row)
    moments = {name: from_micros(row[name]) for name in ("proposed_at", "expires_at")}
    return Proposal(**values | moments | {"decided_at": moment(row["decided_at"])})
