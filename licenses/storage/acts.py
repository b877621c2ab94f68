"""Acts and annotated copies in SQL. What officers wrote, and the data of what is to be made, are encrypted."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from kernel.canonical import Json, canonical
from kernel.clock import from_micros, to_micros
from licenses.act_records import Act, ActState, Copy
from licenses.registry_records import Known
from licenses.storage.registry import SqlRegistry
from licenses.storage.tables import acts, copies
from pki.storage.prepared import Prepared

_WORDS, _COPY = "licenses.act", "licenses.copy"
_PLAIN = (
    "id", "name", "identifier", "number", "type_code", "issuer_uscc", "reason", "asked_by", "asked_person", "state", "digest", "key",
    "decided_by", "result", "failure",
)  # fmt: skip

_FIND_COPY = Prepared(
    sa.select(copies.c.identifier, copies.c.purpose, copies.c.log_index).where(copies.c.pdf_sha256 == sa.bindparam("digest"))
)


class SqlActs(SqlRegistry):
    """``licenses.act_records.ActRecords``."""

    def add_act(self, act: Act) -> bool:
        """Store an act; False when one of its key is stored, or when it would wait beside another one of the same licence."""
        values = {
            **{name: getattr(act, name) for name in _PLAIN},
            "words": self._words(act),
            "asked_at": to_micros(act.asked_at),
            "decided_at": None if act.decided_at is None else to_micros(act.decided_at),
        }
        statement = self._insert(acts).values(values).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(acts.c.place)).first() is not None

    def find_act(self, act_id: str) -> Act | None:
        """Return the act with this id."""
        return self._find_act(acts.c.id == act_id)

    def find_act_by_key(self, key: str) -> Act | None:
        """Return the act that was asked for with this key."""
        return self._find_act(acts.c.key == key)

    def find_waiting(self, identifier: str) -> Act | None:
        """Return the act that waits for a second officer of this licence."""
        return self._find_act(acts.c.identifier == identifier, acts.c.state == "waiting")

    def decide_act(self, act: Act) -> bool:
        """Record the decision about a waiting act, as ``act`` tells it; False when it does not wait any more."""
        return self._move(act, "waiting")

    def end_act(self, act: Act) -> bool:
        """Record what came of an agreed act; False when it is not one any more."""
        return self._move(act, "agreed")

    def agreed_acts(self) -> Sequence[Act]:
        """Return the acts that a crash left agreed and not ended, the oldest first."""
        query = sa.select(acts).where(acts.c.state == "agreed").order_by(acts.c.place)
        return [self._act(row) for row in self._connection.execute(query)]

    def acts(
        self,
        *,
        number: str | None = None,
        reach: Mapping[str, Collection[str]] | None = None,
        state: ActState | None = None,
        limit: int = 100,
    ) -> Sequence[Act]:
        """Return acts, the newest first: those of one licence with all its versions, of some issuers and of each some types, or in one state."""
        query = sa.select(acts).order_by(acts.c.place.desc()).limit(limit)
        if number is not None:
            query = query.where(acts.c.number == number)
        if reach is not None:
            theirs = (sa.and_(acts.c.issuer_uscc == issuer, acts.c.type_code.in_(types)) for issuer, types in reach.items())
            query = query.where(sa.or_(sa.false(), *theirs))
        if state is not None:
            query = query.where(acts.c.state == state)
        return [self._act(row) for row in self._connection.execute(query)]

    def next_copy(self, identifier: str) -> int:
        """Return the number that the next annotated copy of a licence takes, from 1."""
        query = sa.select(sa.func.max(copies.c.number)).where(copies.c.identifier == identifier)
        return int(self._connection.execute(query).scalar() or 0) + 1

    def add_copy(self, copy: Copy, document: bytes) -> bool:
        """Store a copy with its encrypted PDF; False when its number is taken."""
        statement = self._insert(copies).values(
            pdf_sha256=copy.pdf_sha256,
            identifier=copy.identifier,
            number=copy.number,
            purpose=self._vault.encrypt_bytes(canonical(dict(copy.fields)), _COPY),
            made_at=to_micros(copy.made_at),
            log_index=copy.log_index,
            pdf=document,
        )
        return self._connection.execute(statement.on_conflict_do_nothing().returning(copies.c.number)).first() is not None

    def find_copy_document(self, pdf_sha256: str) -> bytes | None:
        """Return the encrypted PDF of an annotated copy."""
        found = self._connection.execute(sa.select(copies.c.pdf).where(copies.c.pdf_sha256 == pdf_sha256)).scalar()
        return None if found is None else bytes(found)

    def find_known(self, digests: Collection[str]) -> Mapping[str, Known]:
        """Return what is known of issued documents by SHA-256; of an annotated copy, its licence with what the copy adds."""
        found = dict(super().find_known(digests))
        for digest in dict.fromkeys(digests):
            row = None if digest in found else self._find(_FIND_COPY, digest=digest)
            record = None if row is None else self.find_license(row["identifier"])
            if row is not None and record is not None:
                added = json.loads(self._vault.decrypt_bytes(row["purpose"], _COPY))
                record = replace(record, fields={**record.fields, **added}, pdf_sha256=digest, log_index=row["log_index"])
                found[digest] = Known(record, self.find_reading(digest))
        return found

    def _move(self, act: Act, before: ActState) -> bool:
        values = {name: getattr(act, name) for name in ("state", "number", "decided_by", "result", "failure")}
        values |= {"words": self._words(act), "decided_at": None if act.decided_at is None else to_micros(act.decided_at)}
        statement = acts.update().where(acts.c.id == act.id, acts.c.state == before).values(values)
        return self._connection.execute(statement).rowcount == 1

    def _find_act(self, *conditions: sa.ColumnElement[bool]) -> Act | None:
        row = self._connection.execute(sa.select(acts).where(*conditions)).first()
        return None if row is None else self._act(row)

    def _words(self, act: Act) -> bytes:
        words: Json = {"note": act.note, "basis": act.basis, "content": dict(act.content), "problem": dict(act.problem)}
        return self._vault.encrypt_bytes(canonical(words), _WORDS)

    def _act(self, row: Any) -> Act:
        words = json.loads(self._vault.decrypt_bytes(bytes(row.words), _WORDS))
        return Act(
            **{name: getattr(row, name) for name in _PLAIN},
            note=words["note"],
            basis=words["basis"],
            content=words["content"],
            problem=words.get("problem", {}),  # acts that were stored before failures were told
            asked_at=from_micros(row.asked_at),
            decided_at=None if row.decided_at is None else from_micros(row.decided_at),
        )
