"""The tables of this room. Left to others: what is written into them (``records``), migrations (``service``)."""

from __future__ import annotations

import sqlalchemy as sa

from crosscert.records import AgreementState

metadata = sa.MetaData()

_PUBLIC = {"sensitivity": "public"}
_INTERNAL = {"sensitivity": "internal"}
OPEN: tuple[AgreementState, ...] = ("requested", "compared", "approved", "issuing")

state = sa.Table(
    "crosscert_state",
    metadata,
    sa.Column("identifier", sa.Integer, primary_key=True, autoincrement=False, info=_INTERNAL),
    sa.Column("generation", sa.BigInteger, nullable=False, info=_INTERNAL),
)
agreements = sa.Table(
    "crosscert_agreements",
    metadata,
    sa.Column("identifier", sa.String(32), primary_key=True, info=_INTERNAL),
    sa.Column("kind", sa.String(8), nullable=False, info=_INTERNAL),
    sa.Column("peer_code", sa.String(6), nullable=False, info=_PUBLIC),
    sa.Column("peer", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("state", sa.String(16), nullable=False, info=_INTERNAL),
    sa.Column("requested_by", sa.String(200), nullable=False, info=_INTERNAL),
    sa.Column("requested_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("code", sa.String(32), nullable=False, info=_INTERNAL),
    sa.Column("misses", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("constraints", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("principal", sa.LargeBinary, nullable=False, info=_PUBLIC),
    sa.Column("offers", sa.Text, info=_PUBLIC),
    sa.Column("crl_urls", sa.Text, info=_PUBLIC),
    sa.Column("replaces", sa.String(32), info=_INTERNAL),
    sa.Column("attempt", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("serial", sa.String(40), info=_PUBLIC),
    sa.Column("certificate", sa.LargeBinary, info=_PUBLIC),
    sa.Column("issued_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("ended_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("ended_by", sa.String(200), info=_INTERNAL),
    sa.Column("reviewed_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("reviewed_by", sa.String(200), info=_INTERNAL),
    sa.Index("ix_crosscert_agreements_peer", "peer_code", "requested_at"),
)
sa.Index(
    "ux_crosscert_agreements_open",
    agreements.c.peer_code,
    agreements.c.kind,
    unique=True,
    sqlite_where=agreements.c.state.in_(OPEN),
    postgresql_where=agreements.c.state.in_(OPEN),
)
approvals = sa.Table(
    "crosscert_plan_approvals",
    metadata,
    sa.Column("agreement", sa.String(32), sa.ForeignKey("crosscert_agreements.identifier"), primary_key=True, info=_INTERNAL),
    sa.Column("person", sa.String(200), primary_key=True, info=_INTERNAL),
    sa.Column("approver", sa.String(200), nullable=False, info=_INTERNAL),
    sa.Column("plan_sha256", sa.String(64), nullable=False, info=_INTERNAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=_INTERNAL),
)
nodes = sa.Table(
    "crosscert_nodes",
    metadata,
    sa.Column("code", sa.String(6), primary_key=True, info=_PUBLIC),
    sa.Column("node", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("relation", sa.String(8), nullable=False, info=_PUBLIC),
    sa.Column("learned_from", sa.String(6), info=_PUBLIC),
    sa.Column("principal_key", sa.String(64), info=_PUBLIC),
    sa.Column("last_ok_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("last_tried_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("last_error", sa.String(64), info=_INTERNAL),
    sa.Column("last_error_text", sa.Text, info=_INTERNAL),
    sa.Column("crl_urls", sa.Text, info=_PUBLIC),
    sa.Column("failing_since", sa.BigInteger, info=_INTERNAL),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0", info=_INTERNAL),
    sa.Column("next_try_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("full_at", sa.BigInteger, info=_INTERNAL),
)
list_tags = sa.Table(
    "crosscert_list_tags",
    metadata,
    sa.Column("node_code", sa.String(6), primary_key=True, info=_PUBLIC),
    sa.Column("url", sa.Text, primary_key=True, info=_PUBLIC),
    sa.Column("etag", sa.Text, nullable=False, info=_INTERNAL),
)
deliveries = sa.Table(
    "crosscert_deliveries",
    metadata,
    sa.Column("peer_code", sa.String(6), primary_key=True, info=_PUBLIC),
    sa.Column("ca", sa.String(100), primary_key=True, info=_PUBLIC),
    sa.Column("number", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("delivered_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("tried_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("failures", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("next_try_at", sa.BigInteger, info=_INTERNAL),
    sa.Column("error", sa.String(64), info=_INTERNAL),
    sa.Column("error_text", sa.Text, info=_INTERNAL),
)
probes = sa.Table(
    "crosscert_probes",
    metadata,
    sa.Column("node_code", sa.String(6), primary_key=True, info=_PUBLIC),
    sa.Column("probe", sa.String(32), primary_key=True, info=_PUBLIC),
    sa.Column("ok", sa.Boolean, nullable=False, info=_INTERNAL),
    sa.Column("detail", sa.Text, nullable=False, info=_INTERNAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("since", sa.BigInteger, nullable=False, info=_INTERNAL),
)
certificates = sa.Table(
    "crosscert_certificates",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True, info=_PUBLIC),
    sa.Column("kind", sa.String(16), nullable=False, info=_PUBLIC),
    sa.Column("node_code", sa.String(6), nullable=False, info=_PUBLIC),
    sa.Column("der", sa.LargeBinary, nullable=False, info=_PUBLIC),
    sa.Column("stored_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Index("ix_crosscert_certificates_kind", "kind", "sha256"),
)
crls = sa.Table(
    "crosscert_crls",
    metadata,
    sa.Column("issuer_key", sa.String(64), primary_key=True, info=_PUBLIC),
    sa.Column("scope", sa.String(64), primary_key=True, info=_PUBLIC),
    sa.Column("number", sa.String(49), primary_key=True, info=_PUBLIC),  # up to 20 octets, as decimal digits of one length
    sa.Column("sha256", sa.String(64), nullable=False, info=_PUBLIC),
    sa.Column("node_code", sa.String(6), nullable=False, info=_PUBLIC),
    sa.Column("this_update", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("next_update", sa.BigInteger, info=_PUBLIC),
    sa.Column("fetched_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("der", sa.LargeBinary, nullable=False, info=_PUBLIC),
    sa.Index("ix_crosscert_crls_time", "issuer_key", "scope", "this_update"),
)
objects = sa.Table(
    "crosscert_objects",
    metadata,
    sa.Column("node_code", sa.String(6), primary_key=True, info=_PUBLIC),
    sa.Column("kind", sa.String(32), primary_key=True, info=_PUBLIC),
    sa.Column("url", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("data", sa.LargeBinary, nullable=False, info=_PUBLIC),
    sa.Column("etag", sa.Text, info=_INTERNAL),
    sa.Column("fetched_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("issued_at", sa.BigInteger, info=_PUBLIC),
    sa.Column("expires_at", sa.BigInteger, info=_PUBLIC),
)
published = sa.Table(
    "crosscert_published",
    metadata,
    sa.Column("entry", sa.String(64), primary_key=True, info=_PUBLIC),
    sa.Column("sha256", sa.String(64), info=_PUBLIC),
    sa.Column("at", sa.BigInteger, info=_INTERNAL),
    sa.Column("tried_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("failures", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("error", sa.Text, info=_INTERNAL),
)
