"""Names of hosts: a slow server of names takes nobody's time but that of who asks for its names."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from crosscert.http import RequestsFetcher
from crosscert.names import _PENDING, MOST, look_up
from kernel.errors import Refusal


class Resolver:
    """A resolver of names that answers for ``slow…`` only when it is let go."""

    def __init__(self) -> None:
        self.go, self.held, self.asked = Event(), Event(), list[str]()

    def __call__(self, host: str, port: int | None, **_: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.held.set()
            self.go.wait()
        if host == "unknown":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    made = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    yield made
    made.go.set()
    for answer in tuple(_PENDING.values()):  # the threads end
        answer.exception(60)


def test_a_slow_name_is_given_up_in_time_asked_for_once_and_holds_up_no_other(resolver: Resolver) -> None:
    for _ in range(3):
        with pytest.raises(TimeoutError):
            look_up("slow", 443, seconds=0)
    assert resolver.held.wait(60)
    assert look_up("quick", 443, seconds=60) == ["192.0.2.1"]
    assert resolver.asked == ["slow", "quick"]


def test_so_many_names_are_looked_up_at_once_and_no_more(resolver: Resolver) -> None:
    for number in range(MOST):
        with pytest.raises(TimeoutError):
            look_up(f"slow-{number}", 443, seconds=0)
    with pytest.raises(socket.gaierror, match="too many"):
        look_up("quick", 443, seconds=60)
    resolver.go.set()
    assert look_up("slow-0", 443, seconds=60) == ["192.0.2.1"]


def test_what_has_no_address_says_so(resolver: Resolver) -> None:
    with pytest.raises(socket.gaierror):
        look_up("unknown", 443, seconds=60)
    assert resolver.asked == ["unknown"]


def test_a_document_under_a_slow_name_is_refused_when_the_time_is_up(resolver: Resolver) -> None:
    with pytest.raises(Refusal) as caught:
        RequestsFetcher(outward=True).get("https://slow.example/x", below="https://slow.example", max_bytes=10, timeout=0.5)
    assert "too slow" in caught.value.text.en
    assert resolver.asked == ["slow.example"]
