"""A node that can issue licences, for unit tests: real database, key store, CAs and policies; no server, no peers."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias, cast

import sqlalchemy as sa

from kernel.clock import Clock, FixedClock
from kernel.nodes import Node, area_level
from kernel.rows import open_rows
from licenses import reading_json
from licenses import storage as licenses_storage
from licenses.applications import COLUMNS, Rules, check_application
from licenses.departments import COLUMNS as DEPARTMENT_COLUMNS
from licenses.departments import check_department, import_departments
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import Application
from licenses.storage import SqlLicenseRecords
from licenses.visitors import Visitor
from pki import authority
from pki import storage as pki_storage
from pki.keyfiles import FileKeyStore
from pki.ports import KeyStore, PkiDeps, PkiRecords
from pki.storage import SqlPkiRecords, index_keys
from pki.vault import Vault
from service import audit
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all, engine_on
from tests.support.pki import MemoryKeys
from tests.support.policies import packaged

DATA = Path(__file__).parents[2] / "service" / "demo" / "data"
CITY = Node("445100", "潮州市", "city", "http://localhost:18100", (("C", "CN"), ("ST", "广东省"), ("L", "潮州市")))
COUNTY = replace(CITY, code="445122", name="饶平县", level=area_level("445122"), names=(*CITY.names, ("O", "饶平县")))
Rows: TypeAlias = Sequence[tuple[sa.Table, Sequence[Mapping[str, Any]]]]
_METADATA = (audit.metadata, pki_storage.metadata, index_keys.metadata, licenses_storage.metadata)


class Nobody:
    """Visitors of a node that nobody visits."""

    def current(self) -> Visitor | None:
        return None

    def check_files(self) -> None:
        pass


def make_license_deps(engine: sa.Engine, folder: Path, clock: Clock, *, node: Node = CITY) -> LicenseDeps:
    """Return what ``node`` issues licences with: tables made, CAs set up with keys in ``folder``, the demo's departments registered."""
    return _set_up(_new_deps(engine, FileKeyStore(folder / "keys", b"a passphrase for tests"), clock, node))


def copied_license_deps(engine: sa.Engine, clock: Clock, *, node: Node = CITY) -> LicenseDeps:
    """Return the same with keys in memory, at a tenth of the cost: a copy of one that was set up at this moment before."""
    rows, keys = _set_up_at(clock.now(), node)
    deps = _new_deps(engine, MemoryKeys(dict(keys.keys), dict(keys.secrets)), clock, node)
    with engine.begin() as connection:
        for table, found in rows:
            connection.execute(table.insert(), found)
    return deps


@functools.cache
def _set_up_at(moment: datetime, node: Node) -> tuple[Rows, MemoryKeys]:
    keys = MemoryKeys()
    with TemporaryDirectory(prefix="chaoxin-test-issuing-") as folder, engine_on(f"sqlite:///{folder}/node.sqlite") as engine:
        _set_up(_new_deps(engine, keys, FixedClock(moment), node))
        with engine.begin() as connection:
            tables = [table for metadata in _METADATA for table in metadata.sorted_tables]
            return [(table, rows) for table in tables if (rows := _rows_of(connection, table))], keys


def _rows_of(connection: sa.Connection, table: sa.Table) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a table but for what every database numbers by itself, in the order of that."""
    number = table.autoincrement_column
    found = connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
    return [{name: value for name, value in row.items() if number is None or name != number.name} for row in found]


def _new_deps(engine: sa.Engine, keys: KeyStore, clock: Clock, node: Node) -> LicenseDeps:
    create_all(engine, *_METADATA)
    policies = packaged()
    vault = Vault(keys)
    pki_work: SqlUnitOfWork[PkiRecords] = SqlUnitOfWork(engine, SqlPkiRecords)
    work: SqlUnitOfWork[LicenseRecords] = SqlUnitOfWork(engine, lambda connection: SqlLicenseRecords(connection, vault))
    no_peers = cast("Any", None)  # issuing asks nobody's trust
    return LicenseDeps(
        node=node,
        policies=policies,
        pki=PkiDeps(node=node, policies=policies.certificates, keys=keys, clock=clock, work=pki_work),
        trust=no_peers,
        vault=vault,
        clock=clock,
        work=work,
        visitors=Nobody(),
        take_apart=reading_json.read,
    )


def _set_up(deps: LicenseDeps) -> LicenseDeps:
    authority.initialise(deps.pki)
    with (DATA / "departments.csv").open("rb") as stream:
        import_departments(deps, open_rows(stream, "departments.csv", DEPARTMENT_COLUMNS, max_rows=1000), actor="operator:test")
    return deps


def rules_of(deps: LicenseDeps) -> Rules:
    """Return what applications are checked against at this node."""
    with deps.work.read() as work:
        return Rules(deps.node, deps.policies.licenses, {one.uscc: one for one in work.records.departments()})


def demo_rules(node: Node = CITY) -> Rules:
    """Return what applications are checked against at ``node`` with the demo's departments, without a database."""
    policies = packaged().licenses
    with (DATA / "departments.csv").open("rb") as stream:
        file = open_rows(stream, "departments.csv", DEPARTMENT_COLUMNS, max_rows=1000)
        departments = [check_department(row.values, [kind.code for kind in policies.types]) for row in file.rows()]
    return Rules(node, policies, {one.uscc: one for one in departments})


def demo_rows() -> list[dict[str, str]]:
    """Return the rows of the demo's 600 applications."""
    with (DATA / "applications.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


GOOD_ROW: Mapping[str, str] = {
    "type_name": "营业执照",
    "type_code": "11440000MB2D0339XY001",
    "number": "445122202100000002",
    "holder_kind": "enterprise",
    "holder_name": "饶平县金顺卤味食品厂",
    "holder_id": "91445122855JTN13AG",
    "issuer_name": "饶平县市场监督管理局",
    "issuer_id": "11445122WBK871J86K",
    "area_code": "445122",
    "issue_date": "2021-06-06",
    "valid_from": "2021-06-06",
    "valid_to": "",
    "extra": "法定代表人=邱斌伟;注册资本=3888万元;经营范围=不锈钢制品、卤味食品;住所=饶平县城西31路108号",
}


def application(deps: LicenseDeps, **changes: str) -> Application:
    """Return a checked application: ``GOOD_ROW`` with ``changes``."""
    return check_application({**GOOD_ROW, **changes}, rules_of(deps))


def with_licenses(deps: LicenseDeps, **changes: Any) -> LicenseDeps:
    """Return the same node with ``changes`` to its licenses.toml."""
    licenses = deps.policies.licenses.model_copy(update=changes)
    return replace(deps, policies=packaged().model_copy(update={"licenses": licenses}))


def with_form(deps: LicenseDeps, form: str) -> LicenseDeps:
    """Return the same node, its policy sealing every type so."""
    return with_licenses(deps, types=tuple(kind.model_copy(update={"seal_form": form}) for kind in deps.policies.licenses.types))


def csv_of(*rows: Mapping[str, str], encoding: str = "utf-8", newline: str = "\n") -> io.BytesIO:
    """Return a CSV file of applications."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS.required, lineterminator=newline)
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))
