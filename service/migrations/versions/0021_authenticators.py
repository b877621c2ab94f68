"""Authenticators that their owners change: passkeys, recovery codes, answered challenges, codes that were sent, notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables. A password that is an account's only authenticator was checked as one."""
    op.add_column("idp_authenticators", sa.Column("alone", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("idp_authenticators", sa.Column("lookup", sa.LargeBinary(), nullable=True))
    op.create_index("idp_authenticators_lookup", "idp_authenticators", ["lookup"], unique=True)
    stored = sa.table("idp_authenticators", *(sa.column(name) for name in ("account_id", "kind", "alone")))
    with_second = sa.select(stored.c.account_id).where(stored.c.kind == "totp")
    lone = (stored.c.kind == "password", stored.c.account_id.not_in(with_second))
    op.get_bind().execute(stored.update().where(*lone).values(alone=sa.true()))
    op.create_table(
        "idp_recovery_codes",
        sa.Column("authenticator_id", sa.String(length=60), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("authenticator_id", "digest"),
    )
    op.create_table(
        "idp_challenges",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_idp_challenges_expires_at"), "idp_challenges", ["expires_at"], unique=False)
    op.create_table(
        "idp_sent_codes",
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("destination", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "channel"),
    )
    op.create_index(op.f("ix_idp_sent_codes_expires_at"), "idp_sent_codes", ["expires_at"], unique=False)
    op.create_table(
        "idp_notices",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idp_notices_account", "idp_notices", ["account_id", "at"], unique=False)
    op.create_index("idp_notices_waiting", "idp_notices", ["sent_at", "at"], unique=False)
    op.create_table(
        "idp_devices",
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "device"),
    )
    op.create_index(op.f("ix_idp_devices_seen_at"), "idp_devices", ["seen_at"], unique=False)
    op.create_index("idp_devices_device", "idp_devices", ["device"], unique=False)
    op.create_table(
        "idp_cases",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("notice_id", sa.String(length=60), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("notice_id", name="idp_cases_notice"),
    )


def downgrade() -> None:
    """Take them away; passkeys and recovery codes go with them."""
    op.drop_table("idp_cases")
    op.drop_table("idp_devices")
    op.drop_table("idp_notices")
    op.drop_table("idp_sent_codes")
    op.drop_table("idp_challenges")
    op.drop_table("idp_recovery_codes")
    op.execute(sa.text("DELETE FROM idp_authenticators WHERE kind NOT IN ('password', 'totp')"))
    op.drop_index("idp_authenticators_lookup", table_name="idp_authenticators")
    op.drop_column("idp_authenticators", "lookup")
    op.drop_column("idp_authenticators", "alone")
