"""Migrations make exactly the tables that the rooms declare, on both databases, and take them away again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from kernel.errors import Misuse
from pki.crl_der import entry
from pki.storage import SqlPkiRecords
from service import schema
from tests.support.databases import engine_on


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    with engine_on(database_url) as made:
        yield made


def differences(engine: sa.Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        found: list[object] = list(compare_metadata(context, list(schema.METADATA)))  # type: ignore[arg-type]  # several are allowed
        return found + [name for name, table in declared().items() if is_one_tree(connection, name) != is_meant_as_one(table)]


def declared() -> Mapping[str, sa.Table]:
    return {name: table for metadata in schema.METADATA for name, table in metadata.tables.items()}


def is_meant_as_one(table: sa.Table) -> bool:
    return not table.dialect_options["sqlite"]["with_rowid"]


def is_one_tree(connection: sa.Connection, name: str) -> bool:
    """Tell whether a table is kept by its key alone, as every one that is meant to be is said to be on PostgreSQL, which knows no such thing."""
    if connection.dialect.name != "sqlite":
        return is_meant_as_one(declared()[name])
    return sa.inspect(connection).get_table_options(name).get("sqlite_with_rowid") is False


def test_the_migrations_make_what_the_rooms_declare(engine: sa.Engine) -> None:
    schema.upgrade(engine)
    assert differences(engine) == []
    assert schema.found_version(engine) == schema.wanted_version()
    schema.check_current(engine)
    schema.upgrade(engine)  # nothing to do, nothing done


def test_an_empty_or_older_database_is_not_worked_on(engine: sa.Engine) -> None:
    with pytest.raises(Misuse) as empty:
        schema.check_current(engine)
    assert empty.value.code == "node_not_initialised"
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(Misuse) as older:
        schema.check_current(engine)
    assert older.value.code == "schema_outdated"


def test_downgrading_leaves_no_table_behind(engine: sa.Engine) -> None:
    schema.upgrade(engine)
    config = schema._alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]


def test_what_was_revoked_before_there_were_entries_stands_on_the_next_list(engine: sa.Engine) -> None:
    config = schema._alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.execute(
            sa.text(
                "INSERT INTO pki_certificates (serial, state, ca, profile, recorded_at, subject, revoked_at, reason) VALUES"
                " ('7f', 'void', 'issuing', 'person', 0, 'CN=x', 86400000000, 'unspecified'),"
                " ('80', 'issued', 'issuing', 'person', 0, 'CN=x', 172800000000, 'superseded'),"
                " ('81', 'issued', 'issuing', 'person', 0, 'CN=x', NULL, NULL)"
            )
        )
        connection.execute(sa.text("INSERT INTO pki_crl_numbers (ca, number) VALUES ('issuing', 3)"))
    schema.upgrade(engine)
    with engine.connect() as connection:
        records = SqlPkiRecords(connection)
        ((count, entries),) = records.entries("issuing")
        assert records.changes("issuing") > 0  # so that the list is published once more
    day = datetime(1970, 1, 2, tzinfo=UTC)
    wanted = entry("7f", day, "unspecified") + entry("80", day + timedelta(days=1), "superseded")
    assert (count, entries) == (2, wanted)


def test_what_is_kept_by_its_key_alone_is_kept_with_all_its_rows(engine: sa.Engine) -> None:
    config = schema._alembic()
    rows = {
        name: [{one.name: value(one, number) for one in table.columns} for number in range(3)]
        for name, table in declared().items()
        if is_meant_as_one(table)
    }
    assert len(rows) > 5
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0110")
        for name, stored in rows.items():
            connection.execute(declared()[name].insert(), stored)
        for step in (lambda: command.upgrade(config, "0112"), lambda: command.downgrade(config, "0110")):
            step()
            for name, stored in rows.items():
                assert list(connection.execute(sa.select(declared()[name])).mappings()) == stored, name


def value(column: sa.Column[Any], number: int) -> object:
    """Return what a column may hold, another for each number."""
    if isinstance(column.type, sa.LargeBinary):
        return bytes([number])
    return number if isinstance(column.type, sa.Integer) else str(number)
