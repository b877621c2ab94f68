"""This room's tables and the records over them. The only part of it that knows SQL."""

from crosscert.storage.records import SqlCrosscertRecords
from crosscert.storage.tables import metadata

__all__ = ["SqlCrosscertRecords", "metadata"]
