"""What the columns of the room are made of. Moments are microseconds since 1970, lists canonical JSON, digests 32 octets.

Every column declares its sensitivity.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()


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
