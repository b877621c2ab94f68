"""Which certificates are revoked, and the lists that say so. Left to others: deciding (``authority``), signing (``crl``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kernel.clock import from_micros, to_micros
from pki.records import (
    CaName,
    CertificateStatus,
    CrlRecord,
    Reason,
    Revocation,
)
from pki.storage.parts import SqlPart, moment
from pki.storage.tables import certificates, crl_numbers, crls

_FIND_STATUS = sa.select(certificates.c.serial, certificates.c.revoked_at, certificates.c.reason).where(
    certificates.c.serial == sa.bindparam("serial"),
    certificates.c.ca == sa.bindparam("ca"),
    certificates.c.state != "intent",
)
_FIND_CRL = sa.select(crls).where(crls.c.ca == sa.bindparam("ca")).order_by(crls.c.number.desc()).limit(1)


class SqlRevocation(SqlPart):
    """Revocations and lists; the meaning of each method is told in :mod:`pki.ports`."""

    def revoke(self, serial: str, reason: Reason, at: datetime) -> bool:
        """Mark an issued certificate as revoked; False when there is none or it is revoked already."""
        done = self._connection.execute(
            certificates.update()
            .where(certificates.c.serial == serial, certificates.c.state == "issued", certificates.c.revoked_at.is_(None))
            .values(revoked_at=to_micros(at), reason=reason)
        )
        return done.rowcount == 1

    def revocations(self, ca: CaName) -> Sequence[Revocation]:
        """Return every revocation of a CA, oldest first."""
        query = (
            sa.select(certificates.c.serial, certificates.c.revoked_at, certificates.c.reason)
            .where(certificates.c.ca == ca, certificates.c.revoked_at.is_not(None))
            .order_by(certificates.c.revoked_at, certificates.c.serial)
        )
        return [Revocation(row.serial, from_micros(row.revoked_at), row.reason) for row in self._connection.execute(query)]

    def count_revocations(self, ca: CaName) -> int:
        """Return how many entries the CA's list must have."""
        query = sa.select(sa.func.count()).where(certificates.c.ca == ca, certificates.c.revoked_at.is_not(None))
        return int(self._connection.execute(query).scalar_one())

    def find_status(self, ca: CaName, serial: str) -> CertificateStatus | None:
        """Return what an OCSP answer says of a serial; None when the CA never issued it."""
        row = self._connection.execute(_FIND_STATUS, {"serial": serial, "ca": ca}).first()
        return None if row is None else CertificateStatus(row.serial, moment(row.revoked_at), row.reason)

    def take_crl_number(self, ca: CaName) -> int:
        """Take the next CRLNumber; whoever publishes for the same CA waits until this transaction ends."""
        self._insert_once(crl_numbers, {"ca": ca, "number": 0})
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
                "this_update": to_micros(record.this_update),
                "next_update": to_micros(record.next_update),
                "entries": record.entries,
                "sha256": record.sha256,
                "der": record.der,
            },
        )

    def find_crl(self, ca: CaName, *, at: datetime | None = None) -> CrlRecord | None:
        """Return the newest list, or the newest of those issued until ``at``."""
        query = _FIND_CRL if at is None else _FIND_CRL.where(crls.c.this_update <= to_micros(at))
        row = self._connection.execute(query, {"ca": ca}).first()
        if row is None:
            return None
        updates = from_micros(row.this_update), from_micros(row.next_update)
        return CrlRecord(row.ca, row.number, *updates, row.entries, row.sha256, bytes(row.der))
