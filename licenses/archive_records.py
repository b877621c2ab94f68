"""What is stored of the documents' time-stamps.

Left to others: SQL (``storage``), which are worn (``pki.archiving``), stamping them again (``archival``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pki.archiving import Worn
    from pki.cms import Digest


@dataclass(frozen=True, slots=True)
class Stamped:
    """A licence's document by its row key, with the licence's identifier, and when it was stamped last (microseconds since 1970)."""

    key: int
    identifier: str
    stamped_at: int


class ArchiveRecords(Protocol):
    """The documents' time-stamps, in one transaction."""

    def count_worn(self, worn: Worn) -> int:
        """Return how many documents' newest time-stamp is worn."""
        ...

    def worn_documents(self, worn: Worn, *, after: Stamped | None, limit: int) -> Sequence[tuple[Stamped, bytes]]:
        """Return those with their encrypted PDFs, the longest stamped first, from behind ``after``."""
        ...

    def renew_document(self, stamped: Stamped, document: bytes, digest: Digest, at: datetime) -> bool:
        """Store a document that was stamped again at ``at`` over a hash; False when its newest time-stamp is another one by now."""
        ...
