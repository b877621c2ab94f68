"""The login in front of Flask: the same page, nothing accepted that Flask would refuse, nothing done twice."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from idp import endpoints
from idp.authenticators import switches
from idp.clients import registry
from service.door import _read_form
from tests.support.idp import CALLBACK, PASSWORD, TOTP_SECRET, Browser, Provider, events, returned
from tests.support.relying_party import find_form

STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
_DRAWN = re.compile(r'data-passkey-get="[^"]*"|name="csrf_token" value="[^"]*"|txn=[\w-]+')


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return provider.browser()


def come(browser: Browser, **changes: str) -> str:
    """Come from a department; return where the browser is sent."""
    return browser.client.get(endpoints.AUTHORIZE, query_string=browser.provider.request(**changes)).headers["Location"]


def is_in_front(provider: Provider, act: str) -> int:
    """Return how many answers to ``act`` were given in front of Flask."""
    counted = provider.app.wsgi_app._metrics.collect()  # type: ignore[attr-defined]  # FastPath
    found = (sample for family in counted for sample in family.samples if sample.name == "chaoxin_http_requests_total")
    return sum(int(one.value) for one in found if (one.labels["endpoint"], one.labels["method"]) == ("/login", act))


def alike(answer: TestResponse) -> tuple[int, str, dict[str, str]]:
    """Return all of a page but what is drawn for each visit."""
    headers = {name: value for name, value in answer.headers if name not in {"Set-Cookie", "Content-Length"}}
    return answer.status_code, _DRAWN.sub("", answer.text), headers


@pytest.mark.parametrize("accepted", ["zh-CN,zh;q=0.9", "en"])
def test_the_second_stranger_is_shown_the_same_page_in_front_with_values_of_their_own(provider: Provider, accepted: str) -> None:
    first, second = (
        browser.client.get(come(browser), headers={"Accept-Language": accepted})
        for browser in (provider.browser(), provider.browser())
    )
    assert is_in_front(provider, "GET") == 1
    assert alike(first) == alike(second)
    assert CALLBACK.rpartition("/")[0] in second.headers["Content-Security-Policy"]
    drawn = [_DRAWN.findall(page.text) for page in (first, second)]
    assert len(drawn[0]) == len(drawn[1])
    assert not set(drawn[0]) & set(drawn[1]), "somebody is shown another's values"
    assert {one for one in drawn[1] if one.startswith("txn=")} == {f"txn={second.request.args['txn']}"}


def test_a_page_that_must_tell_more_is_not_the_kept_one(provider: Provider) -> None:
    provider.browser().client.get(come(provider.browser()))
    plain = provider.browser()
    for browser, path in (
        (plain, come(plain) + "&then=authenticators"),
        (plain, come(plain) + "&lang=en"),
        (plain, come(plain, login_hint="chenxiaochao")),
        (plain, come(plain, ui_locales="en")),
        (plain, come(plain, display="popup")),
    ):
        browser.client.get(path)
    assert is_in_front(provider, "GET") == 0
    hinted = plain.client.get(come(plain, login_hint="chenxiaochao"))
    assert 'value="chenxiaochao"' in hinted.text


def test_what_is_changed_is_shown_at_once(provider: Provider, browser: Browser) -> None:
    for _ in range(2):
        browser.client.get(come(browser))
    switches.switch_off(provider.deps, "authenticator:passkey", "演练", actor="operator:test")
    for _ in range(2):
        page = browser.client.get(come(browser)).text
        assert "演练" in page
        assert "data-passkey-get" not in page
    client = registry.get(provider.deps, "scjg")
    assert client.title.zh in page


@pytest.mark.parametrize("kiosk", ["hall.code", f"{'x' * 300}.code"], ids=["a kiosk", "whoever says so at length"])
def test_nothing_of_a_kiosks_page_is_kept_for_others(provider: Provider, browser: Browser, kiosk: str) -> None:
    hall = provider.browser()
    hall.client.set_cookie(provider.deps.node.cookie("kiosk"), kiosk)
    assert "cx-kiosk" in hall.client.get(come(hall)).text
    assert "cx-kiosk" not in browser.client.get(come(browser)).text
    assert "cx-kiosk" in hall.client.get(come(hall)).text, "nor is a kiosk shown theirs"


def test_a_password_is_taken_in_front_and_leads_to_the_department(provider: Provider, browser: Browser) -> None:
    page = browser.client.get(come(browser))
    answer = browser.type_password(page)
    assert is_in_front(provider, "POST") == 1
    assert "code" in returned(browser.follow(answer))
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie")
    assert "_session=" in cookie
    assert "HttpOnly" in cookie
    assert "code" in browser.authorize(prompt="none")


def test_what_flask_must_show_is_done_once(provider: Provider, browser: Browser) -> None:
    wrong = browser.type_password(browser.client.get(come(browser)), password="wrong")
    assert (wrong.status_code, find_form(wrong.text, "current-password") is not None) == (401, True)
    engine = provider.deps.work._engine  # type: ignore[attr-defined]  # the unit of work's own
    assert [event["outcome"] for event in events(engine, "idp.login")] == ["refused"]
    posting = browser.type_password(browser.client.get(come(browser, response_mode="form_post")))
    assert (posting.status_code, 'name="code"' in posting.text) == (200, True)
    assert [event["outcome"] for event in events(engine, "idp.login")] == ["refused", "ok"]
    assert is_in_front(provider, "POST") == 0
    assert "code" in browser.authorize(prompt="none")


def test_who_has_a_second_factor_is_sent_to_it(provider: Provider, browser: Browser) -> None:
    provider.add_account("linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    answer = browser.type_password(browser.client.get(come(browser)), "linwenshu")
    assert answer.headers["Location"].startswith("/login/second-factor?txn=")
    assert "_session=" not in str(answer.headers)


@pytest.mark.parametrize(
    ("changes", "headers"),
    [({"csrf_token": ""}, {}), ({"csrf_token": "0" * 80}, {}), ({}, {"Origin": "https://evil.example"})],
    ids=str,
)
def test_a_form_from_elsewhere_is_not_tried(
    provider: Provider, browser: Browser, changes: dict[str, str], headers: dict[str, str]
) -> None:
    page = browser.client.get(come(browser))
    form = find_form(page.text, "current-password")
    assert form is not None
    typed = form.values | {"username": "chenxiaochao", "password": PASSWORD} | changes
    answer = browser.client.post(form.action, data=typed, headers=headers)
    assert (answer.status_code, "form_expired" in answer.text) == (403, True)
    assert not events(provider.deps.work._engine, "idp.login")  # type: ignore[attr-defined]


def test_what_is_counted_in_front_is_counted_once_and_with_the_rest(provider: Provider, browser: Browser) -> None:
    path, allowed = come(browser), provider.deps.policies.assurance.floods.login
    answers = [browser.client.get(path, environ_overrides=STRANGER).status_code for _ in range(allowed)]
    assert set(answers) == {200}
    assert is_in_front(provider, "GET") == allowed - 1
    assert browser.client.get(path, environ_overrides=STRANGER).status_code == 429
    assert browser.client.get("/login", environ_overrides=STRANGER).status_code == 429


@given(body=st.one_of(st.binary(max_size=200), st.text(max_size=60).map(lambda text: urlencode({"username": text}).encode())))
def test_any_body_is_read_as_a_form_or_left_to_flask_whole(body: bytes) -> None:
    environ: dict[str, Any] = {
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    form = _read_form(environ)
    assert environ["wsgi.input"].read() == body
    if form is not None:
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        assert dict(form) == {name: next(value for key, value in pairs if key == name) for name, _ in pairs}


@pytest.mark.parametrize(
    ("media_type", "length"),
    [("text/plain", "3"), *(("application/x-www-form-urlencoded", length) for length in ("", "-1", "²", "9" * 5000, "16385"))],
)
def test_what_is_no_plain_form_is_left_unread(media_type: str, length: str) -> None:
    environ: dict[str, Any] = {"CONTENT_TYPE": media_type, "CONTENT_LENGTH": length, "wsgi.input": BytesIO(b"a=b")}
    assert _read_form(environ) is None
    assert environ["wsgi.input"].read() == b"a=b"
