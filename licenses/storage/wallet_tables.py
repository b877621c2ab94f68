"""The tables of what holders show, who saw it, and which department they let fetch what."""

from __future__ import annotations

import sqlalchemy as sa

from licenses.storage.tables import metadata

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_INTERNAL = {"sensitivity": "internal"}
_PERSONAL = {"sensitivity": "personal"}

shares = sa.Table(
    "licenses_shares",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True, info=_INTERNAL),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True, info=_INTERNAL),
    sa.Column("identifier", sa.String(120), nullable=False, index=True, info=_INTERNAL),
    sa.Column("holder_index", sa.LargeBinary(32), nullable=False, index=True, info=_PERSONAL),
    sa.Column("words", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("shown", sa.Text, nullable=False, info=_INTERNAL),
    sa.Column("made_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("ends_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("most_uses", sa.Integer, nullable=True, info=_INTERNAL),
    sa.Column("uses", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("revoked_at", sa.BigInteger, nullable=True, info=_INTERNAL),
)

looks = sa.Table(
    "licenses_looks",
    metadata,
    sa.Column("id", _BIG, primary_key=True, autoincrement=True, info=_INTERNAL),
    sa.Column("identifier", sa.String(120), nullable=False, index=True, info=_INTERNAL),
    sa.Column("way", sa.String(10), nullable=False, info=_INTERNAL),
    sa.Column("reference", sa.String(60), nullable=False, info=_INTERNAL),
    sa.Column("words", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=_INTERNAL),
)

consents = sa.Table(
    "licenses_consents",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True, info=_INTERNAL),
    sa.Column("department", sa.String(18), nullable=False, info=_INTERNAL),
    sa.Column("department_name", sa.String(200), nullable=False, info=_INTERNAL),
    sa.Column("holder_index", sa.LargeBinary(32), nullable=False, index=True, info=_PERSONAL),
    sa.Column("type_code", sa.String(21), nullable=False, info=_INTERNAL),
    sa.Column("words", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("asked_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("state", sa.String(10), nullable=False, info=_INTERNAL),
    sa.Column("decided_at", sa.BigInteger, nullable=True, info=_INTERNAL),
    sa.Column("ends_at", sa.BigInteger, nullable=True, info=_INTERNAL),
    sa.UniqueConstraint("department", "holder_index", "type_code", name="uq_licenses_consents_one"),
)
