"""The documents' time-stamps in SQL. Which are due and how they are stamped is decided in ``licenses.archival``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kernel.clock import to_micros
from licenses.storage.shelves import OnConnection
from licenses.storage.tables import documents, licenses


class SqlDocuments(OnConnection):
    """What ``licenses.archival`` asks for."""

    def count_stamped_before(self, moment: datetime) -> int:
        """Return how many documents had their newest time-stamp before ``moment``."""
        query = sa.select(sa.func.count()).select_from(documents).where(documents.c.stamped_at < to_micros(moment))
        return self._connection.execute(query).scalar_one()

    def documents_stamped_before(self, moment: datetime, *, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return identifiers and encrypted PDFs of some of those."""
        query = sa.select(licenses.c.identifier, documents.c.pdf).join(licenses, licenses.c.id == documents.c.license_id)
        query = query.where(documents.c.stamped_at < to_micros(moment)).order_by(documents.c.license_id).limit(limit)
        return [(row.identifier, bytes(row.pdf)) for row in self._connection.execute(query)]

    def renew_document(self, identifier: str, document: bytes, at: datetime, *, before: datetime) -> bool:
        """Store a document that was stamped again; False when its newest time-stamp is not of before ``before`` any more."""
        whose = (
            sa.select(licenses.c.id).where(licenses.c.identifier == identifier, licenses.c.state == "issued").scalar_subquery()
        )
        statement = documents.update().where(documents.c.license_id == whose, documents.c.stamped_at < to_micros(before))
        return self._connection.execute(statement.values(pdf=document, stamped_at=to_micros(at))).rowcount == 1
