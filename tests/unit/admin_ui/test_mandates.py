"""The console's list of mandates: what it shows, of whom, and whose names are masked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from admin_ui.mandates import list_mandates
from idp.enterprises import mandates
from kernel.clock import FixedClock
from pki.keyfiles import FileKeyStore
from tests.support.idp import OPERATOR, Provider, provider_in
from tests.support.mandates import USCC, add_company, give_mandate


@pytest.fixture
def city(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    keys = FileKeyStore(tmp_path_factory.mktemp("keys"), b"a passphrase for tests")
    with provider_in(tmp_path, keys) as made:
        made.add_account(resident_id="445102198806123626")
        made.add_client()
        add_company(made.deps)
        yield made


def test_every_mandate_is_listed_with_how_it_stands_and_agents_masked(city: Provider) -> None:
    clock = city.deps.clock
    assert isinstance(clock, FixedClock)
    assert list_mandates(city.deps, "") == []
    states = []
    for days, state in ((1, "expired"), (30, "revoked"), (30, "active"), (60, "pending")):
        begins = clock.moment + timedelta(days=10 if state == "pending" else 0)
        given = give_mandate(city.deps, valid_from=begins, valid_until=clock.moment + timedelta(days=days))
        if state == "revoked":
            mandates.revoke(city.deps, given.id, actor=OPERATOR)
        states.append(state)
        clock.moment += timedelta(seconds=1)
    clock.moment += timedelta(days=1)
    rows = list_mandates(city.deps, "")
    assert [row.state for row in rows] == states[::-1]
    assert {(row.organization, row.uscc, row.agent) for row in rows} == {("潮联科技", USCC, "陈**")}
    assert [row.mandate for row in list_mandates(city.deps, USCC)] == [row.mandate for row in rows]
    for other in ("91445100MA4WR7QBB0", "445102198806123626", "anything"):  # unknown, a person's, none
        assert list_mandates(city.deps, other) == []
