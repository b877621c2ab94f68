"""The documents' time-stamps in SQL. Which are due and how they are stamped is decided in ``licenses.archival``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kernel.clock import to_micros
from licenses.archive_records import Stamped
from licenses.storage.shelves import OnConnection
from licenses.storage.tables import documents, licenses
from pki.archiving import Worn
from pki.cms import Digest


class SqlDocuments(OnConnection):
    """``licenses.archive_records.ArchiveRecords``."""

    def count_worn(self, worn: Worn) -> int:
        """Return how many documents' newest time-stamp is worn."""
        query = sa.select(sa.func.count()).select_from(documents).where(_is_worn(worn))
        return self._connection.execute(query).scalar_one()

    def worn_documents(self, worn: Worn, *, after: Stamped | None, limit: int) -> Sequence[tuple[Stamped, bytes]]:
        """Return those with their encrypted PDFs, the longest stamped first, from behind ``after``."""
        order = sa.tuple_(documents.c.stamped_at, documents.c.license_id)
        query = sa.select(licenses.c.identifier, documents).join(licenses, licenses.c.id == documents.c.license_id)
        query = query.where(_is_worn(worn)).order_by(documents.c.stamped_at, documents.c.license_id).limit(limit)
        if after is not None:
            query = query.where(order > sa.tuple_(sa.literal(after.stamped_at), sa.literal(after.key)))
        return [
            (Stamped(row.license_id, row.identifier, row.stamped_at), bytes(row.pdf)) for row in self._connection.execute(query)
        ]

    def renew_document(self, stamped: Stamped, document: bytes, digest: Digest, at: datetime) -> bool:
        """Store a document that was stamped again at ``at`` over a hash; False when its newest time-stamp is another one by now."""
        statement = documents.update().where(documents.c.license_id == stamped.key, documents.c.stamped_at == stamped.stamped_at)
        values = {"pdf": document, "stamped_at": to_micros(at), "digest": digest}
        return self._connection.execute(statement.values(values)).rowcount == 1


def _is_worn(worn: Worn) -> sa.ColumnElement[bool]:
    before = sa.false() if worn.before is None else documents.c.stamped_at < to_micros(worn.before)
    return sa.or_(before, documents.c.digest.in_(sorted(worn.digests)))
