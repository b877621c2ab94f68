"""The audit chain: whoever changes, drops or reorders an event changes every hash after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce

from kernel.audit import GENESIS, AuditEvent, chain

FIRST = AuditEvent(
    datetime(2026, 11, 23, 8, tzinfo=UTC), "operator:root", "pki.initialise", "node:445100", details={"ca": "principal"}
)
SECOND = replace(FIRST, action="licenses.issue", target="license:1", outcome="intent")


def last_hash(*events: AuditEvent) -> bytes:
    return reduce(chain, events, GENESIS)


def test_the_same_events_give_the_same_hash() -> None:
    assert last_hash(FIRST, SECOND) == last_hash(replace(FIRST), replace(SECOND))
    assert len(last_hash(FIRST)) == 32


def test_every_field_of_an_event_is_bound() -> None:
    changed = (
        replace(FIRST, at=FIRST.at.replace(microsecond=1)),
        replace(FIRST, actor="operator:other"),
        replace(FIRST, action="pki.revoke"),
        replace(FIRST, target="node:445122"),
        replace(FIRST, outcome="refused"),
        replace(FIRST, details={"ca": "issuing"}),
    )
    assert len({last_hash(event, SECOND) for event in (FIRST, *changed)}) == 7


def test_order_and_omission_are_noticed() -> None:
    assert len({last_hash(FIRST, SECOND), last_hash(SECOND, FIRST), last_hash(SECOND), last_hash(FIRST)}) == 4
