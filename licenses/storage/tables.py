"""The tables of the licence room.

A void licence keeps its row but frees its number: uniqueness is among those that are not void (partial indexes).
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER PRIMARY KEY counts up by itself on SQLite
_PUBLIC = {"sensitivity": "public"}
_INTERNAL = {"sensitivity": "internal"}
_PERSONAL = {"sensitivity": "personal"}

departments = sa.Table(
    "licenses_departments",
    metadata,
    sa.Column("uscc", sa.String(18), primary_key=True, info=_PUBLIC),
    sa.Column("name", sa.String(200), nullable=False, info=_PUBLIC),
    sa.Column("area_code", sa.String(6), nullable=False, info=_PUBLIC),
    sa.Column("types", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("changed_at", sa.BigInteger, nullable=False, info=_INTERNAL),
)

licenses = sa.Table(
    "licenses_licenses",
    metadata,
    sa.Column("id", _BIG, primary_key=True, autoincrement=True, info=_INTERNAL),
    sa.Column("identifier", sa.String(120), nullable=False, info=_INTERNAL),
    sa.Column("number", sa.String(32), nullable=False, info=_INTERNAL),
    sa.Column("version", sa.String(3), nullable=False, info=_INTERNAL),
    sa.Column("type_code", sa.String(21), nullable=False, info=_INTERNAL),
    sa.Column("holder_kind", sa.String(20), nullable=False, info=_INTERNAL),
    sa.Column("holder_name", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("holder_name_index", sa.LargeBinary(32), nullable=False, index=True, info=_PERSONAL),
    sa.Column("holder_id", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("holder_id_index", sa.LargeBinary(32), nullable=False, index=True, info=_PERSONAL),
    sa.Column("issuer_uscc", sa.String(18), nullable=False, info=_INTERNAL),
    sa.Column("issuer_name", sa.String(200), nullable=False, info=_INTERNAL),
    sa.Column("area_code", sa.String(6), nullable=False, info=_INTERNAL),
    sa.Column("issue_date", sa.String(10), nullable=False, info=_INTERNAL),
    sa.Column("valid_from", sa.String(10), nullable=False, info=_INTERNAL),
    sa.Column("valid_to", sa.String(10), nullable=True, info=_INTERNAL),
    sa.Column("fields", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("application_digest", sa.String(64), nullable=False, info=_INTERNAL),
    sa.Column("requested_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("status_index", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("state", sa.String(10), nullable=False, index=True, info=_INTERNAL),
    sa.Column("issued_at", sa.BigInteger, nullable=True, info=_INTERNAL),
    sa.Column("pdf_sha256", sa.String(64), nullable=True, unique=True, info=_INTERNAL),
    sa.Column("log_index", sa.BigInteger, nullable=True, unique=True, info=_PUBLIC),
    sa.Column("status", sa.String(2), nullable=False, info=_PUBLIC),
    sa.Column("status_at", sa.BigInteger, nullable=True, info=_PUBLIC),
    sa.Column("status_reason", sa.Text, nullable=False, info=_INTERNAL),
    sa.Column("replaces", sa.String(120), nullable=True, info=_INTERNAL),
    sa.Column("type_version", sa.Integer, nullable=False, server_default="1", info=_INTERNAL),
)

_IN_USE = licenses.c.state != "void"
for _name, _columns in (
    ("identifier", (licenses.c.identifier,)),
    ("number", (licenses.c.number, licenses.c.version)),
    ("application_digest", (licenses.c.application_digest,)),
    ("replaces", (licenses.c.replaces,)),
):
    sa.Index(f"uq_licenses_{_name}_in_use", *_columns, unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE)
sa.Index("licenses_of_issuer", licenses.c.issuer_uscc, licenses.c.id)
sa.Index("uq_licenses_status_index", licenses.c.status_index, unique=True)
_NOT_VALID = licenses.c.status != "01"
sa.Index("ix_licenses_type", licenses.c.type_code, licenses.c.id)
sa.Index("ix_licenses_not_valid", licenses.c.status_index, sqlite_where=_NOT_VALID, postgresql_where=_NOT_VALID)

documents = sa.Table(
    "licenses_documents",
    metadata,
    sa.Column("license_id", _BIG, sa.ForeignKey("licenses_licenses.id"), primary_key=True, autoincrement=False, info=_INTERNAL),
    sa.Column("pdf", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("stamped_at", sa.BigInteger, nullable=False, server_default="0", info=_INTERNAL),
    sa.Column("digest", sa.String(6), nullable=False, server_default="sha256", info=_INTERNAL),
    sa.Index("ix_licenses_documents_stamped", "stamped_at", "license_id", "digest"),
)

readings = sa.Table(
    "licenses_readings",
    metadata,
    sa.Column("pdf_sha256", sa.String(64), primary_key=True, info=_INTERNAL),
    sa.Column("reading", sa.LargeBinary, nullable=False, info=_PERSONAL),
)

counters = sa.Table(
    "licenses_counters",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True, info=_INTERNAL),
    sa.Column("value", sa.BigInteger, nullable=False, info=_INTERNAL),
)

log_nodes = sa.Table(
    "licenses_log_nodes",
    metadata,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False, info=_PUBLIC),
    sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False, info=_PUBLIC),
    sa.Column("hash", sa.LargeBinary(32), nullable=False, info=_PUBLIC),
)

log_leaves = sa.Table(
    "licenses_log_leaves",
    metadata,
    sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False, info=_PUBLIC),
    sa.Column("leaf", sa.LargeBinary, nullable=False, info=_INTERNAL),
)

log_witnessed = sa.Table(
    "licenses_log_witnessed",
    metadata,
    sa.Column("node_code", sa.String(6), primary_key=True, info=_PUBLIC),
    sa.Column("verifier_key", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("size", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("root", sa.LargeBinary(32), nullable=False, info=_PUBLIC),
    sa.Column("note", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("seen_at", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("read", sa.BigInteger, nullable=False, server_default="0", info=_PUBLIC),
)

peers_issued = sa.Table(
    "licenses_peers_issued",
    metadata,
    sa.Column("node_code", sa.String(6), primary_key=True, info=_PUBLIC),
    sa.Column("pdf_sha256", sa.String(64), primary_key=True, info=_PUBLIC),
    sa.Column("place", sa.BigInteger, nullable=False, info=_PUBLIC),
)

log_cosigned = sa.Table(
    "licenses_log_cosigned",
    metadata,
    sa.Column("witness_code", sa.String(6), primary_key=True, info=_PUBLIC),
    sa.Column("verifier_key", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("size", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("note", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("at", sa.BigInteger, nullable=False, info=_PUBLIC),
)

log_faults = sa.Table(
    "licenses_log_faults",
    metadata,
    sa.Column("id", _BIG, primary_key=True, autoincrement=True, info=_INTERNAL),
    sa.Column("node_code", sa.String(6), nullable=False, info=_PUBLIC),
    sa.Column("kind", sa.String(10), nullable=False, info=_PUBLIC),
    sa.Column("held_sha256", sa.String(64), nullable=False, info=_PUBLIC),
    sa.Column("held", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("shown", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("found_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("found_by", sa.String(6), nullable=False, info=_PUBLIC),
    sa.Column("settled_by", sa.String(200), nullable=True, info=_INTERNAL),
    sa.UniqueConstraint("node_code", "kind", "held_sha256", name="uq_licenses_log_faults"),
)

published = sa.Table(
    "licenses_published",
    metadata,
    sa.Column("what", sa.String(60), primary_key=True, info=_PUBLIC),
    sa.Column("body", sa.Text, nullable=False, info=_PUBLIC),
    sa.Column("revision", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("made_at", sa.BigInteger, nullable=False, info=_PUBLIC),
)

acts = sa.Table(
    "licenses_acts",
    metadata,
    sa.Column("place", _BIG, primary_key=True, autoincrement=True, info=_INTERNAL),
    sa.Column("id", sa.String(40), nullable=False, unique=True, info=_INTERNAL),
    sa.Column("name", sa.String(20), nullable=False, info=_INTERNAL),
    sa.Column("identifier", sa.String(120), nullable=True, info=_INTERNAL),
    sa.Column("number", sa.String(32), nullable=True, index=True, info=_INTERNAL),
    sa.Column("type_code", sa.String(21), nullable=False, info=_INTERNAL),
    sa.Column("issuer_uscc", sa.String(18), nullable=False, index=True, info=_INTERNAL),
    sa.Column("reason", sa.String(40), nullable=False, info=_INTERNAL),
    sa.Column("words", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("asked_by", sa.String(220), nullable=False, info=_INTERNAL),
    sa.Column("asked_person", sa.String(220), nullable=False, info=_INTERNAL),
    sa.Column("asked_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("state", sa.String(10), nullable=False, index=True, info=_INTERNAL),
    sa.Column("digest", sa.String(64), nullable=False, info=_INTERNAL),
    sa.Column("key", sa.String(64), nullable=True, unique=True, info=_INTERNAL),
    sa.Column("decided_by", sa.String(220), nullable=True, info=_INTERNAL),
    sa.Column("decided_at", sa.BigInteger, nullable=True, info=_INTERNAL),
    sa.Column("result", sa.String(120), nullable=True, info=_INTERNAL),
    sa.Column("failure", sa.String(60), nullable=False, info=_INTERNAL),
)
_WAITING = acts.c.state == "waiting"
sa.Index("uq_licenses_acts_waiting", acts.c.identifier, unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING)

stops = sa.Table(
    "licenses_stops",
    metadata,
    sa.Column("identifier", sa.String(120), primary_key=True, info=_INTERNAL),
    sa.Column("finding", sa.String(60), nullable=False, info=_INTERNAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("consent_by", sa.String(220), nullable=True, info=_INTERNAL),
    sa.Column("resumed_by", sa.String(220), nullable=True, info=_INTERNAL),
    sa.Column("resumed_at", sa.BigInteger, nullable=True, info=_INTERNAL),
)

qr_keys = sa.Table(
    "licenses_qr_keys",
    metadata,
    sa.Column("label", sa.String(40), primary_key=True, info=_INTERNAL),
    sa.Column("announced_at", sa.BigInteger, nullable=False, info=_PUBLIC),
    sa.Column("signs_from", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("consent_by", sa.String(220), nullable=True, info=_INTERNAL),
    sa.Column("withdrawn_at", sa.BigInteger, nullable=True, info=_PUBLIC),
)

batches = sa.Table(
    "licenses_batches",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True, info=_INTERNAL),
    sa.Column("name", sa.String(100), nullable=False, info=_INTERNAL),
    sa.Column("asked_by", sa.String(220), nullable=False, info=_INTERNAL),
    sa.Column("asked_at", sa.BigInteger, nullable=False, index=True, info=_INTERNAL),
    sa.Column("departments", sa.Text, nullable=True, info=_INTERNAL),
    sa.Column("rows", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("chunks", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("asked_person", sa.String(220), nullable=False, info=_INTERNAL),
    sa.Column("state", sa.String(10), nullable=False, index=True, info=_INTERNAL),
    sa.Column("decided_by", sa.String(220), nullable=True, info=_INTERNAL),
    sa.Column("decided_at", sa.BigInteger, nullable=True, info=_INTERNAL),
)

chunks = sa.Table(
    "licenses_batch_chunks",
    metadata,
    sa.Column("batch_id", sa.String(40), primary_key=True, info=_INTERNAL),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False, info=_INTERNAL),
    sa.Column("content", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("taken_until", sa.BigInteger, nullable=True, info=_INTERNAL),
    sa.Column("done_at", sa.BigInteger, nullable=True, info=_INTERNAL),
    sa.Column("issued", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("already", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("refused", sa.Integer, nullable=False, info=_INTERNAL),
)
_LEFT = chunks.c.done_at.is_(None)
sa.Index("licenses_batch_chunks_left", chunks.c.batch_id, chunks.c.place, sqlite_where=_LEFT, postgresql_where=_LEFT)
_REFUSED = chunks.c.refused > 0
sa.Index("licenses_batch_chunks_refused", chunks.c.batch_id, chunks.c.place, sqlite_where=_REFUSED, postgresql_where=_REFUSED)
# What a batch's progress is added up from, without its rows: beside them it would be read with all they say.
sa.Index("licenses_batch_chunks_progress", *(chunks.c[name] for name in ("batch_id", "done_at", "issued", "already", "refused")))

template_proposals = sa.Table(
    "licenses_template_proposals",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True, info=_INTERNAL),
    sa.Column("name", sa.String(40), nullable=False, info=_INTERNAL),
    sa.Column("type_code", sa.String(21), nullable=False, info=_INTERNAL),
    sa.Column("sha256", sa.String(64), nullable=False, info=_INTERNAL),
    sa.Column("files", sa.LargeBinary, nullable=False, info=_INTERNAL),
    sa.Column("sample", sa.LargeBinary, nullable=False, info=_INTERNAL),
    sa.Column("pictures", sa.LargeBinary, nullable=False, info=_INTERNAL),
    sa.Column("asked_by", sa.String(220), nullable=False, info=_INTERNAL),
    sa.Column("asked_person", sa.String(220), nullable=False, info=_INTERNAL),
    sa.Column("asked_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("state", sa.String(10), nullable=False, info=_INTERNAL),
    sa.Column("decided_by", sa.String(220), nullable=True, info=_INTERNAL),
    sa.Column("decided_at", sa.BigInteger, nullable=True, info=_INTERNAL),
    sa.Column("type_version", sa.Integer, nullable=True, info=_INTERNAL),
)
_UNDER_WAY = template_proposals.c.state != "done"
sa.Index(
    "uq_licenses_template_proposals_type",
    template_proposals.c.type_code,
    unique=True,
    sqlite_where=_UNDER_WAY,
    postgresql_where=_UNDER_WAY,
)
# All that a list shows: SQLite reads a row's files and pictures on the way to what stands behind them.
sa.Index(
    "ix_licenses_template_proposals_listed",
    *(template_proposals.c[name] for name in ("asked_at", "id", "name", "type_code", "sha256", "asked_by", "asked_person")),
    *(template_proposals.c[name] for name in ("state", "decided_by", "decided_at", "type_version")),
)

copies = sa.Table(
    "licenses_copies",
    metadata,
    sa.Column("pdf_sha256", sa.String(64), primary_key=True, info=_INTERNAL),
    sa.Column("identifier", sa.String(120), nullable=False, info=_INTERNAL),
    sa.Column("number", sa.Integer, nullable=False, info=_INTERNAL),
    sa.Column("purpose", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.Column("made_at", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("log_index", sa.BigInteger, nullable=False, unique=True, info=_PUBLIC),
    sa.Column("pdf", sa.LargeBinary, nullable=False, info=_PERSONAL),
    sa.UniqueConstraint("identifier", "number", name="uq_licenses_copies_number"),
)
