"""The registry in SQL: SQLAlchemy Core, the same on SQLite and PostgreSQL. What personal columns hold is encrypted.

Left to others: opening connections and transactions (``service``), every decision. ``SqlLicenseRecords`` is put together from what
each table group can do.
"""

from __future__ import annotations

from licenses.storage.acts import SqlActs
from licenses.storage.batches import SqlBatches
from licenses.storage.consents import SqlConsents
from licenses.storage.documents import SqlDocuments
from licenses.storage.log_nodes import SqlLogNodes
from licenses.storage.log_witnesses import SqlLogWitnesses
from licenses.storage.qr_keys import SqlQrKeys
from licenses.storage.stops import SqlStops
from licenses.storage.tables import metadata
from licenses.storage.templates import SqlTemplates
from licenses.storage.verified import SqlVerified
from licenses.storage.wallet import SqlWallet

__all__ = ["SqlLicenseRecords", "metadata"]


class SqlLicenseRecords(
    SqlActs,
    SqlBatches,
    SqlStops,
    SqlDocuments,
    SqlLogNodes,
    SqlLogWitnesses,
    SqlWallet,
    SqlConsents,
    SqlVerified,
    SqlQrKeys,
    SqlTemplates,
):
    """``licenses.ports.LicenseRecords`` on one connection."""
