"""The engine keeps what is stored out of the texts of its errors, which reach the log."""

from __future__ import annotations

import pytest
import sqlalchemy as sa


def test_what_was_to_be_stored_does_not_stand_in_an_error(engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as caught:
        connection.execute(sa.text("SELECT * FROM no_such_table WHERE name = :name"), {"name": "a password in the wrong field"})
    assert "no_such_table" in str(caught.value)
    assert "password" not in str(caught.value)
