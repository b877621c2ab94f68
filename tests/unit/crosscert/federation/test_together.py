"""Many peers at once: nobody waits for a slow one, whoever has not begun when the time is up is left for the next run."""

from __future__ import annotations

from threading import Barrier, Event

from crosscert.federation.together import AT_ONCE, Together


def test_all_are_begun_with_at_the_same_time() -> None:
    meeting = Barrier(AT_ONCE)

    def act(code: str) -> str:
        meeting.wait(60)  # breaks unless all are here
        return code.upper()

    with Together(act, 30.0) as run:
        run.begin("abcdefgh"[:AT_ONCE])
        assert run.results() == {code: code.upper() for code in "abcdefgh"[:AT_ONCE]}


def test_a_slow_one_delays_nobody_and_is_waited_for_at_the_end() -> None:
    let_go, done = Event(), Event()

    def act(code: str) -> str:
        if code == "slow":
            assert let_go.wait(30)
        else:
            done.set()
        return code

    with Together(act, 30.0) as run:
        run.begin(["slow"])
        run.wait(0.01)
        run.begin(["slow", "quick"])
        assert done.wait(30), "while the slow one is still at it"
        let_go.set()
        assert run.results() == {"slow": "slow", "quick": "quick"}


def test_whoever_has_not_begun_when_the_time_is_up_has_no_turn() -> None:
    begun: list[str] = []
    with Together(begun.append, 0.0) as run:
        run.begin(["a", "b"])
        assert run.results() == {}
    assert begun == []
