"""Cases that are decided, logins by their code, and ways to log in that are switched off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; cases that were opened before stay open."""
    connection = op.get_bind()
    columns = ("id", "account_id", "notice_id", "opened_at")
    before = connection.execute(sa.text(f"SELECT {', '.join(columns)} FROM idp_cases")).mappings().all()  # noqa: S608 - names of ours
    op.drop_table("idp_cases")
    cases = op.create_table(
        "idp_cases",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("notice_id", sa.String(length=60), nullable=True),
        sa.Column("login_code", sa.String(length=20), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("notice_id", name="idp_cases_notice"),
        sa.UniqueConstraint("login_code", name="idp_cases_login"),
    )
    op.create_index("idp_cases_open", "idp_cases", ["decided_at", "opened_at"], unique=False)
    if before:
        op.bulk_insert(cases, [dict(row) | {"words": b""} for row in before])
    op.create_table(
        "idp_logins",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("session_id", sa.String(length=60), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("acr", sa.String(length=100), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index(op.f("ix_idp_logins_at"), "idp_logins", ["at"], unique=False)
    op.create_index("idp_logins_account", "idp_logins", ["account_id", "at"], unique=False)
    op.create_table(
        "idp_switches",
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what"),
    )


def downgrade() -> None:
    """Take them away; reports and decisions go with them."""
    op.drop_table("idp_switches")
    op.drop_table("idp_logins")
    op.drop_index("idp_cases_open", table_name="idp_cases")
    op.drop_table("idp_cases")
    op.create_table(
        "idp_cases",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("notice_id", sa.String(length=60), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("notice_id", name="idp_cases_notice"),
    )
