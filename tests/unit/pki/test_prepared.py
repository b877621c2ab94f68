"""Prepared statements say the same as SQLAlchemy's own, on both engines, whoever carries them out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeAlias

import pytest
import sqlalchemy as sa

from idp.storage.tables import clients, grants, metadata, tries
from kernel.errors import Refusal
from kernel.work import Conflict
from pki.storage.prepared import DRIVER, Prepared
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all

if TYPE_CHECKING:
    from collections.abc import Iterator

Opened: TypeAlias = Callable[[], AbstractContextManager[sa.Connection]]
CLIENT = {
    "client_id": "site",
    "name": "网站",
    "department": "114451008W15P11PMR",
    "token_endpoint_auth_method": "none",
    "secrets": "[]",
    "registration_token": bytes(range(256)),
    "metadata": "{}",
    "version": 2**31 - 1,
    "created_at": -(2**62),
    "disabled_at": None,
}
TRY = {"what": "account", "digest": bytes(32), "since": 1, "count": 2}


@pytest.fixture(params=["SQLAlchemy", "the driver"])
def opened(engine: sa.Engine, request: pytest.FixtureRequest) -> Opened:
    create_all(engine, metadata)
    if request.param == "SQLAlchemy":
        return engine.begin
    work: SqlUnitOfWork[sa.Connection] = SqlUnitOfWork(engine, lambda connection: connection)

    @contextmanager
    def by_the_driver() -> Iterator[sa.Connection]:
        with work.begin() as within:
            assert hasattr(within.records, DRIVER)
            yield within.records

    return by_the_driver


def test_rows_are_what_was_inserted(opened: Opened) -> None:
    add = Prepared(lambda insert: insert(clients))
    find = Prepared(sa.select(clients).where(clients.c.name == sa.bindparam("key")).order_by(clients.c.client_id))
    with opened() as connection:
        assert find.first(connection, {"key": "网站"}) is None
        add.put_off(connection, CLIENT)
        add.put_off(connection, CLIENT | {"client_id": "other", "registration_token": None})
        found = find.all(connection, {"key": "网站"})
        assert found == [CLIENT | {"client_id": "other", "registration_token": None}, CLIENT]
        assert found == [dict(row) for row in connection.execute(sa.select(clients).order_by(clients.c.client_id)).mappings()]


def test_truth_and_labels_are_read_as_well(opened: Opened) -> None:
    texts = {name: name for name in ("id", "client_id", "account_id", "session_id", "scopes", "acr", "amr")}
    nothing = dict.fromkeys(("claims", "resources", "mandate_id", "revoked_at"))
    add = Prepared(lambda insert: insert(grants))
    find = Prepared(
        sa.select(grants.c.offline.label("stays")).where(grants.c.offline.is_(True), grants.c.id == sa.bindparam("key"))
    )
    with opened() as connection:
        add.put_off(connection, texts | nothing | {"auth_time": 1, "created_at": 1, "offline": True})
        assert find.all(connection, {"key": "id"}) == [{"stays": True}]


def test_a_statements_own_values_hold(opened: Opened) -> None:
    count = Prepared(lambda insert: insert(tries))
    lower = Prepared(
        tries.update().where(tries.c.what == sa.bindparam("kind"), tries.c.count > 1).values(count=tries.c.count - 1)
    )
    with opened() as connection:
        count.put_off(connection, TRY)
        assert [lower.change(connection, {"kind": "account"}) for _ in range(3)] == [1, 0, 0]
        assert connection.scalar(sa.select(tries.c.count)) == 1


def test_what_was_put_off_is_seen_by_whatever_comes_after_it(opened: Opened) -> None:
    count = Prepared(lambda insert: insert(tries))
    with opened() as connection:
        count.put_off(connection, TRY)
        assert connection.scalar(sa.select(sa.func.count()).select_from(tries)) == 1
        count.put_off(connection, TRY | {"what": "address"})
    with opened() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tries)) == 2


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_failure_of_what_was_put_off_undoes_the_transaction(opened: Opened, before: int) -> None:
    count = Prepared(lambda insert: insert(tries))
    with opened() as connection:
        count.put_off(connection, TRY)

    def again() -> None:
        with opened() as connection:
            for number in range(before):
                count.put_off(connection, TRY | {"what": f"other-{number}"})
            count.put_off(connection, TRY)

    with pytest.raises((Conflict, sa.exc.IntegrityError)):
        again()
    with opened() as connection:
        assert connection.scalars(sa.select(tries.c.what)).all() == ["account"]


def test_what_was_put_off_is_forgotten_where_the_transaction_fails(opened: Opened) -> None:
    count = Prepared(lambda insert: insert(tries))

    def fail() -> None:
        with opened() as connection:
            count.put_off(connection, TRY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with opened() as connection:
        assert connection.scalars(sa.select(tries.c.what)).all() == []


def test_a_nul_finds_nothing_or_is_refused_where_no_text_holds_one(engine: sa.Engine, opened: Opened) -> None:
    find = Prepared(sa.select(clients).where(clients.c.client_id == sa.bindparam("key")))
    told = nullcontext() if engine.dialect.name == "sqlite" else pytest.raises(Refusal, match="bad_request")
    for _ in range(2):  # refused as often as it is asked for
        with told, opened() as connection:
            assert find.first(connection, {"key": "a\0"}) is None
