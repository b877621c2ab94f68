"""Departments set up the account events that they get, each its own (OpenID Shared Signals Framework 1.0, 8.1)."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp import endpoints
from idp.clients import registry
from idp.events import sending, stream_documents, streams
from idp.events.stream_documents import POLL, PUSH
from idp.owed_events import PREFIX, SUPPORTED
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.event_streams import DELIVERY, EVENTS, HOST, Department, door_of, happen
from tests.support.idp import OPERATOR, Provider, events

PAIRWISE = {"subject_type": "pairwise"}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20) | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def told(provider: Provider) -> Department:
    """A department that knows the citizen, and whose address takes whatever comes."""
    department = Department(provider)
    door_of(provider).answers[EVENTS] = 202
    return department


def heard(department: Department) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return what the department was told: the event, what is said of it, and about whom."""
    found = []
    for _, posted in door_of(department.provider).posted:
        claims = department.read(posted["set"])
        ((event, said),) = claims["events"].items()
        found.append((event.rpartition("/")[2], said, claims["sub_id"]))
    return found


def test_a_system_has_a_stream_changes_it_and_ends_it(told: Department) -> None:
    deps = told.provider.deps
    assert told.call("GET").get_json() == []
    made = told.create(events_requested=[PREFIX + "account-disabled", "https://example.cn/other"], description="市监业务系统")
    assert (made["iss"], made["aud"], made["stream_id"]) == (deps.issuer, "told", "told")
    assert (made["delivery"], made["description"]) == (DELIVERY, "市监业务系统")
    assert made["events_supported"] == list(SUPPORTED)
    assert made["events_delivered"] == [PREFIX + "account-disabled"]
    assert told.ask("POST", delivery=DELIVERY).status_code == 409
    happen(deps)
    assert [event for event, _, _ in heard(told)] == ["account-disabled"], "nothing that was not asked for"
    read = told.call("GET", query_string={"stream_id": "told"})
    assert (read.get_json(), read.headers["Cache-Control"]) == (made, "no-store")
    assert told.call("GET").get_json() == [made]
    changed = told.ask("PATCH", **made | {"events_requested": [PREFIX + "account-enabled"]}).get_json()
    assert (changed["events_delivered"], changed["description"]) == ([PREFIX + "account-enabled"], "市监业务系统")
    replaced = told.ask("PUT", stream_id="told", delivery=DELIVERY).get_json()
    assert replaced["events_delivered"] == list(SUPPORTED)
    assert "description" not in replaced
    assert told.call("DELETE", query_string={"stream_id": "told"}).status_code == 204
    assert told.call("GET", query_string={"stream_id": "told"}).status_code == 404
    assert told.provider.client("told").events_uri is None
    happen(deps)
    assert len(heard(told)) == 1


def test_what_an_admin_registered_is_the_stream_already(provider: Provider) -> None:
    department = Department(provider, events_uri=EVENTS)
    (made,) = department.call("GET").get_json()
    assert (made["delivery"], made["events_delivered"]) == (DELIVERY, list(SUPPORTED))


UNSUITABLE: list[tuple[dict[str, Any], str]] = [
    ({"delivery": {"method": "urn:ietf:rfc:8937"}}, "delivery.method"),
    ({"delivery": {"method": POLL, "endpoint_url": EVENTS}}, "delivery.endpoint_url"),
    ({"delivery": {"method": POLL, "authorization_header": "Bearer x"}}, "delivery.authorization_header"),
    ({"delivery": {"method": PUSH}}, "delivery.endpoint_url"),
    ({"delivery": DELIVERY | {"endpoint_url": "http://scjg.example.cn/x"}}, "delivery.endpoint_url"),
    ({"delivery": DELIVERY | {"endpoint_url": HOST}}, "delivery.endpoint_url"),
    ({"delivery": DELIVERY | {"authorization_header": "a\r\nHost: b"}}, "delivery.authorization_header"),
    ({"delivery": DELIVERY, "events_requested": "all"}, "events_requested"),
    ({"delivery": DELIVERY, "events_requested": ["x"] * 51}, "events_requested"),
    ({"delivery": DELIVERY, "description": "\u202e"}, "description"),
    ({"delivery": DELIVERY, "aud": "another"}, "aud"),
    ({"delivery": DELIVERY, "min_verification_interval": 1}, "min_verification_interval"),
]


def test_what_cannot_be_had_is_refused_by_name_and_changes_nothing(told: Department) -> None:
    client = told.provider.client("told")
    for members, field in UNSUITABLE:
        with pytest.raises(Refusal) as caught:
            streams.create(told.provider.deps, client, json.dumps(members).encode())
        assert (caught.value.error.status, caught.value.field) == (400, field)
    assert told.ask("POST", **UNSUITABLE[0][0]).status_code == 400
    assert told.call("GET").get_json() == []


def test_of_a_system_in_production_events_go_to_no_host_that_no_admin_has_seen(provider: Provider) -> None:
    logout = f"{HOST}/logout"
    department = Department(provider, stage="production", backchannel_logout_uri=logout)
    elsewhere = DELIVERY | {"endpoint_url": "https://evil.example.cn/events"}
    assert department.ask("POST", delivery=elsewhere).status_code == 403
    department.create()
    assert department.ask("PATCH", stream_id="told", delivery=elsewhere).status_code == 403
    assert provider.client("told").events_uri == EVENTS


