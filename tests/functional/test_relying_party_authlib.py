"""A department's site on Authlib's client, in a process of its own: login, refresh, logout, with ID tokens of either algorithm."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from idp.people import accounts
from tests.support.idp import OPERATOR, events
from tests.support.lone_node import ROOT, LoneNode, wait_for
from tests.support.ports import free_port
from tests.support.relying_party import Browser, find_form, forms


@pytest.fixture(scope="module", params=["ES256", "RS256"])
def site(request: pytest.FixtureRequest, node: LoneNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site whose ID tokens, and what userinfo tells it, are signed by one algorithm."""
    port, name = free_port(), f"authlib-{request.param.lower()}"
    url = f"http://localhost:{port}/"
    client = node.add_client(
        name,
        redirect_uris=(f"{url}callback",),
        post_logout_redirect_uris=(url,),
        backchannel_logout_uri=f"{url}backchannel-logout",
        backchannel_logout_session_required=True,
        id_token_signed_response_alg=request.param,
    )
    folder = tmp_path_factory.mktemp(name)
    settings = {
        "name": "市场监督管理局",
        "task": "企业开办",
        "port": port,
        "issuer": node.url,
        "client_id": name,
        "client_secret": client["client_secret"],
        "scope": "openid profile phone offline_access",
        "session_key": "of a test",
        "cookie": name,
    }
    (folder / "site.json").write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "site.log").open("wb") as log:
        command = [sys.executable, "-m", "service.demo.departments", str(folder / "site.json")]
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(url, process, folder / "site.log")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def test_authlib_logs_a_citizen_in_refreshes_and_logs_out(site: str, node: LoneNode, citizen: dict[str, Any]) -> None:
    # 1. Login: Authlib reads discovery, sends PKCE and a nonce, and verifies the ID token by the published keys.
    browser = Browser()
    home = browser.log_in(browser.get(f"{site}login"), citizen)
    assert (home.url, "陈晓潮，您好" in home.text) == (site, True), home.text
    # 2. Refresh: behind the browser's back; the next time with the token that this time gave.
    before = refreshes(node)
    for _ in range(2):
        home = browser.get(f"{site}refresh")
        assert (home.url, "陈晓潮，您好" in home.text) == (site, True), home.text
    assert refreshes(node)[len(before) :] == ["ok", "ok"]
    # 3. Logout, at the site and here.
    out = browser.get(f"{site}logout")
    assert (out.url, "请先登录" in out.text) == (site, True), out.text
    assert find_form(browser.get(f"{site}login").text, "current-password") is not None


def test_authlib_hears_of_a_logout_elsewhere(
    site: str, node: LoneNode, citizen: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    browser = Browser()
    browser.log_in(browser.get(f"{site}login"), citizen)
    node.log_out(browser, telling=f"authlib-{request.node.callspec.params['site'].lower()}")
    assert "请先登录" in browser.get(site).text


def test_authlib_hears_that_an_account_was_disabled_when_it_refreshes(site: str, node: LoneNode, citizen: dict[str, Any]) -> None:
    browser = Browser()
    browser.log_in(browser.get(f"{site}login"), citizen)
    account = accounts.get_by_username(node.services.idp, citizen["username"])
    accounts.disable(node.services.idp, account.id, actor=OPERATOR)
    try:
        refused = browser.get(f"{site}refresh")
    finally:
        accounts.enable(node.services.idp, account.id, actor=OPERATOR)
    assert (refused.status_code, "登录没有完成" in refused.text) == (400, True)
    assert "请先登录" in browser.get(site).text


def test_authlib_tells_that_the_person_turned_back(site: str) -> None:
    browser = Browser()
    asked = browser.get(f"{site}login")
    cancel = next(form for form in forms(asked.text) if form.action.startswith("/login/cancel"))
    answer = browser.submit(asked, cancel)
    assert (answer.status_code, "The user refused or cancelled." in answer.text) == (400, True)


def refreshes(node: LoneNode) -> list[str]:
    return [event["outcome"] for event in events(node.services.engine, "idp.refresh")]
