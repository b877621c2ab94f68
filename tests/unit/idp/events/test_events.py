"""G12: departments are told of account events and tell of them: signed, about people whom they know, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.citizens import levels
from idp.events import receiving, sending
from idp.events.errors import CODES
from idp.notices import cases
from idp.owed_events import PREFIX, owe
from idp.people import accounts
from idp.ports import IdpDeps
from idp.privacy import closing
from idp.signing_keys import keyring
from idp.storage import metadata
from idp.storage.events import SqlEvents
from kernel.clock import FixedClock, timestamp
from kernel.errors import Refusal
from kernel.randomness import token
from pki import jose
from tests.support.databases import first_step_on_sqlite
from tests.support.idp import OPERATOR, Provider
from tests.support.idp_elsewhere import Published

EVENTS = "https://scjg.example.cn/events"
HERE = "http://localhost:8100"
KEY = ec.generate_private_key(ec.SECP256R1())
JWKS = {"keys": [jose.public_jwk(KEY.public_key(), kid="k1", alg="ES256")]}
ANYTHING = st.recursive(
    st.none() | st.text(max_size=20) | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def known(provider: Provider) -> Provider:
    """A provider where one department knows the citizen and wants to be told, another does not know them."""
    provider.add_client("told", events_uri=EVENTS, jwks=JWKS)
    provider.add_client("stranger", events_uri="https://other.example.cn/events", jwks=JWKS)
    provider.browser().tokens(username="chenxiaochao", client_id="told")
    return provider


def subject(deps: IdpDeps) -> str:
    return accounts.get_by_username(deps, "chenxiaochao").id


def door_of(deps: IdpDeps) -> Published:
    assert isinstance(deps.fetch, Published)
    return deps.fetch


def event_of(deps: IdpDeps, *, typ: str = "secevent+jwt", key: Any = KEY, **changes: Any) -> bytes:
    """Return a good event of the department about the citizen, with ``changes`` (None leaves one out)."""
    claims = {
        "iss": "told",
        "aud": deps.issuer,
        "iat": timestamp(deps.clock.now()),
        "jti": token(8),
        "sub_id": {"format": "iss_sub", "iss": deps.issuer, "sub": subject(deps)},
        "events": {PREFIX + "credential-compromise": {}},
        **changes,
    }
    good = {name: value for name, value in claims.items() if value is not None}
    return jose.sign(good, key, kid="k1", alg="ES256", typ=typ).encode()


# Sending.


def test_g12_who_knows_an_account_is_told_until_it_was_taken_by_the_same_jti(known: Provider, clock: FixedClock) -> None:
    deps, door = known.deps, door_of(known.deps)
    accounts.disable(deps, subject(deps), actor=OPERATOR)
    assert sending.deliver(deps) == 0
    clock.advance(timedelta(minutes=1))
    door.answers[EVENTS] = 202
    assert (sending.deliver(deps), sending.deliver(deps)) == (1, 0)
    assert [url for url, _ in door.posted if url.startswith("https://other")] == [], "it knows nobody"
    expected = {"algorithms": ("ES256",), "typ": "secevent+jwt", "audience": "told", "issuer": deps.issuer}
    told = [
        jose.verify(posted["set"], keyring(deps).verifying, now=clock.now(), require=("jti", "iat", "toe"), **expected)  # type: ignore[arg-type]
        for url, posted in door.posted
        if url == EVENTS
    ]
    assert len({one["jti"] for one in told}) == 1 < len(told) == 2
    assert told[0]["events"] == {PREFIX + "account-disabled": {}}
    assert told[0]["sub_id"] == {"format": "iss_sub", "iss": deps.issuer, "sub": subject(deps)}
    assert "exp" not in told[0]


@pytest.mark.parametrize(("status", "hours", "tries"), [(400, 0, 1), (500, 25, 2), (0, 25, 2)])
def test_what_is_refused_or_not_taken_within_a_day_ends(
    known: Provider, clock: FixedClock, status: int, hours: int, tries: int
) -> None:
    deps, door = known.deps, door_of(known.deps)
    door.answers[EVENTS] = status
    accounts.disable(deps, subject(deps), actor=OPERATOR)
    sending.deliver(deps)
    clock.advance(timedelta(hours=hours))
    for _ in range(3):
        sending.deliver(deps)
        clock.advance(timedelta(hours=3))
    assert len([url for url, _ in door.posted if url == EVENTS]) == tries
    assert list(sending.find_untold(deps).values()) == [1]  # an admin hears of it, for some days
    clock.advance(timedelta(days=3))
    assert not sending.find_untold(deps)


def test_what_was_not_taken_is_found_by_its_own_index_and_not_past_all_that_was(tmp_path: Path, clock: FixedClock) -> None:
    def ask(connection: sa.Connection) -> None:
        SqlEvents(connection).untold_events(clock.now(), but="paused")

    assert "idp_event_deliveries_untold (" in first_step_on_sqlite(tmp_path, metadata, ask)


def test_what_a_client_that_is_away_is_owed_is_not_in_the_way_of_others(known: Provider, clock: FixedClock) -> None:
    deps, door = known.deps, door_of(known.deps)
    accounts.disable(deps, subject(deps), actor=OPERATOR)
    accounts.enable(deps, subject(deps), actor=OPERATOR)
    assert sending.deliver(deps) == 0
    assert [url for url, _ in door.posted] == [EVENTS], "it is asked once"
    with deps.work.read() as work:
        assert work.records.due_events(clock.now(), limit=9) == []
    clock.advance(timedelta(minutes=1))
    door.answers[EVENTS] = 202
    assert sending.deliver(deps) == 2


def owed(deps: IdpDeps) -> list[str]:
    with deps.work.read() as work:
        return [one.event for one in work.records.due_events(deps.clock.now(), limit=9)]


def test_departments_are_told_of_an_account_that_was_closed(known: Provider, clock: FixedClock) -> None:
    deps = known.deps
    with deps.work.begin() as work:
        record = work.records.find_account(subject(deps))
        assert record is not None
        closing.begin_within(deps, work, record, actor=OPERATOR)
    assert owed(deps) == []
    clock.advance(timedelta(seconds=deps.policies.assurance.closing_seconds))
    assert closing.close_due(deps) == 1
    assert owed(deps) == ["account-disabled"]


def test_departments_are_told_of_an_account_whose_number_was_proven_to_be_somebody_elses(known: Provider) -> None:
    deps = known.deps
    mine = accounts.get_by_username(deps, "chenxiaochao")
    other = known.add_account("another")
    proven = replace(other, name=mine.name, resident_id=mine.resident_id)
    with deps.work.begin() as work:
        levels.raise_to(work, deps, proven, levels.COUNTER, actor=OPERATOR, now=deps.clock.now())
    assert owed(deps) == ["account-disabled"]


def test_g12_an_identifier_that_changed_is_told_to_whom_it_was_told(known: Provider) -> None:
    """RISC names the old value; it is not told again, so the subject is the ``sub``."""
    deps = known.deps
    with deps.work.begin() as work:
        mine = accounts.get_by_username(deps, "chenxiaochao")
        levels.raise_to(work, deps, replace(mine, name="陈小潮"), levels.COUNTER, actor=OPERATOR, now=deps.clock.now())
    assert owed(deps) == ["identifier-changed"], "it was told the name"
    with deps.work.begin() as work:
        owe(work, subject(deps), "identifier-changed", deps.clock.now(), of=("phone_number",))
    assert owed(deps) == ["identifier-changed"], "nor the number, which it was not told"


# Receiving.


def push(provider: Provider, body: bytes, content_type: str = "application/secevent+jwt") -> tuple[int, str]:
    answer = provider.app.test_client().post("/api/v1/account-events", data=body, content_type=content_type)
    return answer.status_code, answer.get_json()["err"] if answer.data else ""


def test_g12_an_event_opens_one_case_however_often_it_is_sent(known: Provider) -> None:
    deps = known.deps
    body = event_of(deps)
    assert push(known, body) == push(known, body) == (202, "")
    (case,) = cases.listed(deps, decided=False)
    shown = cases.show(deps, case.id, actor="account:officer")
    assert shown.notice is not None
    assert "可能有安全问题" in shown.notice.text.zh
    assert known.browser().log_in().status_code == 303, "a department ends nothing by itself"


def test_g12_a_system_that_knows_people_pairwise_names_them_by_its_own_sub(known: Provider) -> None:
    known.add_client("pairwise", subject_type="pairwise", jwks=JWKS)
    tokens = known.browser().tokens(username="chenxiaochao", client_id="pairwise")
    sub = jose.unverified_claims(tokens["id_token"].encode())["sub"]
    told = {"iss": "pairwise", "sub_id": {"format": "iss_sub", "iss": HERE, "sub": sub}}
    assert sub != subject(known.deps)
    assert push(known, event_of(known.deps, **told)) == (202, "")
    assert len(cases.listed(known.deps, decided=False)) == 1
    public = {"format": "iss_sub", "iss": HERE, "sub": subject(known.deps)}
    assert push(known, event_of(known.deps, **told | {"sub_id": public})) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "nobody"}, "invalid_key"),
        ({"iss": "scjg"}, "invalid_key"),
        ({"key": ec.generate_private_key(ec.SECP256R1())}, "invalid_key"),
        ({"typ": "JWT"}, "invalid_key"),
        ({"typ": "logout+jwt"}, "invalid_key"),
        ({"jti": None}, "invalid_key"),
        ({"aud": "https://another.example.cn"}, "invalid_audience"),
        ({"aud": [HERE, "https://another.example.cn"]}, "invalid_audience"),
        ({"iat": 1}, "invalid_request"),
        ({"iss": "stranger"}, "invalid_request"),
        ({"sub_id": {"format": "iss_sub", "iss": HERE, "sub": "sub.nobody"}}, "invalid_request"),
        ({"sub_id": {"format": "email", "email": "c@example.cn"}}, "invalid_request"),
        ({"sub_id": {"format": "iss_sub", "iss": "https://another", "sub": "x"}}, "invalid_request"),
        ({"events": {PREFIX + "account-purged": {}}}, "invalid_request"),
        ({"events": {}}, "invalid_request"),
        ({"events": {PREFIX + "account-disabled": {}, PREFIX + "credential-compromise": {}}}, "invalid_request"),
        ({"events": []}, "invalid_request"),
        ({"jti": ""}, "invalid_request"),
        ({"jti": "a\0"}, "invalid_request"),
        ({"sub_id": {"format": "iss_sub", "iss": HERE, "sub": "\0"}}, "invalid_request"),
    ],
)
def test_what_is_not_a_systems_own_word_about_somebody_it_knows_is_refused(
    known: Provider, changes: dict[str, Any], error: str
) -> None:
    assert push(known, event_of(known.deps, **changes)) == (400, error)
    assert cases.listed(known.deps, decided=False) == []


def test_what_is_no_event_at_all_is_refused(known: Provider) -> None:
    assert push(known, b"") == push(known, b"x" * 20_000) == (400, "invalid_request")
    assert push(known, event_of(known.deps), "text/plain") == (400, "invalid_request")


def test_a_name_that_no_database_can_be_asked_for_is_refused(deps: IdpDeps) -> None:
    body = jose.sign({"iss": "told\0"}, KEY, kid="k1", alg="ES256", typ="secevent+jwt").encode()
    with pytest.raises(Refusal) as caught:
        receiving.receive(deps, body, address="192.0.2.1")
    assert caught.value.code == "event_key"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=200), value=ANYTHING)
def test_anything_else_is_one_of_the_named_refusals(known: Provider, octets: bytes, value: Any) -> None:
    for body in (octets, b"e30." + octets, event_of(known.deps, events=value), event_of(known.deps, sub_id=value)):
        with pytest.raises(Refusal) as caught:
            receiving.receive(known.deps, body, address="192.0.2.1")
        assert caught.value.error in CODES
