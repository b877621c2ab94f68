"""The database schema of the whole node: all rooms' tables, brought up to date by Alembic's migrations.

Servers only ask which version there is and which one is wanted; Alembic, a tenth of their memory, is loaded by whoever changes the schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

import crosscert.storage
import idp.storage
import licenses.storage
import pki.storage
from kernel.errors import Misuse
from pki.storage import index_keys
from service import audit, failed_jobs
from service.errors import DATABASE_UNUSABLE, NODE_NOT_INITIALISED, SCHEMA_OUTDATED

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

METADATA: tuple[sa.MetaData, ...] = (
    audit.metadata,
    failed_jobs.metadata,
    pki.storage.metadata,
    index_keys.metadata,
    crosscert.storage.metadata,
    licenses.storage.metadata,
    idp.storage.metadata,
)


_MIGRATIONS = Path(__file__).parent / "migrations"
_NAMED = re.compile(r'^(down_)?revision = "(\w+)"$', re.MULTILINE)
_FOUND = sa.table("alembic_version", sa.column("version_num", sa.String))


def _alembic() -> AlembicConfig:
    from alembic.config import Config as AlembicConfig  # noqa: PLC0415 - as the module says

    config = AlembicConfig()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


@contextmanager
def naming_trouble() -> Iterator[None]:
    """Tell what the database says against being used, in one line, as ``Misuse``."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise Misuse(DATABASE_UNUSABLE, problem=str(error.orig).partition("\n")[0]) from error


def wanted_version() -> str:
    """Return the revision that this program needs: the one migration that no other follows."""
    named = [name for file in (_MIGRATIONS / "versions").glob("*.py") for name in _NAMED.findall(file.read_text("utf-8"))]
    (head,) = {str(name) for follows, name in named if not follows} - {name for follows, name in named if follows}
    return head


def found_version(engine: sa.Engine) -> str | None:
    """Return the revision that the database is at (None: it is empty); ``Misuse`` when it cannot be read at all."""
    with naming_trouble(), engine.connect() as connection:
        if not sa.inspect(connection).has_table(_FOUND.name):
            return None
        return connection.execute(sa.select(_FOUND)).scalar_one_or_none()


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the wanted revision in one transaction."""
    from alembic import command  # noqa: PLC0415 - as the module says

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
