"""Backups: one encrypted file with everything of a node but its passphrase, readable on either database engine.

The file is `age` (recipient key) around a tar: configuration, key files (themselves encrypted), the node's own policies, and
every table as JSON lines from one snapshot. The machine that makes a backup cannot read it again: it only has the public half.
Left to others: keeping the identity file and the passphrase somewhere else than the backup.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import sqlalchemy as sa

from kernel.errors import Misuse
from service import schema
from service.config import load_config
from service.engine import make_engine, reading
from service.errors import BACKUP_UNREADABLE, FOLDER_NOT_EMPTY, RECIPIENT_INVALID
from service.files import write_whole
from service.wiring import Services

_ROWS_AT_ONCE = 500
_VERSION = "version"
_TABLES = "tables.jsonl"


def write_backup(services: Services, file: Path, recipient: str) -> int:
    """Write a backup of the node to ``file`` for ``recipient`` (``age1…``); return how many rows it holds."""
    try:
        to = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise Misuse(RECIPIENT_INVALID) from None
    config = services.config
    draft = file.with_name(f".{file.name}.new")
    with tempfile.TemporaryFile(dir=file.parent) as plain_tables, draft.open("wb") as encrypted:
        # The tables go through a nameless temporary file: a tar member's size must be known before its bytes.
        rows = _dump(services.engine, plain_tables)
        with tempfile.TemporaryFile(dir=file.parent) as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                _add_bytes(tar, _VERSION, schema.wanted_version().encode())
                tar.add(config.file, "chaoxin.toml")
                tar.add(config.keys_directory, "keys")
                if config.policies_directory is not None:
                    tar.add(config.policies_directory, "policies")
                _add_stream(tar, _TABLES, plain_tables)
            archive.seek(0)
            pyrage.encrypt_io(archive, encrypted, [to])
    draft.rename(file)
    return rows


def restore_backup(file: Path, directory: Path, identity: str) -> int:
    """Restore the backup in ``file`` into the empty folder ``directory``; return how many rows came back.

    The database that the configuration names must be empty. The passphrase is not part of a backup: put it beside.
    """
    if directory.exists() and any(directory.iterdir()):
        raise Misuse(FOLDER_NOT_EMPTY, path=str(directory))
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as plain:
        try:
            with file.open("rb") as encrypted:
                pyrage.decrypt_io(encrypted, plain, [pyrage.x25519.Identity.from_str(identity)])
        except (OSError, pyrage.DecryptError, pyrage.IdentityError) as error:
            raise Misuse(BACKUP_UNREADABLE, problem=str(error)) from None
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as tar:
            for member in tar.getmembers():
                _extract(tar, member, directory)
            tables = tar.extractfile(_TABLES)
            if tables is None:
                raise Misuse(BACKUP_UNREADABLE, problem=_TABLES)
            return _load(make_engine(load_config(directory / "chaoxin.toml").database_url), tables)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    # tarfile's own safe extraction came with Python 3.11.4; Debian's 3.11 is older.
    if member.name in {_VERSION, _TABLES} or member.isdir():
        return
    target = (directory / member.name).resolve()
    content = tar.extractfile(member) if member.isfile() and target.is_relative_to(directory.resolve()) else None
    if content is None:
        raise Misuse(BACKUP_UNREADABLE, problem=member.name)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(target, content.read(), member.mode & 0o700 | member.mode & 0o044)


def _tables() -> list[sa.Table]:
    return [table for metadata in schema.METADATA for table in metadata.sorted_tables]


def _dump(engine: sa.Engine, stream: Any) -> int:
    count = 0
    with reading(engine).begin() as connection:
        for table in _tables():
            order = list(table.primary_key.columns)
            query = sa.select(table).order_by(*order).execution_options(yield_per=_ROWS_AT_ONCE)
            for row in connection.execute(query).mappings():
                values = {key: _to_json(value) for key, value in row.items()}
                stream.write(json.dumps([table.name, values], ensure_ascii=False).encode() + b"\n")
                count += 1
    return count


def _load(engine: sa.Engine, stream: Any) -> int:
    schema.upgrade(engine)
    tables = {table.name: table for table in _tables()}
    count = 0
    with engine.begin() as connection:
        for name, rows in _batches(stream):
            connection.execute(tables[name].insert(), rows)
            count += len(rows)
        _move_counters(connection)
    engine.dispose()
    return count


def _batches(stream: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    current = ""
    rows: list[dict[str, Any]] = []
    for line in stream:
        name, values = json.loads(line)
        if rows and (name != current or len(rows) >= _ROWS_AT_ONCE):
            yield current, rows
            rows = []
        current = name
        rows.append({key: _from_json(value) for key, value in values.items()})
    if rows:
        yield current, rows


def _move_counters(connection: sa.Connection) -> None:
    # PostgreSQL's sequences do not notice rows that bring their own numbers.
    if connection.dialect.name != "postgresql":
        return
    for table in _tables():
        column = table.autoincrement_column
        if column is not None:
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            highest = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(sequence, highest, False)))  # noqa: FBT003 - setval's third argument


def _to_json(value: Any) -> Any:
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _from_json(value: Any) -> Any:
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    _add_stream(tar, name, io.BytesIO(content))


def _add_stream(tar: tarfile.TarFile, name: str, stream: Any) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    tar.addfile(entry, stream)
