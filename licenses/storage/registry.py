"""The licences themselves: reserved, completed, voided, found. Names, codes and extension fields are encrypted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from kernel.canonical import canonical
from kernel.clock import from_micros, to_micros
from licenses.registry_records import VALID, Known, LicenseRecord, Sealed, State, StatusCode, Wanted
from licenses.storage.readings import SqlReadings
from licenses.storage.tables import documents, licenses, readings
from pki.storage.prepared import INSERTS, Prepared, Row

HOLDER_ID = "licenses.holder_id"
"""The context in which holders' codes are encrypted and indexed."""

_NAME, _FIELDS = "licenses.holder_name", "licenses.fields"
_PLAIN = (
    "identifier", "number", "version", "type_code", "holder_kind", "issuer_uscc", "issuer_name", "area_code", "application_digest",
    "status_index", "state", "pdf_sha256", "log_index", "status", "status_reason", "replaces", "type_version",
)  # fmt: skip
_IN_USE = licenses.c.state != "void"
# Built once: to build a statement takes longer than to carry it out.
_RESERVE = {name: make(licenses).on_conflict_do_nothing().returning(licenses.c.id) for name, make in INSERTS.items()}
_COMPLETE = (
    licenses.update()
    .where(licenses.c.identifier == sa.bindparam("wanted"), licenses.c.state == "intent")
    .values(state="issued", **{name: sa.bindparam(name) for name in ("issued_at", "status_at", "pdf_sha256", "log_index")})
    .returning(licenses.c.id)
)
_INTENTS_LAST = sa.case((licenses.c.state == "issued", 0), else_=1)
_FIND_KNOWN = Prepared(
    sa.select(licenses, readings.c.reading)
    .select_from(licenses.outerjoin(readings, readings.c.pdf_sha256 == licenses.c.pdf_sha256))
    .where(licenses.c.pdf_sha256 == sa.bindparam("digest"), licenses.c.state == "issued")
)
_FIND_NUMBER = Prepared(
    sa.select(licenses)
    .where(licenses.c.number == sa.bindparam("number"), _IN_USE)
    .order_by(_INTENTS_LAST, licenses.c.version.desc())
    .limit(1)
)
_FIND_LICENSE, _FIND_DIGEST, _FIND_SUCCESSOR = (
    Prepared(sa.select(licenses).where(column == sa.bindparam("wanted"), _IN_USE))
    for column in (licenses.c.identifier, licenses.c.application_digest, licenses.c.replaces)
)


