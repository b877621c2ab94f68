"""What was verified of other nodes' licences is numbered when they ask for it, by a counter for each of them; no number is the last one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0108"
down_revision = "0107"
branch_labels = None
depends_on = None

_UNTOLD = sa.table("licenses_untold", sa.column("number", sa.BigInteger), sa.column("at", sa.BigInteger))
_HEARD = sa.table("licenses_heard", sa.column("until", sa.BigInteger))
_COUNTERS = sa.table("licenses_counters", sa.column("name", sa.String))
_FAR = 2**61


def upgrade() -> None:
    """Take the numbers of the one counter away: what a node heard meanwhile it knows by its moment."""
    with op.batch_alter_table("licenses_untold") as table:
        table.alter_column("number", existing_type=sa.BigInteger(), nullable=True)
    op.execute(_UNTOLD.update().values(number=None))
    op.execute(_COUNTERS.delete().where(_COUNTERS.c.name == "verified"))
    # A peer that said the greatest number of all is heard again.
    op.execute(_HEARD.update().where(_HEARD.c.until > _FAR).values(until=_FAR))


def downgrade() -> None:
    """Give all the numbers of their moments."""
    op.execute(_UNTOLD.update().values(number=_UNTOLD.c.at))
    with op.batch_alter_table("licenses_untold") as table:
        table.alter_column("number", existing_type=sa.BigInteger(), nullable=False)
