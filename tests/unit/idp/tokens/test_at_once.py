"""Codes and refresh tokens used at once are used as strictly as step by step: by remembered clients, in one transaction, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from idp import endpoints
from idp.clients import registry, secrets
from idp.hashes import digest
from idp.oauth_errors import RESOURCE
from idp.people import accounts
from idp.ports import IdpDeps
from idp.records import Code, Grant, Heir, RefreshToken, Session
from idp.signing_keys import keyring
from idp.storage import SqlIdpRecords, tables
from idp.storage.tables import clients, codes, grants, refresh_tokens, sessions
from idp.tokens.binding import Binding
from idp.tokens.grants import authorization_code, refresh
from idp.wire import OAuthResponse, Parameters
from kernel.clock import FixedClock
from kernel.work import Conflict
from service import audit
from tests.support.idp import CALLBACK, OPERATOR, Provider, another_process, challenge_of, events, json_of

SHOWN, VERIFIER = "what is shown", "v" * 43
FORM = {"refresh_token": SHOWN, "code": SHOWN, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
BY_TOKEN, BY_CODE = "refresh_token", "authorization_code"
REDEEM = {BY_TOKEN: refresh.redeem_at_once, BY_CODE: authorization_code.redeem_at_once}
ACTIONS = {BY_TOKEN: "idp.refresh", BY_CODE: "idp.redeem_code"}

OF_BOTH = (
    (grants.c.revoked_at, 1),
    (grants.c.resources, '["https://api.example.cn"]'),
    (grants.c.mandate_id, "m"),
    (clients.c.disabled_at, 1),
    (clients.c.version, 7),
)
OF_TOKENS = (
    (refresh_tokens.c.used_at, 1),
    (refresh_tokens.c.expires_at, 1),
    (refresh_tokens.c.client_id, "another"),
    (refresh_tokens.c.cnf, '{"jkt":"x"}'),
    (refresh_tokens.c.token_hash, bytes(32)),
    (tables.accounts.c.disabled_at, 1),
    (sessions.c.ended_at, 1),
    (sessions.c.ends_at, 1),
    (sessions.c.idle_seconds, 0),
    (sessions.c.id, "another"),
)
OF_CODES = (
    (codes.c.redeemed_at, 1),
    (codes.c.expires_at, 1),
    (codes.c.client_id, "another"),
    (codes.c.redirect_uri, "https://another.example.cn/"),
    (codes.c.code_challenge, "another"),
    (codes.c.code_challenge, None),
    (codes.c.dpop_jkt, "x"),
    (codes.c.code_hash, bytes(32)),
)


OTHERWISE: tuple[tuple[str, dict[str, str]], ...] = (
    (BY_TOKEN, {"scope": "openid"}),
    (BY_TOKEN, {"resource": "https://api.example.cn"}),
    (BY_TOKEN, {"refresh_token": ""}),
    (BY_CODE, {"resource": "https://api.example.cn"}),
    (BY_CODE, {"redirect_uri": ""}),
    (BY_CODE, {"redirect_uri": "https://another.example.cn/"}),
    (BY_CODE, {"code_verifier": ""}),
    (BY_CODE, {"code_verifier": "w" * 43}),
    (BY_CODE, {"code": ""}),
)


@pytest.fixture
def anywhere(deps: IdpDeps, clock: FixedClock) -> Provider:
    """On both engines: a provider with a code and a refresh token of one grant, which ends with its session."""
    made = Provider(deps)
    made.add_client()
    made.add_account()
    grant(made, clock)
    return made


@pytest.fixture
def granted(provider: Provider, clock: FixedClock) -> Provider:
    """The same on SQLite; the client is remembered."""
    grant(provider, clock)
    provider.post(endpoints.INTROSPECT, {"token": "x"})
    return provider


def grant(provider: Provider, clock: FixedClock) -> None:
    now = clock.now()
    later, scopes = now + timedelta(days=1), ("openid", "profile")
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    with provider.deps.work.begin() as work:
        session = Session("s", bytes(32), account.id, "acr", ("pwd",), now, now, now, later, 3600)
        work.records.add_session(session)
        work.records.add_grant(Grant("g", "scjg", account.id, "s", scopes, "acr", ("pwd",), now, now))
        work.records.add_refresh_token(RefreshToken(digest(SHOWN), "g", "scjg", now, later))
        code = Code(digest(SHOWN), "g", "scjg", CALLBACK, challenge_of(VERIFIER), "the-nonce", now, later)
        work.records.add_code(code)


def rows(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        return [connection.execute(sa.select(table)).all() for table in (refresh_tokens, codes, grants, audit.events)]


def put(engine: sa.Engine, column: sa.Column[Any], value: object) -> object:
    """Change a column of the only row of its table, and return what was there."""
    with engine.begin() as connection:
        before: object = connection.scalar(sa.select(column))
        connection.execute(column.table.update().values({column: value}))
    return before


def redeem(provider: Provider, kind: str, **changes: str) -> Any:
    return REDEEM[kind](provider.deps, provider.client("scjg"), Parameters(FORM | changes), Binding())


def ask(provider: Provider, kind: str) -> OAuthResponse:
    return provider.post(endpoints.TOKEN, {**FORM, "grant_type": kind})


@pytest.mark.parametrize("kind", REDEEM)
def test_where_anything_speaks_against_it_nothing_is_done(anywhere: Provider, engine: sa.Engine, kind: str) -> None:
    client = anywhere.client("scjg")
    for column, value in (*OF_BOTH, *(OF_TOKENS if kind == BY_TOKEN else OF_CODES)):
        before = put(engine, column, value)
        stored = rows(engine)
        with pytest.raises(Conflict):
            REDEEM[kind](anywhere.deps, client, Parameters(FORM), Binding())
        assert rows(engine) == stored, column
        put(engine, column, before)
    issue = redeem(anywhere, kind)
    assert (issue.scopes, issue.audience) == (("openid", "profile"), anywhere.deps.issuer)
    assert issue.nonce == ("the-nonce" if kind == BY_CODE else None)
    assert [(event["target"], event["outcome"]) for event in events(engine, ACTIONS[kind])] == [("grant:g", "ok")]
    with pytest.raises(Conflict):
        redeem(anywhere, kind)


def test_in_a_new_database_each_row_is_found_by_its_key(anywhere: Provider, engine: sa.Engine, clock: FixedClock) -> None:
    explain, reads_all = {"sqlite": ("EXPLAIN QUERY PLAN", "SCAN"), "postgresql": ("EXPLAIN", "Seq Scan")}[engine.dialect.name]
    client, heir = anywhere.client("scjg"), Heir(bytes(32), clock.now(), clock.now())
    asked: list[tuple[str, Any]] = []
    with engine.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
        records = SqlIdpRecords(connection)
        records.use_refresh_token(bytes(32), client, heir, asked=b"")
        records.use_code(bytes(32), client, heir, redirect_uri=CALLBACK, code_challenge="", at=clock.now())
        steps = [connection.exec_driver_sql(f"{explain} {text}", values).all() for text, values in asked[:]]
    assert len(steps) >= 6
    assert reads_all not in str(steps)


def test_what_is_asked_for_otherwise_is_left_to_the_steps(granted: Provider, sqlite: sa.Engine) -> None:
    stored = rows(sqlite)
    for kind, changes in OTHERWISE:
        with pytest.raises(Conflict):
            redeem(granted, kind, **changes)
        assert rows(sqlite) == stored, changes


def test_of_a_session_that_ended_what_was_granted_offline_lives_on(granted: Provider, sqlite: sa.Engine) -> None:
    put(sqlite, sessions.c.ended_at, 1)
    put(sqlite, grants.c.offline, value=True)
    assert redeem(granted, BY_TOKEN).refresh_token


def opened_by(provider: Provider, kind: str) -> list[str]:
    """Return which transactions an answer took, which was a good one."""
    keyring(provider.deps)
    deps, opened = provider.deps, list[str]()

    class Counting:
        def __getattr__(self, name: str) -> Any:
            opened.append(name)
            return getattr(deps.work, name)

    counted: Any = Counting()
    provider.deps = replace(deps, work=counted)
    answer = ask(provider, kind)
    provider.deps = deps
    assert {"access_token", "id_token", "refresh_token"} <= json_of(answer).keys()
    return opened


@pytest.mark.parametrize("kind", REDEEM)
def test_a_remembered_client_is_answered_by_one_transaction(granted: Provider, kind: str) -> None:
    assert opened_by(granted, kind) == ["begin"]


@pytest.mark.parametrize("kind", REDEEM)
def test_that_a_secret_is_in_use_is_noted_every_now_and_then_all_the_same(
    granted: Provider, clock: FixedClock, kind: str
) -> None:
    clock.advance(timedelta(minutes=11))
    assert ask(granted, kind).status == 200
    with granted.deps.work.read() as work:
        assert list(work.records.secret_uses(["scjg"]).values()) == [clock.now()]


def test_for_what_is_unusual_the_usual_is_not_tried_each_time(granted: Provider, sqlite: sa.Engine) -> None:
    put(sqlite, grants.c.resources, '["https://api.scjg.example.cn"]')
    granted.add_client("api", redirect_uris=(), grant_types=("client_credentials",), resources=("https://api.scjg.example.cn",))
    assert opened_by(granted, BY_TOKEN) == ["begin", "look", "begin"]
    assert opened_by(granted, BY_CODE) == ["look", "begin"]


def test_a_system_without_refresh_tokens_is_answered_as_fast_and_gets_none(granted: Provider, sqlite: sa.Engine) -> None:
    change(granted, grant_types=("authorization_code",))
    assert redeem(granted, BY_CODE).refresh_token is None
    with pytest.raises(Conflict):
        redeem(granted, BY_CODE)
    assert [event["target"] for event in events(sqlite, "idp.redeem_code")] == ["grant:g"]


def change(provider: Provider, **changes: Any) -> None:
    """Register the client otherwise, as another process does."""
    deps = another_process(provider.deps)
    with deps.work.begin() as work:
        client = replace(registry.get(deps, "scjg"), **changes)
        registry.replace_client(deps, work, client, actor=OPERATOR, action="idp.update_client")


def disable(provider: Provider) -> None:
    registry.disable(another_process(provider.deps), "scjg", actor=OPERATOR)


def drop_secret(provider: Provider) -> None:
    deps = another_process(provider.deps)
    secrets.add(deps, "scjg", actor=OPERATOR)
    secrets.drop(deps, "scjg", "older", actor=OPERATOR)


def move(provider: Provider) -> None:
    change(provider, addresses=("198.51.100.0/24",))


def take_grants(provider: Provider) -> None:
    change(provider, grant_types=("client_credentials",))


def bind(provider: Provider) -> None:
    change(provider, dpop_bound_access_tokens=True)


@pytest.mark.parametrize("kind", REDEEM)
@pytest.mark.parametrize("end", [disable, drop_secret, move, take_grants, bind])
def test_what_was_remembered_of_a_client_is_worth_nothing_once_another_process_changed_it(
    granted: Provider, sqlite: sa.Engine, kind: str, end: Callable[[Provider], None]
) -> None:
    end(granted)
    stored = rows(sqlite)
    for _ in range(2):  # the second time, what it is now may be remembered
        assert ask(granted, kind).status in {400, 401}
    assert rows(sqlite)[:3] == stored[:3]
    assert not events(sqlite, ACTIONS[kind])


@pytest.mark.parametrize("kind", REDEEM)
def test_a_remembered_client_is_told_at_once_of_what_it_was_registered_for_since(granted: Provider, kind: str) -> None:
    change(granted, scopes=("openid",))
    assert json_of(ask(granted, kind))["scope"] == "openid"


def test_a_refusal_tells_what_is_wrong_as_ever(granted: Provider, sqlite: sa.Engine) -> None:
    put(sqlite, grants.c.resources, '["https://api.example.cn"]')
    assert json_of(ask(granted, BY_TOKEN))["code"] == RESOURCE.code
    assert [event["outcome"] for event in events(sqlite, "idp.refresh")] == ["refused"]
