"""There is one wish of a department, holder and type: of many at once one is new; it takes the place of one that is over, and of no other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import TypeAlias

import pytest
import sqlalchemy as sa

from licenses import storage
from licenses.consent_records import Consent
from licenses.ports import LicenseRecords
from licenses.storage import SqlLicenseRecords
from licenses.storage.wallet_tables import consents
from pki.storage import index_keys
from pki.vault import Vault
from service import audit
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all

Wallet: TypeAlias = SqlUnitOfWork[LicenseRecords]
NOW = datetime.fromisoformat("2026-11-26T04:00:00+00:00")
WEEK = timedelta(days=7)
HOLDER = "445102198806123626"
WISH = Consent("c1", "114451008W15P11PMR", "潮州市市场监督管理局", HOLDER, "114400000069400560001", "补贴，林𠮷", NOW)
GRANTED = replace(WISH, state="granted", decided_at=NOW, ends_at=NOW + 2 * WEEK)


@pytest.fixture
def stored(engine: sa.Engine, vault: Vault) -> Wallet:
    create_all(engine, audit.metadata, index_keys.metadata, storage.metadata)
    return SqlUnitOfWork(engine, lambda connection: SqlLicenseRecords(connection, vault))


def put(stored: Wallet, name: str, at: datetime) -> bool:
    with stored.begin() as work:
        return work.records.put_consent(replace(WISH, id=name, asked_at=at), over_before=at - WEEK)


def test_of_many_wishes_at_once_one_is_new_and_of_many_words_one_counts(stored: Wallet, engine: sa.Engine) -> None:
    crowd = 8
    barrier = Barrier(2 * crowd)

    def wish(number: int) -> bool:
        barrier.wait()
        return put(stored, f"c{number}", NOW)

    def decide(number: int) -> bool:
        barrier.wait()
        state = replace(GRANTED, id=kept) if number % 2 else replace(WISH, id=kept, state="refused", decided_at=NOW)
        with stored.begin() as work:
            return work.records.decide_consent(state, "waiting")

    with ThreadPoolExecutor(2 * crowd) as pool:
        assert sum(pool.map(wish, range(2 * crowd))) == 1
        with stored.read() as work:
            [found] = work.records.consents(HOLDER)
        kept = found.id
        assert sum(pool.map(decide, range(2 * crowd))) == 1
    with engine.connect() as connection:
        row = connection.execute(sa.select(consents)).one()
    assert "林𠮷".encode() not in bytes(row.words)


def test_a_new_wish_takes_the_place_of_one_that_is_over_only(stored: Wallet) -> None:
    assert put(stored, "c1", NOW)
    assert not put(stored, "c2", NOW + 60 * WEEK)  # it waits for ever
    with stored.begin() as work:
        assert work.records.decide_consent(GRANTED, "waiting")
        assert work.records.find_consent(WISH.department, HOLDER, WISH.type_code) == GRANTED
    assert not put(stored, "c2", NOW + 2 * WEEK - timedelta(microseconds=1))
    assert put(stored, "c2", NOW + 2 * WEEK)
    refused = replace(WISH, id="c2", state="refused", decided_at=NOW + 2 * WEEK)
    with stored.begin() as work:
        assert work.records.decide_consent(refused, "waiting")
    assert not put(stored, "c3", NOW + 3 * WEEK - timedelta(microseconds=1))
    assert put(stored, "c3", NOW + 3 * WEEK)
    with stored.read() as work:
        assert [one.id for one in work.records.consents(HOLDER)] == ["c3"]
        assert work.records.consents("11010519491231002X") == []
