"""The room's records in SQL: tables, and one class that does on a connection what ``ports`` asks for.

Left to others: every decision; transactions (``service.unit_of_work``), migrations.
"""

from __future__ import annotations

from pki.storage.certificates import SqlCertificates
from pki.storage.generation import GenerationReader
from pki.storage.life import SqlLife
from pki.storage.revocation import SqlRevocation
from pki.storage.roles import SqlRoles
from pki.storage.rollovers import SqlRollovers
from pki.storage.tables import metadata

__all__ = ["GenerationReader", "SqlPkiRecords", "metadata"]


class SqlPkiRecords(SqlCertificates, SqlLife, SqlRevocation, SqlRoles, SqlRollovers):
    """All records of the room on one connection."""
