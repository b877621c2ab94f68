"""A share is used once where it is to be used once, not after its end, not when it was taken back, and each use is on record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import TypeAlias

import pytest
import sqlalchemy as sa

from licenses import storage
from licenses.ports import LicenseRecords
from licenses.storage import SqlLicenseRecords
from licenses.storage.wallet_tables import looks, shares
from licenses.wallet_records import Look, Share
from pki.vault import Vault
from service import audit
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all

Wallet: TypeAlias = SqlUnitOfWork[LicenseRecords]

NOW = datetime.fromisoformat("2026-11-26T04:00:00+00:00")
HOLDER = "445102198806123626"
SHARE = Share(
    id="s1",
    token_hash=b"t" * 32,
    identifier="1.2.156.3005.2.x",
    holder_id=HOLDER,
    purpose="租房，房东林𠮷",
    shown=("CZZT", "ZZBH"),
    made_at=NOW,
    ends_at=NOW + timedelta(minutes=10),
    most_uses=1,
)


@pytest.fixture
def empty(engine: sa.Engine, vault: Vault) -> Wallet:
    create_all(engine, audit.metadata, storage.metadata)
    return SqlUnitOfWork(engine, lambda connection: SqlLicenseRecords(connection, vault))


@pytest.fixture
def stored(empty: Wallet) -> Wallet:
    with empty.begin() as work:
        work.records.add_share(SHARE)
    return empty


def use(wallet: Wallet, at: datetime = NOW, token_hash: bytes = SHARE.token_hash) -> Share | None:
    with wallet.begin() as work:
        return work.records.use_share(token_hash, at)


def test_of_many_at_once_one_has_the_only_use(stored: Wallet) -> None:
    crowd = 12
    barrier = Barrier(crowd)

    def one(_number: int) -> Share | None:
        barrier.wait()
        return use(stored)

    with ThreadPoolExecutor(crowd) as pool:
        had = [found for found in pool.map(one, range(crowd)) if found is not None]
    assert had == [replace(SHARE, uses=1)]
    with stored.read() as work:
        assert work.records.shares(SHARE.identifier) == [replace(SHARE, uses=1)]


def test_it_is_shut_from_the_very_moment_of_its_end_and_to_every_other_token(stored: Wallet) -> None:
    assert use(stored, SHARE.ends_at) is None
    assert use(stored, token_hash=b"u" * 32) is None
    assert use(stored, SHARE.ends_at - timedelta(microseconds=1)) is not None


def test_only_its_holder_takes_it_back_and_then_it_stays_shut(stored: Wallet) -> None:
    with stored.begin() as work:
        assert work.records.revoke_share("s1", "11010519491231002X", NOW) is None
        assert work.records.count_open_shares(HOLDER, NOW) == 1
        assert work.records.revoke_share("s1", HOLDER, NOW) == replace(SHARE, revoked_at=NOW)
        assert work.records.revoke_share("s1", HOLDER, NOW) is None
        assert work.records.count_open_shares(HOLDER, NOW) == 0
    assert use(stored) is None


def test_without_a_limit_it_is_used_until_its_end(empty: Wallet) -> None:
    with empty.begin() as work:
        work.records.add_share(replace(SHARE, most_uses=None))
    assert [found.uses for _ in range(3) if (found := use(empty)) is not None] == [1, 2, 3]


def test_what_people_wrote_and_who_they_are_stands_nowhere_in_clear(stored: Wallet, engine: sa.Engine) -> None:
    look = Look(SHARE.identifier, "share", "s1", "湘桥区市场监管所 林𠮷", SHARE.purpose, NOW)
    with stored.begin() as work:
        work.records.add_look(look)
        assert work.records.looks(SHARE.identifier) == [look]
    with engine.connect() as connection:
        for table in (shares, looks):
            row = b"".join(
                str(value).encode() if not isinstance(value, bytes | memoryview) else bytes(value)
                for value in connection.execute(sa.select(table)).one()
            )
            for word in ("林𠮷", "租房", HOLDER):
                assert word.encode() not in row
