"""Licences of a department, the newest first."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index licences by their issuer."""
    op.create_index("licenses_of_issuer", "licenses_licenses", ["issuer_uscc", "id"], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_index("licenses_of_issuer", table_name="licenses_licenses")
