"""The database schema of the whole node: all rooms' tables, brought up to date by Alembic's migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import crosscert.storage
import idp.storage
import licenses.storage
import pki.storage
from kernel.errors import Misuse
from pki.storage import index_keys
from service import audit
from service.errors import DATABASE_UNUSABLE, NODE_NOT_INITIALISED, SCHEMA_OUTDATED

METADATA: tuple[sa.MetaData, ...] = (
    audit.metadata,
    pki.storage.metadata,
    index_keys.metadata,
    crosscert.storage.metadata,
    licenses.storage.metadata,
    idp.storage.metadata,
)


def _alembic() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@contextmanager
def naming_trouble() -> Iterator[None]:
    """Tell what the database says against being used, in one line, as ``Misuse``."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise Misuse(DATABASE_UNUSABLE, problem=str(error.orig).partition("\n")[0]) from error


def wanted_version() -> str:
    """Return the revision that this program needs."""
    return ScriptDirectory.from_config(_alembic()).get_current_head() or ""


def found_version(engine: sa.Engine) -> str | None:
    """Return the revision that the database is at (None: it is empty); ``Misuse`` when it cannot be read at all."""
    with naming_trouble(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the wanted revision in one transaction."""
    config = _alembic()
    with naming_trouble(), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_current(engine: sa.Engine) -> None:
    """Refuse to work on a database of another version, or on none."""
    found, wanted = found_version(engine), wanted_version()
    if found is None:
        raise Misuse(NODE_NOT_INITIALISED)
    if found != wanted:
        raise Misuse(SCHEMA_OUTDATED, found=found, wanted=wanted)
