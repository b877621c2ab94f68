"""Rows by the million in PostgreSQL: copies of one that the node made itself, which differ from it in all that is unique or looked up.

What pages show first is the node's own; the copies lie behind it. Left to others: measuring (``pages``, ``people``).
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from idp.storage import tables as idp
from kernel.clock import SystemClock, to_micros
from licenses.storage import tables as licenses
from pki.storage import tables as pki
from service import audit

_DAY = 86_400_000_000


def multiply(engine: sa.Engine, table: sa.Table, count: int, changes: Mapping[str, str], *, like: str = "true") -> None:
    """Store ``count`` copies of a row that is ``like``, with ``changes``: SQL for columns by ``n``, from 1 on, and ``one``, the row.

    Indexes are made anew behind it, which takes a tenth of the time; what is unique by a constraint stays so meanwhile.
    """
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(changes.get(column.name, f'one."{column.name}"') for column in table.columns)
    with engine.begin() as connection:
        for index in table.indexes:
            index.drop(connection)
        one = f"(SELECT * FROM {table.name} WHERE {like} LIMIT 1) one"  # noqa: S608 - a bench's own words
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({columns}) SELECT {values} FROM {one}, generate_series(1, {count}) n"  # noqa: S608
        )
        for index in table.indexes:
            index.create(connection)


def digest(what: str) -> str:
    """Return the SQL of 32 octets that are another's for each ``n``."""
    return f"sha256(('{what}' || n)::bytea)"


def people(engine: sa.Engine, count: int) -> None:
    """Store citizens, with a number, a phone and a mailbox each."""
    indexes = {name: digest(name) for name in ("holder_index", "phone_index", "email_index")}
    named = {"id": "'sub.copy' || n", "username": "'zz' || n", "number_index": digest("holder_index")}
    multiply(engine, idp.accounts, count, indexes | named, like="kind = 'citizen'")


def certificates(engine: sa.Engine, count: int) -> None:
    """Store certificates of a year's life that end evenly over the year from now, none with a successor."""
    now = to_micros(SystemClock().now())
    end = f"{now} + {365 * _DAY} / {count} * n::bigint"
    changes = {
        "serial": "'2' || md5(n::text)",
        "sha256": f"encode({digest('certificate')}, 'hex')",
        "subject": "one.subject || n",
        "recorded_at": f"{end} - {365 * _DAY}",
        "not_before": f"{end} - {365 * _DAY}",
        "not_after": end,
    }
    multiply(engine, pki.certificates, count, changes, like="profile = 'tls_client'")


def issued_licenses(engine: sa.Engine, count: int) -> None:
    """Store licences of as many holders, sealed evenly over ten years, one of thirty withdrawn, with documents that are a row and no more."""
    now = to_micros(SystemClock().now())
    sealed = f"{now} - {3650 * _DAY} / {count} * n::bigint"
    hexadecimal = {name: f"encode({digest(name)}, 'hex')" for name in ("pdf_sha256", "application_digest")}
    numbers = {"id": "-n", "status_index": "-n", "log_index": "-n", "status": "CASE WHEN mod(n, 30) = 0 THEN '04' ELSE '01' END"}
    named = {"identifier": "one.identifier || n", "number": "'copy' || n", "issued_at": sealed, "requested_at": sealed}
    held = {"holder_id_index": digest("licensed"), "holder_name_index": "sha256(('named' || mod(n, 200000))::bytea)"}
    like = "state = 'issued'"
    multiply(engine, licenses.licenses, count, hexadecimal | numbers | named | held, like=like)
    multiply(engine, licenses.documents, count, {"license_id": "-n", "pdf": "'\\x00'::bytea", "stamped_at": sealed})


def trail(engine: sa.Engine, count: int) -> None:
    """Store events of a trail that is sealed, of the last ten days: of logins, verifications and issuing."""
    now = to_micros(SystemClock().now())
    action = "(ARRAY['idp.login', 'idp.issue_tokens', 'licenses.verify', 'licenses.issue'])[1 + mod(n, 4)]"
    told = {"action": action, "actor": "'account:sub.copy' || mod(n, 100000)", "target": "'client:' || mod(n, 300)"}
    multiply(engine, audit.events, count, told | {"number": "-n", "at": f"{now} - {10 * _DAY} / {count} * n::bigint"})
    with engine.begin() as connection:
        table = audit.links.name
        connection.exec_driver_sql(
            f"INSERT INTO {table} (position, event, hash) SELECT {count} + n, -n, {digest('link')} FROM generate_series(1, {count}) n"  # noqa: S608
        )


def analyze(engine: sa.Engine) -> None:
    """Let the planner know what is there, as autovacuum does."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
