"""The registers that the configuration names. One that it does not name is not asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from crosscert.addresses import is_on_this_machine, names_this_machine
from crosscert.http import RequestsFetcher
from idp.registers.csv_files import LEGAL_PERSONS, PEOPLE, CsvLegalPersonRegister, CsvPopulationRegister
from idp.registers.documents import HttpDocumentChecks
from idp.registers.http import HttpLegalPersonRegister, HttpPopulationRegister, Line
from idp.registers.ports import Registers
from idp.storage.sql_registers import SqlLegalPersonRegister, SqlPopulationRegister, SqlTable
from kernel.errors import Misuse, Refusal
from pki import jose
from pki.errors import JWK_UNSUITABLE
from pki.strict_json import parse_object
from service.config import Config
from service.errors import CONFIG_INVALID
from service.settings import RegisterTable

File = TypeVar("File")
Server = TypeVar("Server")
Database = TypeVar("Database")


def make_registers(config: Config) -> Registers:
    """Return the registers; ``Misuse`` when an address or a secret's file will not do."""
    population, legal_persons = config.settings.registers.population, config.settings.registers.legal_persons
    return Registers(
        population=None
        if population is None
        else _make(
            config, "population", population, _Ways(CsvPopulationRegister, HttpPopulationRegister, SqlPopulationRegister, PEOPLE)
        ),
        legal_persons=None
        if legal_persons is None
        else _make(
            config,
            "legal_persons",
            legal_persons,
            _Ways(CsvLegalPersonRegister, HttpLegalPersonRegister, SqlLegalPersonRegister, LEGAL_PERSONS),
        ),
        documents=_make_checks(config),
    )


@dataclass(frozen=True, slots=True)
class _Ways(Generic[File, Server, Database]):
    """How a kind of register is asked in a file, over HTTP, in a database; and what its columns are called here."""

    from_file: Callable[[Path], File]
    over_http: Callable[[Line], Server]
    by_sql: Callable[[SqlTable], Database]
    columns: tuple[str, ...]


def _make(config: Config, name: str, table: RegisterTable, ways: _Ways[File, Server, Database]) -> File | Server | Database:
    if table.file is not None:
        return ways.from_file(config.directory / table.file)
    if table.database is not None:
        return ways.by_sql(_sql_table(config, f"registers.{name}", table, ways.columns))
    return ways.over_http(_line(config, f"registers.{name}", table.url or "", table.key_file or "", table.seconds))


def _make_checks(config: Config) -> HttpDocumentChecks | None:
    table, key = config.settings.registers.documents, "registers.documents"
    if table is None:
        return None
    url = config.service_url(f"{key}.url", table.url)
    lines = [_line(config, key, f"{url}/{path}", table.key_file, table.seconds) for path in ("checks", "results")]
    document = config.secret(f"{key}.signer_file", table.signer_file).encode()
    try:
        signer = jose.parse_jwk(parse_object(document, JWK_UNSUITABLE))
    except Refusal:
        problem = f"{key}.signer_file: no public JWK for ES256 or RS256"
        raise Misuse(CONFIG_INVALID, field=f"{key}.signer_file", file=str(config.file), problem=problem) from None
    return HttpDocumentChecks(lines[0], lines[1], url, signer, config.node.url)


def _sql_table(config: Config, key: str, table: RegisterTable, columns: tuple[str, ...]) -> SqlTable:
    unknown = [name for name in table.columns if name not in columns]
    if unknown:
        problem = f"{key}.columns: no {unknown[0]}, but {', '.join(columns)}"
        raise Misuse(CONFIG_INVALID, field=f"{key}.columns", file=str(config.file), problem=problem)
    # A connection for each question: they are few, and none outlives a change of the server's.
    engine = sa.create_engine(_database(config, key, table), hide_parameters=True, poolclass=sa.NullPool)
    return SqlTable(engine, table.table or "", {name: table.columns.get(name, name) for name in columns}, table.seconds)


def _database(config: Config, key: str, table: RegisterTable) -> sa.URL:
    """Return whose database it is: SQLite's file is opened to be read; PostgreSQL on another machine must prove itself."""
    field = f"{key}.database"
    try:
        url = make_url(table.database or "")
    except sa.exc.ArgumentError:
        raise Misuse(CONFIG_INVALID, field=field, file=str(config.file), problem=f"{field}: no address") from None
    problem = ""
    if url.drivername == "sqlite" and url.database:
        return url.set(database=f"file:{quote(str(config.directory / url.database))}").update_query_dict(
            {"mode": "ro", "uri": "true"}
        )
    if url.drivername != "postgresql+psycopg":
        problem = "sqlite:///file or postgresql+psycopg://…"
    elif url.password is not None:
        problem = "the password belongs into password_file"
    elif not set(url.query) <= {"host", "port", "sslmode", "sslrootcert"}:
        problem = "only host, port, sslmode and sslrootcert may follow"
    elif not all(map(_is_near, _hosts(url))) and url.query.get("sslmode") != "verify-full":
        problem = "a server on another machine needs ?sslmode=verify-full"
    if problem:
        raise Misuse(CONFIG_INVALID, field=field, file=str(config.file), problem=f"{field}: {problem}")
    return url if table.password_file is None else url.set(password=config.secret(f"{key}.password_file", table.password_file))


def _hosts(url: sa.URL) -> list[str]:
    """Return every server that may be asked: libpq takes several, one after another, separated by commas."""
    named = url.query.get("host", ())
    return [host for each in ((named,) if isinstance(named, str) else named) for host in each.split(",")] or [url.host or ""]


def _is_near(host: str) -> bool:
    return not host or host.startswith("/") or names_this_machine(host)


def _line(config: Config, key: str, url: str, key_file: str, seconds: float) -> Line:
    config.service_url(f"{key}.url", url)
    bearer = config.secret(f"{key}.key_file", key_file)
    if not (bearer.isascii() and bearer.isprintable()):
        raise Misuse(CONFIG_INVALID, field=f"{key}.key_file", file=str(config.file), problem=f"{key}.key_file: not ASCII")
    return Line(RequestsFetcher(outward=not is_on_this_machine(url), bearer=bearer), url, seconds)
