"""A backup brings back a whole node, on either database engine, and tells nothing to who lacks the private key."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
import sqlalchemy as sa

from kernel.audit import AuditEvent
from kernel.errors import Misuse
from service import audit, backup, schema
from service.cli.init import configuration, initialise, write_new_files
from service.config import DATABASE_VARIABLE, load_config
from service.engine import make_engine
from service.health import readiness
from service.wiring import Services

OPTIONS = {
    "code": "445122",
    "name": "饶平县",
    "url": "http://localhost:8102",
    "port": 8102,
    "province": "广东省",
    "city": "潮州市",
    "county": "饶平县",
    "database": "sqlite:///node.sqlite",
}


@pytest.fixture
def services(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """A node with something in it, on each engine."""
    monkeypatch.setenv(DATABASE_VARIABLE, database_url)
    write_new_files(tmp_path / "node", configuration(OPTIONS))
    with Services(load_config(tmp_path / "node" / "chaoxin.toml")) as made:
        initialise(made)
        with made.engine.begin() as connection:
            audit.SqlAuditTrail(connection).record(AuditEvent(made.clock.now(), "operator:test", "test.act", "生僻字𠮷"))
        yield made


def everything(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))]
            for metadata in schema.METADATA
            for table in metadata.sorted_tables
        }


def test_a_restored_node_holds_the_same_and_can_go_on(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "node.backup"
    rows = backup.write_backup(services, file, str(identity.to_public()))
    assert rows == sum(len(found) for found in everything(services.engine).values())
    assert "饶平县".encode() not in file.read_bytes()

    monkeypatch.delenv(DATABASE_VARIABLE)  # back into the SQLite file that the configuration names
    assert backup.restore_backup(file, tmp_path / "restored", str(identity)) == rows
    passphrase = (tmp_path / "node" / "passphrase").read_bytes()
    (tmp_path / "restored" / "passphrase").write_bytes(passphrase)
    with Services(load_config(tmp_path / "restored" / "chaoxin.toml")) as restored:
        assert everything(restored.engine) == everything(services.engine)
        assert [finding for finding in readiness(restored) if not finding.ok] == []


def test_a_backup_can_move_to_postgresql_and_counts_on(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "node.backup"
    backup.write_backup(services, file, str(identity.to_public()))
    with request.getfixturevalue("postgres").database() as other:
        monkeypatch.setenv(DATABASE_VARIABLE, other)
        backup.restore_backup(file, tmp_path / "restored", str(identity))
        engine = make_engine(other)
        assert everything(engine) == everything(services.engine)
        with engine.begin() as connection:
            audit.SqlAuditTrail(connection).record(AuditEvent(services.clock.now(), "operator:test", "test.act", "next"))
        engine.dispose()


def test_the_wrong_key_a_damaged_file_and_a_full_folder_are_told(services: Services, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "node.backup"
    backup.write_backup(services, file, str(identity.to_public()))
    with pytest.raises(Misuse) as wrong:
        backup.restore_backup(file, tmp_path / "a", str(pyrage.x25519.Identity.generate()))
    assert wrong.value.code == "backup_unreadable"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(Misuse) as damaged:
        backup.restore_backup(file, tmp_path / "b", str(identity))
    assert damaged.value.code == "backup_unreadable"
    with pytest.raises(Misuse) as full:
        backup.restore_backup(file, tmp_path / "node", str(identity))
    assert full.value.code == "folder_not_empty"
    with pytest.raises(Misuse) as recipient:
        backup.write_backup(services, file, "age1nonsense")
    assert recipient.value.code == "recipient_invalid"


@pytest.mark.parametrize("name", ["../outside", "/outside", "keys/../../outside", "link"])
def test_a_backup_that_reaches_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    identity = pyrage.x25519.Identity.generate()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(name)
        if name == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member, io.BytesIO())
    file = tmp_path / "node.backup"
    file.write_bytes(pyrage.encrypt(archive.getvalue(), [identity.to_public()]))
    with pytest.raises(Misuse) as refused:
        backup.restore_backup(file, tmp_path / "deep" / "restored", str(identity))
    assert refused.value.code == "backup_unreadable"
    assert [found.name for found in tmp_path.rglob("*") if found.is_file() or found.is_symlink()] == ["node.backup"]
