"""Clients that others wrote, unchanged, against a running node: each discovers, logs in, verifies, asks, refreshes and logs out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from idp.clients import registry
from idp.records import Client
from service.config import load_config
from service.wiring import Services
from tests.functional.test_walk import log_in
from tests.support.demo import Federation
from tests.support.node import converse, workspace
from tests.support.page_server import served_page
from tests.support.ports import free_port
from tests.support.relying_party import Browser

CITY = "445100"
MARKET = "114451008W15P11PMR"
SCRIPTS = Path(__file__).parents[1] / "support" / "node_rp"


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(SCRIPTS, tmp_path_factory.mktemp("node_rp"))


def settings(federation: Federation, method: str, **more: Any) -> dict[str, Any]:
    client = federation.client(method)
    return (
        client
        | {
            "issuer": federation.url(CITY),
            "redirect_uri": client["redirect_uris"][0],
            "post_logout_redirect_uri": client["post_logout_redirect_uris"][0],
        }
        | more
    )


def run(federation: Federation, script: Path, chosen: dict[str, Any]) -> dict[str, Any]:
    browser = Browser(chosen["redirect_uri"], chosen["post_logout_redirect_uri"])
    said = converse(script, chosen, browser, federation.account("citizen"))
    assert said["claims"]["iss"] == federation.url(CITY)
    assert said["person"]["sub"] == said["claims"]["sub"]
    assert said["person"]["name"] == "陈晓潮"
    assert said["rotated"]
    assert said["logged_out"]
    return said


def test_openid_client_with_client_secret_basic(federation: Federation, scripts: Path) -> None:
    run(federation, scripts / "openid_client.mjs", settings(federation, "client_secret_basic"))


def test_openid_client_with_private_key_jwt_and_a_pushed_request(federation: Federation, scripts: Path) -> None:
    said = run(federation, scripts / "openid_client.mjs", settings(federation, "private_key_jwt", pushed=True))
    assert sorted(said["parameters"]) == ["client_id", "request_uri"]


def test_openid_client_with_tokens_bound_to_its_key(federation: Federation, scripts: Path) -> None:
    chosen = settings(federation, "client_secret_basic", pushed=True, sender_constrained=True)
    assert run(federation, scripts / "openid_client.mjs", chosen)["token_type"] == "dpop"


def test_oauth4webapi_as_a_public_client(federation: Federation, scripts: Path) -> None:
    said = run(federation, scripts / "oauth4webapi.mjs", settings(federation, "none"))
    assert said["after_revocation"] == 401


@contextmanager
def served_app(federation: Federation, scripts: Path, *, sender_constrained: bool = False) -> Iterator[str]:
    """Register a public client and serve it in a page of its own origin."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    client = Client(
        client_id=f"page-{port}",
        name="潮州办事网页版",
        department=MARKET,
        token_endpoint_auth_method="none",
        redirect_uris=(f"{origin}/callback",),
        post_logout_redirect_uris=(f"{origin}/",),
        scopes=("openid", "profile", "offline_access"),
        origins=(origin,),
        dpop_bound_access_tokens=sender_constrained,
    )
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        registry.register(services.idp, client, actor="operator:test")
    page, library = scripts / "page", scripts / "node_modules" / "oidc-client-ts" / "dist" / "browser"
    files = dict.fromkeys(("/", "/callback"), page / "index.html")
    files |= {"/app.mjs": page / "app.mjs", "/oidc-client-ts.js": library / "oidc-client-ts.js"}
    said: dict[str, Any] = {"authority": federation.url(CITY), "client_id": client.client_id, "scope": " ".join(client.scopes)}
    said["sender_constrained"] = sender_constrained
    with served_page(port, files, said) as served:
        yield served


@pytest.fixture
def app(federation: Federation, scripts: Path) -> Iterator[str]:
    with served_app(federation, scripts) as served:
        yield served


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    """A page without the watch of our own ones: it is another server's, which calls the node from its own origin."""
    context = browser.new_context(locale="zh-CN")
    made = context.new_page()
    faults: list[str] = []
    made.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: faults.append(str(error)))
    yield made
    context.close()
    assert faults == []


def shown(page: Page) -> dict[str, Any]:
    user: dict[str, Any] = json.loads(page.locator("#user").inner_text())
    return user


def test_oidc_client_ts_in_a_browser_logs_in_renews_in_the_background_and_logs_out(
    federation: Federation, app: str, page: Page
) -> None:
    user = page.locator("#user")
    page.goto(app)
    expect(user).to_have_text("nobody")

    # 1. Login by redirect; the page itself redeems the code and asks for userinfo, from its own origin.
    page.locator("#login").click()
    log_in(page, federation.account("citizen"))
    page.get_by_role("button", name="同意并继续").click()  # to data being used in one's absence
    page.wait_for_url(f"{app}/")
    expect(user).to_contain_text("陈晓潮")
    first = shown(page)
    assert first["profile"]["iss"] == federation.url(CITY)

    # 2. Renewal by refresh token: no frame, no visit to the node's pages.
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))
    page.locator("#renew").click()
    expect(user).not_to_contain_text(first["access_token"])
    second = shown(page)
    assert second["profile"]["sub"] == first["profile"]["sub"]
    assert second["refresh_token"] != first["refresh_token"]
    assert visited == []

    # 3. Logout revokes the tokens, ends the session and comes back.
    with page.expect_response(lambda response: "/oauth/revoke" in response.url) as revoked:
        page.locator("#logout").click()
    assert revoked.value.status == 200
    page.wait_for_url(lambda url: urlsplit(url).netloc == urlsplit(app).netloc)
    expect(user).to_have_text("nobody")
    page.locator("#login").click()
    expect(page.locator('input[autocomplete="current-password"]')).to_be_visible()


def test_oidc_client_ts_in_a_browser_holds_the_key_of_its_tokens(federation: Federation, scripts: Path, page: Page) -> None:
    user = page.locator("#user")
    with served_app(federation, scripts, sender_constrained=True) as app:
        page.goto(app)
        expect(user).to_have_text("nobody")  # the script has come so far that its buttons do something
        page.locator("#login").click()
        log_in(page, federation.account("citizen"))
        page.get_by_role("button", name="同意并继续").click()
        page.wait_for_url(f"{app}/")
        expect(user).to_contain_text("陈晓潮")
        first = shown(page)
        assert first["token_type"] == "DPoP"
        page.locator("#renew").click()
        expect(user).not_to_contain_text(first["access_token"])
        assert shown(page)["token_type"] == "DPoP"
