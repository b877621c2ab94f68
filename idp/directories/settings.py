"""Where a department's directory is and how it is read. Left to others: the configuration file (``service``), reading (``ldap``, ``groups``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from idp.directories.schemas import LockRule, Schema


@dataclass(frozen=True, slots=True)
class LdapSettings:
    """Where a directory is and how it is read. ``rest_seconds``: how long a server that failed is left in peace.

    ``groups_below``: groups below this entry count for those that are in them through other groups; None: only for whom they name.
    """

    urls: Sequence[str]
    base_dn: str
    bind_dn: str
    password: str = field(repr=False)
    ca_file: Path
    schema: Schema
    user_filter: str
    lock_rule: LockRule | None = None
    seconds: float = 5.0
    pool_size: int = 2
    page_size: int = 500
    rest_seconds: float = 5.0
    groups_below: str | None = None
