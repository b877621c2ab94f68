"""Statements that the driver carries out say the same as SQLAlchemy's own, on both engines."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from idp.storage.prepared import Prepared, put
from idp.storage.tables import consents, metadata, tries
from tests.support.databases import create_all

_LISTS = dict.fromkeys(("scopes", "claims", "declined", "told"), '["openid"]')
CONSENT = {"account_id": "sub.1", "client_id": "site", "granted_at": 7, "used_at": 7, **_LISTS}


@pytest.fixture
def tables(engine: sa.Engine) -> sa.Engine:
    create_all(engine, metadata)
    return engine


def test_rows_are_what_was_put_and_put_again(tables: sa.Engine) -> None:
    put_consent = Prepared(lambda insert: put(insert(consents)))
    of_account = Prepared(sa.select(consents).where(consents.c.account_id == sa.bindparam("key")).order_by(consents.c.client_id))
    with tables.begin() as connection:
        assert of_account.first(connection, {"key": "sub.1"}) is None
        for changes in ({}, {"client_id": "other"}, {"granted_at": 8}):
            assert put_consent.run(connection, CONSENT | changes).rowcount == 1
        found = of_account.all(connection, {"key": "sub.1"})
        assert found == [CONSENT | {"client_id": "other"}, CONSENT | {"granted_at": 8}]
        assert found == [dict(row) for row in connection.execute(sa.select(consents).order_by(consents.c.client_id)).mappings()]


def test_a_statements_own_values_and_an_insert_into_some_columns_hold(tables: sa.Engine) -> None:
    count = Prepared(lambda insert: insert(tries))
    lower = Prepared(
        tries.update().where(tries.c.what == sa.bindparam("kind"), tries.c.count > 1).values(count=tries.c.count - 1)
    )
    with tables.begin() as connection:
        count.run(connection, {"what": "account", "digest": bytes(32), "since": 1, "count": 2})
        assert [lower.run(connection, {"kind": "account"}).rowcount for _ in range(3)] == [1, 0, 0]
        assert connection.scalar(sa.select(tries.c.count)) == 1
