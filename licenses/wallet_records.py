"""What is stored of showing licences to others: shares and looks.

Left to others: SQL (``storage``), deciding (``wallet``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Way = Literal["share", "fetch"]
"""How somebody came to see a licence: by what its holder shared, or a department's system by interface."""


@dataclass(frozen=True, slots=True)
class Share:
    """A holder's leave to see a licence, for whoever has its link: ``shown`` are the keys of what is told, ``most_uses`` None means any.

    The link's token is stored as its SHA-256 (``token_hash``). ``purpose`` is the holder's own words.
    """

    id: str
    token_hash: bytes = field(repr=False)
    identifier: str
    holder_id: str = field(repr=False)
    purpose: str = field(repr=False)
    shown: tuple[str, ...]
    made_at: datetime
    ends_at: datetime
    most_uses: int | None
    uses: int = 0
    revoked_at: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        """Tell whether it can still be used."""
        return self.revoked_at is None and at < self.ends_at and (self.most_uses is None or self.uses < self.most_uses)


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody saw a licence: ``reference`` is the share by which. ``who`` is what they said of themselves, or whose system it was."""

    identifier: str
    way: Way
    reference: str
    who: str = field(repr=False)
    purpose: str = field(repr=False)
    at: datetime


class WalletRecords(Protocol):
    """Shares and looks, in one transaction."""

    def add_share(self, share: Share) -> None:
        """Store a share."""
        ...

    def use_share(self, token_hash: bytes, at: datetime) -> Share | None:
        """Count one use of the share with this token; None when there is none that is open. One statement: the last use is had once."""
        ...

    def revoke_share(self, share_id: str, holder_id: str, at: datetime) -> Share | None:
        """End a share of this holder; None when they have none of this id that is not revoked yet."""
        ...

    def shares(self, identifier: str, *, limit: int = 50) -> Sequence[Share]:
        """Return the shares of a licence, the newest first."""
        ...

    def count_open_shares(self, holder_id: str, at: datetime) -> int:
        """Return how many shares of a holder can still be used."""
        ...

    def add_look(self, look: Look) -> None:
        """Store that somebody saw a licence."""
        ...

    def looks(self, identifier: str, *, limit: int = 50) -> Sequence[Look]:
        """Return who saw a licence, the latest first."""
        ...
