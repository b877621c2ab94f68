"""What may happen once happens once, however many try at the same moment, on both engines."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from idp import endpoints, signing_keys
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.clients.grant_types import DEVICE_CODE
from idp.device import authorization
from idp.dispatch import ENDPOINTS
from idp.events import polling
from idp.hashes import digest
from idp.interaction import login
from idp.people import accounts, one_time_codes, throttle
from idp.ports import IdpDeps
from idp.records import POLLED, EventDelivery, Grant, Session
from idp.recovery import window
from idp.wire import NOTHING, OAuthRequest, OAuthResponse, Parameters
from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.randomness import token
from tests.support import kiosk
from tests.support.idp import (
    OPERATOR,
    PASSWORD,
    TOTP_SECRET,
    Provider,
    add_account,
    add_client,
    another_process,
    basic,
    events,
    json_of,
    with_limits,
)

CROWD = 50


def at_once(times: int, act: Callable[[int], Any]) -> list[Any]:
    """Do ``act`` in so many threads that start together; a Refusal is a result too."""
    barrier = Barrier(times)

    def one(number: int) -> Any:
        barrier.wait()
        try:
            return act(number)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@pytest.fixture
def crowded(deps: IdpDeps) -> Provider:
    provider = Provider(deps)
    provider.add_account()
    provider.add_client()
    provider.post(endpoints.INTROSPECT, {"token": "x"})
    return provider


def ask(provider: Provider, form: dict[str, str], number: int) -> OAuthResponse:
    # Every other caller is a process of its own, which takes each step; the others remember the client, and use things up at once.
    deps = another_process(provider.deps) if number % 2 else provider.deps
    request = OAuthRequest("POST", NOTHING, Parameters(form), basic("scjg", provider.secrets["scjg"]))
    return ENDPOINTS[endpoints.TOKEN](deps, request)


def test_requirement_7_a_code_redeemed_fifty_times_at_once_yields_exactly_one_token_set(crowded: Provider) -> None:
    back = crowded.browser().authorize(username="chenxiaochao")
    form = {
        "grant_type": "authorization_code",
        "code": back["code"],
        "redirect_uri": "https://scjg.example.cn/callback",
        "code_verifier": crowded.verifier,
    }
    answers = at_once(CROWD, lambda number: ask(crowded, form, number))
    good = [answer for answer in answers if answer.status == 200]
    assert len(good) == 1
    assert {json_of(answer)["error"] for answer in answers if answer.status != 200} == {"invalid_grant"}
    assert crowded.userinfo(json_of(good[0])["access_token"]).status == 401, "the replays revoked it"


def test_requirement_8_a_refresh_token_used_fifty_times_at_once_yields_exactly_one_token_set(
    crowded: Provider, engine: sa.Engine
) -> None:
    first = crowded.browser().tokens(username="chenxiaochao")["refresh_token"]
    answers = at_once(CROWD, lambda number: ask(crowded, {"grant_type": "refresh_token", "refresh_token": first}, number))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from idp_refresh_tokens")).scalar() == 2


def test_requirement_8_of_several_things_that_are_asked_for_at_once_by_one_refresh_token_one_is_had(crowded: Provider) -> None:
    first = crowded.browser().tokens(username="chenxiaochao", scope="openid profile phone")["refresh_token"]
    scopes = ["openid", "openid profile", "openid phone", "profile"] * 3
    form = {"grant_type": "refresh_token", "refresh_token": first}
    answers = [
        json_of(one) for one in at_once(len(scopes), lambda number: ask(crowded, form | {"scope": scopes[number]}, number))
    ]
    good = [one for one in answers if "error" not in one]
    assert (len(good), len({one["access_token"] for one in good})) == (3, 1)
    assert {one["code"] for one in answers if "error" in one} == {"oauth_refresh_otherwise"}
    assert ask(crowded, form | {"refresh_token": good[0]["refresh_token"]}, 0).status == 200, "and nobody has to log in again"


def test_a_device_code_redeemed_by_many_at_once_yields_exactly_one_token_set(crowded: Provider) -> None:
    crowded.add_client("kiosk", grant_types=(DEVICE_CODE, "refresh_token"), redirect_uris=())
    asked = kiosk.ask(crowded)
    kiosk.approve(crowded.browser(), asked["user_code"])
    answers = at_once(20, lambda _: kiosk.poll(crowded, asked["device_code"]))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 19


def test_one_address_is_given_no_code_too_many_by_asking_at_once(deps: IdpDeps) -> None:
    few, public = with_limits(deps, kiosk_codes=3), {"token_endpoint_auth_method": "none"}
    client = add_client(deps, "kiosk", grant_types=(DEVICE_CODE,), redirect_uris=(), **public).client
    answers = at_once(12, lambda _: authorization.ask(few, client, NOTHING, address="192.0.2.1"))
    assert sum(isinstance(answer, dict) for answer in answers) == 3
    assert {answer.code for answer in answers if isinstance(answer, Refusal)} == {"kiosk_throttled"}


def test_one_kiosks_request_is_decided_once(crowded: Provider) -> None:
    crowded.add_client("kiosk", grant_types=(DEVICE_CODE,), redirect_uris=())
    device_code = kiosk.ask(crowded)["device_code"]
    with crowded.deps.work.read() as work:
        found = work.records.find_device_code(digest(device_code))
    assert found is not None

    def decide(number: int) -> bool:
        with crowded.deps.work.begin() as work:
            return work.records.decide_device_request(found.id, f"grant-{number}", crowded.deps.clock.now())

    assert at_once(10, decide).count(True) == 1


def test_an_event_that_is_fetched_and_acknowledged_by_many_at_once_is_settled_once(deps: IdpDeps, engine: sa.Engine) -> None:
    client = add_client(deps, "told", events_uri=POLLED).client
    for jti in ("first", "second"):
        with deps.work.begin() as work:
            work.records.owe_event(EventDelivery(jti, "told", "", "verification", deps.clock.now(), deps.clock.now()))
    answers = at_once(10, lambda _: polling.poll(deps, client, b'{"ack": ["first"], "setErrs": {"first": {"err": "late"}}}'))
    assert {tuple(answer["sets"]) for answer in answers} == {("second",)}
    assert [(event["outcome"], json.loads(event["details"])["jti"]) for event in events(engine, "idp.tell_event")] == [
        ("ok", "first")
    ]


def test_events_that_are_acknowledged_at_once_in_any_order_are_settled_without_waiting_for_each_other(
    deps: IdpDeps, engine: sa.Engine
) -> None:
    client = add_client(deps, "told", events_uri=POLLED).client
    jtis = [f"event-{number}" for number in range(30)]
    with deps.work.begin() as work:
        for jti in jtis:
            work.records.owe_event(EventDelivery(jti, "told", "", "verification", deps.clock.now(), deps.clock.now()))
    asked = [json.dumps({"ack": order}).encode() for order in (jtis, jtis[::-1])]
    assert at_once(8, lambda number: polling.poll(deps, client, asked[number % 2])) == [{"sets": {}}] * 8
    assert len(events(engine, "idp.tell_event")) == len(jtis)


def test_what_is_lent_while_its_lender_logs_out_everywhere_is_over_too(crowded: Provider) -> None:
    deps = crowded.deps
    whose = accounts.get_by_username(deps, "chenxiaochao").id
    for _ in range(3):
        with deps.work.begin() as work:
            lender = sessions.start(work, deps, whose, ("pwd",), Device("192.0.2.1")).session

        def lend(number: int, lender: Session = lender) -> bool:
            with deps.work.begin() as work:
                if number == 0:
                    return work.records.end_sessions(whose, deps.clock.now()) > 0
                return sessions.lend(work, deps, lender, token(16), Device(f"192.0.2.{number}")) is not None

        assert at_once(8, lend)[0]
        assert not lend(1), "it has ended"
        with deps.work.read() as work:
            assert work.records.sessions(whose) == []


def test_what_is_granted_while_somebody_logs_out_everywhere_is_revoked_too(deps: IdpDeps, engine: sa.Engine) -> None:
    add_client(deps)
    whose, now = add_account(deps).id, deps.clock.now()
    with deps.work.begin() as work:
        session = sessions.start(work, deps, whose, ("pwd",), Device("192.0.2.1")).session

    def end() -> int:
        with deps.work.begin() as work:
            return work.records.end_sessions(whose, now)

    with ThreadPoolExecutor(1) as pool, engine.connect() as watching:
        with deps.work.begin() as work:
            work.records.add_grant(Grant("g", "scjg", whose, session.id, ("openid", "offline_access"), "acr", ("pwd",), now, now))
            work.records.tell_client(session.id, "scjg", now)
            assert work.records.find_grant("g") is not None, "and nothing is put off any more"
            ending = pool.submit(end)
            while engine.dialect.name == "postgresql" and not watching.scalar(
                sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            ):
                assert not ending.done()
        assert ending.result() == 1
    with deps.work.read() as work:
        granted = work.records.find_grant("g")
    assert granted is not None
    assert granted.revoked_at == now


def test_whoever_passed_the_old_password_and_a_recovery_at_once_leave_no_session(deps: IdpDeps, clock: FixedClock) -> None:
    account = add_account(deps, "linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    visit, device = Visit(("a browser",)), Device("192.0.2.1")
    waiting = login.submit_password(
        deps, transaction_id=None, visit=visit, device=device, username="linwenshu", password=PASSWORD
    )
    assert isinstance(waiting, login.NeedsCode)
    with deps.work.begin() as work:
        slip = window.start(work, deps, account.id, actor=OPERATOR, kinds={"staff"}, new=True)
    code, new = pyotp.TOTP(TOTP_SECRET).at(clock.now()), "tides come in and tides go out"

    def act(number: int) -> object:
        if number == 0:
            return window.complete(deps, device, name="linwenshu", code=slip, password=new)
        return login.submit_code(deps, transaction_id=waiting.transaction_id, visit=visit, device=device, code=code)

    recovered, entered = at_once(2, act)
    assert recovered is None
    assert isinstance(entered, login.LoggedIn) or entered.code == "transaction_over"
    with deps.work.read() as work:
        assert list(work.records.sessions(account.id)) == []


def test_requirement_25_a_one_time_code_used_by_many_at_once_is_accepted_once(deps: IdpDeps, clock: FixedClock) -> None:
    account = add_account(deps, "linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    code = pyotp.TOTP(TOTP_SECRET).at(clock.now())
    with deps.work.read() as work:
        authenticator = next(one for one in work.records.authenticators(account.id) if one.kind == "totp")
    results = at_once(20, lambda _: one_time_codes.accept(deps, authenticator, code))
    assert results.count(None) == 1
    assert {result.code for result in results if result is not None} == {"one_time_code_used"}


def test_requirement_24_many_tries_at_once_stay_within_the_limit(deps: IdpDeps) -> None:
    account = add_account(deps)
    limit = deps.policies.assurance.throttle.account_failures
    results = at_once(20, lambda number: throttle.take(deps, account=account.id, address=f"192.0.2.{number}"))
    assert sum(isinstance(result, throttle.Try) for result in results) == limit
    assert {result.code for result in results if isinstance(result, Refusal)} == {"login_throttled"}


def test_one_login_finished_many_times_at_once_gives_one_code(crowded: Provider, engine: sa.Engine) -> None:
    browser = crowded.browser()
    page = browser.get("/oauth/authorize", crowded.request())
    transaction_id = page.request.args["txn"]
    visit = Visit(browser.own_cookies())

    def submit(number: int) -> Any:
        return login.submit_password(
            crowded.deps,
            transaction_id=transaction_id,
            visit=visit,
            device=Device(f"192.0.2.{number}"),
            username="chenxiaochao",
            password=PASSWORD,
        )

    results = at_once(5, submit)
    assert sum(isinstance(result, login.LoggedIn) for result in results) == 1
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from idp_codes")).scalar() == 1


def test_whoever_is_disabled_while_their_password_is_compared_is_told_of_to_nobody(crowded: Provider, engine: sa.Engine) -> None:
    browser, deps = crowded.browser(), crowded.deps
    page = browser.get("/oauth/authorize", crowded.request())

    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            if name == "begin":
                accounts.disable(deps, accounts.get_by_username(deps, "chenxiaochao").id, actor=OPERATOR)
            return getattr(deps.work, name)

    slow: Any = Meanwhile()
    with pytest.raises(Refusal, match="transaction_over"):
        login.submit_password(
            replace(deps, work=slow),
            transaction_id=page.request.args["txn"],
            visit=Visit(browser.own_cookies()),
            device=Device("192.0.2.1"),
            username="chenxiaochao",
            password=PASSWORD,
        )
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from idp_codes")).scalar() == 0


def test_many_processes_starting_at_once_make_one_signing_key(deps: IdpDeps) -> None:
    rings = at_once(8, lambda _: signing_keys.keyring(another_process(deps)))
    assert len({tuple(ring.verifying) for ring in rings}) == 1
    assert len(rings[0].published) == 1


def test_many_processes_rotating_at_once_make_one_successor(deps: IdpDeps, clock: FixedClock) -> None:
    signing_keys.keyring(deps)
    clock.advance(timedelta(days=29))
    at_once(8, lambda _: signing_keys.rotate(another_process(deps)))
    assert len(signing_keys.keyring(another_process(deps)).published) == 2


def test_the_same_username_registered_by_many_at_once_is_one_account(deps: IdpDeps) -> None:
    results = at_once(8, lambda _: add_account(deps, resident_id="445102198806123626"))
    assert sum(not isinstance(result, Refusal) for result in results) == 1
    assert {result.code for result in results if isinstance(result, Refusal)} == {"account_exists"}
