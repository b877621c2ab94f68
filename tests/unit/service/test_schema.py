"""Migrations make exactly the tables that the rooms declare, on both databases, and take them away again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

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
        return list(compare_metadata(context, list(schema.METADATA)))  # type: ignore[arg-type]  # several are allowed


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
