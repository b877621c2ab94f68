"""What is registered of a client, but for what statements ask for, becomes one JSON document."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_LISTS = ("redirect_uris", "post_logout_redirect_uris", "scopes", "grant_types", "origins", "request_uris")
_FLAGS = ("require_pkce", "require_consent", "require_pushed_authorization_requests")
_TEXTS = (
    ("id_token_signed_response_alg", 10),
    ("userinfo_signed_response_alg", 10),
    ("default_acr", 100),
    ("home_url", 2000),
    ("task", 200),
)


def upgrade() -> None:
    """Carry what the columns hold into the document, then drop them."""
    op.add_column("idp_clients", sa.Column("metadata", sa.Text(), nullable=False, server_default="{}"))
    names = [*_LISTS, "jwks", *_FLAGS, *(name for name, _ in _TEXTS)]
    clients = sa.table("idp_clients", *(sa.column(name) for name in ("client_id", "metadata", *names)))
    connection = op.get_bind()
    for row in connection.execute(sa.select(clients)).mappings().all():
        document = {name: row[name] for name in names}
        document |= {name: json.loads(row[name]) for name in (*_LISTS, "jwks") if row[name] is not None}
        document |= {name: bool(row[name]) for name in _FLAGS}
        text = json.dumps(document, ensure_ascii=False)
        connection.execute(clients.update().where(clients.c.client_id == row["client_id"]).values(metadata=text))
    for name in names:
        op.drop_column("idp_clients", name)


def downgrade() -> None:
    """Make the columns again; what was registered must be registered anew."""
    for name in _LISTS:
        op.add_column("idp_clients", sa.Column(name, sa.Text(), nullable=False, server_default="[]"))
    op.add_column("idp_clients", sa.Column("jwks", sa.Text(), nullable=True))
    for name in _FLAGS:
        op.add_column("idp_clients", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true()))
    for name, length in _TEXTS:
        op.add_column("idp_clients", sa.Column(name, sa.String(length), nullable=True))
    op.drop_column("idp_clients", "metadata")
