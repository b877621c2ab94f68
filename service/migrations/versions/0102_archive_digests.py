"""Over which hash each document's newest time-stamp is: what rests on one that is given up is found by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0102"
down_revision = "0099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: until now all were over SHA-256."""
    op.add_column("licenses_documents", sa.Column("digest", sa.String(6), nullable=False, server_default="sha256"))
    op.drop_index("ix_licenses_documents_stamped_at", table_name="licenses_documents")
    op.create_index("ix_licenses_documents_stamped", "licenses_documents", ["stamped_at", "license_id", "digest"])


def downgrade() -> None:
    """Take it away."""
    op.drop_index("ix_licenses_documents_stamped", table_name="licenses_documents")
    op.create_index("ix_licenses_documents_stamped_at", "licenses_documents", ["stamped_at"])
    op.drop_column("licenses_documents", "digest")