class SqlRegistry(SqlReadings):
    """``licenses.registry_records.RegistryRecords``."""

    def greatest_number(self, prefix: str, length: int) -> str | None:
        """Return the greatest number in use of ``length`` digits that starts with ``prefix``."""
        query = sa.select(licenses.c.number).where(
            licenses.c.number.like(f"{prefix}%"), sa.func.length(licenses.c.number) == length, _IN_USE
        )
        found = self._connection.execute(query.execution_options(yield_per=10_000)).scalars()
        return max((number for number in found if number.isdecimal()), default=None)

    def reserve(self, record: LicenseRecord) -> bool:
        """Store an intent; False when its number, identifier or application is taken by one that is not void."""
        return self._connection.execute(_RESERVE[self._connection.dialect.name], self._values(record)).first() is not None

    def lock_intents(self, identifiers: Collection[str]) -> frozenset[str]:
        """Return those that are still intents; until the transaction ends nobody else completes or voids them."""
        query = (
            sa.select(licenses.c.identifier)
            .where(licenses.c.identifier.in_(list(identifiers)), licenses.c.state == "intent")
            .order_by(licenses.c.id)
            .with_for_update()
        )
        return frozenset(self._connection.execute(query).scalars())

    def complete(self, sealed: Sealed, document: bytes) -> bool:
        """Make an intent an issued licence and store its encrypted PDF; False when it is no intent any more."""
        at = to_micros(sealed.issued_at)
        values = {"wanted": sealed.identifier, "issued_at": at, "status_at": at}
        values |= {"pdf_sha256": sealed.pdf_sha256, "log_index": sealed.log_index}
        key = self._connection.execute(_COMPLETE, values).scalar()
        if key is None:
            return False
        stamped = {"stamped_at": at, "digest": sealed.stamped_over}
        self._connection.execute(documents.insert(), {"license_id": key, "pdf": document, **stamped})
        return True

    def void(self, identifier: str, reason: str) -> bool:
        """Give an intent up; False when it is no intent any more."""
        statement = (
            licenses.update()
            .where(licenses.c.identifier == identifier, licenses.c.state == "intent")
            .values(state="void", status_reason=reason)
        )
        return self._connection.execute(statement).rowcount == 1

    def intents(self, *, limit: int) -> Sequence[LicenseRecord]:
        """Return intents that wait to be finished, oldest first."""
        query = sa.select(licenses).where(licenses.c.state == "intent").order_by(licenses.c.id).limit(limit)
        return [self._record(row) for row in self._rows(query)]

    def find_number(self, number: str) -> LicenseRecord | None:
        """Return the latest issued version of the licence with this number, or the intent of its first."""
        return self._record_of(_FIND_NUMBER, number=number)

    def find_successor(self, identifier: str) -> LicenseRecord | None:
        """Return the version (or intent) that replaces this one."""
        return self._record_of(_FIND_SUCCESSOR, wanted=identifier)

    def find_digest(self, application_digest: str) -> LicenseRecord | None:
        """Return the licence (or intent) that this application led to and that is not void."""
        return self._record_of(_FIND_DIGEST, wanted=application_digest)

    def find_license(self, identifier: str) -> LicenseRecord | None:
        """Return the licence (or intent) with this identifier that is not void."""
        return self._record_of(_FIND_LICENSE, wanted=identifier)

    def find_known(self, digests: Collection[str]) -> Mapping[str, Known]:
        """Return what is known of issued documents by SHA-256."""
        rows = {digest: self._find(_FIND_KNOWN, digest=digest) for digest in dict.fromkeys(digests)}
        return {
            digest: Known(self._record(row), self._reading(row["reading"])) for digest, row in rows.items() if row is not None
        }

    def held_by(self, holder_id: str) -> Sequence[LicenseRecord]:
        """Return the issued licences of a holder, newest first."""
        index = self._vault.index(holder_id, HOLDER_ID)
        query = sa.select(licenses).where(licenses.c.holder_id_index.in_(index.both), licenses.c.state == "issued")
        query = query.order_by(licenses.c.issue_date.desc(), licenses.c.id.desc())
        return [self._record(row) for row in self._rows(query)]

    def sealed_by(self, issuer_name: str, first: datetime, last: datetime) -> Sequence[str]:
        """Return the numbers of a department's licences that were sealed between two moments, the oldest first."""
        query = sa.select(licenses.c.number).where(
            licenses.c.issuer_name == issuer_name,
            licenses.c.state == "issued",
            licenses.c.issued_at.between(to_micros(first), to_micros(last)),
        )
        return list(self._connection.execute(query.order_by(licenses.c.issued_at, licenses.c.id)).scalars())

    def licenses(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        type_code: str | None = None,
        area_code: str | None = None,
        holder_name: str | None = None,
        state: State | None = "issued",
    ) -> Sequence[tuple[int, LicenseRecord]]:
        """Return licences with their row keys, in the order in which they were asked for, from after row key ``after``."""
        query = sa.select(licenses).where(licenses.c.id > after).order_by(licenses.c.id).limit(limit)
        for column, wanted in ((licenses.c.type_code, type_code), (licenses.c.area_code, area_code), (licenses.c.state, state)):
            if wanted is not None:
                query = query.where(column == wanted)
        if holder_name is not None:
            query = query.where(licenses.c.holder_name_index.in_(self._vault.index(holder_name, _NAME).both))
        return [(row["id"], self._record(row)) for row in self._rows(query)]

    def search(self, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> Sequence[tuple[int, LicenseRecord]]:
        """Return the issued licences that are ``wanted`` with their row keys, the newest first, from below row key ``before``."""
        query = sa.select(licenses).where(licenses.c.state == "issued").order_by(licenses.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(licenses.c.id < before)
        if wanted.issuers is not None:
            query = query.where(licenses.c.issuer_uscc.in_(wanted.issuers))
        for name in ("type_code", "status", "number"):
            if (value := getattr(wanted, name)) is not None:
                query = query.where(licenses.c[name] == value)
        if wanted.holder_id is not None:
            query = query.where(licenses.c.holder_id_index.in_(self._vault.index(wanted.holder_id, HOLDER_ID).both))
        return [(row["id"], self._record(row)) for row in self._rows(query)]

    def issued_since(self, since: datetime, *, after: int, limit: int) -> Sequence[tuple[int, LicenseRecord]]:
        """Return the licences sealed since a moment with their row keys, in their order, from after row key ``after``."""
        query = sa.select(licenses).where(
            licenses.c.issued_at >= to_micros(since), licenses.c.state == "issued", licenses.c.id > after
        )
        return [(row["id"], self._record(row)) for row in self._rows(query.order_by(licenses.c.id).limit(limit))]

    def find_document(self, identifier: str) -> bytes | None:
        """Return the encrypted PDF of an issued licence."""
        query = (
            sa.select(documents.c.pdf)
            .join(licenses, licenses.c.id == documents.c.license_id)
            .where(licenses.c.identifier == identifier, licenses.c.state == "issued")
        )
        found = self._connection.execute(query).scalar()
        return None if found is None else bytes(found)

    def set_status(self, identifier: str, *, before: StatusCode, after: StatusCode, at: datetime, reason: str) -> bool:
        """Change the status of an issued licence; False when it is not ``before`` any more."""
        statement = (
            licenses.update()
            .where(licenses.c.identifier == identifier, licenses.c.state == "issued", licenses.c.status == before)
            .values(status=after, status_at=to_micros(at), status_reason=reason)
        )
        return self._connection.execute(statement).rowcount == 1

    def statuses(self) -> Iterator[tuple[int, StatusCode]]:
        """Return the status index and status of every issued licence that is not valid."""
        query = sa.select(licenses.c.status_index, licenses.c.status).where(
            licenses.c.state == "issued", licenses.c.status != VALID
        )
        for row in self._connection.execute(query.execution_options(yield_per=10_000)):
            yield row.status_index, row.status

    def _record_of(self, statement: Prepared, **values: str) -> LicenseRecord | None:
        row = self._find(statement, **values)
        return None if row is None else self._record(row)

    def _rows(self, query: sa.Select[Any]) -> Iterable[sa.RowMapping]:
        return self._connection.execute(query).mappings()

    def _values(self, record: LicenseRecord) -> dict[str, Any]:
        vault = self._vault
        return {
            **{name: getattr(record, name) for name in _PLAIN},
            "holder_name": vault.encrypt(record.holder_name, _NAME),
            "holder_name_index": vault.index(record.holder_name, _NAME),
            "holder_id": vault.encrypt(record.holder_id, HOLDER_ID),
            "holder_id_index": vault.index(record.holder_id, HOLDER_ID),
            "issue_date": record.issue_date.isoformat(),
            "valid_from": record.valid_from.isoformat(),
            "valid_to": record.valid_to.isoformat() if record.valid_to else None,
            "fields": vault.encrypt_bytes(canonical(dict(record.fields)), _FIELDS),
            "requested_at": to_micros(record.requested_at),
            "issued_at": to_micros(record.issued_at) if record.issued_at else None,
            "status_at": to_micros(record.status_at) if record.status_at else None,
        }

    def _record(self, row: Row | sa.RowMapping) -> LicenseRecord:
        vault = self._vault
        return LicenseRecord(
            **{name: row[name] for name in _PLAIN},
            holder_name=vault.decrypt(bytes(row["holder_name"]), _NAME),
            holder_id=vault.decrypt(bytes(row["holder_id"]), HOLDER_ID),
            issue_date=date.fromisoformat(row["issue_date"]),
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            fields=json.loads(vault.decrypt_bytes(bytes(row["fields"]), _FIELDS)),
            requested_at=from_micros(row["requested_at"]),
            issued_at=from_micros(row["issued_at"]) if row["issued_at"] is not None else None,
            status_at=from_micros(row["status_at"]) if row["status_at"] is not None else None,
        )
