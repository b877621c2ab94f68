"""Departments' directories, and whose account which of their entries is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "idp_directories",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("mark", sa.String(length=100), nullable=False),
        sa.Column("groups", sa.LargeBinary(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("heard_at", sa.BigInteger(), nullable=True),
        sa.Column("full_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=1000), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "idp_directory_people",
        sa.Column("directory", sa.String(length=40), nullable=False),
        sa.Column("entry_id", sa.String(length=100), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("lock", sa.String(length=20), nullable=True),
        sa.Column("locked_here", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("directory", "entry_id"),
        sa.UniqueConstraint("account_id", name="idp_directory_people_account"),
    )
    op.create_index("idp_directory_people_expires", "idp_directory_people", ["directory", "expires_at"], unique=False)


def downgrade() -> None:
    """Take them away."""
    op.drop_index("idp_directory_people_expires", table_name="idp_directory_people")
    op.drop_table("idp_directory_people")
    op.drop_table("idp_directories")
