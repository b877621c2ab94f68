"""The pages: a representative claims and appoints, an agent accepts, both end it; and what is another's is not found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from kernel.clock import FixedClock
from tests.support.idp import MARKET, Browser, Provider
from tests.support.mandates import ORGANIZATION_FORMS, USCC, LegalPersons, add_company
from tests.support.relying_party import Form, forms
from tests.unit.idp.enterprises.conftest import HUANG

AGENT = {"name": HUANG[0], "resident_id": HUANG[1], f"department_{MARKET}": "1", "power_profile": "1", "until": "2026-12-31"}


def visit(city: Provider, username: str = "chenxiaochao") -> Browser:
    browser = city.browser()
    browser.log_in(username)
    return browser


def form_to(page: TestResponse, ending: str) -> Form:
    return next(form for form in forms(page.text) if form.action.endswith(ending))


def send(browser: Browser, page: TestResponse, ending: str, **typed: str) -> TestResponse:
    form = form_to(page, ending)
    return browser.follow(browser.client.post(form.action, data=form.values | typed))


@pytest.fixture
def desk(city: Provider) -> tuple[Browser, TestResponse]:
    """Return a representative's browser, and the desk of the company that they just claimed."""
    browser = visit(city)
    page = browser.get("/account/organizations")
    page = send(browser, page, "/account/organizations", uscc=USCC)
    assert page.request.path.startswith("/account/organizations/sub.")
    assert "潮联科技有限公司" in page.text
    return browser, page


def appoint(browser: Browser, page: TestResponse, **changes: str) -> TestResponse:
    form = form_to(page, "/mandates")
    values = {name: value for name, value in form.values.items() if not name.startswith(("department_", "power_"))}
    return browser.follow(browser.client.post(form.action, data=values | AGENT | changes))


def test_from_the_claim_to_the_end_of_a_mandate(city: Provider, desk: tuple[Browser, TestResponse]) -> None:
    browser, page = desk
    page = appoint(browser, page)
    assert "等本人接受" in page.text
    assert HUANG[1] not in page.text  # masked
    agent = visit(city, "huangyao")
    own = agent.get("/account/organizations")
    assert "潮州市市场监督管理局" in own.text
    assert "2027-01-01 00:00" in own.text or "2027" in own.text
    own = send(agent, own, "/accept")
    assert "您可以代表的单位" in own.text
    page = browser.get(page.request.path)
    assert "黄垚" in page.text
    page = send(browser, page, "/mandates/revoke")
    assert "还没有经办人" in page.text
    assert "您可以代表的单位" not in agent.get("/account/organizations").text


def test_what_was_typed_stays_and_the_fault_stands_at_its_field(desk: tuple[Browser, TestResponse]) -> None:
    browser, page = desk
    for changes, words in (
        ({"resident_id": "445103199202291284"}, "校验位不对"),
        ({"until": "yesterday"}, "不是日期"),
        ({"until": "9999-12-31"}, "不是日期"),
        ({"until": "2026-11-22"}, "已过去"),
        ({"until": "2028-01-01"}, "超过366天"),
        ({"name": "\u202e黄垚"}, "控制字符"),
        ({"department_nobody": "1"}, "不是本节点的部门"),
    ):
        answer = appoint(browser, page, **changes)
        assert answer.status_code == 422, changes
        assert words in answer.text
        assert f'value="{AGENT["until"]}"' in answer.text or "until" in changes


def test_a_claim_that_is_refused_says_so_on_the_page(city: Provider) -> None:
    browser = visit(city, "huangyao")
    page = send(browser, browser.get("/account/organizations"), "/account/organizations", uscc=USCC)
    assert page.status_code == 403
    assert "没有查到您是这个代码的法定代表人" in page.text
    assert f'value="{USCC}"' in page.text


def test_anothers_desk_is_not_found_and_a_stranger_logs_in_first(city: Provider, desk: tuple[Browser, TestResponse]) -> None:
    _, page = desk
    path = page.request.path
    stranger = visit(city, "huangyao")
    unknown = stranger.get("/account/organizations/sub.unknown")
    assert stranger.get("/account/organizations/%00%F0%9F%98%80" + "x" * 900).status_code == 404
    anothers = stranger.get(path)
    assert (anothers.status_code, unknown.status_code) == (404, 404)
    csrf = forms(stranger.get("/account").text)[0].values["csrf_token"]
    for ending in ("/mandates", "/mandates/revoke", "/offers/withdraw", "/own-login/close"):
        answer = stranger.client.post(path + ending, data={"csrf_token": csrf, **AGENT, "mandate": "x", "offer": "x"})
        assert answer.status_code == 404, ending
    for ending in ("accept", "refuse", "resign"):
        answer = stranger.client.post(f"/account/mandates/{ending}", data={"csrf_token": csrf, "mandate": "x", "offer": "x"})
        assert answer.status_code == 404, ending
    nobody = city.browser()
    assert nobody.get(path).request.path == "/login"


