"""Systems register themselves: initial and registration access tokens; secrets know since when they are, and when they were used."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and columns; a secret that exists is as old as its client."""
    op.create_table(
        "idp_secret_uses",
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "secret_hash"),
    )
    op.create_table(
        "idp_invitations",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_idp_invitations_expires_at"), "idp_invitations", ["expires_at"], unique=False)
    op.add_column("idp_clients", sa.Column("registration_token", sa.LargeBinary(), nullable=True))
    op.add_column("idp_clients", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    _rewrite(lambda secret, created_at: [secret, created_at])


def downgrade() -> None:
    """Take them away."""
    _rewrite(lambda secret, _: secret[0])
    op.drop_column("idp_clients", "version")
    op.drop_column("idp_clients", "registration_token")
    op.drop_index(op.f("ix_idp_invitations_expires_at"), table_name="idp_invitations")
    op.drop_table("idp_invitations")
    op.drop_table("idp_secret_uses")


def _rewrite(form: Callable[[Any, int], Any]) -> None:
    clients = sa.table("idp_clients", *(sa.column(name) for name in ("client_id", "secrets", "created_at")))
    connection = op.get_bind()
    for row in connection.execute(sa.select(clients)).mappings().all():
        text = json.dumps([form(secret, row["created_at"]) for secret in json.loads(row["secrets"])])
        connection.execute(clients.update().where(clients.c.client_id == row["client_id"]).values(secrets=text))
