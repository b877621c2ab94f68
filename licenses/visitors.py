"""Who is visiting, as this room needs to know it: for showing holders what is theirs. Filled by the identity room in ``service/wiring``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is logged in. ``holder_id`` is the resident ID or credit code, if known."""

    account_id: str
    kind: str
    name: str
    holder_id: str | None


class Visitors(Protocol):
    """Tells of whoever sent the present request."""

    def current(self) -> Visitor | None:
        """Return who is logged in, None for a stranger."""
        ...

    def check_files(self) -> None:
        """Refuse that a holder's files are taken away where others come after them."""
        ...
