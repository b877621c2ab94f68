"""What documents of this node were read to show, by their SHA-256. Encrypted: digests of personal data are among it."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from licenses.storage.shelves import SqlShelves
from licenses.storage.tables import readings
from pki.storage.prepared import Prepared

_CONTEXT = "licenses.reading"


_FIND_READING = Prepared(sa.select(readings.c.reading).where(readings.c.pdf_sha256 == sa.bindparam("digest")))
_KEEP_READING = Prepared(
    lambda insert: (
        insert(readings).values(pdf_sha256=sa.bindparam("digest"), reading=sa.bindparam("reading")).on_conflict_do_nothing()
    )
)


class SqlReadings(SqlShelves):
    """The readings' part of ``licenses.registry_records.RegistryRecords``."""

    def find_reading(self, pdf_sha256: str) -> bytes | None:
        """Return what the document with this SHA-256 was read to show, if it was read."""
        row = self._find(_FIND_READING, digest=pdf_sha256)
        return None if row is None else self._reading(row["reading"])

    def keep_readings(self, kept: Mapping[str, bytes]) -> None:
        """Keep what documents were read to show, by SHA-256; the first one stays."""
        for digest, reading in kept.items():
            self._put_off(_KEEP_READING, digest=digest, reading=self._vault.encrypt_bytes(reading, _CONTEXT))

    def _reading(self, kept: bytes | None) -> bytes | None:
        return None if kept is None else self._vault.decrypt_bytes(kept, _CONTEXT)
