"""Logout, home and account as the person sees them."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from idp import endpoints, home
from idp.ports import HeldLicense
from tests.support.idp import Browser, Provider, add_client, events
from tests.support.idp_elsewhere import Licenses

SESSION = "chaoxin_445100_session"
AFTER = "https://scjg.example.cn/"


@pytest.fixture
def browser(provider: Provider) -> Browser:
    made = provider.browser()
    made.log_in()
    return made


def is_in(browser: Browser) -> bool:
    return "code" in browser.authorize(prompt="none")


# Logout on a department's request.


def test_a_hint_of_this_session_logs_out_at_once_and_goes_back(browser: Browser) -> None:
    hint = browser.tokens()["id_token"]
    query = {"id_token_hint": hint, "post_logout_redirect_uri": AFTER, "state": "a&b"}
    answer = browser.client.get(endpoints.LOGOUT, query_string=query)
    assert (answer.status_code, answer.headers["Location"]) == (303, AFTER + "?state=a%26b")
    assert browser.client.get_cookie(SESSION) is None
    assert not is_in(browser)


def test_without_a_return_address_the_person_is_told_that_they_are_out(browser: Browser) -> None:
    answer = browser.get(endpoints.LOGOUT, {"id_token_hint": browser.tokens()["id_token"]})
    assert "您已退出登录" in answer.text


def test_without_a_hint_the_person_is_asked_first(browser: Browser) -> None:
    page = browser.get(endpoints.LOGOUT, {"client_id": "scjg", "post_logout_redirect_uri": AFTER, "state": "x"})
    assert "要退出登录吗" in page.text
    assert "https://scjg.example.cn" in page.headers["Content-Security-Policy"]
    assert is_in(browser)
    answer = browser.client.post("/logout", data=_form(page.text))
    assert (answer.status_code, answer.headers["Location"]) == (303, AFTER + "?state=x")
    assert not is_in(browser)


def test_a_hint_about_somebody_else_asks_first(browser: Browser, provider: Provider) -> None:
    provider.add_account("huangyao")
    hint = provider.browser().tokens(username="huangyao")["id_token"]
    assert "要退出登录吗" in browser.get(endpoints.LOGOUT, {"id_token_hint": hint}).text
    other = provider.browser().tokens(username="chenxiaochao")["id_token"]
    assert "要退出登录吗" in browser.get(endpoints.LOGOUT, {"id_token_hint": other}).text
    assert is_in(browser)


@pytest.mark.parametrize(
    "query",
    [
        {"post_logout_redirect_uri": "https://evil.example/"},
        {"post_logout_redirect_uri": AFTER},
        {"post_logout_redirect_uri": AFTER + "?x=1", "client_id": "scjg"},
        {"post_logout_redirect_uri": AFTER, "client_id": "nobody"},
        {"id_token_hint": "a.b.c", "post_logout_redirect_uri": AFTER},
    ],
    ids=str,
)
def test_a_request_that_is_not_to_be_trusted_is_shown_and_ends_nothing(browser: Browser, query: dict[str, str]) -> None:
    answer = browser.client.get(endpoints.LOGOUT, query_string=query)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert is_in(browser)


def test_a_hint_of_another_client_than_named_is_refused(browser: Browser, provider: Provider) -> None:
    provider.add_client("rsj")
    query = {"id_token_hint": browser.tokens()["id_token"], "client_id": "rsj"}
    answer = browser.client.get(endpoints.LOGOUT, query_string=query)
    assert (answer.status_code, "logout_hint" in answer.text) == (400, True)


def test_a_changed_hint_is_refused(browser: Browser) -> None:
    hint = browser.tokens()["id_token"]
    changed = hint[:-10] + ("A" if hint[-10] != "A" else "B") + hint[-9:]
    assert browser.client.get(endpoints.LOGOUT, query_string={"id_token_hint": changed}).status_code == 400


def test_a_post_without_cookies_is_asked_on_a_page_of_our_own(browser: Browser, provider: Provider) -> None:
    hint = browser.tokens()["id_token"]
    stranger = provider.app.test_client()
    page = stranger.post(endpoints.LOGOUT, data={"id_token_hint": hint, "post_logout_redirect_uri": AFTER})
    assert (page.status_code, hint in page.text) == (200, True)


def test_a_second_logout_just_goes_back(browser: Browser) -> None:
    query = {"id_token_hint": browser.tokens()["id_token"], "post_logout_redirect_uri": AFTER}
    for _ in range(2):
        assert browser.client.get(endpoints.LOGOUT, query_string=query).headers["Location"] == AFTER


def test_the_persons_own_button_needs_its_form(browser: Browser, sqlite: sa.Engine) -> None:
    assert browser.client.post("/logout").status_code == 403
    assert is_in(browser)
    page = browser.get("/")
    assert browser.client.post("/logout", data=_form(page.text)).headers["Location"] == "/logout"
    assert not is_in(browser)
    (event,) = events(sqlite, "idp.logout")
    assert '"clients":["scjg"]' in event["details"]


# Home and account.


def test_a_stranger_is_welcomed_with_login_and_verification(provider: Provider) -> None:
    page = provider.browser().get("/")
    assert page.status_code == 200
    assert 'href="/login"' in page.text
    assert 'href="/verify"' in page.text


def test_home_greets_and_shows_licences_departments_and_how_one_is_logged_in(browser: Browser, provider: Provider) -> None:
    add_client(provider.deps, "with-home", name="潮州市人社局", home_url="https://rsj.example.cn/", task="社保查询")
    licenses = provider.deps.holder_licenses
    assert isinstance(licenses, Licenses)
    card = HeldLicense(
        "社会保障卡",
        "Social Security Card",
        "445100202600000001",
        "1.2.156",
        "人社局",
        date(2030, 1, 2),
        "",
        "/account/licenses/x",
        "/licenses/x.pdf",
        "#1f4391",
    )
    licenses.held.append(card)
    page = browser.get("/")
    for shown in (
        "陈晓潮，您好",
        "社会保障卡",
        "/account/licenses/x",
        "/licenses/x.pdf",
        "https://rsj.example.cn/",
        "社保查询",
        "口令登录",
        "三者一致",
    ):
        assert shown in page.text
    assert "445102198806123626" not in page.text
    assert "Social Security Card" in browser.get("/?lang=en").text


def test_departments_without_a_site_or_disabled_are_not_offered(provider: Provider) -> None:
    assert home.departments(provider.deps) == []


def test_login_when_logged_in_goes_home(browser: Browser) -> None:
    assert browser.client.get("/login").headers["Location"] == "/"


def test_the_account_page_needs_a_login(provider: Provider) -> None:
    for answer in (provider.browser().client.get("/account"),):
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


def test_the_account_lists_sessions_and_ends_the_one_elsewhere(browser: Browser, provider: Provider) -> None:
    elsewhere = provider.browser()
    elsewhere.client.environ_base["HTTP_USER_AGENT"] = "Kiosk/1.0 <script>"
    tokens = elsewhere.tokens(username="chenxiaochao")
    page = browser.get("/account")
    assert "Kiosk/1.0 &lt;script&gt;" in page.text
    assert "潮州市市场监督管理局" in page.text
    start = page.text.index('name="session" value="') + len('name="session" value="')
    session_id = page.text[start : page.text.index('"', start)]
    answer = browser.client.post("/account/sessions/end", data=_form(page.text) | {"session": session_id})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert is_in(browser)
    assert "Kiosk" not in browser.get("/account").text


def test_nobody_ends_the_sessions_of_others(browser: Browser, provider: Provider) -> None:
    provider.add_account("huangyao")
    victim = provider.browser()
    victim.log_in("huangyao")
    with provider.deps.work.read() as work:
        account = work.records.find_username("huangyao")
        assert account is not None
        (session,) = work.records.sessions(account.id)
    page = browser.get("/account")
    browser.client.post("/account/sessions/end", data=_form(page.text) | {"session": session.id})
    assert is_in(victim)


def _form(page: str) -> dict[str, str]:
    """The hidden inputs of a page, all of its forms together."""
    found = {}
    for part in page.split('<input type="hidden" name="')[1:]:
        name, _, rest = part.partition('" value="')
        found[name] = rest.partition('"')[0].replace("&amp;", "&")
    found.pop("session", None)
    return found
