"""The answer as a form (OAuth 2.0 Form Post Response Mode) in a real browser: by the served script, and by the button without scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Browser, Page

from tests.functional.test_walk import CITY, log_in
from tests.support.demo import Federation
from tests.support.relying_party import RelyingParty


class Door:
    """A client's redirect URI on a loopback port: keeps what is posted to it."""

    def __init__(self) -> None:
        self.posted: SimpleQueue[dict[str, list[str]]] = SimpleQueue()
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                page = b"<!doctype html><title>done</title><link rel=icon href=data:,>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                door.posted.put(parse_qs(body))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join(10)
    made.server.server_close()


@pytest.fixture
def app(federation: Federation, door: Door) -> RelyingParty:
    client = federation.client("none")
    redirect_uri = client["redirect_uris"][0].replace(":9000", f":{door.server.server_port}")
    return RelyingParty(federation.url(CITY), client, redirect_uri)


def arrived(door: Door, app: RelyingParty, request: dict[str, str]) -> None:
    posted = door.posted.get(timeout=15)
    assert posted.keys() == {"code", "state", "iss"}
    assert posted["state"] == [request["state"]]
    assert app.redeem(posted["code"][0]).status_code == 200


def test_the_form_posts_itself_within_the_content_policy(
    federation: Federation, page: Page, door: Door, app: RelyingParty
) -> None:
    request = app.request(response_mode="form_post")
    page.goto(f"{app.metadata['authorization_endpoint']}?{urlencode(request)}")
    log_in(page, federation.account("citizen"))
    page.wait_for_url(app.redirect_uri)
    arrived(door, app, request)


def test_without_scripts_there_is_a_button(federation: Federation, browser: Browser, door: Door, app: RelyingParty) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    request = app.request(response_mode="form_post")
    page.goto(f"{app.metadata['authorization_endpoint']}?{urlencode(request)}")
    log_in(page, federation.account("citizen"))
    page.get_by_role("button", name="继续").click()
    arrived(door, app, request)
    context.close()
