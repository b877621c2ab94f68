"""Migrations make exactly the tables that the rooms declare, on both databases, and take them away again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from kernel.errors import Misuse
from service import schema


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
