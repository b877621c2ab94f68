"""What is read together is as strict as what is read one by one: remembered clients, tokens asked about, tokens shown, on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from idp import dispatch, endpoints
from idp.clients import registry, secrets
from idp.ports import IdpDeps
from idp.records import Grant, RefreshToken, Use
from idp.tokens import recurring
from idp.wire import OAuthResponse
from kernel.clock import FixedClock
from kernel.work import Conflict
from pki import jose
from tests.support.idp import OPERATOR, Provider, another_process, basic, events, json_of

_ACTION = "idp.client_credentials"


@pytest.fixture
def provider(deps: IdpDeps) -> Provider:
    made = Provider(deps)
    made.add_client("system", grant_types=("client_credentials",), redirect_uris=(), scope="openid profile")
    made.add_client()
    return made


def ask(provider: Provider, secret: str | None = None, deps: IdpDeps | None = None, **changes: str) -> OAuthResponse:
    """Ask for a token of a process that remembers the client, and the words that were understood, from the time before."""
    return dispatch.answer(deps or provider.deps, endpoints.TOKEN, words(provider, secret, **changes))


def words(provider: Provider, secret: str | None = None, **changes: str) -> dict[str, Any]:
    body = urlencode({"grant_type": "client_credentials", **changes}).encode()
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": basic("system", secret or provider.secrets["system"]),
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.input": BytesIO(body),
    }


def change(provider: Provider, **changes: Any) -> None:
    """Register the client otherwise, as another process does."""
    deps = another_process(provider.deps)
    with deps.work.begin() as work:
        client = replace(registry.get(deps, "system"), **changes)
        registry.replace_client(deps, work, client, actor=OPERATOR, action="idp.update_client")


def disable(provider: Provider) -> None:
    registry.disable(another_process(provider.deps), "system", actor=OPERATOR)


def drop_secret(provider: Provider) -> None:
    deps = another_process(provider.deps)
    secrets.add(deps, "system", actor=OPERATOR)
    secrets.drop(deps, "system", "older", actor=OPERATOR)


def move(provider: Provider) -> None:
    change(provider, addresses=("198.51.100.0/24",))


def take_grant(provider: Provider) -> None:
    change(provider, grant_types=("authorization_code",))


def test_a_remembered_client_gets_its_token_by_one_statement_and_for_a_moment_by_none(
    provider: Provider, engine: sa.Engine, clock: FixedClock
) -> None:
    assert ask(provider).status == 200
    work, opened = provider.deps.work, list[str]()

    class Counting:
        def __getattr__(self, name: str) -> Any:
            opened.append(name)
            return getattr(work, name)

    counted: Any = Counting()
    counting = replace(provider.deps, work=counted)
    for _ in range(3):
        assert ask(provider, deps=counting).status == 200
    assert opened == ["note"]
    clock.advance(recurring.BELIEVED)
    for _ in range(2):
        assert ask(provider, deps=counting).status == 200
    assert opened == ["note", "note"]
    assert len(events(engine, _ACTION)) == 6


def test_tokens_are_alike_and_told_of_alike_whether_the_database_was_asked_or_not(provider: Provider, engine: sa.Engine) -> None:
    answers = [json_of(ask(provider, scope="profile")) for _ in range(4)]
    said = [jose.unverified_claims(answer.pop("access_token")) for answer in answers]
    assert answers == [answers[0]] * 4
    assert len({claims.pop("jti") for claims in said}) == 4
    assert said == [said[0]] * 4
    told = [event | {"number": 0} for event in events(engine, _ACTION)]
    assert told == [told[0]] * 4


def test_where_no_event_can_be_kept_beside_the_database_it_is_asked_each_time(provider: Provider, engine: sa.Engine) -> None:
    class Full:
        def append(self, _: object) -> bool:
            return False

    deps = replace(provider.deps, spool=Full())
    for _ in range(4):
        assert ask(provider, deps=deps).status == 200
    assert len(events(engine, _ACTION)) == 4


@pytest.mark.parametrize("end", [registry.disable, lambda deps, name, actor: secrets.add(deps, name, actor=actor)])
def test_what_this_process_changes_it_does_not_believe_for_another_moment(provider: Provider, end: Callable[..., object]) -> None:
    for _ in range(3):
        assert ask(provider).status == 200
    end(provider.deps, "system", actor=OPERATOR)
    assert ask(provider).status == (401 if end is registry.disable else 200)
    assert "recurring" not in provider.deps.kept or not provider.deps.kept["recurring"]._found


@pytest.mark.parametrize(
    "end",
    [
        lambda deps: registry.disable(deps, "system", actor=OPERATOR),
        lambda deps: secrets.drop(deps, "system", "older", actor=OPERATOR),
        lambda deps: registry.update(deps, replace(registry.get(deps, "system"), addresses=("198.51.100.0/24",)), actor=OPERATOR),
    ],
)
def test_nor_what_the_database_said_before_the_change_was_committed(
    provider: Provider, engine: sa.Engine, end: Callable[[IdpDeps], object]
) -> None:
    secrets.add(provider.deps, "system", actor=OPERATOR)
    assert ask(provider).status == 200
    work = provider.deps.work

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return self.begin_slowly if name == "begin" else getattr(work, name)

        @contextmanager
        def begin_slowly(self) -> Iterator[Any]:
            with work.begin() as opened:
                yield opened
                if engine.dialect.name == "postgresql":  # on SQLite whoever asks for a token waits for the change
                    for _ in range(3):
                        assert ask(provider).status == 200

    slow: Any = Slow()
    end(replace(provider.deps, work=slow))
    assert ask(provider).status == 401


@pytest.mark.parametrize("back", [-1, 1])
def test_what_was_found_at_another_time_is_not_believed(provider: Provider, clock: FixedClock, back: int) -> None:
    for _ in range(3):
        assert ask(provider).status == 200
    disable(provider)
    assert ask(provider).status == 200, "a quarter of a second at most"
    clock.advance(back * recurring.BELIEVED)
    assert ask(provider).status == 401


@pytest.mark.parametrize("end", [disable, drop_secret, move, take_grant])
def test_what_was_remembered_of_a_client_is_worth_nothing_once_another_process_changed_it(
    provider: Provider, engine: sa.Engine, clock: FixedClock, end: Callable[[Provider], None]
) -> None:
    for _ in range(2):
        assert ask(provider).status == 200
    end(provider)
    clock.advance(recurring.BELIEVED)
    for _ in range(2):
        assert ask(provider).status in {400, 401}
    assert len(events(engine, _ACTION)) == 2


def test_a_remembered_client_gets_at_once_what_it_was_registered_for_since(provider: Provider) -> None:
    assert ask(provider).status == 200
    assert ask(provider, scope="identity").status == 400
    change(provider, scopes=("openid", "profile", "identity"))
    assert json_of(ask(provider, scope="identity"))["scope"] == "identity"


def test_another_secret_than_a_remembered_clients_is_refused(provider: Provider) -> None:
    assert ask(provider).status == 200
    assert ask(provider, "another").status == 401


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"HTTP_AUTHORIZATION": basic("system", "another")}, 401),
        ({"HTTP_AUTHORIZATION": ""}, 401),
        ({"QUERY_STRING": "client_secret=x"}, 400),
        ({"CONTENT_TYPE": "application/json"}, 400),
        ({"REMOTE_ADDR": "198.51.100.1"}, 401),
        ({"HTTP_DPOP": "no proof"}, 400),
        ({"REQUEST_METHOD": "GET"}, 405),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_words_that_were_understood_say_nothing_of_others(
    provider: Provider, engine: sa.Engine, changed: dict[str, Any], status: int
) -> None:
    change(provider, addresses=("192.0.2.0/24",))
    for _ in range(3):
        assert ask(provider).status == 200
    assert dispatch.answer(provider.deps, endpoints.TOKEN, words(provider) | changed).status == status
    assert ask(provider, scope="identity").status == 400
    assert ask(provider).status == 200
    assert len(events(engine, _ACTION)) == 4


def test_of_words_that_were_understood_no_secret_is_kept(provider: Provider) -> None:
    for _ in range(3):
        assert ask(provider).status == 200
    (kept,) = provider.deps.kept["recurring"]._found.items()
    secret = provider.secrets["system"]
    assert secret
    assert secret not in repr(kept)
    assert basic("system", secret).split()[1] not in repr(kept)


def test_that_a_secret_is_in_use_is_noted_though_its_words_are_known(provider: Provider, clock: FixedClock) -> None:
    for _ in range(2):
        assert ask(provider).status == 200
    clock.advance(timedelta(hours=1))
    assert ask(provider).status == 200
    with provider.deps.work.read() as work:
        assert set(work.records.secret_uses(["system"]).values()) == {clock.now()}


def test_whoever_asks_about_a_token_is_read_with_it_and_must_stand_as_ever(provider: Provider) -> None:
    value = json_of(ask(provider))["access_token"]

    def told(client_id: str) -> OAuthResponse:
        return provider.post(endpoints.INTROSPECT, {"token": value}, client_id=client_id)

    assert json_of(told("system"))["active"] is True
    assert json_of(told("scjg")) == {"active": False}, "another's"
    provider.secrets["nobody"] = "x"
    assert told("nobody").status == 401
    registry.disable(another_process(provider.deps), "scjg", actor=OPERATOR)
    assert told("scjg").status == 401
    disable(provider)
    assert told("system").status == 401


@pytest.mark.parametrize("before", ["used", "revoked", "gone"])
def test_a_token_that_cannot_be_used_leaves_no_successor_and_no_trace_of_one(
    deps: IdpDeps, engine: sa.Engine, clock: FixedClock, before: str
) -> None:
    now, count = clock.now(), "SELECT count(*) FROM idp_refresh_tokens"
    token = RefreshToken(bytes(32), "g", "scjg", now, now + timedelta(days=1))
    with deps.work.begin() as opened:
        opened.records.add_grant(Grant("g", "scjg", "sub.somebody", "s", ("openid",), "acr", ("pwd",), now, now))
        opened.records.add_refresh_token(token)

    def rotate(number: int) -> None:
        with deps.work.begin() as opened:
            opened.records.rotate_refresh_token(
                token.token_hash, replace(token, token_hash=bytes([number]) * 32), Use(clock.now(), b"")
            )

    if before == "used":
        rotate(1)
    with engine.begin() as connection:
        if before == "revoked":
            connection.execute(sa.text("UPDATE idp_grants SET revoked_at = 1"))
        if before == "gone":
            connection.execute(sa.text("DELETE FROM idp_refresh_tokens"))
        stored = connection.scalar(sa.text(count))
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Conflict):
        rotate(2)
    with engine.connect() as connection:
        assert connection.scalar(sa.text(count)) == stored
