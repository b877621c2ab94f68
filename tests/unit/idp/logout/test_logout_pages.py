"""What the person sees of a logout: every department's result, on the page and in the account; logging out everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp import endpoints
from idp.logout.delivery import deliver_due
from kernel.clock import FixedClock
from pki import jose
from tests.support.idp import SOCIAL_SECURITY, Browser, Provider, events
from tests.support.idp_elsewhere import Published
from tests.support.registering import register
from tests.support.relying_party import find_return, forms

AFTER = "https://scjg.example.cn/"
LISTENS = "https://rsj.example.cn/logged-out"
LEFT = "chaoxin_445100_left"
SESSION = "chaoxin_445100_session"


@pytest.fixture
def department(provider: Provider) -> Published:
    """Of two departments one listens for logouts, and answers."""
    provider.add_client("rsj", name="人社局", department=SOCIAL_SECURITY, backchannel_logout_uri=LISTENS)
    assert isinstance(provider.deps.fetch, Published)
    provider.deps.fetch.answers[LISTENS] = 200
    return provider.deps.fetch


@pytest.fixture
def browser(provider: Provider, department: Published) -> Browser:
    """A browser in which somebody is logged in at both."""
    assert department.posted == []
    made = provider.browser()
    made.tokens(username="chenxiaochao")
    made.tokens(client_id="rsj")
    return made


def leave(browser: Browser) -> str:
    """Press the button and return the page that follows."""
    form = next(form for form in forms(browser.get("/account").text) if form.action == "/logout")
    return browser.follow(browser.send(form)).text


def test_g1_the_person_sees_every_departments_result(browser: Browser) -> None:
    page = leave(browser)
    assert "您已退出登录" in page
    assert page.index("人社局") < page.index("已退出</span>") < page.index("市场监督管理局") < page.index("无法通知")
    assert 'http-equiv="refresh"' not in page


def test_what_is_tried_again_is_said_so_and_shown_when_it_arrived(
    browser: Browser, department: Published, clock: FixedClock
) -> None:
    department.answers[LISTENS] = 503
    assert "暂未送达，会继续通知" in leave(browser)
    department.answers[LISTENS] = 200
    clock.advance(timedelta(minutes=1))
    deliver_due(browser.provider.deps)
    page = browser.get("/logout").text
    assert ("已退出</span>" in page, "暂未送达" in page) == (True, False)


def test_a_refusal_is_told_as_one(browser: Browser, department: Published) -> None:
    department.answers[LISTENS] = 400
    assert "未能退出，请到该网站退出" in leave(browser)


def test_the_page_reloads_itself_only_while_somebody_is_being_told(provider: Provider, department: Published) -> None:
    assert department.posted == []
    waiting: list[object] = []
    slow = Provider(replace(provider.deps, soon=waiting.append))
    slow.secrets |= provider.secrets
    browser = slow.browser()
    browser.tokens(username="chenxiaochao", client_id="rsj")
    page = leave(browser)
    assert ("正在通知" in page, 'http-equiv="refresh"' in page) == (True, True)
    assert len(waiting) == 1
    deliver_due(provider.deps)
    assert 'http-equiv="refresh"' not in browser.get("/logout").text


def test_only_the_browser_that_was_left_sees_the_results(browser: Browser, provider: Provider) -> None:
    leave(browser)
    assert "人社局" not in provider.browser().get("/logout").text
    cookie = browser.client.get_cookie(LEFT)
    assert cookie is not None
    assert cookie.http_only
    stranger = provider.browser()
    stranger.client.set_cookie(LEFT, "x" * 43)
    assert "人社局" not in stranger.get("/logout").text


def test_the_cookie_that_shows_results_logs_nobody_in(browser: Browser, provider: Provider) -> None:
    leave(browser)
    cookie = browser.client.get_cookie(LEFT)
    assert cookie is not None
    thief = provider.browser()
    thief.client.set_cookie(SESSION, cookie.value)
    assert thief.authorize(prompt="none")["error"] == "login_required"
    thief = provider.browser()
    other = provider.browser()
    other.log_in()
    alive = other.client.get_cookie(SESSION)
    assert alive is not None
    thief.client.set_cookie(LEFT, alive.value)
    assert "去过的部门" not in thief.get("/logout").text


def test_nobody_to_tell_is_no_list(provider: Provider) -> None:
    browser = provider.browser()
    browser.log_in()
    page = leave(browser)
    assert ("您已退出登录" in page, "去过的部门" in page) == (True, False)


def test_the_account_keeps_the_last_results(browser: Browser, provider: Provider) -> None:
    leave(browser)
    browser.log_in()
    page = browser.get("/account").text
    assert "最近的退出" in page
    assert "人社局" in page[page.index("最近的退出") :]
    provider.add_account("huangyao")
    other = provider.browser()
    other.log_in("huangyao")
    assert "最近的退出" not in other.get("/account").text


def test_logging_out_there_tells_the_departments_of_there_alone(
    browser: Browser, provider: Provider, department: Published
) -> None:
    here = provider.browser()
    hint = here.tokens(username="chenxiaochao", client_id="rsj")["id_token"]
    (form,) = [form for form in forms(browser.get("/account").text) if form.action == "/account/sessions/end"]
    browser.send(form)
    ((_, told),) = department.posted
    assert jose.unverified_claims(told["logout_token"])["sid"] == jose.unverified_claims(hint)["sid"]
    assert here.authorize(prompt="none")["error"] == "login_required"
    assert "code" in browser.authorize(prompt="none")


def test_g1_logging_out_everywhere_ends_all_with_what_would_outlive_them(
    browser: Browser, provider: Provider, department: Published, sqlite: sa.Engine
) -> None:
    phone = provider.browser()
    kept = phone.tokens(username="chenxiaochao", client_id="rsj", scope="openid offline_access")
    (form,) = [form for form in forms(browser.get("/account").text) if form.action == "/account/sessions/end-all"]
    answer = browser.follow(browser.send(form))
    assert ("您已退出登录" in answer.text, "人社局" in answer.text) == (True, True)
    assert len(department.posted) == 2
    for one in (browser, phone):
        assert one.authorize(prompt="none")["error"] == "login_required"
    assert provider.refresh(kept["refresh_token"], client_id="rsj").status == 400
    (event,) = events(sqlite, "idp.logout_everywhere")
    assert '"sessions":2' in event["details"]


def test_the_account_tells_where_since_when_last_seen_how_surely_and_which_is_here(browser: Browser) -> None:
    page = browser.get("/account").text
    for shown in ("当前设备", "127.0.0.1", "登录 ·", "上次使用", "口令登录", "人社局"):
        assert shown in page[page.index("已登录的设备") :], shown


@pytest.mark.parametrize(("locale", "shown"), [("en", "Log out?"), ("zh-CN", "要退出登录吗")])
def test_the_confirmation_speaks_the_language_that_was_asked_for(browser: Browser, locale: str, shown: str) -> None:
    assert shown in browser.get(endpoints.LOGOUT, {"client_id": "scjg", "ui_locales": locale}).text


@pytest.mark.parametrize("fits", [True, False])
def test_a_logout_hint_about_somebody_else_asks_first(browser: Browser, fits: bool) -> None:
    hint = browser.tokens()["id_token"]
    query = {"id_token_hint": hint, "logout_hint": "chenxiaochao" if fits else "huangyao"}
    assert ("要退出登录吗" in browser.get(endpoints.LOGOUT, query).text) is not fits


def test_an_old_id_token_still_tells_whose_logout_it_is(browser: Browser, clock: FixedClock) -> None:
    hint = browser.tokens()["id_token"]
    clock.advance(timedelta(hours=1))
    assert "您已退出登录" in browser.get(endpoints.LOGOUT, {"id_token_hint": hint}).text


_NAMES = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales")
_TEXTS = st.sampled_from(
    ["", "scjg", "rsj", "a.b.c", AFTER, AFTER + "@evil", "https://evil.example/", "//evil.example"]
) | st.text(max_size=40)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(_NAMES), _TEXTS), max_size=4), st.booleans())
def test_whatever_is_sent_without_an_id_token_is_asked_or_refused_and_logs_nobody_out(
    browser: Browser, pairs: list[tuple[str, str]], posted: bool
) -> None:
    body = urlencode(pairs, errors="replace")
    if posted:
        answer = browser.client.post(endpoints.LOGOUT, data=body, content_type="application/x-www-form-urlencoded")
    else:
        answer = browser.client.get(f"{endpoints.LOGOUT}?{body}")
    assert (answer.status_code in {200, 400}, "Location" in answer.headers) == (True, False)
    assert answer.status_code == 400 or "要退出登录吗" in answer.text or "Log out?" in answer.text
    assert "code" in browser.authorize(prompt="none")


def test_a_logout_leads_to_an_address_that_nobody_vetted_by_the_persons_hand_alone(provider: Provider) -> None:
    phish = "https://evil.example.cn/phish"
    told = register(
        provider.deps, post_logout_redirect_uris=[phish], token_endpoint_auth_method="client_secret_basic", scope="openid"
    )
    client_id = told["client_id"]
    provider.secrets[client_id] = told["client_secret"]
    query = {"client_id": client_id, "post_logout_redirect_uri": phish}
    browser = provider.browser()
    page = browser.client.get(endpoints.LOGOUT, query_string=query)
    assert (page.status_code, find_return(page.text)) == (200, phish)
    assert "测试系统" in page.text
    hint = browser.tokens(username="chenxiaochao", client_id=client_id, scope="openid")["id_token"]
    strange = provider.browser().client.get(endpoints.LOGOUT, query_string=query | {"id_token_hint": hint})
    assert find_return(strange.text) == phish, "its own hint in a link proves nothing to a stranger's browser"
    (form,) = [form for form in forms(browser.get(endpoints.LOGOUT, query).text) if form.values.get("client_id")]
    assert find_return(browser.send(form).text) == phish
    assert browser.client.get_cookie(SESSION) is None
    hint = browser.tokens(username="chenxiaochao", client_id=client_id, scope="openid")["id_token"]
    answer = browser.client.get(endpoints.LOGOUT, query_string=query | {"id_token_hint": hint})
    assert answer.headers["Location"] == phish, "they came from there"
