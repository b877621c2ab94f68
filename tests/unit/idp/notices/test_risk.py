"""A login that is strange in every way: its owner is told over every channel, and asked for more where they have more (G5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from idp import notices
from idp.authorize.transactions import Visit
from idp.browsers.sessions import Device
from idp.interaction import login
from idp.ports import IdpDeps
from idp.records import Account
from idp.risk import AllSigns, Signs
from kernel.clock import FixedClock
from tests.support.idp import PASSWORD, add_account
from tests.support.passkeys import enrolled, enter

HOME, ABROAD = Device("192.0.2.1", "Chrome/130"), Device("203.0.113.7", "Chrome/130")
NIGHT = timedelta(hours=11)  # from four in the afternoon to three in the morning, Beijing's time


def log_in(deps: IdpDeps, browser: str, device: Device) -> login.LoggedIn | login.NeedsCode:
    return login.submit_password(
        deps, transaction_id=None, visit=Visit((browser,)), device=device, username="chenxiaochao", password=PASSWORD
    )


def told(deps: IdpDeps, account: Account) -> list[str]:
    with deps.work.read() as work:
        return [one.what for one in work.records.notices(account.id)]


def test_what_is_strange_in_every_way_is_told_of_and_let_in_where_nothing_more_can_be_asked(
    deps: IdpDeps, clock: FixedClock
) -> None:
    account = add_account(deps)
    log_in(deps, "at home", HOME)
    clock.advance(NIGHT)
    assert isinstance(log_in(deps, "elsewhere", ABROAD), login.LoggedIn)
    assert told(deps, account) == ["suspicious_login", "new_device"]
    with deps.work.read() as work:
        (event,) = work.audit.about((f"account:{account.id}",), ("idp.suspect_login",), limit=9)
    assert event.details["login"]
    assert "unusual device, network and time" in notices.told(deps, account.id)[0].text.en


def test_more_is_asked_for_where_there_is_more(deps: IdpDeps, clock: FixedClock) -> None:
    add_account(deps)
    enrolled(deps, enter(deps))
    assert isinstance(log_in(deps, "at home", HOME), login.LoggedIn)
    clock.advance(NIGHT)
    assert isinstance(log_in(deps, "elsewhere", ABROAD), login.NeedsCode)
    assert isinstance(log_in(deps, "at home", ABROAD), login.LoggedIn), "one's own browser, on a journey at night"


@pytest.mark.parametrize(("device", "advance"), [(HOME, NIGHT), (ABROAD, timedelta(hours=1))])
def test_one_strange_thing_alone_is_a_new_device_and_no_more(
    light: IdpDeps, clock: FixedClock, device: Device, advance: timedelta
) -> None:
    account = add_account(light)
    log_in(light, "at home", HOME)
    clock.advance(advance)
    log_in(light, "elsewhere", device)
    assert told(light, account) == ["new_device", "new_device"]


def test_the_first_login_of_all_is_not_suspicious_even_at_night(light: IdpDeps, clock: FixedClock) -> None:
    account = add_account(light)
    clock.advance(NIGHT)
    log_in(light, "at home", HOME)
    assert told(light, account) == ["new_device"]


def test_another_rule_takes_the_place_of_ours(light: IdpDeps) -> None:
    class Always:
        def is_suspicious(self, signs: Signs) -> bool:
            return bool(signs)

    account = add_account(light)
    log_in(replace(light, risk=Always()), "at home", HOME)
    assert told(light, account) == ["suspicious_login"]


def test_signs_compare_networks_and_local_hours() -> None:
    afternoon, night = datetime.fromisoformat("2026-11-23T08:00:00+00:00"), datetime.fromisoformat("2026-11-23T19:00:00+00:00")
    for now, address, at, other, signs in (
        (night, "192.0.2.200", afternoon, "192.0.2.1", (False, True)),
        (night, "2001:db8:0:9::1", night, "2001:db8::1", (False, False)),
        (afternoon, "not an address", night, "192.0.2.1", (True, False)),
        (night, "not an address", afternoon, "192.0.2.1", (True, True)),
    ):
        found = Signs(now, address, [(at, lambda other=other: other)], new_device=True)
        assert (found.new_network, found.strange_hour) == signs
        assert AllSigns().is_suspicious(found) is all(signs)
    first = Signs(night, "192.0.2.200", [], new_device=True)
    assert (first.new_network, first.strange_hour) == (False, False)


def test_no_more_of_the_earlier_logins_is_looked_at_than_it_takes() -> None:
    afternoon, night = datetime.fromisoformat("2026-11-23T08:00:00+00:00"), datetime.fromisoformat("2026-11-23T19:00:00+00:00")

    def never() -> str:
        raise AssertionError

    earlier = iter([(afternoon, never), (night, lambda: "192.0.2.1"), (afternoon, never)])
    assert not AllSigns().is_suspicious(Signs(night, "192.0.2.200", earlier, new_device=True))
    assert [at for at, _ in earlier] == [afternoon]
    assert not AllSigns().is_suspicious(Signs(afternoon, "192.0.2.200", iter([(afternoon, never)]), new_device=True))
    near = Signs(night, "192.0.2.200", [(afternoon, lambda: "192.0.2.1"), (afternoon, never)], new_device=True)
    assert (near.strange_hour, near.new_network) == (True, False)
