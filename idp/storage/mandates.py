"""Mandates in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from idp.records import Mandate, MandateOffer, Representative
from idp.storage.connection import OnConnection, as_json, as_values, micros, moment, texts
from idp.storage.tables import grants, mandate_offers, mandates, representatives
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Prepared, Row
from pki.vault import Index

_KEY: sa.BindParameter[str] = sa.bindparam("key")
_ORDER = (mandates.c.created_at, mandates.c.id)


def mandates_of(agent_id: sa.ColumnElement[str]) -> sa.Select[int]:
    """Return the question how many mandates an agent of another table's row has. Where it is asked by EXISTS, PostgreSQL may join whole tables."""
    return sa.select(sa.func.count()).select_from(mandates).where(mandates.c.agent_id == agent_id)


_OF_AGENT = Prepared(sa.select(mandates).where(mandates.c.agent_id == _KEY).order_by(*_ORDER))
_MANDATE = Prepared(sa.select(mandates).where(mandates.c.id == _KEY))
_OFFER_MOMENTS = ("valid_until", "created_at", "expires_at")
_MOMENTS = ("valid_from", "valid_until", "created_at", "revoked_at")


class SqlMandates(OnConnection):
    """``MandateRecords`` on one connection."""

    def add_mandate(self, mandate: Mandate) -> None:
        """Store a mandate."""
        values = asdict(mandate) | {"departments": as_json(mandate.departments), "powers": as_json(mandate.powers)}
        self._connection.execute(mandates.insert(), values | {name: micros(values[name]) for name in _MOMENTS})

    def find_mandate(self, mandate_id: str) -> Mandate | None:
        """Return a mandate, in force or not."""
        row = self._find(_MANDATE, key=mandate_id)
        return None if row is None else _read(row)

    def mandates(self, *, organization_id: str | None = None, agent_id: str | None = None) -> Sequence[Mandate]:
        """Return mandates, of one organisation or agent where named, oldest first."""
        if organization_id is None and agent_id is not None:  # asked at every login
            return [_read(row) for row in self._find_all(_OF_AGENT, key=agent_id)]
        query = sa.select(mandates).order_by(*_ORDER)
        if organization_id is not None:
            query = query.where(mandates.c.organization_id == organization_id)
        if agent_id is not None:
            query = query.where(mandates.c.agent_id == agent_id)
        return [_read(row) for row in self._all(query)]

    def latest_mandates(self, organization_id: str | None, *, limit: int) -> Sequence[Mandate]:
        """Return mandates, of one organisation where named, newest first."""
        query = sa.select(mandates).order_by(*(column.desc() for column in _ORDER)).limit(limit)
        if organization_id is not None:
            query = query.where(mandates.c.organization_id == organization_id)
        return [_read(row) for row in self._all(query)]

    def over_mandates(self, at: datetime) -> Sequence[str]:
        """Return the mandates that are over by a moment and by which something granted still stands."""
        standing = (grants.c.mandate_id == mandates.c.id, grants.c.revoked_at.is_(None))
        query = sa.select(mandates.c.id).where(mandates.c.valid_until <= to_micros(at), sa.exists().where(*standing))
        return [row["id"] for row in self._all(query)]

    def revoke_mandate(self, mandate_id: str, at: datetime) -> bool:
        """Revoke a mandate; False when there is none to revoke."""
        standing = (mandates.c.id == mandate_id, mandates.c.revoked_at.is_(None))
        return self._change(mandates.update().where(*standing).values(revoked_at=to_micros(at)))

    def add_offer(self, offer: MandateOffer) -> None:
        """Store a mandate that waits for its agent."""
        values = asdict(offer) | {"departments": as_json(offer.departments), "powers": as_json(offer.powers)}
        self._connection.execute(mandate_offers.insert(), values | {name: to_micros(values[name]) for name in _OFFER_MOMENTS})

    def offers(
        self, now: datetime, *, organization_id: str | None = None, agent_index: Index | None = None
    ) -> Sequence[MandateOffer]:
        """Return what can still be accepted, of one organisation or for one agent where named, oldest first."""
        columns = mandate_offers.c
        query = sa.select(mandate_offers).where(columns.expires_at > to_micros(now)).order_by(columns.created_at, columns.id)
        if organization_id is not None:
            query = query.where(columns.organization_id == organization_id)
        if agent_index is not None:
            query = query.where(columns.agent_index.in_(agent_index.both))
        return [_read_offer(row) for row in self._all(query)]

    def take_offer(self, offer_id: str) -> MandateOffer | None:
        """Remove an offer and return it; None when there is none (any more)."""
        statement = mandate_offers.delete().where(mandate_offers.c.id == offer_id).returning(mandate_offers)
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _read_offer(row)

    def put_representative(self, representative: Representative) -> None:
        """Store who represents an organisation from now on."""
        values = as_values(representative)
        self._put(representatives, values | {name: to_micros(values[name]) for name in ("since", "checked_at")})

    def find_representative(self, organization_id: str) -> Representative | None:
        """Return who represents an organisation here, None for nobody."""
        row = self._first(sa.select(representatives).where(representatives.c.organization_id == organization_id))
        return None if row is None else _read_representative(row)

    def represented(self, account_id: str) -> Sequence[Representative]:
        """Return the organisations that somebody represents, the longest represented first."""
        query = sa.select(representatives).where(representatives.c.account_id == account_id)
        order = (representatives.c.since, representatives.c.organization_id)
        return [_read_representative(row) for row in self._all(query.order_by(*order))]

    def unchecked_representatives(self, since: datetime, *, limit: int) -> Sequence[Representative]:
        """Return those of whom the register was last asked before ``since``, the longest ago first."""
        asked = representatives.c.checked_at
        query = sa.select(representatives).where(asked < to_micros(since)).order_by(asked, representatives.c.organization_id)
        return [_read_representative(row) for row in self._all(query.limit(limit))]

    def remove_representative(self, representative: Representative) -> bool:
        """Remove somebody; False when it is somebody else meanwhile, or nobody."""
        columns = representatives.c
        who = (columns.organization_id == representative.organization_id, columns.account_id == representative.account_id)
        return self._change(representatives.delete().where(*who))


def _read(row: Row | sa.RowMapping) -> Mandate:
    return Mandate(
        id=row["id"],
        organization_id=row["organization_id"],
        agent_id=row["agent_id"],
        departments=texts(row["departments"]),
        powers=texts(row["powers"]),
        valid_from=from_micros(row["valid_from"]),
        valid_until=from_micros(row["valid_until"]),
        created_at=from_micros(row["created_at"]),
        document=bytes(row["document"]),
        revoked_at=moment(row["revoked_at"]),
    )


def _read_offer(row: sa.RowMapping) -> MandateOffer:
    return MandateOffer(
        id=row["id"],
        organization_id=row["organization_id"],
        agent_index=bytes(row["agent_index"]),
        agent=bytes(row["agent"]),
        departments=texts(row["departments"]),
        powers=texts(row["powers"]),
        **{name: from_micros(row[name]) for name in _OFFER_MOMENTS},
    )


def _read_representative(row: sa.RowMapping) -> Representative:
    moments = {name: from_micros(row[name]) for name in ("since", "checked_at")}
    return Representative(row["organization_id"], row["account_id"], **moments)
