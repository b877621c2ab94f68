"""Indexes for what the console lists: events that clients did not take, and proposed templates without their files and pictures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0105"
down_revision = "0100"
branch_labels = None
depends_on = None

_EVENTS, _PROPOSALS = "idp_event_deliveries", "licenses_template_proposals"
_WHO = ["name", "type_code", "sha256", "asked_by", "asked_person"]
_HOW_FAR = ["state", "decided_by", "decided_at", "type_version"]


def upgrade() -> None:
    """Make them."""
    untold = sa.text("error IS NOT NULL")
    op.create_index("idp_event_deliveries_untold", _EVENTS, ["at"], sqlite_where=untold, postgresql_where=untold)
    op.create_index("ix_licenses_template_proposals_listed", _PROPOSALS, ["asked_at", "id", *_WHO, *_HOW_FAR])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_licenses_template_proposals_listed", table_name=_PROPOSALS)
    op.drop_index("idp_event_deliveries_untold", table_name=_EVENTS)
