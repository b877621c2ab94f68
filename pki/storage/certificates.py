"""Certificates that were issued, and those about to be. Left to others: revoking (``revocation``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kernel.clock import from_micros, to_micros
from pki.records import (
    CaName,
    CertificateRecord,
    Intent,
)
from pki.storage.parts import SqlPart, moment
from pki.storage.revocation import list_changed
from pki.storage.tables import certificates

CERTIFICATE_COLUMNS = (
    certificates.c.serial,
    certificates.c.sha256,
    certificates.c.subject,
    certificates.c.issuer,
    certificates.c.profile,
    certificates.c.ca,
    certificates.c.not_before,
    certificates.c.not_after,
    certificates.c.der,
    certificates.c.revoked_at,
    certificates.c.reason,
    certificates.c.partition,
)

# The statements of the hot paths, put together once.
_FIND_CERTIFICATE = sa.select(*CERTIFICATE_COLUMNS).where(
    certificates.c.serial == sa.bindparam("serial"), certificates.c.state == "issued"
)

_FINISH_INTENT = (
    certificates.update()
    .where(certificates.c.serial == sa.bindparam("number"), certificates.c.state == "intent")
    .values(
        state="issued",
        **{name: sa.bindparam(name) for name in ("issuer", "sha256", "not_before", "not_after", "der")},
    )
)


class SqlCertificates(SqlPart):
    """Certificates; the meaning of each method is told in :mod:`pki.ports`."""

    def add_intents(self, intents: Sequence[Intent]) -> None:
        """Record that certificates are about to be signed."""
        rows = [
            {
                "serial": intent.serial,
                "state": "intent",
                "ca": intent.ca,
                "profile": intent.profile,
                "subject": intent.subject,
                "recorded_at": to_micros(intent.at),
                "partition": intent.partition,
            }
            for intent in intents
        ]
        self._connection.execute(certificates.insert(), rows)

    def finish_intents(self, records: Sequence[CertificateRecord]) -> bool:
        """Store the certificates signed for intents; False when one of these was voided or finished meanwhile."""
        rows = [
            {
                "number": record.serial,
                "issuer": record.issuer,
                "sha256": record.sha256,
                "not_before": to_micros(record.not_before),
                "not_after": to_micros(record.not_after),
                "der": record.der,
            }
            for record in records
        ]
        return self._connection.execute(_FINISH_INTENT, rows).rowcount == len(rows)

    def void_intents(self, *, before: datetime, at: datetime) -> Sequence[Intent]:
        """Void the intents recorded before a moment and list their serials as revoked at ``at``; return them."""
        voided = self._connection.execute(
            certificates.update()
            .where(certificates.c.state == "intent", certificates.c.recorded_at < to_micros(before))
            .values(state="void", revoked_at=to_micros(at), reason="unspecified")
            .returning(
                certificates.c.serial,
                certificates.c.subject,
                certificates.c.profile,
                certificates.c.ca,
                certificates.c.recorded_at,
                certificates.c.partition,
                certificates.c.revoked_at,
                certificates.c.reason,
            )
        ).all()
        list_changed(self._connection, voided)
        return [
            Intent(row.serial, row.subject, row.profile, row.ca, from_micros(row.recorded_at), row.partition) for row in voided
        ]

    def find_certificate(self, serial: str) -> CertificateRecord | None:
        """Return the issued certificate with this serial."""
        row = self._connection.execute(_FIND_CERTIFICATE, {"serial": serial}).first()
        return None if row is None else certificate_of(row)

    def find_by_digest(self, sha256: str) -> CertificateRecord | None:
        """Return the issued certificate with this SHA-256."""
        row = self._connection.execute(sa.select(*CERTIFICATE_COLUMNS).where(certificates.c.sha256 == sha256)).first()
        return None if row is None else certificate_of(row)

    def certificates(
        self, *, ca: CaName | None = None, profile: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Sequence[CertificateRecord]:
        """Return issued certificates ordered by serial, starting beyond serial ``after``."""
        query = sa.select(*CERTIFICATE_COLUMNS).where(certificates.c.state == "issued")
        for column, value in ((certificates.c.ca, ca), (certificates.c.profile, profile)):
            if value is not None:
                query = query.where(column == value)
        if after is not None:
            query = query.where(certificates.c.serial > after)
        rows = self._connection.execute(query.order_by(certificates.c.serial).limit(limit))
        return [certificate_of(row) for row in rows]


def certificate_of(row: sa.Row[*tuple[Any, ...]]) -> CertificateRecord:
    """Return the record that a row with ``CERTIFICATE_COLUMNS`` holds."""
    return CertificateRecord(
        serial=row.serial,
        sha256=row.sha256,
        subject=row.subject,
        issuer=row.issuer,
        profile=row.profile,
        ca=row.ca,
        not_before=from_micros(row.not_before),
        not_after=from_micros(row.not_after),
        der=bytes(row.der),
        revoked_at=moment(row.revoked_at),
        reason=row.reason,
        partition=row.partition,
    )
