"""The engine keeps what is stored out of the texts of its errors, which reach the log."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel.errors import Refusal


def test_what_was_to_be_stored_does_not_stand_in_an_error(engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as caught:
        connection.execute(sa.text("SELECT * FROM no_such_table WHERE name = :name"), {"name": "a password in the wrong field"})
    assert "no_such_table" in str(caught.value)
    assert "password" not in str(caught.value)


def test_text_with_a_zero_in_it_is_the_senders_fault_where_the_database_cannot_have_it(engine: sa.Engine) -> None:
    query, sent = sa.select(sa.literal(1)).where(sa.bindparam("name", type_=sa.String) == "x"), {"name": "a\0b"}
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.execute(query, sent).first() is None
        else:
            with pytest.raises(Refusal, match="bad_request"):
                connection.execute(query, sent)
        assert connection.execute(query, {"name": "x"}).scalar() == 1  # the connection is as good as before
