"""The tables of directories of staff, and of whose account which entry is."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import INTERNAL, PERSONAL, metadata, moment_column, octets_column, text_column

directories = sa.Table(
    "idp_directories",
    metadata,
    text_column("name", 40, key=True),
    text_column("url", 300),
    text_column("mark", 100),
    octets_column("groups", INTERNAL),
    moment_column("tried_at", optional=True),
    moment_column("heard_at", optional=True),
    moment_column("full_at", optional=True),
    sa.Column("failures", sa.Integer, nullable=False, info=INTERNAL),
    text_column("problem", 1000, optional=True),
)

directory_people = sa.Table(
    "idp_directory_people",
    metadata,
    text_column("directory", 40, key=True),
    text_column("entry_id", 100, PERSONAL, key=True),
    text_column("account_id", 60),
    octets_column("digest", PERSONAL),
    text_column("lock", 20, optional=True),
    sa.Column("locked_here", sa.Boolean, nullable=False, info=INTERNAL),
    moment_column("expires_at", optional=True),
    sa.UniqueConstraint("account_id", name="idp_directory_people_account"),
    sa.Index("idp_directory_people_expires", "directory", "expires_at"),
)
