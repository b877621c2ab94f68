"""Back-channel logouts: what is owed, sent, tried again, given up and alarmed."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from jose import jwt

from idp.clients import registry
from idp.logout import delivery
from idp.logout.delivery import deliver_due
from idp.ports import IdpDeps
from idp.signing_keys import keyring
from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.work import Conflict
from pki import jose
from tests.support.idp import OPERATOR, SOCIAL_SECURITY, Provider, add_client, another_process, events
from tests.support.idp_elsewhere import Published
from tests.support.logouts import LISTENS, Department, Scene

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def claims_of(deps: IdpDeps, token: str) -> dict[str, Any]:
    return jwt.decode(
        token,
        {"keys": [dict(jwk) for jwk in keyring(deps).published]},
        algorithms=["ES256"],
        audience="scjg",
        issuer=deps.issuer,
        options={"verify_exp": False, "verify_iat": False},
    )


def test_requirement_19_a_logout_token_has_its_event_and_jti_and_no_nonce(scene: Scene, department: Department) -> None:
    session = scene.log_in("scjg")
    scene.log_out_and_tell(session)
    (token,) = department.tokens
    header = jose.unverified_header(token)
    claims = claims_of(scene.deps, token)
    assert (header["typ"], header["alg"]) == ("logout+jwt", "ES256")
    assert claims["events"] == {EVENT: {}}
    assert (claims["sub"], claims["sid"], claims["aud"]) == (scene.account.id, session.id, "scjg")
    assert claims["exp"] - claims["iat"] == 120
    assert claims["jti"]
    assert not {"nonce", "auth_time", "acr"} & claims.keys()
    assert scene.delivery(session).outcome == "delivered"


def test_g1_what_is_owed_is_stored_with_the_end_of_the_session(stored: Scene, engine: sa.Engine) -> None:
    session = stored.log_in("scjg")
    assert stored.deliveries(session) == []
    stored.log_out(session)
    owed = stored.delivery(session)
    assert (owed.client_id, owed.account_id, owed.outcome, owed.tries) == ("scjg", stored.account.id, None, 0)
    assert owed.next_try_at == owed.owed_at == stored.deps.clock.now()
    (event,) = events(engine, "idp.logout")
    assert '"clients":["scjg"]' in event["details"]


def test_an_end_that_is_undone_owes_nothing(stored: Scene) -> None:
    session = stored.log_in("scjg")

    def end_and_fail() -> None:
        with stored.deps.work.begin() as work:
            assert work.records.end_session(session.id, stored.deps.clock.now())
            raise LookupError

    with pytest.raises(LookupError):
        end_and_fail()
    assert stored.deliveries(session) == []


def test_ending_all_sessions_owes_the_clients_of_each(stored: Scene) -> None:
    add_client(stored.deps, "rsj", department=SOCIAL_SECURITY)
    first, second = stored.log_in("scjg", "rsj"), stored.log_in("rsj")
    ended = stored.log_in("scjg")
    stored.log_out(ended)
    with stored.deps.work.begin() as work:
        assert work.records.end_sessions(stored.account.id, stored.deps.clock.now()) == 2
    assert [each.client_id for each in stored.deliveries(first)] == ["rsj", "scjg"]
    assert [each.client_id for each in stored.deliveries(second)] == ["rsj"]
    assert len(stored.deliveries(ended)) == 1


def test_nobody_is_told_of_a_session_that_ended_before(stored: Scene) -> None:
    session = stored.log_in()
    stored.log_out(session)
    with pytest.raises(Conflict), stored.deps.work.begin() as work:
        work.records.tell_client(session.id, "scjg", stored.deps.clock.now())
    assert stored.deliveries(session) == []


@pytest.mark.parametrize("status", [200, 204])
def test_taken_is_taken_and_not_sent_again(scene: Scene, department: Department, sqlite: sa.Engine, status: int) -> None:
    department.answers(status)
    session = scene.log_in("scjg")
    scene.log_out_and_tell(session)
    assert deliver_due(scene.deps) == []
    assert len(department.tokens) == 1
    assert [event["outcome"] for event in events(sqlite, "idp.tell_logout")] == ["ok"]


def test_a_refusal_is_recorded_alarmed_and_not_tried_again(scene: Scene, department: Department, sqlite: sa.Engine) -> None:
    department.answers(400)
    session = scene.log_in("scjg")
    scene.log_out_and_tell(session)
    after = scene.delivery(session)
    assert (after.outcome, after.error, after.next_try_at) == ("refused", "HTTP 400", None)
    assert [event["outcome"] for event in events(sqlite, "idp.tell_logout")] == ["failed"]
    assert deliver_due(scene.deps) == []


@pytest.mark.parametrize("status", [0, 302, 404, 503])
def test_g1_everything_else_is_tried_again_ever_more_rarely_with_a_new_jti(
    scene: Scene, department: Department, clock: FixedClock, status: int
) -> None:
    department.answers(status)
    session = scene.log_in("scjg")
    scene.log_out_and_tell(session)
    for tries, longest in ((1, 1), (2, 2), (3, 4)):
        after = scene.delivery(session)
        assert after.next_try_at is not None
        pause = after.next_try_at - clock.now()
        assert timedelta(minutes=longest) / 2 <= pause <= timedelta(minutes=longest)
        assert (after.outcome, after.tries) == (None, tries)
        clock.advance(pause - timedelta(seconds=1))
        assert deliver_due(scene.deps) == []
        clock.advance(timedelta(seconds=1))
        deliver_due(scene.deps)
    department.answers(200)
    clock.advance(timedelta(minutes=8))
    deliver_due(scene.deps)
    assert scene.delivery(session).outcome == "delivered"
    told = [claims_of(scene.deps, token) for token in department.tokens]
    assert len({claims["jti"] for claims in told}) == 5
    assert {claims["sid"] for claims in told} == {session.id}


def test_g1_after_a_day_it_is_given_up_with_an_alarm(
    scene: Scene, department: Department, clock: FixedClock, sqlite: sa.Engine
) -> None:
    department.answers(503)
    session = scene.log_in("scjg")
    scene.log_out_and_tell(session)
    began = clock.now()
    while (after := scene.delivery(session)).outcome is None:
        assert after.next_try_at is not None
        assert after.next_try_at - clock.now() <= timedelta(hours=2)
        clock.advance(after.next_try_at - clock.now())
        deliver_due(scene.deps)
    assert timedelta(hours=24) <= clock.now() - began <= timedelta(hours=26)
    assert (after.outcome, after.next_try_at) == ("given_up", None)
    assert 12 < len(department.tokens) < 40
    assert [event["outcome"] for event in events(sqlite, "idp.tell_logout")] == ["failed"]


def test_one_second_before_the_day_is_over_it_is_still_tried(scene: Scene, department: Department, clock: FixedClock) -> None:
    department.answers(503)
    session = scene.log_in("scjg")
    scene.log_out(session)
    clock.advance(delivery.GIVEN_UP_AFTER - timedelta(seconds=1))
    deliver_due(scene.deps)
    assert scene.delivery(session).outcome is None


def test_a_client_without_an_address_cannot_be_told(scene: Scene) -> None:
    add_client(scene.deps, "rsj", department=SOCIAL_SECURITY)
    session = scene.log_in("rsj")
    scene.log_out_and_tell(session)
    assert scene.delivery(session).outcome == "no_address"
    with scene.deps.work.read() as work:
        assert work.records.logout_backlog() == []


def test_whoever_does_not_answer_is_asked_once_a_run(scene: Scene, department: Department) -> None:
    department.answers(0)
    ended = [scene.log_in("scjg") for _ in range(3)]
    for session in ended:
        scene.log_out(session)
    deliver_due(scene.deps)
    assert len(department.tokens) == 1
    assert {scene.delivery(session).error for session in ended} == {"away"}


def test_whoever_answers_with_an_error_is_told_the_rest(scene: Scene, department: Department) -> None:
    department.answers(500)
    for session in [scene.log_in("scjg") for _ in range(3)]:
        scene.log_out(session)
    deliver_due(scene.deps)
    assert len(department.tokens) == 3


def test_killed_while_sending_it_is_sent_again(stored: Scene, clock: FixedClock) -> None:
    session = stored.log_in("scjg")
    stored.log_out(session)
    with stored.deps.work.begin() as work:  # what a process does before it sends, and is killed
        assert work.records.claim_logout(stored.delivery(session), now=clock.now(), until=clock.now() + timedelta(seconds=60))
    clock.advance(timedelta(seconds=59))
    assert deliver_due(stored.deps) == []
    clock.advance(timedelta(seconds=1))
    deliver_due(stored.deps)
    assert (len(stored.department.tokens), stored.delivery(session).outcome) == (1, "delivered")


def test_many_processes_at_once_send_it_once(stored: Scene) -> None:
    sessions = [stored.log_in("scjg") for _ in range(5)]
    for session in sessions:
        stored.log_out(session)
    together = Barrier(4)

    def work() -> None:
        together.wait()
        deliver_due(another_process(stored.deps))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored.department.tokens) == 5
    assert {stored.delivery(session).outcome for session in sessions} == {"delivered"}


def test_whoever_was_told_of_a_session_while_it_ended_is_owed_its_end(stored: Scene) -> None:
    names = [f"client-{number}" for number in range(8)]
    for name in names:
        add_client(stored.deps, name, department=SOCIAL_SECURITY)
    session = stored.log_in("scjg")
    together = Barrier(len(names) + 1)
    told: list[str] = ["scjg"]

    def tell(name: str) -> None:
        together.wait()
        with suppress(Conflict):
            with stored.deps.work.begin() as work:
                work.records.tell_client(session.id, name, stored.deps.clock.now())
            told.append(name)

    def end() -> None:
        together.wait()
        stored.log_out(session)

    threads = [Thread(target=end), *(Thread(target=tell, args=(name,)) for name in names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.client_id for each in stored.deliveries(session)} == set(told)


def test_a_client_hears_of_a_person_by_the_sub_that_it_knows(provider: Provider) -> None:
    provider.add_client("pairwise", subject_type="pairwise", backchannel_logout_uri=LISTENS)
    browser = provider.browser()
    hint = browser.tokens(username="chenxiaochao", client_id="pairwise")["id_token"]
    assert "您已退出登录" in browser.get("/oauth/logout", {"id_token_hint": hint}).text
    assert isinstance(provider.deps.fetch, Published)
    ((_, form),) = provider.deps.fetch.posted
    assert jose.unverified_claims(form["logout_token"])["sub"] == jose.unverified_claims(hint)["sub"]


def test_requirement_17_a_logout_token_passes_for_no_other(provider: Provider) -> None:
    provider.add_client("listens", backchannel_logout_uri=LISTENS)
    browser = provider.browser()
    hint = browser.tokens(username="chenxiaochao", client_id="listens")["id_token"]
    browser.get("/oauth/logout", {"id_token_hint": hint})
    assert isinstance(provider.deps.fetch, Published)
    ((_, form),) = provider.deps.fetch.posted
    browser.log_in()
    assert provider.userinfo(form["logout_token"]).status == 401
    answer = browser.get("/oauth/logout", {"id_token_hint": form["logout_token"]})
    assert (answer.status_code, "logout_hint" in answer.text) == (400, True)


def test_an_admin_has_it_tried_again_at_once(stored: Scene, clock: FixedClock, engine: sa.Engine) -> None:
    stored.department.answers(400)
    refused = stored.log_in("scjg")
    stored.log_out_and_tell(refused)
    stored.department.answers(500)
    waiting = stored.log_in("scjg")
    stored.log_out_and_tell(waiting)
    clock.advance(timedelta(seconds=1))
    with stored.deps.work.read() as work:
        (backlog,) = work.records.logout_backlog()
    assert (backlog.client_id, backlog.waiting, backlog.failed) == ("scjg", 1, 1)
    stored.department.answers(200)
    assert delivery.retry(stored.deps, "scjg", actor="account:admin") == 2
    assert {stored.delivery(session).outcome for session in (refused, waiting)} == {"delivered"}
    with stored.deps.work.read() as work:
        assert work.records.logout_backlog() == []
    assert [event["actor"] for event in events(engine, "idp.retry_logouts")] == ["account:admin"]
    assert delivery.retry(stored.deps, "scjg", actor="account:admin") == 0


def test_however_much_waits_for_one_client_the_others_have_their_turn(stored: Scene, clock: FixedClock) -> None:
    for client_id in ("other", "third"):
        add_client(stored.deps, client_id, backchannel_logout_uri=LISTENS)
    for client_id in ("scjg", "scjg", "scjg", "other", "third", "other"):
        stored.log_out(stored.log_in(client_id))
        clock.advance(timedelta(seconds=1))
    with stored.deps.work.read() as work:
        due = work.records.due_logouts(clock.now(), limit=4)
    assert [each.client_id for each in due] == ["scjg", "other", "third", "scjg"]
    assert due[0].owed_at < due[3].owed_at


@pytest.mark.usefixtures("department")
def test_what_came_of_it_is_forgotten_after_a_month_but_never_what_is_owed(stored: Scene, clock: FixedClock) -> None:
    told = stored.log_in("scjg")
    stored.log_out_and_tell(told)
    owed = stored.log_in("scjg")
    stored.log_out(owed)
    with stored.deps.work.begin() as work:
        assert work.records.forget_logouts(clock.now()) == 0
        assert work.records.forget_logouts(clock.now() + timedelta(seconds=1)) == 1
    assert stored.deliveries(told) == []
    assert len(stored.deliveries(owed)) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "http://scjg.example.cn/x",
        "https://scjg.example.cn",
        "https://scjg.example.cn/a%2fb",
        "https://u@scjg.example.cn/x",
        "cn.app:/x",
    ],
)
def test_an_address_that_cannot_be_posted_to_is_not_registered(light: IdpDeps, uri: str) -> None:
    with pytest.raises(Refusal) as caught:
        add_client(light, backchannel_logout_uri=uri)
    assert caught.value.field == "backchannel_logout_uri"


def test_a_system_that_was_disabled_hears_nothing_any_more(scene: Scene, department: Department) -> None:
    session = scene.log_in("scjg")
    registry.disable(scene.deps, "scjg", actor=OPERATOR)
    scene.log_out_and_tell(session)
    assert list(department.tokens) == []
    assert scene.delivery(session).outcome == "no_address"
