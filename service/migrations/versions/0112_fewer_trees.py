"""Logins and tokens write to fewer trees: rows that are hardly more than their key are in one, and indexes that paid for nobody are gone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0112"
down_revision = "0110"
branch_labels = None
depends_on = None

_KEYS = ("idp_assertions", "idp_challenges", "idp_proofs", "idp_revoked_tokens", "idp_session_clients", "idp_tries")
_GONE = {
    "idp_assertions": "expires_at",
    "idp_challenges": "expires_at",
    "idp_proofs": "expires_at",
    "idp_pushed_requests": "expires_at",
    "idp_revoked_tokens": "expires_at",
    "idp_sent_codes": "expires_at",
    "idp_transactions": "expires_at",
    "idp_tries": "since",
}
_EVENTS = "service_audit_events"


def upgrade() -> None:
    """Drop indexes, leave machines' events out of others, and have SQLite keep narrow tables by their keys."""
    for table, column in _GONE.items():
        op.drop_index(f"ix_{table}_{column}", table_name=table)
    op.drop_index("idp_devices_device", table_name="idp_devices")
    _key_devices_by(["device", "account_id"], by_key_alone=True)
    _rebuild(by_key_alone=True)
    for name in ("actor", "target"):
        people = sa.text(f"substr({name}, 1, 7) <> 'client:' AND substr({name}, 1, 6) <> 'grant:'")
        _index_events(name, people)


def downgrade() -> None:
    """Undo it."""
    for name in ("actor", "target"):
        _index_events(name)
    _rebuild(by_key_alone=False)
    _key_devices_by(["account_id", "device"], by_key_alone=False)
    op.create_index("idp_devices_device", "idp_devices", ["device"])
    for table, column in _GONE.items():
        op.create_index(f"ix_{table}_{column}", table, [column])


def _rebuild(*, by_key_alone: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in _KEYS:
            with op.batch_alter_table(name, recreate="always", table_kwargs={"sqlite_with_rowid": not by_key_alone}):
                pass


def _key_devices_by(columns: list[str], *, by_key_alone: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        kinds: dict[str, sa.types.TypeEngine[Any]] = {"account_id": sa.String(60), "device": sa.LargeBinary()}
        devices = sa.Table(
            "idp_devices",
            sa.MetaData(),
            *(sa.Column(name, kinds[name], primary_key=True) for name in columns),
            sa.Column("seen_at", sa.BigInteger, nullable=False),
        )
        rebuilt = {"sqlite_with_rowid": not by_key_alone}
        with op.batch_alter_table("idp_devices", recreate="always", copy_from=devices, table_kwargs=rebuilt):
            pass
        op.create_index("ix_idp_devices_seen_at", "idp_devices", ["seen_at"])
    else:
        op.drop_constraint("idp_devices_pkey", "idp_devices", type_="primary")
        op.create_primary_key("idp_devices_pkey", "idp_devices", columns)


def _index_events(name: str, where: sa.TextClause | None = None) -> None:
    op.drop_index(f"ix_{_EVENTS}_{name}", table_name=_EVENTS)
    op.create_index(f"ix_{_EVENTS}_{name}", _EVENTS, [name, "number"], sqlite_where=where, postgresql_where=where)
