"""A directory's people are brought here, page by page; who is out there is out here, and nothing is lost however it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from idp.directories import sync
from idp.people import accounts
from idp.ports import IdpDeps
from idp.records import Consent
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.dying import DyingWork, Fuse, KilledError
from tests.support.idp import OPERATOR, add_account, add_client, another_process, events
from tests.support.staff import MARKET, MemoryDirectory, with_directories

MANY = 12


@pytest.fixture
def market() -> MemoryDirectory:
    made = MemoryDirectory()
    for number in range(MANY):
        made.put(f"staff{number:02}", groups=("cn=clerks",) if number % 2 else ())
    return made


def run(deps: IdpDeps, directory: MemoryDirectory, **options: Any) -> sync.Report:
    return sync.sync(deps, directory, actor=OPERATOR, **options)


def states(deps: IdpDeps) -> dict[str, bool]:
    """Who there is, and whether they are let in."""
    return {each.username.partition("@")[0]: each.disabled_at is None for each in accounts.page(deps)}


def test_everybody_is_brought_once_and_nothing_is_written_again(
    deps: IdpDeps, market: MemoryDirectory, engine: sa.Engine
) -> None:
    report = run(deps, market)
    assert (report.is_full, report.refusal, dict(report.counts)) == (True, None, {"new": MANY})
    assert set(states(deps).values()) == {True}
    assert [each.roles for each in accounts.page(deps)][:2] == [(), ("clerk",)]
    again = run(deps, market, full=True)
    assert dict(again.counts) == {"same": MANY}
    assert len(events(engine, "idp.create_account")) == MANY
    assert len(events(engine, "idp.sync_directory")) == 1, "a run that did nothing is no event"


def test_afterwards_only_what_changed_is_read(light: IdpDeps, market: MemoryDirectory) -> None:
    run(light, market)
    market.put("staff03", name="林文书三")
    market.put("newcomer")
    report = run(light, market)
    assert (report.is_full, dict(report.counts)) == (False, {"changed": 1, "new": 1})
    assert market.asked[-2:] != ["all", "page"]
    assert accounts.get_by_username(light, "staff03@scjg").name == "林文书三"


@pytest.mark.parametrize("what", ["an hour later", "a group changed", "another server"])
def test_all_are_read_again_every_so_often_and_when_marks_mean_nothing(
    light: IdpDeps, market: MemoryDirectory, clock: FixedClock, what: str
) -> None:
    run(light, market)
    assert not run(light, market).is_full
    if what == "an hour later":
        clock.advance(timedelta(minutes=MARKET.full_minutes))
    elif what == "a group changed":
        market.group_mark = b"other groups"
    else:
        market.url = "another"
    assert run(light, market).is_full
    assert not run(light, market).is_full


@pytest.mark.parametrize("lock", ["disabled", "locked", "expired"])
def test_who_is_locked_there_is_out_here_and_comes_back_with_the_lock_gone(
    light: IdpDeps, market: MemoryDirectory, sqlite: sa.Engine, lock: str
) -> None:
    run(light, market)
    market.put("staff01", lock=lock)
    assert run(light, market).counts["locked"] == 1
    assert not states(light)["staff01"]
    assert f'"lock":"{lock}"' in events(sqlite, "idp.disable_account")[0]["details"]
    accounts.enable(light, accounts.get_by_username(light, "staff01@scjg").id, actor=OPERATOR)
    assert run(light, market, full=True).counts["locked"] == 1, "the directory's word stands"
    market.put("staff01", lock=None)
    assert run(light, market).counts["released"] == 1
    assert states(light)["staff01"]


def test_who_was_disabled_by_an_admin_stays_so(light: IdpDeps, market: MemoryDirectory) -> None:
    run(light, market)
    accounts.disable(light, accounts.get_by_username(light, "staff01@scjg").id, actor=OPERATOR)
    market.put("staff01", lock="disabled")
    run(light, market)
    market.put("staff01", lock=None)
    assert run(light, market).counts["released"] == 0
    assert not states(light)["staff01"]


def test_an_admin_closes_for_good_what_the_directory_has_closed(deps: IdpDeps, market: MemoryDirectory) -> None:
    run(deps, market)
    account = accounts.get_by_username(deps, "staff01@scjg")
    market.put("staff01", lock="locked")
    run(deps, market)
    accounts.disable(deps, account.id, actor=OPERATOR)
    with pytest.raises(Refusal):
        accounts.disable(deps, account.id, actor=OPERATOR)
    market.put("staff01", lock=None)
    assert run(deps, market).counts["released"] == 0
    assert not states(deps)["staff01"]


def test_no_group_makes_an_admin_and_a_role_goes_with_its_group(light: IdpDeps, market: MemoryDirectory) -> None:
    market.put("staff01", groups=("cn=admins", "cn=chiefs"))
    run(light, market)
    account = accounts.get_by_username(light, "staff01@scjg")
    assert (account.kind, account.roles) == ("staff", ("clerk", "department_admin"))
    market.put("staff01", groups=("cn=admins",))
    run(light, market)
    assert accounts.get_by_username(light, "staff01@scjg").roles == ()


def test_who_is_out_already_gets_no_account(light: IdpDeps, market: MemoryDirectory) -> None:
    market.put("left-long-ago", lock="disabled")
    run(light, market)
    assert "left-long-ago" not in states(light)


def test_whose_time_comes_is_out_although_nothing_changed_there(
    deps: IdpDeps, market: MemoryDirectory, clock: FixedClock
) -> None:
    market.put("staff00", expires_at=clock.now() + timedelta(minutes=5))
    run(deps, market)
    clock.advance(timedelta(minutes=5) - timedelta(microseconds=1))
    run(deps, market)
    assert states(deps)["staff00"]
    clock.advance(timedelta(microseconds=1))
    report = run(deps, market)
    assert (report.is_full, report.counts["expired"], states(deps)["staff00"]) == (False, 1, False)
    assert run(deps, market).counts["expired"] == 0
    market.put("staff00", expires_at=None)
    run(deps, market)
    assert states(deps)["staff00"]


def test_who_vanished_is_out_and_never_deleted(deps: IdpDeps, market: MemoryDirectory) -> None:
    run(deps, market)
    kept = market.people.pop("staff01")
    assert run(deps, market).counts["gone"] == 0, "a run that reads what changed does not see it"
    assert run(deps, market, full=True).counts["gone"] == 1
    assert run(deps, market, full=True).counts["gone"] == 0
    assert (len(states(deps)), states(deps)["staff01"]) == (MANY, False)
    market.people["staff01"] = kept
    assert run(deps, market, full=True).counts["released"] == 1


@pytest.mark.parametrize(("left", "stops"), [(MANY - 5, False), (MANY - 6, True), (0, True)])
def test_too_many_vanished_at_once_stop_the_run_and_nobody_is_out(
    light: IdpDeps, market: MemoryDirectory, sqlite: sa.Engine, left: int, stops: bool
) -> None:
    run(light, market)
    for uid in list(market.people)[left:]:
        del market.people[uid]
    report = run(light, market, full=True)
    assert (report.refusal is not None and report.refusal.code == "directory_vanished") is stops
    assert all(states(light).values()) is stops
    state = sync.find_state(light, market)
    assert (state.failures, (state.problem or "").startswith("directory_vanished")) == ((1, True) if stops else (0, False))
    if stops:
        assert events(sqlite, "idp.sync_directory")[-1]["outcome"] == "failed"
        assert run(light, market, full=True, let_all_go=True).refusal is None
        assert sum(states(light).values()) == left


def test_a_percentage_of_many_may_vanish(light: IdpDeps) -> None:
    market = MemoryDirectory(page_size=50)
    for number in range(100):
        market.put(f"staff{number:02}")
    run(light, market)
    for uid in list(market.people)[:11]:
        del market.people[uid]
    assert run(light, market, full=True).refusal is not None
    market.put("staff00")
    assert run(light, market, full=True).refusal is None


def test_killed_at_any_moment_it_loses_nothing_and_the_next_run_does_the_rest(light: IdpDeps, market: MemoryDirectory) -> None:
    steps = 0
    while True:
        dying = replace(another_process(light), work=DyingWork(light.work, Fuse(steps)))
        try:
            run(dying, market)
        except KilledError:
            steps += 1
            assert set(states(light).values()) <= {True}
            assert sync.find_state(light, market).mark == "", "the mark moves on at the end only"
        else:
            break
    assert steps > 3, "what one run did, the next does not do again"
    assert len(states(light)) == MANY
    assert dict(run(light, market, full=True).counts) == {"same": MANY}


def test_a_directory_that_goes_away_in_the_middle_takes_nobody_out_and_goes_on_later(
    light: IdpDeps, market: MemoryDirectory
) -> None:
    run(light, market)
    market.put("newcomer")
    market.away = True
    report = run(light, market, full=True)
    assert report.refusal is not None
    assert all(states(light).values())
    assert sync.find_state(light, market).failures == 1
    market.away = False
    assert dict(run(light, market).counts) == {"new": 1}
    assert sync.find_state(light, market).problem is None


def test_a_directory_that_failed_is_left_in_peace_and_the_others_go_on(
    light: IdpDeps, market: MemoryDirectory, clock: FixedClock
) -> None:
    other = MemoryDirectory(replace(MARKET, name="rsj"))
    deps = with_directories(light, market, other)
    market.away = True
    assert [report.refusal is None for report in sync.sync_due(deps)] == [False, True]
    assert [report.directory for report in sync.sync_due(deps)] == ["rsj"]
    clock.advance(timedelta(minutes=1))
    assert [report.directory for report in sync.sync_due(deps)] == ["scjg", "rsj"]


def test_a_run_that_is_on_its_way_is_not_joined_and_one_that_was_killed_is_taken_up(
    light: IdpDeps, market: MemoryDirectory, clock: FixedClock
) -> None:
    deps = with_directories(light, market)
    with pytest.raises(KilledError):
        run(replace(deps, work=DyingWork(light.work, Fuse(2))), market)
    assert list(sync.sync_due(deps)) == []
    clock.advance(timedelta(minutes=5))
    assert [dict(report.counts) for report in sync.sync_due(deps)] == [{"new": MANY}]
    assert [dict(report.counts) for report in sync.sync_due(deps)] == [{}], "and at once again"


@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        ({"name": "林\u202e文书"}, True),
        ({"name": ""}, True),
        ({"name": "林" * 101}, True),
        ({"uid": "a b"}, True),
        ({"uid": "*"}, True),
        ({"uid": "x" * 64}, True),
        ({"phone": "call me"}, False),
        ({"email": "no address"}, False),
        ({"unit": "a\0b"}, False),
        ({"phone": "?", "email": "?", "unit": "\u200b"}, False),
    ],
)
def test_bad_values_are_left_out_or_the_person_is_and_nobody_else(
    light: IdpDeps, market: MemoryDirectory, changes: dict[str, Any], left_out: bool
) -> None:
    market.put("bad", **changes)
    report = run(light, market)
    assert (report.counts["new"], report.counts["refused"]) == (MANY + (not left_out), left_out)
    assert len(report.refused) == left_out


def test_bad_values_do_not_keep_anybody_from_being_locked(light: IdpDeps, market: MemoryDirectory) -> None:
    run(light, market)
    market.put("staff01", name="\u202e", lock="disabled")
    report = run(light, market)
    assert (report.counts["locked"], report.counts["refused"]) == (1, 1)
    account = accounts.get_by_username(light, "staff01@scjg")
    assert (account.name, account.disabled_at is None) == ("林文书", False)


def test_names_that_are_taken_are_refused_and_nobody_is_merged(light: IdpDeps, market: MemoryDirectory) -> None:
    add_account(light, "boss@scjg")
    market.put("boss")
    assert run(light, market).counts["refused"] == 1
    market.people["second"] = replace(market.put("staff01"), id="somebody else of this name")
    report = run(light, market, full=True)
    assert report.counts["refused"] == 2
    assert accounts.get_by_username(light, "boss@scjg").kind == "citizen"


def test_who_is_renamed_keeps_the_account(light: IdpDeps, market: MemoryDirectory) -> None:
    run(light, market)
    before = accounts.get_by_username(light, "staff01@scjg")
    market.put("staff01", uid="lin")
    run(light, market)
    assert accounts.get_by_username(light, "lin@scjg").id == before.id
    assert accounts.find_by_username(light, "staff01@scjg") is None
    market.put("staff02", uid="lin")
    assert run(light, market).counts["refused"] == 1


def test_a_preview_says_what_would_be_done_and_does_nothing(light: IdpDeps, market: MemoryDirectory) -> None:
    assert sync.preview(light, market).counts["new"] == MANY
    assert states(light) == {}
    run(light, market)
    market.put("staff01", lock="disabled")
    market.put("newcomer")
    for uid in list(market.people)[2:8]:
        del market.people[uid]
    report = sync.preview(light, market)
    assert {kind: report.counts[kind] for kind in ("new", "locked", "gone")} == {"new": 1, "locked": 1, "gone": 6}
    assert report.refusal is not None
    assert all(states(light).values())


def test_departments_are_told_of_staff_who_are_locked_out_and_let_in_again(light: IdpDeps, market: MemoryDirectory) -> None:
    add_client(light, events_uri="https://scjg.example.cn/events")
    run(light, market)
    (account,) = (each for each in accounts.page(light) if each.username.startswith("staff03"))
    now = light.clock.now()
    with light.work.begin() as work:
        work.records.put_consent(Consent(account.id, "scjg", now, now))
    market.put("staff03", lock="disabled")
    run(light, market)
    market.put("staff03", lock=None)
    run(light, market)
    with light.work.read() as work:
        told = [one.event for one in work.records.due_events(now, limit=9)]
    assert sorted(told) == ["account-disabled", "account-enabled"]
