"""Certificates, revocation lists, roles and seals in SQL.

Left to others: every decision; transactions (``service.unit_of_work``), migrations.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kernel.clock import from_micros, to_micros
from pki.ports import (
    CaName,
    CertificateRecord,
    CertificateStatus,
    CrlRecord,
    Intent,
    Reason,
    Revocation,
    RoleRecord,
    SealRecord,
)

metadata = sa.MetaData()

_PUBLIC = {"sensitivity": "public"}
_INTERNAL = {"sensitivity": "internal"}

certificates = sa.Table(
    "pki_certificates",
    metadata,
    sa.Column("serial", sa.String(40), primary_key=True, info=_PUBLIC),
    sa.Column("state", sa.String(8), nullable=False, info=_INTERNAL),  # intent, issued, void
    sa.Column("ca", sa.String(16), nullable=False, info=_PUBLIC),
    sa.Column("profile", sa.String(64), nullable=False, info=_INTERNAL),
    sa.Column("recorded_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    # A certificate is shown to whoever asks for a signature's proof, so the name in it is not hidden here.
    sa.Column("subject", sa.Text, nullable=False, info=_INTERNAL),
    sa.Column("issuer", sa.Text, info=_PUBLIC),
    sa.Column("sha256", sa.String(64), unique=True, info=_PUBLIC),
    sa.Column("not_before", sa.BigInteger, info=_PUBLIC),
    sa.Column("not_after", sa.BigInteger, info=_PUBLIC),
    sa.Column("der", sa.LargeBinary, info=_INTERNAL),
    sa.Column("revoked_at", sa.BigInteger, info=_PUBLIC),
    sa.Column("reason", sa.String(32), info=_PUBLIC),
    sa.Index("ix_pki_certificates_revoked", "ca", "revoked_at"),
    sa.Index("ix_pki_certificates_state", "state", "recorded_at"),
    sa.Index("ix_pki_certificates_profile", "profile", "serial"),
)
crl_numbers = sa.Table(
    "pki_crl_numbers",
    metadata,
    sa.Column("ca", sa.String(16), primary_key=True, info=_PUBLIC),
    sa.Column("number", sa.BigInteger, nullable=False, info=_PUBLIC),
)
crls = sa.Table(
    "pki_crls",
    metadata,
    sa.Column("ca", sa.String(16), primary_key=True, info=_PUBLIC),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False, info=_PUBLIC),
    sa.Column("this_update", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("next_update", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("entries", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("sha256", sa.String(64), nullable=False, info=_PUBLIC),
    sa.Column("der", sa.LargeBinary, nullable=False, info=_PUBLIC),
)
roles = sa.Table(
    "pki_roles",
    metadata,
    sa.Column("role", sa.String(64), primary_key=True, info=_INTERNAL),
    sa.Column("key_label", sa.String(100), nullable=False, info=_INTERNAL),
    sa.Column("serial", sa.String(40), sa.ForeignKey("pki_certificates.serial"), nullable=False, info=_PUBLIC),
)
seals = sa.Table(
    "pki_seals",
    metadata,
    sa.Column("uscc", sa.String(18), primary_key=True, info=_PUBLIC),
    sa.Column("name", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("key_label", sa.String(100), nullable=False, info=_INTERNAL),
    sa.Column("serial", sa.String(40), sa.ForeignKey("pki_certificates.serial"), nullable=False, info=_PUBLIC),
)

_CERTIFICATE_COLUMNS = (
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
)

# The statements of the hot paths, put together once.
_FIND_CERTIFICATE = sa.select(*_CERTIFICATE_COLUMNS).where(
    certificates.c.serial == sa.bindparam("serial"), certificates.c.state == "issued"
)
_FIND_STATUS = sa.select(certificates.c.serial, certificates.c.revoked_at, certificates.c.reason).where(
    certificates.c.serial == sa.bindparam("serial"),
    certificates.c.ca == sa.bindparam("ca"),
    certificates.c.state != "intent",
)
_FIND_ROLE = sa.select(roles).where(roles.c.role == sa.bindparam("role"))
_FIND_CRL = sa.select(crls).where(crls.c.ca == sa.bindparam("ca")).order_by(crls.c.number.desc()).limit(1)


class SqlPkiRecords:
    """What this room stores, on one connection. The meaning of each method is told in :class:`pki.ports.PkiRecords`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    # Certificates

    def add_intent(self, intent: Intent) -> None:
        """Record that a certificate is about to be signed."""
        self._connection.execute(
            certificates.insert(),
            {
                "serial": intent.serial,
                "state": "intent",
                "ca": intent.ca,
                "profile": intent.profile,
                "subject": intent.subject,
                "recorded_at": to_micros(intent.at),
            },
        )

    def finish_intent(self, record: CertificateRecord) -> bool:
        """Store the certificate signed for an intent; False when the intent was voided or finished meanwhile."""
        done = self._connection.execute(
            certificates.update()
            .where(certificates.c.serial == record.serial, certificates.c.state == "intent")
            .values(
                state="issued",
                issuer=record.issuer,
                sha256=record.sha256,
                not_before=to_micros(record.not_before),
                not_after=to_micros(record.not_after),
                der=record.der,
            )
        )
        return done.rowcount == 1

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
            )
        )
        return [Intent(row.serial, row.subject, row.profile, row.ca, from_micros(row.recorded_at)) for row in voided]

    def find_certificate(self, serial: str) -> CertificateRecord | None:
        """Return the issued certificate with this serial."""
        row = self._connection.execute(_FIND_CERTIFICATE, {"serial": serial}).first()
        return None if row is None else _certificate(row)

    def certificates(
        self, *, ca: CaName | None = None, profile: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Sequence[CertificateRecord]:
        """Return issued certificates ordered by serial, starting beyond serial ``after``."""
        query = sa.select(*_CERTIFICATE_COLUMNS).where(certificates.c.state == "issued")
        for column, value in ((certificates.c.ca, ca), (certificates.c.profile, profile)):
            if value is not None:
                query = query.where(column == value)
        if after is not None:
            query = query.where(certificates.c.serial > after)
        rows = self._connection.execute(query.order_by(certificates.c.serial).limit(limit))
        return [_certificate(row) for row in rows]

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
        return None if row is None else CertificateStatus(row.serial, _moment(row.revoked_at), row.reason)

    # Roles

    def find_role(self, role: str) -> RoleRecord | None:
        """Return who serves in a role."""
        row = self._connection.execute(_FIND_ROLE, {"role": role}).first()
        return None if row is None else RoleRecord(row.role, row.key_label, row.serial)

    def assign_role(self, record: RoleRecord, *, instead_of: str | None) -> bool:
        """Put a key and certificate into a role, in place of the certificate with serial ``instead_of`` (None: nobody)."""
        values = {"role": record.role, "key_label": record.key_label, "serial": record.serial}
        if instead_of is None:
            return self._insert_once(roles, values)
        replaced = roles.update().where(roles.c.role == record.role, roles.c.serial == instead_of).values(values)
        return self._connection.execute(replaced).rowcount == 1

    # Revocation lists

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

    # Seals

    def find_seal(self, uscc: str) -> SealRecord | None:
        """Return a department's seal."""
        row = self._connection.execute(sa.select(seals).where(seals.c.uscc == uscc)).first()
        return None if row is None else SealRecord(row.uscc, row.name, row.key_label, row.serial)

    def add_seal(self, record: SealRecord) -> bool:
        """Store a seal; False when the department has one."""
        return self._insert_once(seals, _seal_values(record))

    def replace_seal(self, record: SealRecord, *, instead_of: str) -> bool:
        """Renew a seal whose certificate has serial ``instead_of``."""
        replaced = seals.update().where(seals.c.uscc == record.uscc, seals.c.serial == instead_of)
        return self._connection.execute(replaced.values(_seal_values(record))).rowcount == 1

    def _insert_once(self, table: sa.Table, values: dict[str, Any]) -> bool:
        """Insert a row unless its key is taken; PostgreSQL waits for another transaction that is about to take it."""
        insert = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        # What came back was inserted: the row count of an INSERT is not kept on every driver.
        inserted = insert(table).values(values).on_conflict_do_nothing().returning(*table.primary_key.columns)
        return self._connection.execute(inserted).first() is not None


def _certificate(row: sa.Row[*tuple[Any, ...]]) -> CertificateRecord:
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
        revoked_at=_moment(row.revoked_at),
        reason=row.reason,
    )


def _seal_values(record: SealRecord) -> dict[str, str]:
    return {"uscc": record.uscc, "name": record.name, "key_label": record.key_label, "serial": record.serial}


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
