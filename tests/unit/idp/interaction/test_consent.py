"""Agreeing, leaving out, taking back; and what a session that goes on at another department shows first (G2)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from idp.authorize import consents
from idp.clients import registry
from idp.ports import IdpDeps
from idp.records import NO_CLAIMS, Client, Consent
from kernel.clock import FixedClock
from pki import jose
from pki.keyfiles import FileKeyStore
from policies.claim_models import Continued
from tests.support.idp import (
    OPERATOR,
    TOTP_SECRET,
    Browser,
    Provider,
    add_account,
    add_client,
    events,
    json_of,
    make_idp_deps,
    returned,
    with_releases,
)
from tests.support.relying_party import find_consent, forms

ALL = "openid profile phone identity offline_access"
WITH_EVIDENCE = json.dumps({"userinfo": {"verified_claims": {"verification": {}, "claims": {"name": None}}}})


@pytest.fixture
def browser(provider: Provider) -> Browser:
    """Somebody logged in, and a client that asks once for everything."""
    provider.add_client("careful", require_consent=True)
    made = provider.browser()
    made.log_in()
    return made


def page_of(browser: Browser, scope: str = ALL, **changes: str | None) -> str:
    answer = browser.get("/oauth/authorize", browser.provider.request(client_id="careful", scope=scope, **changes))
    assert find_consent(answer.text) is not None, answer.text
    return answer.text


def agree(browser: Browser, *left_out: str, scope: str = ALL, **changes: str | None) -> tuple[str, dict[str, object]]:
    """Agree to all but ``left_out``; return the scope that was granted and what userinfo tells."""
    answer = browser.get("/oauth/authorize", browser.provider.request(client_id="careful", scope=scope, **changes))
    tokens = json_of(browser.provider.redeem(returned(browser.agree(answer, *left_out))["code"], client_id="careful"))
    return tokens["scope"], json_of(browser.provider.userinfo(tokens["access_token"]))


# What the page says.


def test_the_page_shows_who_asks_what_about_whom_how_surely_and_for_how_long(browser: Browser) -> None:
    page = page_of(browser)
    for said in (
        "潮州市市场监督管理局",
        "您的手机号码",
        "陈**",
        "+86************01",
        "445*************26",
        "口令登录",
        "三者一致",
        "撤回",
    ):
        assert said in page, said
    for whole in ("陈晓潮</bdi>", "445102198806123626", "138 0000"):
        assert whole not in page
    english = browser.get("/oauth/authorize", browser.provider.request(client_id="careful", ui_locales="en")).text
    for said in ("your name and real-name level", "Name", "while you are logged in"):
        assert said in english, said


def test_what_nothing_is_known_of_is_not_asked_about(browser: Browser) -> None:
    assert "您所在的单位和部门" not in page_of(browser, scope="openid organization profile")


def test_what_nobody_could_be_asked_about_is_not_granted_for_later(browser: Browser) -> None:
    assert agree(browser, scope="openid organization profile")[0] == "openid profile"
    assert browser.tokens(scope="openid organization profile")["scope"] == "openid organization profile", "needs no asking"
    provider = browser.provider
    nobody = provider.browser()
    asked = {"verification": {}, "claims": {"uscc": None}}
    claims = json.dumps({"userinfo": {"verified_claims": asked, "uscc": None}})
    token = nobody.tokens(username="chenxiaochao", scope="openid", claims=claims)["access_token"]
    with provider.deps.work.read() as work:
        grant = work.records.find_grant(jose.unverified_claims(token)["grant_id"])
    assert grant is not None
    assert grant.claims == NO_CLAIMS


def test_claims_with_evidence_are_asked_about_and_may_be_left_out(browser: Browser) -> None:
    page = page_of(browser, scope="openid", claims=WITH_EVIDENCE)
    assert "有凭据证明的信息" in page
    _, told = agree(browser, "verified_claims", scope="openid", claims=WITH_EVIDENCE)
    assert "verified_claims" not in told
    _, told = agree(browser, scope="openid", claims=WITH_EVIDENCE, prompt="consent")
    assert "verified_claims" in told


# Leaving out.


def test_a_scope_that_was_left_out_is_neither_granted_nor_told_nor_asked_for_again(browser: Browser) -> None:
    scope, told = agree(browser, "phone", "offline_access")
    assert scope == "openid profile identity"
    assert ("phone_number" in told, told["resident_id"]) == (False, "445102198806123626")
    tokens = browser.tokens(client_id="careful", scope=ALL, prompt="none")
    assert tokens["scope"] == "openid profile identity"
    assert agree(browser, scope=ALL, prompt="consent")[0] == ALL


def test_a_claim_by_name_goes_with_the_scope_that_was_left_out(browser: Browser) -> None:
    claims = '{"id_token":{"phone_number":null,"name":null},"userinfo":{"phone_number":null}}'
    answer = browser.get("/oauth/authorize", browser.provider.request(client_id="careful", scope="openid", claims=claims))
    tokens = json_of(browser.provider.redeem(returned(browser.agree(answer, "phone"))["code"], client_id="careful"))
    told = jose.unverified_claims(tokens["id_token"])
    assert (told["name"], "phone_number" in told) == ("陈晓潮", False)
    assert "phone_number" not in json_of(browser.provider.userinfo(tokens["access_token"]))


@pytest.mark.parametrize("scope", ["openid", "profile", "identity"])
def test_what_the_department_cannot_do_without_cannot_be_left_out(browser: Browser, scope: str) -> None:
    assert f'name="scope_{scope}"' not in page_of(browser)
    assert agree(browser, scope)[0] == ALL


def test_a_wider_request_asks_only_about_what_is_new(browser: Browser) -> None:
    agree(browser, scope="openid profile")
    page = page_of(browser, scope="openid profile phone")
    asked, known = page.split("另外仍会了解")
    assert ("您的手机号码" in asked, "您的姓名和实名等级" in asked, "您的姓名和实名等级" in known) == (True, False, True)
    assert agree(browser, "phone", scope="openid profile phone")[0] == "openid profile"
    # What was left out then stays so when yet more is asked for.
    assert "您的手机号码" not in page_of(browser, scope="openid profile phone identity")
    assert agree(browser, scope="openid profile phone identity")[0] == "openid profile identity"
    assert "code" in browser.authorize(client_id="careful", scope="openid profile", prompt="none")


def test_data_are_never_used_in_somebodys_absence_unasked(provider: Provider) -> None:
    browser = provider.browser()
    browser.log_in()
    assert browser.authorize(scope="openid offline_access", prompt="none")["error"] == "consent_required"
    page = browser.get("/oauth/authorize", provider.request(scope="openid offline_access"))
    assert "在您离线时继续使用以上信息" in page.text
    assert "code" in returned(browser.agree(page))
    assert "code" in browser.authorize(scope="openid offline_access", prompt="none")


@pytest.mark.parametrize(("rule", "again"), [("never", False), ("once", False), ("always", True)])
def test_policies_say_how_often_a_department_asks(provider: Provider, rule: str, again: bool) -> None:
    provider.deps = replace(provider.deps, policies=with_releases(provider.deps.policies, consent={"phone": rule}))
    provider = Provider(provider.deps)
    provider.add_client("other-one")
    browser = provider.browser()
    browser.log_in()
    query = provider.request(client_id="other-one", scope="openid phone")
    first = browser.get("/oauth/authorize", query)
    assert (find_consent(first.text) is not None) is (rule != "never")
    assert "code" in returned(browser.agree(first))
    assert (find_consent(browser.get("/oauth/authorize", query).text) is not None) is again


# G2.


@pytest.fixture
def departments(sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> Callable[[Continued], Browser]:
    """Two departments that somebody, logged in at the first, may go on to."""

    def make(continued: Continued) -> Browser:
        provider = Provider(make_idp_deps(sqlite, keys, clock, continued=continued))
        provider.add_account(resident_id="445102198806123626", real_name_level=4)
        provider.add_client()
        provider.add_client("rsj", name="潮州市人力资源和社会保障局")
        browser = provider.browser()
        assert "code" in browser.authorize(username="chenxiaochao"), "who logs in for a department is not asked once more"
        return browser

    return make


def shows(browser: Browser, **changes: str | None) -> bool:
    answer = browser.get("/oauth/authorize", browser.provider.request(client_id="rsj", **changes))
    return find_consent(answer.text) is not None


def test_g2_a_session_that_goes_on_elsewhere_shows_once_what_is_told_and_at_which_level(
    departments: Callable[[Continued], Browser],
) -> None:
    browser = departments("first_time")
    assert browser.authorize(client_id="rsj", prompt="none")["error"] == "interaction_required"
    page = browser.get("/oauth/authorize", browser.provider.request(client_id="rsj"))
    for said in ("潮州市人力资源和社会保障局", "您的姓名和实名等级", "陈**", "口令登录", "三者一致"):
        assert said in page.text, said
    (go_on, turn_back) = (form for form in forms(page.text) if form.action.startswith("/login/"))
    assert go_on.values.keys() == {"csrf_token"}, "one button and nothing to choose"
    assert turn_back.action.startswith("/login/cancel")
    assert "code" in returned(browser.send(go_on))
    assert "code" in browser.authorize(client_id="rsj", prompt="none")
    assert not shows(browser)
    assert shows(browser, scope="openid profile phone"), "what is new is shown"
    other = browser.provider.browser()
    other.log_in()
    assert not shows(other), "not in another session either"


def test_g2_a_policy_may_have_it_shown_in_each_session_or_never(departments: Callable[[Continued], Browser]) -> None:
    browser = departments("each_session")
    assert shows(browser)
    assert "code" in browser.authorize(client_id="rsj")
    assert not shows(browser)
    other = browser.provider.browser()
    other.log_in()
    assert shows(other)
    browser.provider.deps = replace(
        browser.provider.deps, policies=with_releases(browser.provider.deps.policies, continued="never")
    )
    silent = Provider(browser.provider.deps).browser()
    silent.log_in()
    assert not shows(silent)


def test_g2_where_the_level_is_too_low_the_person_authenticates_further_first(
    departments: Callable[[Continued], Browser], clock: FixedClock
) -> None:
    provider = departments("first_time").provider
    provider.add_account("linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    provider.add_client("strict", default_acr="urn:chaoxin:aal:2")
    low = provider.browser()
    low.log_in()
    assert low.authorize(client_id="strict")["error"] == "unmet_authentication_requirements"
    high = provider.browser()
    code_page = high.follow(high.log_in("linwenshu"))
    high.follow(high.submit(code_page, "one-time-code", one_time_code=pyotp.TOTP(TOTP_SECRET).at(clock.now())))
    page = high.get("/oauth/authorize", provider.request(client_id="strict"))
    assert "双重验证" in page.text
    assert find_consent(page.text) is not None


def test_what_was_left_out_does_not_make_the_page_come_again(departments: Callable[[Continued], Browser]) -> None:
    browser = departments("first_time")
    query = browser.provider.request(client_id="rsj", scope="openid profile offline_access")
    assert "code" in returned(browser.agree(browser.get("/oauth/authorize", query), "offline_access"))
    assert "code" in returned(browser.get("/oauth/authorize", query))


def test_what_was_only_shown_is_not_agreed_to(departments: Callable[[Continued], Browser], sqlite: sa.Engine) -> None:
    browser = departments("first_time")
    provider = browser.provider
    assert "code" in browser.authorize(client_id="rsj")
    (event,) = events(sqlite, "idp.consent")
    assert '"step":"go_on"' in event["details"]
    assert '"name"' in event["details"], "what was told"
    registry.update(provider.deps, replace(provider.client("rsj"), require_consent=True), actor=OPERATOR)
    assert browser.authorize(client_id="rsj", prompt="none")["error"] == "consent_required"


# Taking back.


def test_the_account_page_shows_who_knows_what_and_takes_it_back(
    browser: Browser, provider: Provider, sqlite: sa.Engine, clock: FixedClock
) -> None:
    tokens = browser.tokens(client_id="careful", scope=ALL)
    clock.advance(timedelta(days=1))
    elsewhere = provider.browser().tokens(username="chenxiaochao", scope="openid profile")
    page = browser.follow(browser.log_in()) and browser.get("/account")
    for said in (
        "了解您信息的部门",
        "您不在时也可使用",
        "2026年11月23日 16:00同意",
        "上次使用：2026年11月24日 16:00",
        "手机号码",
    ):
        assert said in page.text, said
    (form,) = (form for form in forms(page.text) if form.values.get("client") == "careful")
    assert browser.send(form).headers["Location"] == "/account"
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.refresh(tokens["refresh_token"], client_id="careful").status == 400
    assert provider.userinfo(elsewhere["access_token"]).status == 200, "another department's stays"
    (event,) = events(sqlite, "idp.withdraw_consent")
    assert (event["target"], '"grants":1' in event["details"]) == ("client:careful", True)
    assert browser.authorize(client_id="careful", scope=ALL, prompt="none")["error"] == "consent_required"
    browser.send(form)
    assert len(events(sqlite, "idp.withdraw_consent")) == 1


def test_nobody_takes_back_for_others_or_without_a_login(browser: Browser, provider: Provider) -> None:
    tokens = browser.tokens(client_id="careful", scope="openid profile")
    provider.add_account("huangyao")
    other = provider.browser()
    other.tokens(username="huangyao", client_id="careful", scope="openid profile")
    (form,) = (form for form in forms(other.get("/account").text) if form.values.get("client") == "careful")
    other.send(form)
    assert provider.userinfo(tokens["access_token"]).status == 200
    stranger = provider.browser()
    stranger.get("/login")
    csrf = forms(stranger.get("/login").text)[0].values["csrf_token"]
    answer = stranger.client.post("/account/consents/withdraw", data={"csrf_token": csrf, "client": "careful"})
    assert answer.headers["Location"] == "/login"


def test_the_answer_is_audited_with_what_was_left_out(browser: Browser, sqlite: sa.Engine) -> None:
    agree(browser, "phone")
    (event,) = events(sqlite, "idp.consent")
    assert '"declined":["phone"]' in event["details"]
    assert '"resident_id"' in event["details"]
    assert "445102" not in event["details"]


def test_the_consent_page_of_a_login_that_waits_for_something_else_goes_there(browser: Browser) -> None:
    stranger = browser.provider.browser()
    page = stranger.get("/oauth/authorize", browser.provider.request(client_id="careful"))
    path = page.request.url.removeprefix("http://localhost").replace("/login?", "/login/consent?")
    assert "current-password" in stranger.get(path).text


# Stored.


@pytest.mark.parametrize(
    ("seconds", "changes", "news"),
    [(59, {}, False), (60, {}, True), (1, {"told": ("name",)}, True), (0, {"declined": ("phone",)}, True)],
)
def test_the_last_use_is_stored_to_the_minute_and_everything_else_at_once(
    clock: FixedClock, seconds: int, changes: dict[str, tuple[str, ...]], news: bool
) -> None:
    before = Consent("sub.1", "scjg", clock.now(), clock.now())
    after = replace(before, used_at=clock.now() + timedelta(seconds=seconds), **changes)  # type: ignore[arg-type]  # lists of names
    assert consents.is_news(before, after) is news
    assert consents.is_news(None, before)


def test_what_was_agreed_to_is_kept_and_forgotten_for_one_client_alone(deps: IdpDeps) -> None:
    account = add_account(deps)
    clients: list[Client] = [add_client(deps, client_id).client for client_id in ("one", "two")]
    now = deps.clock.now()
    first = Consent(account.id, "one", now, now, ("openid",), ("sub",), ("phone",), ("name", "sub"))
    second = Consent(account.id, "two", now, now + timedelta(seconds=1))
    with deps.work.begin() as work:
        work.records.put_consent(second)
        work.records.put_consent(replace(first, told=()))
        work.records.put_consent(first)
        assert work.records.find_consent(account.id, "one") == first
        assert [(client.client_id, one) for client, one in work.records.consents(account.id)] == [("two", second), ("one", first)]
        assert work.records.remove_consent(account.id, clients[0].client_id)
        assert not work.records.remove_consent(account.id, clients[0].client_id)
        assert [one for _, one in work.records.consents(account.id)] == [second]
