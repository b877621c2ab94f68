"""Indexes in the order in which lists are read: licences of a type, certificates of a CA, events of somebody, about something, by the hour."""

from __future__ import annotations

from alembic import op

revision = "0079"
down_revision = "0072"
branch_labels = None
depends_on = None

_EVENTS = {"at": ["at", "action", "outcome"], "actor": ["actor", "number"], "target": ["target", "number"]}


def upgrade() -> None:
    """Make them; those of the audit trail take the place of narrower ones."""
    op.create_index("ix_licenses_type", "licenses_licenses", ["type_code", "id"])
    op.create_index("ix_pki_certificates_ca", "pki_certificates", ["ca", "serial"])
    for name, columns in _EVENTS.items():
        op.drop_index(f"ix_service_audit_events_{name}", table_name="service_audit_events")
        op.create_index(f"ix_service_audit_events_{name}", "service_audit_events", columns)


def downgrade() -> None:
    """Make the narrower ones again."""
    for name in _EVENTS:
        op.drop_index(f"ix_service_audit_events_{name}", table_name="service_audit_events")
        op.create_index(f"ix_service_audit_events_{name}", "service_audit_events", [name])
    op.drop_index("ix_pki_certificates_ca", table_name="pki_certificates")
    op.drop_index("ix_licenses_type", table_name="licenses_licenses")
