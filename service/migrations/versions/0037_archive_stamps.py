"""When each document was last time-stamped: what is due for the archive is found by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Until now each document was stamped once, when it was issued."""
    op.add_column("licenses_documents", sa.Column("stamped_at", sa.BigInteger(), nullable=False, server_default="0"))
    licenses = sa.table("licenses_licenses", sa.column("id"), sa.column("issued_at"))
    documents = sa.table("licenses_documents", sa.column("license_id"), sa.column("stamped_at"))
    issued = sa.select(licenses.c.issued_at).where(licenses.c.id == documents.c.license_id).scalar_subquery()
    op.get_bind().execute(documents.update().values(stamped_at=issued))
    op.create_index(op.f("ix_licenses_documents_stamped_at"), "licenses_documents", ["stamped_at"], unique=False)


def downgrade() -> None:
    """Remove it."""
    op.drop_index(op.f("ix_licenses_documents_stamped_at"), table_name="licenses_documents")
    op.drop_column("licenses_documents", "stamped_at")
