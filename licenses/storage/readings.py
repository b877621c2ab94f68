"""What documents of this node were read to show, by their SHA-256. Encrypted: digests of personal data are among it."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from licenses.storage.shelves import SqlShelves
from licenses.storage.tables import readings

_CONTEXT = "licenses.reading"


class SqlReadings(SqlShelves):
    """The readings' part of ``licenses.ports.LicenseRecords``."""

    def find_reading(self, pdf_sha256: str) -> bytes | None:
        """Return what the document with this SHA-256 was read to show, if it was read."""
        query = sa.select(readings.c.reading).where(readings.c.pdf_sha256 == pdf_sha256)
        return self._reading(self._connection.execute(query).scalar())

    def keep_readings(self, kept: Mapping[str, bytes]) -> None:
        """Keep what documents were read to show, by SHA-256; the first one stays."""
        encrypt = self._vault.encrypt_bytes
        rows = [{"pdf_sha256": digest, "reading": encrypt(reading, _CONTEXT)} for digest, reading in kept.items()]
        if rows:
            self._connection.execute(self._insert(readings).on_conflict_do_nothing(), rows)

    def _reading(self, kept: bytes | None) -> bytes | None:
        return None if kept is None else self._vault.decrypt_bytes(bytes(kept), _CONTEXT)