def test_the_organisation_is_the_addresss_whatever_a_header_says(city: Provider, desk: tuple[Browser, TestResponse]) -> None:
    """A representative of one organisation names it in headers, and aims at another one (Zitadel 2026-105209)."""
    browser, page = desk
    own = page.request.path
    other = f"/account/organizations/{add_company(city.deps, 'other', uscc='91445100MA7CHAN008').id}"
    csrf = forms(page.text)[0].values["csrf_token"]
    headers = dict.fromkeys(("X-Organization", "X-Org-Id", "X-Zitadel-Orgid"), own.rpartition("/")[2]) | {"X-Original-URL": own}
    assert browser.client.get(other, headers=headers).status_code == 404
    for ending in ("/mandates", "/mandates/revoke", "/offers/withdraw", "/own-login/close"):
        sent = browser.client.post(
            other + ending, data={"csrf_token": csrf, **AGENT, "mandate": "x", "offer": "x"}, headers=headers
        )
        assert sent.status_code == 404, ending


def test_whoever_is_the_representative_no_longer_reads_why_among_their_own_organisations(
    desk: tuple[Browser, TestResponse], register: LegalPersons
) -> None:
    browser, page = desk
    register.write((USCC, "潮联科技有限公司", *HUANG, "active"))
    page = appoint(browser, page)
    assert page.status_code == 403
    assert "法人库中没有查到您是这个代码的法定代表人" in page.text
    assert "认领单位" in page.text
    assert "由您代表的单位" not in page.text


def test_an_old_login_is_renewed_and_leads_back(desk: tuple[Browser, TestResponse], clock: FixedClock) -> None:
    browser, page = desk
    clock.moment += timedelta(minutes=11)
    page = appoint(browser, page)
    assert page.request.path == "/login"
    page = browser.follow(browser.type_password(page))
    assert page.request.path == "/account/organizations"


def test_an_organisations_own_login_sees_no_such_pages_of_its_own(city: Provider) -> None:
    city.add_account("chaolian", kind="enterprise", name="潮联科技", uscc=USCC, phone=None)
    browser = visit(city, "chaolian")
    assert "我的单位" not in browser.get("/account").text
    page = send(browser, browser.get("/account/organizations"), "/account/organizations", uscc=USCC)
    assert page.status_code == 403


@pytest.mark.parametrize("path", ORGANIZATION_FORMS)
def test_each_form_refuses_what_is_missing_doubled_wrong_or_endless(
    city: Provider, desk: tuple[Browser, TestResponse], path: str
) -> None:
    browser, page = desk
    address = path.replace("<organization_id>", page.request.path.rpartition("/")[2])
    csrf = forms(page.text)[-1].values["csrf_token"]
    good = {"csrf_token": csrf, **{name: AGENT.get(name, "x") for name in ORGANIZATION_FORMS[path]}}
    assert browser.client.post(address, data=good | {"csrf_token": ""}).status_code == 403
    for name in ORGANIZATION_FORMS[path]:
        rest = {one: value for one, value in good.items() if one != name}
        for value in ("", "[]", "-1", "潮\U0001f600", "' OR 1=1 --", "<script>alert(1)</script>", "x" * 5000, "\0"):
            answer = browser.client.post(address, data=rest | {name: value})
            assert 400 <= answer.status_code < 500, f"{name}={value}"
            assert "<script>alert" not in answer.text
        assert 400 <= browser.client.post(address, data=rest | {name: ["one", "two"]}).status_code < 500
        assert 400 <= browser.client.post(f"{address}?{name}={good[name]}", data=rest).status_code < 500  # the wrong place
    for kind, body in (("application/json", b"{}"), ("text/plain", b"a=b"), ("multipart/form-data", b"--x")):
        assert 400 <= browser.client.post(address, data=body, content_type=kind).status_code < 500
    with city.deps.work.read() as work:
        assert not work.records.mandates()
