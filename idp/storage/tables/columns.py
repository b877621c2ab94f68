"""What the columns of the room are made of. Moments are microseconds since 1970, lists canonical JSON, digests 32 octets.

Every column declares its sensitivity. What is over within the hour, or mostly gone by then, has no index on when: the clean-up of every few
minutes takes most of such rows away, and reads them all for less than an index costs whoever writes.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()

KEY_ALONE: dict[str, Any] = {"sqlite_with_rowid": False}
"""For a table whose rows are hardly more than their key: SQLite has it in one tree, not in a second one beside its key's. Wide rows gain nothing."""


PUBLIC = {"sensitivity": "public"}


INTERNAL = {"sensitivity": "internal"}


PERSONAL = {"sensitivity": "personal"}


SECRET = {"sensitivity": "secret"}


def text_column(
    name: str, length: int, info: dict[str, str] = INTERNAL, *, key: bool = False, optional: bool = False
) -> sa.Column[str]:
    """Return a column of text of at most ``length`` characters."""
    return sa.Column(name, sa.String(length), primary_key=key, nullable=optional, info=info)


def json_column(name: str, *, optional: bool = False, info: dict[str, str] = INTERNAL) -> sa.Column[str]:
    """Return a column of canonical JSON."""
    return sa.Column(name, sa.Text, nullable=optional, info=info)


def moment_column(name: str, *, optional: bool = False, index: bool = False) -> sa.Column[int]:
    """Return a column of a moment, in microseconds since 1970."""
    return sa.Column(name, sa.BigInteger, nullable=optional, index=index, info=INTERNAL)


def octets_column(name: str, info: dict[str, str], *, key: bool = False, optional: bool = False) -> sa.Column[bytes]:
    """Return a column of octets."""
    return sa.Column(name, sa.LargeBinary, primary_key=key, nullable=optional, info=info)
