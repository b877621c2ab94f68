"""A city whose register names its citizen as the representative of a company."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.browsers.sessions import Current, Device, start
from idp.people import accounts
from idp.ports import IdpDeps
from idp.registers.ports import Registers
from kernel.clock import FixedClock
from pki.keyfiles import FileKeyStore
from tests.support.idp import Provider, make_idp_deps, provider_in
from tests.support.mandates import USCC, LegalPersons

CHEN = ("陈晓潮", "445102198806123626")
HUANG = ("黄垚", "445103199202291283")
COMPANY = (USCC, "潮联科技有限公司", *CHEN, "active")


@pytest.fixture
def register(tmp_path: Path) -> LegalPersons:
    made = LegalPersons(tmp_path / "legal-persons.csv")
    made.write(COMPANY)
    return made


@pytest.fixture(scope="session")
def prepared_city(
    tmp_path_factory: pytest.TempPathFactory, prepared: tuple[Path, Provider], keys: FileKeyStore
) -> tuple[Path, Provider]:
    """The database of a provider with a second citizen, to be copied."""
    file, before = prepared
    folder = tmp_path_factory.mktemp("prepared-city")
    shutil.copyfile(file, folder / file.name)
    with provider_in(folder, keys) as made:
        made.add_account("huangyao", name=HUANG[0], resident_id=HUANG[1], phone="+86 138 0000 0009", real_name_level=4)
        made.secrets |= before.secrets
    return folder / file.name, made


@pytest.fixture
def city(
    tmp_path: Path,
    prepared_city: tuple[Path, Provider],
    sqlite: sa.Engine,
    keys: FileKeyStore,
    clock: FixedClock,
    register: LegalPersons,
) -> Provider:
    """A provider that asks the register, with two citizens and a department's system."""
    file, before = prepared_city
    shutil.copyfile(file, tmp_path / file.name)
    deps = make_idp_deps(sqlite, keys, clock)
    made = Provider(replace(deps, registers=Registers(legal_persons=register.register)))
    made.secrets |= before.secrets
    return made


def logged_in(deps: IdpDeps, username: str = "chenxiaochao") -> Current:
    """Return somebody who has just logged in by their password."""
    account = accounts.get_by_username(deps, username)
    with deps.work.begin() as work:
        session = start(work, deps, account.id, ("pwd",), Device("192.0.2.1", "a browser")).session
    return Current(session, account)
