"""This room's tables. Left to others: what is done on them (the files beside this one), migrations (``service``)."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

_PUBLIC = {"sensitivity": "public"}
_INTERNAL = {"sensitivity": "internal"}

certificates = sa.Table(
    "pki_certificates",
    metadata,
    sa.Column("serial", sa.String(40), primary_key=True, info=_PUBLIC),
    sa.Column("state", sa.String(8), nullable=False, info=_INTERNAL),  # intent, issued, void
    sa.Column("ca", sa.String(16), nullable=False, info=_PUBLIC),
    sa.Column("profile", sa.String(64), nullable=False, info=_INTERNAL),
    sa.Column("recorded_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    # A certificate is shown to whoever asks for a signature's proof, so the name in it is not hidden here.
    sa.Column("subject", sa.Text, nullable=False, info=_INTERNAL),
    sa.Column("issuer", sa.Text, info=_PUBLIC),
    sa.Column("sha256", sa.String(64), unique=True, info=_PUBLIC),
    sa.Column("not_before", sa.BigInteger, info=_PUBLIC),
    sa.Column("not_after", sa.BigInteger, info=_PUBLIC),
    sa.Column("der", sa.LargeBinary, info=_INTERNAL),
    sa.Column("revoked_at", sa.BigInteger, info=_PUBLIC),
    sa.Column("reason", sa.String(32), info=_PUBLIC),
    sa.Column("partition", sa.Integer, nullable=False, server_default="0", info=_PUBLIC),
    sa.Index("ix_pki_certificates_state", "state", "recorded_at"),
    sa.Index("ix_pki_certificates_ca", "ca", "serial"),
    sa.Index("ix_pki_certificates_profile", "profile", "serial"),
    sa.Index("ix_pki_certificates_end", "not_after"),
    sa.Index("ix_pki_certificates_subject", "subject", "profile"),
)
crl_numbers = sa.Table(
    "pki_crl_numbers",
    metadata,
    sa.Column("ca", sa.String(16), primary_key=True, info=_PUBLIC),
    sa.Column("number", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("changes", sa.BigInteger, nullable=False, server_default="0", info=_INTERNAL),
)
partitions = sa.Table(
    "pki_partitions",
    metadata,
    sa.Column("ca", sa.String(16), primary_key=True, info=_PUBLIC),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False, info=_PUBLIC),
    sa.Column("issued", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("changes", sa.BigInteger, nullable=False, info=_INTERNAL),
)
# What stands on the lists now, each entry encoded once; in the order of the key a list is one pass over the table.
crl_entries = sa.Table(
    "pki_crl_entries",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, info=_INTERNAL),
    sa.Column("serial", sa.String(40), nullable=False, unique=True, info=_PUBLIC),
    sa.Column("ca", sa.String(16), nullable=False, info=_PUBLIC),
    sa.Column("partition", sa.Integer, nullable=False, info=_PUBLIC),
    sa.Column("entry", sa.LargeBinary, nullable=False, info=_PUBLIC),
    sa.Index("ix_pki_crl_entries_partition", "partition", "id"),
)
crls = sa.Table(
    "pki_crls",
    metadata,
    sa.Column("ca", sa.String(16), primary_key=True, info=_PUBLIC),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False, info=_PUBLIC),
    sa.Column("this_update", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("next_update", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("entries", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("sha256", sa.String(64), nullable=False, info=_PUBLIC),
    sa.Column("der", sa.LargeBinary, nullable=False, info=_PUBLIC),
    sa.Column("partition", sa.Integer, nullable=False, server_default="0", info=_PUBLIC),
    sa.Column("changes", sa.BigInteger, nullable=False, server_default="0", info=_INTERNAL),
    sa.Index("ix_pki_crls_scope", "ca", "partition", "number"),
)
roles = sa.Table(
    "pki_roles",
    metadata,
    sa.Column("role", sa.String(64), primary_key=True, info=_INTERNAL),
    sa.Column("key_label", sa.String(100), nullable=False, info=_INTERNAL),
    sa.Column("serial", sa.String(40), sa.ForeignKey("pki_certificates.serial"), nullable=False, info=_PUBLIC),
)
seals = sa.Table(
    "pki_seals",
    metadata,
    sa.Column("uscc", sa.String(18), primary_key=True, info=_PUBLIC),
    sa.Column("name", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("key_label", sa.String(100), nullable=False, info=_INTERNAL),
    sa.Column("serial", sa.String(40), sa.ForeignKey("pki_certificates.serial"), nullable=False, info=_PUBLIC),
)
rollovers = sa.Table(
    "pki_rollovers",
    metadata,
    sa.Column("ca", sa.String(16), primary_key=True, info=_PUBLIC),
    sa.Column("role", sa.String(16), nullable=False, info=_PUBLIC),
    sa.Column("replaces", sa.String(16), nullable=False, info=_PUBLIC),
    sa.Column("requested_by", sa.String(200), nullable=False, info=_INTERNAL),
    sa.Column("requested_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("done_at", sa.BigInteger, info=_PUBLIC),
)
rollover_approvals = sa.Table(
    "pki_rollover_approvals",
    metadata,
    sa.Column("ca", sa.String(16), sa.ForeignKey("pki_rollovers.ca"), primary_key=True, info=_PUBLIC),
    sa.Column("approver", sa.String(200), primary_key=True, info=_INTERNAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=_INTERNAL),
)
invitations = sa.Table(
    "pki_invitations",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True, info=_INTERNAL),
    sa.Column("secret_hash", sa.LargeBinary(32), nullable=False, info={"sensitivity": "secret"}),
    sa.Column("profile", sa.String(64), nullable=False, info=_INTERNAL),
    sa.Column("names", sa.Text, nullable=False, info=_INTERNAL),  # JSON: subject, DNS names, mailboxes
    sa.Column("expires_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("made_by", sa.String(200), nullable=False, info=_INTERNAL),
    sa.Column("made_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("used_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("serial", sa.String(40), sa.ForeignKey("pki_certificates.serial"), info=_PUBLIC),
)
alarms = sa.Table(
    "pki_alarms",
    metadata,
    sa.Column("serial", sa.String(40), sa.ForeignKey("pki_certificates.serial"), primary_key=True, info=_PUBLIC),
    sa.Column("days", sa.Integer, primary_key=True, autoincrement=False, info=_INTERNAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=_INTERNAL),
)
stops = sa.Table(
    "pki_stops",
    metadata,
    sa.Column("serial", sa.String(40), sa.ForeignKey("pki_certificates.serial"), primary_key=True, info=_PUBLIC),
    sa.Column("finding", sa.String(400), nullable=False, info=_INTERNAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("consent_by", sa.String(200), info=_INTERNAL),
    sa.Column("resumed_by", sa.String(200), info=_INTERNAL),
    sa.Column("resumed_at", sa.BigInteger, index=True, info=_INTERNAL),
)
