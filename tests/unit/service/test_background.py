"""What is done beside the requests: soon, a little of it, and finished before the process ends."""

from __future__ import annotations

from threading import Event, get_ident

from service.background import _THREADS, _WAITING, Background


def test_nobody_waits_for_it_and_it_is_done_by_somebody_else() -> None:
    background, go, done = Background(), Event(), []

    def act() -> None:
        go.wait()
        done.append(get_ident())

    background(act)
    assert done == []
    go.set()
    background.close()
    assert done != [get_ident()]
    assert len(done) == 1


def test_what_comes_when_too_much_waits_is_left_to_others() -> None:
    background, go, done = Background(), Event(), []

    def act() -> None:
        go.wait()
        done.append(None)

    for _ in range(2 * (_THREADS + _WAITING)):
        background(act)
    go.set()
    background.close()
    assert len(done) == _WAITING


def test_a_failure_takes_nobodys_place() -> None:
    background = Background()

    def fail() -> None:
        raise LookupError

    for _ in range(2 * _WAITING):
        done = Event()
        background(fail)
        background(done.set)
        assert done.wait(60)
    background.close()