def test_another_systems_stream_is_as_unknown_as_one_that_is_not_there(told: Department) -> None:
    told.create()
    other = Department(told.provider, "other")
    for stream_id in ("told", "nobody"):
        assert other.call("GET", query_string={"stream_id": stream_id}).status_code == 404
        assert other.call("DELETE", query_string={"stream_id": stream_id}).status_code == 404
        assert other.ask("PATCH", stream_id=stream_id, description="x").status_code == 404
        assert other.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id=stream_id, status="disabled").status_code == 404
        assert other.ask("POST", endpoints.EVENT_STREAM_VERIFY, stream_id=stream_id).status_code == 404
    assert told.call("GET", endpoints.EVENT_STREAM_STATUS, query_string={"stream_id": "told"}).get_json()["status"] == "enabled"


def test_without_the_scope_nothing_is_set_up(told: Department) -> None:
    stranger = told.provider.app.test_client()
    assert stranger.get(endpoints.EVENT_STREAM).status_code == 401
    told.provider.add_client("plain", scope="openid", grant_types=("authorization_code", "client_credentials"))
    answer = told.provider.post(endpoints.TOKEN, {"grant_type": "client_credentials", "scope": "ssf.manage"}, client_id="plain")
    assert answer.status == 400


def test_a_paused_stream_is_told_later_and_a_disabled_one_never(told: Department, clock: FixedClock) -> None:
    deps = told.provider.deps
    told.create()
    paused = told.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id="told", status="paused", reason="维护")
    assert paused.get_json() == {"stream_id": "told", "status": "paused", "reason": "维护"}
    happen(deps)
    assert heard(told) == []
    clock.advance(timedelta(minutes=5))  # what is held back is due before
    told.ask("POST", endpoints.EVENT_STREAM_VERIFY, stream_id="told")
    sending.deliver(deps)
    assert [event for event, _, _ in heard(told)] == ["verification"]
    clock.advance(timedelta(hours=5))
    assert told.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id="told", status="enabled").status_code == 200
    sending.deliver(deps)
    assert {event for event, _, _ in heard(told)[1:]} == {"account-disabled", "account-enabled"}
    told.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id="told", status="disabled")
    happen(deps)
    told.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id="told", status="enabled")
    sending.deliver(deps)
    assert len(heard(told)) == 3
    assert told.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id="told", status="asleep").status_code == 400


def test_what_is_said_of_a_stream_at_the_same_moment_takes_nothing_back_of_its_status(told: Department) -> None:
    told.create(description="市监业务系统")
    with told.provider.deps.work.read() as work:
        before = work.records.find_event_stream("told")
    assert before is not None
    told.ask("POST", endpoints.EVENT_STREAM_STATUS, stream_id="told", status="disabled", reason="维护")
    with told.provider.deps.work.begin() as work:  # read before, written after
        work.records.put_event_stream("told", {"description": "新系统"})
        after = work.records.find_event_stream("told")
    assert after == replace(before, description="新系统", status="disabled", reason="维护")


