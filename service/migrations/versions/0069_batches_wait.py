"""Files of applications wait until an officer has them issued."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was handed in before is the workers' already."""
    with op.batch_alter_table("licenses_batches") as table:
        table.add_column(sa.Column("asked_person", sa.String(length=220), nullable=False, server_default=""))
        table.add_column(sa.Column("state", sa.String(length=10), nullable=False, server_default="released"))
        table.add_column(sa.Column("decided_by", sa.String(length=220), nullable=True))
        table.add_column(sa.Column("decided_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_licenses_batches_state"), "licenses_batches", ["state"], unique=False)


def downgrade() -> None:
    """Take them away."""
    op.drop_index(op.f("ix_licenses_batches_state"), "licenses_batches")
    for column in ("decided_at", "decided_by", "state", "asked_person"):
        op.drop_column("licenses_batches", column)
