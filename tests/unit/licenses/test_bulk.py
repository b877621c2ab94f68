"""A file is taken in whole, worked off by any number of workers, and told row by row to those who handed it in."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.people import person_of
from kernel.rows import Row
from licenses.bulk import deciding, foresight, intake, outcomes, work
from licenses.issue import issue_many
from licenses.life.orders import Officer, operator
from licenses.ports import LicenseDeps
from tests.support import issuing
from tests.support.issuing import GOOD_ROW, with_licenses

BY = operator("operator:陈")
RAOPING = GOOD_ROW["issuer_id"]


def rows(count: int, **changes: str) -> BytesIO:
    return issuing.csv_of(*({**GOOD_ROW, "number": f"QA2026{place:08d}", **changes} for place in range(count)))


def test_a_file_is_worked_off_in_chunks_and_each_row_is_told(deps: LicenseDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "CHUNK", 2)
    good = [{**GOOD_ROW, "number": f"QA2026{place:08d}"} for place in range(3)]
    file = issuing.csv_of(*good, {**GOOD_ROW, "holder_id": "1"}, {**good[0], "holder_name": "别家"}, good[1])
    batch = intake.take_in(deps, file, "a.csv", BY)
    assert (batch.rows, batch.chunks) == (6, 3)
    assert work.work_one(deps, batch.id)
    told = outcomes.as_json(*outcomes.get_batch(deps, batch.id, BY))
    assert (told["done"], told["finished"], told["issued"]) == (2, False, 2)
    work.carry_on(deps)
    assert not work.work_one(deps, batch.id)
    told = outcomes.as_json(*outcomes.get_batch(deps, batch.id, BY))
    assert (told["done"], told["finished"], told["issued"], told["refused"]) == (6, True, 4, 2)
    lines = list(outcomes.rows_of(deps, batch))
    assert [line["row"] for line in lines] == [str(place) for place in range(1, 7)]
    assert [line.get("code") for line in lines] == [None, None, None, "holder_id_check", "duplicate_number", None]
    assert lines[3]["field"] == "holder_id"
    assert lines[5]["identifier"] == lines[1]["identifier"]
    # What was refused is found without the rest being decrypted.
    assert list(outcomes.refused_of(deps, batch)) == [lines[3], lines[4]]
    with deps.work.read() as reading:
        found = reading.records.chunks(batch.id, done=True, after=0, limit=9, refused=True)
    assert [chunk.place for chunk in found] == [2, 3]


def test_many_workers_at_once_issue_each_row_once(deps: LicenseDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "CHUNK", 2)
    batch = intake.take_in(deps, rows(8), "a.csv", BY)

    def run() -> None:
        while work.work_one(deps, batch.id):
            pass

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = list(outcomes.rows_of(deps, batch))
    assert Counter(line["outcome"] for line in told) == {"issued": 8}
    with deps.work.read() as work_:
        assert work_.records.log_size() == 8


def test_what_a_dead_worker_had_claimed_is_done_once_its_time_is_over(deps_sqlite: LicenseDeps, clock: FixedClock) -> None:
    batch = intake.take_in(deps_sqlite, rows(2), "a.csv", BY)
    with deps_sqlite.work.begin() as taking:
        dead = taking.records.claim_chunk(batch.id, now=clock.now(), until=clock.now() + work.CLAIMED_FOR)
    assert dead is not None
    assert not work.work_one(deps_sqlite, batch.id)
    clock.advance(work.CLAIMED_FOR + timedelta(seconds=1))
    assert work.work_one(deps_sqlite, batch.id)
    with deps_sqlite.work.begin() as late:  # the dead one comes back: its answer is dropped
        assert not late.records.end_chunk(dead, outcomes.get_batch(deps_sqlite, batch.id, BY)[1], clock.now())


class Ticking(FixedClock):
    """A clock by which each look at it takes so long."""

    def now(self) -> datetime:
        self.advance(work.CARRIED_ON_FOR / 4)
        return super().now()


def test_whoever_carries_on_leaves_room_for_other_work_and_goes_on_the_next_time(
    deps_sqlite: LicenseDeps, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "CHUNK", 1)
    batch = intake.take_in(deps_sqlite, rows(4, holder_id="1"), "a.csv", BY)
    busy = replace(deps_sqlite, clock=Ticking(clock.now()))
    left = []
    while not left or left[-1]:
        work.carry_on(busy)
        left.append(batch.chunks - outcomes.get_batch(busy, batch.id, BY)[1].chunks_done)
    assert 0 < left[0] < batch.chunks


def test_refused_rows_are_found_without_reading_the_others(deps: LicenseDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "CHUNK", 1)
    good = [{**GOOD_ROW, "number": f"QA2026{place:08d}"} for place in range(3)]
    batch = intake.take_in(deps, issuing.csv_of(good[0], {**good[1], "holder_id": "1"}, good[2]), "a.csv", BY)
    work.carry_on(deps)
    assert [row["row"] for row in outcomes.refused_of(deps, batch)] == ["2"]
    with deps.work.read() as reading:
        read = reading.records.chunks(batch.id, done=True, after=0, limit=9, refused=True)
    assert [chunk.place for chunk in read] == [2]


def test_a_department_hands_in_its_own_and_sees_no_other_batch(deps_sqlite: LicenseDeps) -> None:
    own, other = (
        Officer(f"client:{name}", person_of(name), (uscc,)) for name, uscc in (("a", RAOPING), ("b", "114451008W15P11PMR"))
    )
    mine, theirs = intake.take_in(deps_sqlite, rows(1), "a.csv", own), intake.take_in(deps_sqlite, rows(1), "b.csv", other)
    work.carry_on(deps_sqlite)
    assert [line["outcome"] for line in outcomes.rows_of(deps_sqlite, mine)] == ["issued"]
    assert [line["code"] for line in outcomes.rows_of(deps_sqlite, theirs)] == ["not_your_department"]
    assert [batch.id for batch, _progress in outcomes.list_batches(deps_sqlite, own)] == [mine.id]
    with pytest.raises(Refusal) as caught:
        outcomes.get_batch(deps_sqlite, mine.id, other)
    assert caught.value.code == "batch_not_found"


def test_who_has_no_department_hands_in_nothing_that_others_without_one_would_see(deps_sqlite: LicenseDeps) -> None:
    nobodys = Officer("account:a", person_of("a"), ())
    with pytest.raises(Refusal, match="not_your_department"):
        intake.take_in(deps_sqlite, rows(1), "a.csv", nobodys, hold=True)
    assert outcomes.list_waiting(deps_sqlite, nobodys) == []


def test_a_file_that_cannot_be_read_leaves_nothing(deps_sqlite: LicenseDeps) -> None:
    for content in (b"", b"a,b\n1,2\n", rows(0).getvalue()):
        with pytest.raises(Refusal):
            intake.take_in(deps_sqlite, BytesIO(content), "a.csv", BY)
    assert outcomes.list_batches(deps_sqlite, BY) == []


def refused(wanted: str, what: Any, *arguments: Any) -> None:
    with pytest.raises(Refusal) as caught:
        what(*arguments)
    assert caught.value.code == wanted


def test_a_file_is_no_way_around_the_second_officer(deps_sqlite: LicenseDeps) -> None:
    own, other = Officer("client:a", "a", (RAOPING,)), Officer("account:b", "b", (RAOPING,))
    licenses = deps_sqlite.policies.licenses
    two = {**licenses.acts, "issue": licenses.acts["issue"].model_copy(update={"officers": 2})}
    none = {name: rules for name, rules in licenses.acts.items() if name != "issue"}
    deps, nobody = (with_licenses(deps_sqlite, acts=acts) for acts in (two, none))
    refused("act_not_done_here", intake.take_in, nobody, rows(1), "a.csv", own)
    batch = intake.take_in(deps, rows(1), "a.csv", own)
    work.carry_on(deps)
    assert not work.work_one(deps, batch.id)
    for same in (own, Officer("account:x", "a", (RAOPING,))):  # another name of the same person
        refused("same_officer", deciding.release, deps, batch.id, same)
    refused("batch_not_found", deciding.release, deps, batch.id, Officer("account:c", "c", ("114451008W15P11PMR",)))
    assert deciding.release(deps, batch.id, other).state == "released"
    refused("batch_decided", deciding.release, deps, batch.id, other)
    refused("batch_decided", deciding.drop, deps, batch.id, other)
    work.carry_on(deps)
    assert outcomes.as_json(*outcomes.get_batch(deps, batch.id, own))["issued"] == 1


def test_what_would_become_of_a_file_is_told_before_and_becomes_of_it(deps: LicenseDeps, clock: FixedClock) -> None:
    good = [{**GOOD_ROW, "number": f"QA2026{place:08d}"} for place in range(3)]
    issue_many(deps, [issuing.application(deps, number="QA202600000000")], actor="operator:test")
    issue_many(deps, [issuing.application(deps, number="QA202600000009", holder_name="别家")], actor="operator:test")
    bad = [
        {**GOOD_ROW, "holder_id": "1"},
        {**GOOD_ROW, "number": "QA202600000009"},
        {**GOOD_ROW, "number": "", "holder_name": "饶平县\U0002ffff厂"},
    ]
    clock.advance(timedelta(hours=1))
    batch = intake.take_in(deps, issuing.csv_of(*good, *bad), "a.csv", BY, hold=True)
    told = foresight.foresee(deps, batch)
    assert (told.rows, told.issued, told.already) == (6, 2, 1)
    assert [row["code"] for row in told.refused] == ["holder_id_check", "duplicate_number", "glyph_missing"]
    with deps.work.read() as reading:
        assert reading.records.log_size() == 2  # nothing was changed
    assert not work.work_one(deps, batch.id)
    deciding.release(deps, batch.id, BY)
    work.carry_on(deps)
    became = list(outcomes.rows_of(deps, batch))
    assert [row for row in became if row["outcome"] == "refused"] == list(told.refused)
    assert Counter(row["outcome"] for row in became) == {"issued": 2, "already": 1, "refused": 3}


def test_what_was_taken_back_or_never_arrived_or_waits_for_ever_is_removed(
    deps_sqlite: LicenseDeps, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps = deps_sqlite
    taken_back, waiting = (intake.take_in(deps, rows(1), name, BY, hold=True) for name in ("a.csv", "b.csv"))
    monkeypatch.setattr(intake, "_items", dying)
    with pytest.raises(KeyboardInterrupt):
        intake.take_in(deps, rows(3000), "c.csv", BY)
    assert deciding.drop(deps, taken_back.id, BY).state == "dropped"
    assert {batch.name for batch, _progress in outcomes.list_batches(deps, BY)} == {"a.csv", "b.csv"}, "not what never arrived"
    clock.advance(timedelta(days=31))
    deciding.drop_left_over(deps)
    states = {batch.name: batch.state for batch, _progress in outcomes.list_batches(deps, BY)}
    assert states == {"a.csv": "dropped", "b.csv": "dropped", "c.csv": "dropped"}
    refused("batch_decided", deciding.release, deps, waiting.id, BY)
    with deps.work.read() as reading:
        for batch, _progress in outcomes.list_batches(deps, BY):
            assert reading.records.chunks(batch.id, done=False, after=0, limit=9) == []


def dying(found: Iterator[Row]) -> Iterator[dict[str, Any]]:
    """A file of which a part is stored when the process dies."""
    for place, row in enumerate(found):
        if place > 2100:
            raise KeyboardInterrupt
        yield {"row": row.label, "values": dict(row.values), "another": False}
