"""Which certificates are revoked or suspended, and the lists that say so.

Beside each certificate's state stands its entry, encoded once: a list of a million is put together by the database itself.

Left to others: deciding (``revocation``), signing (``crl``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kernel.clock import from_micros, to_micros
from pki.crl_der import entry
from pki.records import HOLD, CaName, CertificateStatus, CrlRecord, ListHead, Reason
from pki.storage.parts import SqlPart, moment
from pki.storage.prepared import Prepared
from pki.storage.tables import certificates, crl_entries, crl_numbers, crls, partitions

_FIND_STATUS = sa.select(certificates.c.serial, certificates.c.revoked_at, certificates.c.reason).where(
    certificates.c.serial == sa.bindparam("serial"),
    certificates.c.ca == sa.bindparam("ca"),
    certificates.c.state != "intent",
)
_FIND_CRL = (
    sa.select(crls)
    .where(crls.c.ca == sa.bindparam("ca"), crls.c.partition == sa.bindparam("partition"))
    .order_by(crls.c.number.desc())
    .limit(1)
)
_HEAD = (
    sa.select(
        *(crls.c.partition, crls.c.number, crls.c.this_update, crls.c.next_update),
        *(crls.c.entries, crls.c.sha256, sa.func.length(crls.c.der)),
    )
    .where(crls.c.ca == sa.bindparam("ca"), crls.c.partition == sa.bindparam("partition"))
    .order_by(crls.c.number.desc())
    .limit(1)
)
_NEWEST_DIGEST = (
    sa.select(crls.c.sha256)
    .where(crls.c.ca == crl_numbers.c.ca, crls.c.partition == 0)
    .order_by(crls.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_DIGESTS = Prepared(sa.select(crl_numbers.c.ca, _NEWEST_DIGEST.label("sha256")))
_GENERATION = sa.select(sa.func.coalesce(sa.func.sum(crl_numbers.c.changes), 0))
_LISTED = (certificates.c.serial, certificates.c.ca, certificates.c.partition, certificates.c.revoked_at, certificates.c.reason)
_IS_GOOD = certificates.c.revoked_at.is_(None)
_IS_HELD = certificates.c.reason == HOLD
_BLOCK = 100_000


class SqlRevocation(SqlPart):
    """Revocations and lists; the meaning of each method is told in :mod:`pki.ports`."""

    def revoke(self, serial: str, reason: Reason, at: datetime) -> bool:
        """Revoke an issued certificate for good; False when there is none or it is revoked already."""
        since = sa.case((certificates.c.revoked_at < to_micros(at), certificates.c.revoked_at), else_=to_micros(at))
        return self._change(serial, sa.or_(_IS_GOOD, _IS_HELD), revoked_at=since, reason=reason)

    def suspend(self, serial: str, at: datetime) -> bool:
        """Suspend an issued certificate; False when there is none, or it is suspended or revoked already."""
        return self._change(serial, _IS_GOOD, revoked_at=to_micros(at), reason=HOLD)

    def release(self, serial: str) -> bool:
        """End a suspension; False when there is none."""
        return self._change(serial, _IS_HELD, revoked_at=None, reason=None)

    def _change(self, serial: str, condition: sa.ColumnElement[bool], **values: Any) -> bool:
        changed = self._connection.execute(
            certificates.update()
            .where(certificates.c.serial == serial, certificates.c.state == "issued", condition)
            .values(values)
            .returning(*_LISTED)
        ).first()
        if changed is None:
            return False
        self._connection.execute(crl_entries.delete().where(crl_entries.c.serial == serial))
        list_changed(self._connection, [changed])
        return True

    def generation(self) -> int:
        """Return the number that rises with every change of any certificate's status."""
        return int(self._connection.execute(_GENERATION).scalar_one())

    def changes(self, ca: CaName, partition: int = 0) -> int:
        """Return how often the statuses of the CA's certificates, or of a partition's, have changed."""
        query = sa.select(crl_numbers.c.changes).where(crl_numbers.c.ca == ca)
        if partition:
            query = sa.select(partitions.c.changes).where(partitions.c.ca == ca, partitions.c.number == partition)
        return int(self._connection.execute(query).scalar() or 0)

    def entries(self, ca: CaName, partition: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield what a list must have, in blocks: how many entries, and their DER one after the other."""
        joined = sa.select(sa.func.count(), self._joined()).where(crl_entries.c.ca == ca)
        if partition:
            joined = joined.where(crl_entries.c.partition == partition)
        last = self._connection.execute(sa.select(sa.func.max(crl_entries.c.id))).scalar() or 0
        for begin in range(1, last + 1, _BLOCK):
            count, entries = self._connection.execute(joined.where(crl_entries.c.id.between(begin, begin + _BLOCK - 1))).one()
            if count:
                yield count, bytes(entries)

    def _joined(self) -> sa.ColumnElement[bytes]:
        """Return an aggregate that puts entries one after the other. SQLite's takes them for text and keeps them as they are."""
        if self._connection.dialect.name == "sqlite":
            return sa.cast(sa.func.group_concat(crl_entries.c.entry, ""), sa.LargeBinary)
        nothing = postgresql.aggregate_order_by(sa.literal(b"", sa.LargeBinary), crl_entries.c.id)
        return sa.func.string_agg(crl_entries.c.entry, nothing, type_=sa.LargeBinary())

    def find_status(self, ca: CaName, serial: str) -> CertificateStatus | None:
        """Return what an OCSP answer says of a serial; None when the CA never issued it."""
        row = self._connection.execute(_FIND_STATUS, {"serial": serial, "ca": ca}).first()
        return None if row is None else CertificateStatus(row.serial, moment(row.revoked_at), row.reason)

    def take_crl_number(self, ca: CaName) -> int:
        """Take the next CRLNumber; whoever publishes for the same CA waits until this transaction ends."""
        self._insert_once(crl_numbers, {"ca": ca, "number": 0, "changes": 0})
        taken = (
            crl_numbers.update()
            .where(crl_numbers.c.ca == ca)
            .values(number=crl_numbers.c.number + 1)
            .returning(crl_numbers.c.number)
        )
        return int(self._connection.execute(taken).scalar_one())

    def add_crl(self, record: CrlRecord) -> None:
        """Store a published list."""
        self._connection.execute(
            crls.insert(),
            {
                "ca": record.ca,
                "number": record.number,
                "partition": record.partition,
                "changes": record.changes,
                "this_update": to_micros(record.this_update),
                "next_update": to_micros(record.next_update),
                "entries": record.entries,
                "sha256": record.sha256,
                "der": record.der,
            },
        )

    def find_crl(self, ca: CaName, *, partition: int = 0, at: datetime | None = None) -> CrlRecord | None:
        """Return the newest list of this scope, or the newest of those issued until ``at``."""
        query = _FIND_CRL if at is None else _FIND_CRL.where(crls.c.this_update <= to_micros(at))
        row = self._connection.execute(query, {"ca": ca, "partition": partition}).first()
        if row is None:
            return None
        updates = from_micros(row.this_update), from_micros(row.next_update)
        return CrlRecord(row.ca, row.number, *updates, row.entries, row.sha256, bytes(row.der), row.partition, row.changes)

    def crl_digests(self) -> Mapping[CaName, str]:
        """Return the SHA-256 of each CA's newest complete list without reading the lists."""
        return {row["ca"]: row["sha256"] for row in self._find_all(_DIGESTS) if row["sha256"] is not None}

    def newest_lists(self, ca: CaName, partitions: Sequence[int]) -> Sequence[ListHead]:
        """Return what there is to tell of the newest list of each of these scopes, without reading the lists."""
        found = (self._connection.execute(_HEAD, {"ca": ca, "partition": partition}).first() for partition in partitions)
        return [
            ListHead(ca, row.partition, row.number, from_micros(row.this_update), from_micros(row.next_update), *row[4:])
            for row in found
            if row is not None
        ]

    def last_list_at(self, ca: CaName) -> datetime | None:
        """Return the moment of the CA's newest complete list, without reading the list."""
        query = sa.select(crls.c.this_update).where(crls.c.ca == ca, crls.c.partition == 0)
        return moment(self._connection.execute(query.order_by(crls.c.number.desc()).limit(1)).scalar())

    def take_places(self, ca: CaName, count: int, size: int) -> int:
        """Take places for certificates about to be issued; return their partition."""
        number = self._connection.execute(sa.select(sa.func.max(partitions.c.number)).where(partitions.c.ca == ca)).scalar() or 1
        while True:
            self._insert_once(partitions, {"ca": ca, "number": number, "issued": 0, "changes": 0})
            taken = self._connection.execute(
                partitions.update()
                .where(partitions.c.ca == ca, partitions.c.number == number)
                .where(sa.or_(partitions.c.issued + count <= size, partitions.c.issued == 0))
                .values(issued=partitions.c.issued + count)
                .returning(partitions.c.issued)
            ).scalar()
            if taken is not None:
                return int(number)
            number += 1

    def partitions(self, ca: CaName) -> Sequence[int]:
        """Return a CA's partitions, the oldest first."""
        query = sa.select(partitions.c.number).where(partitions.c.ca == ca).order_by(partitions.c.number)
        return self._connection.execute(query).scalars().all()


def list_changed(connection: sa.Connection, changed: Sequence[sa.Row[Any]]) -> None:
    """Store the entries of certificates whose status changed, unless they are good again, and count the changes."""
    listed = [
        {
            "serial": row.serial,
            "ca": row.ca,
            "partition": row.partition,
            "entry": entry(row.serial, from_micros(row.revoked_at), row.reason),
        }
        for row in changed
        if row.revoked_at is not None
    ]
    if listed:
        connection.execute(crl_entries.insert(), listed)
    for ca in sorted({row.ca for row in changed}):
        connection.execute(crl_numbers.update().where(crl_numbers.c.ca == ca).values(changes=crl_numbers.c.changes + 1))
    for ca, number in sorted({(row.ca, row.partition) for row in changed}):
        concerned = partitions.update().where(partitions.c.ca == ca, partitions.c.number == number)
        connection.execute(concerned.values(changes=partitions.c.changes + 1))
