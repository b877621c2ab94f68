"""Debian's mod_auth_openidc, a certified client that we did not write: discovery, login, claims in headers, refresh, logout."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.apache import addresses, apache
from tests.support.lone_node import LoneNode
from tests.support.ports import free_port
from tests.support.relying_party import Browser, find_form, forms


@pytest.fixture(scope="module")
def site(node: LoneNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site's address."""
    port = free_port()
    client = node.add_client("apache", **addresses(port))
    with apache(tmp_path_factory.mktemp("apache"), port, node.url, client) as url:
        yield url


def enter(site: str, citizen: dict[str, Any]) -> tuple[Browser, dict[str, str]]:
    """Log in at the site and return the browser and the headers that the application behind it got."""
    browser = Browser()
    answer = browser.log_in(browser.get(f"{site}/in/page"), citizen)
    assert answer.url == f"{site}/in/page", answer.text
    return browser, answer.json()


def info(browser: Browser, site: str) -> dict[str, Any]:
    answer = browser.get(f"{site}/in/redirect", info="json")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def decoded(value: str) -> str:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


def test_mod_auth_openidc_logs_a_citizen_in_and_tells_the_application_their_claims(site: str, citizen: dict[str, Any]) -> None:
    open_to_all = requests.get(f"{site}/", timeout=30).json()
    assert not any(name.lower().startswith("oidc") for name in open_to_all)
    _, headers = enter(site, citizen)
    told = {name.lower(): value for name, value in headers.items()}
    assert decoded(told["oidc_claim_name"]) == "陈晓潮"
    assert decoded(told["oidc_claim_phone_number"]) == "+86 138 0000 0001"
    assert decoded(told["oidc_claim_acr"]) == "urn:chaoxin:aal:1"
    assert decoded(told["oidc_claim_sub"])


def test_mod_auth_openidc_opens_a_second_session_without_a_second_password(site: str, citizen: dict[str, Any]) -> None:
    browser, headers = enter(site, citizen)
    for cookie in [each for each in browser.session.cookies if each.name.startswith("mod_auth_openidc")]:
        browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)
    again = browser.get(f"{site}/in/page")
    assert again.url == f"{site}/in/page"
    assert again.json().keys() == headers.keys()


def test_mod_auth_openidc_refreshes_its_access_token(site: str, citizen: dict[str, Any], node: LoneNode) -> None:
    browser, _ = enter(site, citizen)
    before = info(browser, site)
    back = browser.get(f"{site}/in/redirect", refresh=f"{site}/in/page", access_token=before["access_token"])
    assert back.url == f"{site}/in/page", "an error would be told in its address"
    after = info(browser, site)
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    bearer = {"Authorization": f"Bearer {after['access_token']}"}
    person = requests.get(f"{node.url}/oauth/userinfo", headers=bearer, timeout=30).json()
    assert person["sub"] == before["userinfo"]["sub"]


def test_mod_auth_openidc_logs_out_here_and_there(site: str, citizen: dict[str, Any], node: LoneNode) -> None:
    browser, _ = enter(site, citizen)
    back = browser.get(f"{site}/in/redirect", logout=f"{site}/")
    assert back.url == f"{site}/", back.text
    asked = browser.get(f"{site}/in/page")
    assert asked.url.startswith(f"{node.url}/login")
    assert find_form(asked.text, "current-password") is not None


def test_mod_auth_openidc_hears_of_a_logout_elsewhere(site: str, citizen: dict[str, Any], node: LoneNode) -> None:
    browser, _ = enter(site, citizen)
    bystander, _ = enter(site, citizen)
    node.log_out(browser, telling="apache")
    assert find_form(browser.get(f"{site}/in/page").text, "current-password") is not None, "the site's own session is over"
    assert bystander.get(f"{site}/in/page").url == f"{site}/in/page", "the same person's other login is not"


def test_mod_auth_openidc_lets_nobody_in_who_turned_back(site: str) -> None:
    browser = Browser()
    asked = browser.get(f"{site}/in/page")
    cancel = next(form for form in forms(asked.text) if form.action.startswith("/login/cancel"))
    answer = browser.submit(asked, cancel)
    # Version 2.4.12 takes an error that names its issuer (RFC 9207) for somebody else's wish to log in, and refuses that.
    assert answer.url.startswith(f"{site}/in/redirect?error=access_denied&")
    assert "Error" in answer.text
    assert find_form(browser.get(f"{site}/in/page").text, "current-password") is not None
