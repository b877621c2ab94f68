"""How long a session lives, by its level: to the second; and that departments hear of its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp.browsers import sessions
from idp.browsers.sessions import Device, Started
from idp.logout import ending
from idp.ports import IdpDeps
from kernel.clock import FixedClock
from tests.support.idp import add_account, add_client, events

METHODS = {"urn:chaoxin:aal:1": ("pwd",), "urn:chaoxin:aal:2": ("otp", "pwd")}
HOUR = 3600


def start(deps: IdpDeps, *amr: str) -> Started:
    account = add_account(deps)
    add_client(deps)
    with deps.work.begin() as work:
        started = sessions.start(work, deps, account.id, amr, Device())
        work.records.tell_client(started.session.id, "scjg", deps.clock.now())
    return started


def is_known(deps: IdpDeps, started: Started) -> bool:
    return sessions.find_current(deps, started.cookie) is not None


@pytest.mark.parametrize(("acr", "idle"), [("urn:chaoxin:aal:1", 2 * HOUR), ("urn:chaoxin:aal:2", HOUR)])
@pytest.mark.parametrize(("off", "alive"), [(-1, True), (0, False), (1, False)])
def test_requirement_26_left_alone_it_ends_at_its_levels_second(
    light: IdpDeps, clock: FixedClock, acr: str, idle: int, off: int, alive: bool
) -> None:
    started = start(light, *METHODS[acr])
    assert (started.session.acr, started.session.idle_seconds) == (acr, idle)
    clock.advance(timedelta(seconds=idle + off))
    assert is_known(light, started) is alive


@pytest.mark.parametrize("acr", METHODS)
@pytest.mark.parametrize(("off", "alive"), [(-1, True), (0, False), (1, False)])
def test_requirement_26_however_busy_it_ends_at_its_levels_second(
    light: IdpDeps, clock: FixedClock, acr: str, off: int, alive: bool
) -> None:
    started = start(light, *METHODS[acr])
    for _ in range(23):
        clock.advance(timedelta(minutes=30))
        assert is_known(light, started)
    clock.advance(timedelta(seconds=HOUR / 2 + off))
    assert is_known(light, started) is alive


def test_whoever_is_disabled_is_nobody_though_their_session_has_not_ended(light: IdpDeps, clock: FixedClock) -> None:
    started = start(light, "pwd")
    with light.work.begin() as work:
        assert work.records.set_disabled(started.session.account_id, clock.now())
    assert not is_known(light, started)


def test_a_step_up_changes_the_cookie_and_gives_the_higher_levels_lifetime_since_the_password(
    light: IdpDeps, clock: FixedClock
) -> None:
    started = start(light, "pwd")
    clock.advance(timedelta(minutes=90))
    with light.work.begin() as work:
        raised = sessions.raise_level(work, light, started.session, "otp")
    assert raised is not None
    assert not is_known(light, started)
    assert is_known(light, raised)
    assert (raised.session.id, raised.session.acr, raised.session.idle_seconds) == (started.session.id, "urn:chaoxin:aal:2", HOUR)
    assert raised.session.auth_time == started.session.auth_time
    assert raised.session.ends_at == started.session.auth_time + timedelta(hours=12)


@pytest.mark.parametrize(("off", "ended"), [(-1, 0), (0, 1)])
def test_departments_are_told_of_a_session_that_was_left_alone_too_long(
    deps: IdpDeps, clock: FixedClock, engine: sa.Engine, off: int, ended: int
) -> None:
    started = start(deps, "pwd")
    clock.advance(timedelta(seconds=2 * HOUR + off))
    assert ending.end_overdue(deps) == ended
    with deps.work.read() as work:
        assert len(work.records.logouts_of_session(started.session.id)) == ended
    assert [event["actor"] for event in events(engine, "idp.logout")] == ["system"] * ended
    assert ending.end_overdue(deps) == 0


@pytest.mark.parametrize(("off", "ended"), [(-1, 0), (0, 1)])
def test_departments_are_told_of_a_session_that_is_too_old(deps: IdpDeps, clock: FixedClock, off: int, ended: int) -> None:
    started = start(deps, "pwd")
    clock.advance(timedelta(seconds=12 * HOUR + off))
    with deps.work.begin() as work:
        work.records.see_session(started.session.id, clock.now())
    assert ending.end_overdue(deps) == ended


def test_what_hangs_on_an_overdue_session_ends_with_it(light: IdpDeps, clock: FixedClock) -> None:
    started = start(light, "pwd")
    clock.advance(timedelta(hours=2))
    assert ending.end_overdue(light) == 1
    with light.work.read() as work:
        found = work.records.find_session(started.session.id)
    assert found is not None
    assert found.ended_at == clock.now()
