"""The answer as a form (OAuth 2.0 Form Post Response Mode) in a real browser: by the served script, and by the button without scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page
from werkzeug import Request, Response
from werkzeug.serving import make_server

from tests.functional.test_walk import CITY, log_in
from tests.support.demo import Federation
from tests.support.relying_party import RelyingParty


class Door:
    """A client's redirect URI on a loopback port: keeps what is posted to it."""

    def __init__(self) -> None:
        self.posted: SimpleQueue[dict[str, str]] = SimpleQueue()
        # With threads: a connection that a browser opens in reserve keeps no other waiting.
        self.server = make_server("127.0.0.1", 0, self.answer, threaded=True)

    @Request.application
    def answer(self, request: Request) -> Response:
        if request.method == "POST":
            self.posted.put(request.form.to_dict())
        return Response("<!doctype html><title>done</title><link rel=icon href=data:,>", content_type="text/html")


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
    posted = door.posted.get(timeout=60)
    assert posted.keys() == {"code", "state", "iss"}
    assert posted["state"] == request["state"]
    assert app.redeem(posted["code"]).status_code == 200


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