def test_of_two_that_change_different_things_of_a_stream_at_once_both_count(
    told: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.create(delivery=DELIVERY | {"authorization_header": "Bearer of-the-department"})
    read, others = stream_documents.read, iter([{"events_requested": [PREFIX + "account-disabled"]}])

    def read_late(*arguments: Any) -> stream_documents.Wish:
        wish = read(*arguments)
        for other in others:  # once this one has read what there is
            assert told.ask("PATCH", stream_id="told", **other).status_code == 200
        return wish

    monkeypatch.setattr(stream_documents, "read", read_late)
    answer = told.ask("PATCH", stream_id="told", description="新系统").get_json()
    assert (answer["events_requested"], answer["description"]) == ([PREFIX + "account-disabled"], "新系统")
    assert told.call("GET").get_json() == [answer]
    happen(told.provider.deps)
    assert door_of(told.provider).posted[0][1]["authorization"] == "Bearer of-the-department"
    whole = told.ask("PUT", stream_id="told", delivery=DELIVERY).get_json()
    assert (whole["events_requested"], "description" in whole) == (list(SUPPORTED), False), "nothing counts but what is said"


def damage(sqlite: sa.Engine) -> None:
    with sqlite.begin() as connection:
        connection.execute(sa.text("update idp_event_streams set \"authorization\" = x'0100' where client_id = 'told'"))


def test_what_is_damaged_of_one_stream_holds_up_no_other_and_is_an_alarm_at_once(
    told: Department, sqlite: sa.Engine, clock: FixedClock
) -> None:
    deps, other = told.provider.deps, Department(told.provider, "other")
    shown = DELIVERY | {"authorization_header": "Bearer of-the-department"}
    told.create(delivery=shown)
    other.create()
    damage(sqlite)
    happen(deps)
    assert {event for event, _, _ in heard(other)} == {"account-disabled", "account-enabled"}
    (alarm,) = [one for one in events(sqlite, "idp.tell_event") if one["outcome"] == "failed"]
    assert alarm["target"] == "client:told"
    assert told.ask("PATCH", stream_id="told", delivery=shown).status_code == 200
    clock.advance(timedelta(minutes=1))
    assert sending.deliver(deps) == 2, "nothing was lost"


def test_what_is_damaged_while_a_department_is_away_is_one_alarm_too(
    told: Department, sqlite: sa.Engine, clock: FixedClock
) -> None:
    deps = told.provider.deps
    told.create(delivery=DELIVERY | {"authorization_header": "Bearer of-the-department"})
    door_of(told.provider).answers[EVENTS] = 500
    happen(deps)
    damage(sqlite)
    for _ in range(3):
        clock.advance(timedelta(hours=2))
        assert sending.deliver(deps) == 0
    assert [one["outcome"] for one in events(sqlite, "idp.tell_event")] == ["failed"]


@pytest.mark.parametrize("changes", [{}, PAIRWISE])
def test_a_system_takes_people_out_and_in_again_by_the_sub_that_it_knows(provider: Provider, changes: dict[str, Any]) -> None:
    department = Department(provider, **changes)
    door_of(provider).answers[EVENTS] = 202
    department.create()
    about = department.about()
    assert department.ask("POST", endpoints.EVENT_STREAM_REMOVE, stream_id="told", subject=about).status_code == 204
    happen(provider.deps)
    assert heard(department) == []
    added = department.ask("POST", endpoints.EVENT_STREAM_ADD, stream_id="told", subject=about, verified=True)
    assert (added.status_code, added.data) == (200, b"")
    happen(provider.deps)
    assert {said["sub"] for _, _, said in heard(department)} == {about["sub"]}
    stranger = about | {"sub": "sub.nobody"}
    assert department.ask("POST", endpoints.EVENT_STREAM_REMOVE, stream_id="told", subject=stranger).status_code == 404
    assert department.ask("POST", endpoints.EVENT_STREAM_REMOVE, stream_id="told", subject="x").status_code == 404


def test_a_verification_tells_that_the_stream_works_and_shows_what_the_receiver_wants_shown(
    told: Department, clock: FixedClock
) -> None:
    deps = told.provider.deps
    told.create(delivery=DELIVERY | {"authorization_header": "Bearer of-the-department"})
    assert "of-the-department" not in told.call("GET").text
    assert told.ask("POST", endpoints.EVENT_STREAM_VERIFY, stream_id="told", state="VGhpcyBpcw").status_code == 204
    assert told.ask("POST", endpoints.EVENT_STREAM_VERIFY, stream_id="told").status_code == 429
    assert sending.deliver(deps) == 1
    assert heard(told) == [("verification", {"state": "VGhpcyBpcw"}, {"format": "opaque", "id": "told"})]
    assert door_of(told.provider).posted[0][1]["authorization"] == "Bearer of-the-department"
    clock.advance(timedelta(seconds=30))
    assert told.ask("POST", endpoints.EVENT_STREAM_VERIFY, stream_id="told").status_code == 204


def test_a_header_is_shown_nowhere_but_at_the_address_that_it_was_given_for(told: Department) -> None:
    deps = told.provider.deps
    told.create(delivery=DELIVERY | {"authorization_header": "Bearer of-the-department"})
    other = f"{HOST}/elsewhere"
    door_of(told.provider).answers[other] = 202
    registry.update(deps, replace(told.provider.client("told"), events_uri=other), actor=OPERATOR)
    happen(deps)
    assert [(url, "authorization" in posted) for url, posted in door_of(told.provider).posted] == [(other, False)] * 2


def test_the_transmitter_is_described_and_every_address_in_it_answers(told: Department) -> None:
    said = told.provider.app.test_client().get(endpoints.EVENT_TRANSMITTER).get_json()
    assert (said["issuer"], said["delivery_methods_supported"]) == (told.provider.deps.issuer, [PUSH, POLL])
    for name in ("configuration", "status", "add_subject", "remove_subject", "verification"):
        path = said[f"{name}_endpoint"].removeprefix(told.provider.deps.issuer)
        assert told.ask("POST", path, description=1).status_code in {400, 404}, name


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=80), value=ANYTHING)
def test_whatever_is_said_nothing_but_a_named_refusal_comes_of_it(told: Department, octets: bytes, value: Any) -> None:
    deps, without = told.provider.deps, told.provider.client("told")
    client = replace(without, events_uri=EVENTS)
    names = ("events_requested", "description", "subject", "status", "stream_id", "aud")
    said = [{"stream_id": "told", "delivery": value, name: value} for name in names]
    for body in (octets, *(json.dumps(one).encode() for one in said)):
        with suppress(Refusal):
            streams.create(deps, without, body)
        with suppress(Refusal):
            streams.update(deps, client, body, whole=False)
        with suppress(Refusal):
            streams.change_status(deps, client, body)
        with suppress(Refusal):
            streams.change_subject(deps, client, body, wanted=False)
        with suppress(Refusal):
            streams.verify(deps, client, body)
