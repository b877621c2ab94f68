"""What is read together is as strict as what is read one by one: remembered clients, tokens asked about, tokens shown, on both engines."""

from __future__ import annotations

from collections.abc import Callable
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
from idp.wire import OAuthResponse
from kernel.clock import FixedClock
from kernel.work import Conflict
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


def test_a_remembered_client_gets_its_token_by_one_statement(provider: Provider, engine: sa.Engine) -> None:
    assert ask(provider).status == 200
    work, opened = provider.deps.work, list[str]()

    class Counting:
        def __getattr__(self, name: str) -> Any:
            opened.append(name)
            return getattr(work, name)

    counted: Any = Counting()
    assert ask(provider, deps=replace(provider.deps, work=counted)).status == 200
    assert opened == ["note"]
    assert len(events(engine, _ACTION)) == 2


@pytest.mark.parametrize("end", [disable, drop_secret, move, take_grant])
def test_what_was_remembered_of_a_client_is_worth_nothing_once_another_process_changed_it(
    provider: Provider, engine: sa.Engine, end: Callable[[Provider], None]
) -> None:
    for _ in range(2):
        assert ask(provider).status == 200
    end(provider)
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
