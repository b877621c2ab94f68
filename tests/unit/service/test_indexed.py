"""A new key of the indexes: everybody is found throughout, one number stays one account's, and no column is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import idp.storage
import licenses.storage
from idp.people import accounts, reached
from idp.ports import IdpDeps
from idp.records import Account
from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses.applications import check_application
from licenses.consent_records import Consent
from licenses.issue import issue_many
from licenses.ports import LicenseDeps
from pki.keyfiles import FileKeyStore
from pki.vault import Vault
from service import indexed, renewal
from tests.support.databases import create_all
from tests.support.idp import OPERATOR, Provider, add_account, make_idp_deps
from tests.support.issuing import COUNTY, GOOD_ROW, make_license_deps, rules_of

NUMBER, OTHER = "445102198806123626", "445102197105193010"
DIGESTS = {"idp_device_requests.user_code_index"}


def test_every_index_by_which_somebody_is_found_is_made_anew() -> None:
    made = {f"{each.table.name}.{column.name}" for each in indexed.COLUMNS for column in each.columns}
    found = {
        f"{table.name}.{column.name}"
        for room in (idp.storage, licenses.storage)
        for table in room.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_index") and isinstance(column.type, sa.LargeBinary)
    }
    assert found == made | DIGESTS
    assert not made & DIGESTS


@pytest.fixture
def keys(tmp_path: Path) -> FileKeyStore:
    return FileKeyStore(tmp_path / "own-keys", b"a passphrase for tests")


@pytest.fixture
def deps(engine: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> IdpDeps:
    create_all(engine, licenses.storage.metadata)
    return make_idp_deps(engine, keys, clock)


def holder(deps: IdpDeps, number: str) -> str | None:
    with deps.work.read() as work:
        found = work.records.find_holder(deps.vault.index(number, "idp.holder"))
    return None if found is None else found.username


def stranger(deps: IdpDeps, number: str, username: str, level: int = 4) -> Account:
    """Somebody who would have a number."""
    now = deps.clock.now()
    return Account(f"sub.{username}", username, "citizen", "某", number, real_name_level=level, created_at=now, updated_at=now)


def add(deps: IdpDeps, account: Account) -> bool:
    with deps.work.begin() as work:
        return work.records.add_account(accounts.seal(deps, account, deps.clock.now()))


def test_everybody_is_found_and_kept_apart_while_indexes_are_made_anew(deps: IdpDeps, engine: sa.Engine) -> None:
    vault = deps.vault
    add_account(deps, "first", resident_id=NUMBER, real_name_level=4, email="c@example.cn")
    add_account(deps, "second", resident_id=OTHER, real_name_level=2)
    with deps.work.begin() as work:
        record = work.records.find_username("first")
        assert record is not None
        first = replace(accounts.open_record(deps, record), confirmed=("email",))
        work.records.put_person(accounts.seal(deps, first, deps.clock.now()))
    assert vault.rotate_index() == 2
    assert indexed.count_old(engine, vault)["idp_accounts"] == 2
    another = Vault(deps.vault._keys)  # of another process, which learns of the key by itself
    assert another.index(NUMBER, "idp.holder") == vault.index(NUMBER, "idp.holder")
    # Found under the key before, and nobody else may have the number.
    assert holder(deps, NUMBER) == "first"
    with deps.work.read() as work:
        assert len(work.records.find_number(vault.index(OTHER, "idp.holder"), limit=10)) == 1
        found = reached.find(work, deps, reached.read("C@example.cn"))
        assert found is not None
    assert not add(deps, stranger(deps, NUMBER, "third"))
    with deps.work.begin() as work:
        second = work.records.find_username("second")
        assert second is not None
        claimed = replace(accounts.open_record(deps, second), resident_id=NUMBER, real_name_level=4)
        assert not work.records.put_proven(accounts.seal(deps, claimed, deps.clock.now()))
    assert add(deps, stranger(deps, OTHER, "fourth"))
    assert (holder(deps, NUMBER), holder(deps, OTHER)) == ("first", "fourth")
    # Made anew, and found under the new key alone.
    assert sum(indexed.renew(engine, deps)) == 2
    assert not any(indexed.count_old(engine, vault).values())
    assert (holder(deps, NUMBER), holder(deps, OTHER)) == ("first", "fourth")
    with engine.connect() as connection:
        stored = connection.execute(sa.select(idp.storage.tables.accounts.c.holder_index)).scalars().all()
    assert {bytes(one)[:2] for one in stored if one is not None} == {b"\0\2"}


def test_whoever_is_on_the_way_under_the_key_before_is_refused_and_tries_again(deps: IdpDeps) -> None:
    record = accounts.seal(deps, stranger(deps, NUMBER, "early"), deps.clock.now())
    deps.vault.rotate_index()
    assert add(deps, stranger(deps, OTHER, "late"))
    with pytest.raises(Refusal, match="index_key_changed"), deps.work.begin() as work:
        work.records.add_account(record)
    assert add(deps, stranger(deps, NUMBER, "early"))


def test_rows_are_made_anew_as_any_writer_writes(deps: IdpDeps, engine: sa.Engine) -> None:
    add(deps, stranger(deps, NUMBER, "first"))
    record = accounts.seal(deps, stranger(deps, NUMBER, "second"), deps.clock.now())
    deps.vault.rotate_index()
    assert sum(indexed.renew(engine, deps)) == 1
    with pytest.raises(Refusal, match="index_key_changed"), deps.work.begin() as work:
        work.records.add_account(record)
    assert not add(deps, stranger(deps, NUMBER, "second"))
    assert not any(indexed.count_old(engine, deps.vault).values())


def test_one_number_is_one_accounts_however_many_ask_while_the_key_changes(deps: IdpDeps) -> None:
    def act(place: int) -> bool | None:
        try:
            if place == 3:
                deps.vault.rotate_index()
            return add(deps, stranger(deps, NUMBER, f"u{place}"))
        except Refusal:
            return None

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(act, range(8))).count(True) == 1


def consent(deps: LicenseDeps, identifier: str) -> Consent:
    return Consent(identifier, "11445100MB2C00010X", "某局", NUMBER, "business-license", "办理业务", deps.clock.now())


def test_licences_and_consents_are_found_throughout_and_a_stopped_run_is_continued(
    engine: sa.Engine, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "_PAGE", 1)
    office = make_license_deps(engine, tmp_path, clock, node=COUNTY)
    numbers = ("445122202100000021", "445122202100000022")
    asked = [check_application(GOOD_ROW | {"number": number}, rules_of(office)) for number in numbers]
    issue_many(office, asked, actor=OPERATOR)
    people = Provider(make_idp_deps(engine, office.pki.keys, clock)).deps
    with office.work.begin() as work:
        work.records.put_consent(consent(office, "one"), over_before=clock.now())
    vault = office.vault
    vault.rotate_index()
    owner = GOOD_ROW["holder_id"]

    def found() -> tuple[int, int]:
        with office.work.read() as work:
            return len(work.records.held_by(owner)), len(work.records.consents(NUMBER))

    before = found()
    assert before[0] == 2
    assert before[1] == 1
    clock.advance(timedelta(seconds=1))
    with office.work.begin() as work:
        assert not work.records.put_consent(consent(office, "two"), over_before=clock.now()), "the wish that waits is met"
    run: Iterator[int] = indexed.renew(engine, people)
    next(run)
    run.close()  # killed
    assert found() == before
    left = sum(indexed.count_old(engine, vault).values())
    assert sum(indexed.renew(engine, people)) == left > 0
    assert found() == before
    assert not any(indexed.count_old(engine, vault).values())
