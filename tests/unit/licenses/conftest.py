"""Fixtures of the licence room's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from kernel.clock import FixedClock
from licenses import issue
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from pki.keyfiles import FileKeyStore
from pki.vault import Vault
from service import forensics
from service.app import create_app
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing, wallet
from tests.support.databases import engine_on
from tests.support.issuing import copied_license_deps
from tests.support.license_node import license_node
from tests.support.wallet import HOLDER, OTHER, Person, person


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have time for processes that take files apart, however busy the machine is."""
    monkeypatch.setattr(forensics, "ANSWER_SECONDS", 60.0)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with a key of its own."""
    return Vault(FileKeyStore(tmp_path / "vault-keys", b"a passphrase for tests"))


@pytest.fixture
def deps(engine: sa.Engine, clock: FixedClock) -> LicenseDeps:
    """The city's node, ready to issue, on each engine."""
    return copied_license_deps(engine, clock)


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty SQLite database."""
    with engine_on(f"sqlite:///{tmp_path / 'node.sqlite'}") as engine:
        yield engine


@pytest.fixture
def deps_sqlite(sqlite_engine: sa.Engine, clock: FixedClock) -> LicenseDeps:
    """The same on SQLite alone, for what does not hang on the engine."""
    return copied_license_deps(sqlite_engine, clock)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The city's whole node, with all that its application needs."""
    with license_node(tmp_path_factory.mktemp("node"), 18777) as made:
        yield made


@pytest.fixture(scope="module")
def app(services: Services) -> Flask:
    """Its application."""
    return create_app(services, Metrics())


@pytest.fixture(scope="module")
def card(services: Services) -> LicenseRecord:
    """The holder's licence at that node."""
    return issue.issue(services.licenses, issuing.application(services.licenses, **wallet.CARD), actor="operator:test").record


@pytest.fixture(scope="module")
def holder(services: Services, app: Flask) -> Person:
    """The holder's browser."""
    return person(services, app.test_client(), "holder", resident_id=HOLDER, name="陈𠮷潮", real_name_level=4)


@pytest.fixture(scope="module")
def another(services: Services, app: Flask) -> Person:
    """Another citizen's browser."""
    return person(services, app.test_client(), "other", resident_id=OTHER, name="黄瑶", real_name_level=4)
