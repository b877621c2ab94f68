"""Departments fetch account events themselves (RFC 8936): each until they have it, and an alarm where nobody does."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp import endpoints
from idp.clients import registry
from idp.events import polling, sending
from idp.events.stream_documents import POLL
from idp.owed_events import PREFIX
from idp.records import POLLED
from idp.storage import metadata
from idp.storage.events import SqlEvents
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.databases import first_step_on_sqlite
from tests.support.event_streams import DELIVERY, EVENTS, Department, door_of, happen
from tests.support.idp import OPERATOR, Provider, events


@pytest.fixture
def told(provider: Provider) -> Department:
    """A department that knows the citizen, and fetches what happens to them."""
    department = Department(provider)
    department.create(delivery={"method": POLL})
    return department


def poll(department: Department, **asked: Any) -> dict[str, Any]:
    answer = department.ask("POST", endpoints.EVENT_STREAM_POLL, **asked)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    return dict(answer.get_json())


def read(department: Department, told: dict[str, Any]) -> list[str]:
    """Return the names of the events in an answer, each of which is a good token for this department."""
    found = []
    for jti, text in told["sets"].items():
        claims = department.read(text)
        assert claims["jti"] == jti
        found.append(next(iter(claims["events"])).rpartition("/")[2])
    return found


def test_events_are_told_until_the_department_says_that_it_has_them(told: Department, sqlite: sa.Engine) -> None:
    assert poll(told) == {"sets": {}}
    happen(told.provider.deps)
    assert door_of(told.provider).posted == []
    first = poll(told, maxEvents=1, returnImmediately=True)
    assert (len(read(told, first)), first["moreAvailable"]) == (1, True)
    both = poll(told)
    assert (sorted(read(told, both)), both.keys()) == (["account-disabled", "account-enabled"], {"sets"})
    assert first["sets"].keys() < both["sets"].keys(), "the same jti"
    assert poll(told, ack=[*first["sets"], "unheard-of"], maxEvents=0) == {"sets": {}, "moreAvailable": True}
    rest = poll(told, ack=[*first["sets"]])
    assert rest["sets"].keys() == both["sets"].keys() - first["sets"].keys()
    assert poll(told, ack=[*rest["sets"]]) == {"sets": {}}
    assert [one["outcome"] for one in events(sqlite, "idp.tell_event")] == ["ok", "ok"], "each is settled once"
    assert not sending.find_untold(told.provider.deps)


def test_what_a_department_cannot_take_is_an_alarm_and_told_no_more(told: Department, sqlite: sa.Engine) -> None:
    happen(told.provider.deps)
    jti = next(iter(poll(told, maxEvents=1)["sets"]))
    said = {"err": "invalid_key", "description": "no key of this name"}
    left = poll(told, setErrs={jti: said, "unheard-of": said})
    assert (len(left["sets"]), jti in left["sets"]) == (1, False)
    (alarm,) = events(sqlite, "idp.tell_event")
    assert (alarm["outcome"], json.loads(alarm["details"])["error"]) == ("failed", "invalid_key: no key of this name")
    assert sending.find_untold(told.provider.deps) == {"told": 1}


def test_what_nobody_fetches_for_a_day_is_an_alarm(told: Department, clock: FixedClock) -> None:
    deps = told.provider.deps
    happen(deps)
    for _ in range(11):
        clock.advance(timedelta(hours=2))
        assert sending.deliver(deps) == 0
    assert not sending.find_untold(deps), "it may come yet"
    assert len(poll(told)["sets"]) == 2
    clock.advance(timedelta(hours=2))
    sending.deliver(deps)
    assert sending.find_untold(deps) == {"told": 2}
    assert poll(told) == {"sets": {}}


def test_of_a_paused_stream_nothing_is_told_but_that_it_works(told: Department) -> None:
    told.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id="told", status="paused")
    happen(told.provider.deps)
    told.ask("POST", endpoints.EVENT_STREAM_VERIFY, stream_id="told")
    shown = poll(told)
    assert read(told, shown) == ["verification"]
    told.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id="told", status="enabled")
    assert sorted(read(told, poll(told, ack=[*shown["sets"]]))) == ["account-disabled", "account-enabled"]


def test_whoever_leaves_open_how_events_come_fetches_them_at_the_address_that_is_told(provider: Provider) -> None:
    department = Department(provider)
    made = department.ask("POST", events_requested=[PREFIX + "account-disabled"]).get_json()
    address = provider.deps.issuer + endpoints.EVENT_STREAM_POLL
    assert made["delivery"] == {"method": POLL, "endpoint_url": address}
    assert department.ask("PATCH", **made).get_json() == made
    happen(provider.deps)
    assert read(department, poll(department)) == ["account-disabled"]
    # Pushed from now on, also what was left to be fetched.
    door_of(provider).answers[EVENTS] = 202
    assert department.ask("PATCH", stream_id="told", delivery=DELIVERY).status_code == 200
    assert department.ask("POST", endpoints.EVENT_STREAM_POLL).status_code == 409
    assert sending.deliver(provider.deps) == 1
    assert department.ask("PUT", stream_id="told").get_json()["delivery"]["method"] == POLL


def test_what_is_fetched_while_it_is_pushed_ends_once(
    provider: Provider, sqlite: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    department, door = Department(provider), door_of(provider)
    department.create()
    door.answers[EVENTS] = 202
    post = door.post

    def change_meanwhile(*asked: Any, **more: Any) -> Any:
        department.ask("PATCH", stream_id="told", delivery={"method": POLL})
        poll(department, ack=[*poll(department)["sets"]])
        return post(*asked, **more)

    monkeypatch.setattr(door, "post", change_meanwhile)
    happen(provider.deps)
    assert len(door.posted) == 1
    told = [(json.loads(one["details"])["event"], one["outcome"]) for one in events(sqlite, "idp.tell_event")]
    assert sorted(told) == [("account-disabled", "ok"), ("account-enabled", "ok")]


def test_nobody_fetches_or_settles_what_is_anothers(told: Department) -> None:
    happen(told.provider.deps)
    jtis = [*poll(told)["sets"]]
    other = Department(told.provider, "other")
    assert other.ask("POST", endpoints.EVENT_STREAM_POLL).status_code == 404
    other.create(delivery={"method": POLL})
    assert poll(other, ack=jtis) == {"sets": {}}
    assert [*poll(told)["sets"]] == jtis
    assert told.provider.app.test_client().post(endpoints.EVENT_STREAM_POLL, json={}).status_code == 401


def test_of_a_system_in_production_an_admin_says_that_events_are_fetched(provider: Provider) -> None:
    department = Department(provider, stage="production", backchannel_logout_uri="https://scjg.example.cn/logout")
    assert department.ask("POST", delivery={"method": POLL}).status_code == 403
    registry.update(provider.deps, replace(provider.client("told"), events_uri=POLLED), actor=OPERATOR)
    assert poll(department) == {"sets": {}}
    assert department.ask("PATCH", stream_id="told", delivery={"method": POLL}).status_code == 200


UNREADABLE: list[tuple[dict[str, Any], str]] = [
    ({"maxEvents": -1}, "maxEvents"),
    ({"maxEvents": True}, "maxEvents"),
    ({"returnImmediately": "yes"}, "returnImmediately"),
    ({"ack": "x"}, "ack"),
    ({"ack": ["x"] * 201}, "ack"),
    ({"ack": ["a\0"]}, "ack"),
    ({"setErrs": []}, "setErrs"),
    ({"setErrs": {"x": "broken"}}, "setErrs"),
    ({"setErrs": {"x": {"err": "\0"}}}, "setErrs"),
    ({"setErrs": {str(number): {} for number in range(201)}}, "setErrs"),
]


def test_what_cannot_be_read_is_refused_by_name(told: Department) -> None:
    client = told.provider.client("told")
    for asked, field in UNREADABLE:
        with pytest.raises(Refusal) as caught:
            polling.poll(told.provider.deps, client, json.dumps(asked).encode())
        assert (caught.value.code, caught.value.field) == ("stream_form", field)


def test_what_a_client_is_owed_is_found_by_its_own_index(tmp_path: Path) -> None:
    def ask(connection: sa.Connection) -> None:
        SqlEvents(connection).owed_events("told", event=None, limit=9)

    assert "idp_event_deliveries_owed (" in first_step_on_sqlite(tmp_path, metadata, ask)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=80), value=ANYTHING)
def test_whatever_is_asked_nothing_but_a_named_refusal_or_an_answer_comes_of_it(
    told: Department, octets: bytes, value: Any
) -> None:
    client = told.provider.client("told")
    said = [{name: value} for name in ("maxEvents", "returnImmediately", "ack", "setErrs")]
    for body in (octets, *(json.dumps(one).encode() for one in said)):
        with suppress(Refusal):
            assert polling.poll(told.provider.deps, client, body) == {"sets": {}}
