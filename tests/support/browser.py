"""A real browser, and a watch over what pages make it do.

A page that logs an error, breaks its own content policy, lacks one of its files or asks anybody but its own server for one fails
the test that opened it, whatever the test itself looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, expect, sync_playwright

from tests.support.programs import need

_ARGUMENTS = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",  # says yes to the camera, which shows a film
    "--use-fake-device-for-media-stream",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",  # nothing leaves this machine
)
_OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_MAY_BE_REFUSED = frozenset({"document", "fetch", "xhr"})  # an explained refusal is a page like any other
_TOLD_BY_RESPONSES = "Failed to load resource: the server responded with a status of"

expect.set_options(timeout=30_000)  # as long as acts are waited for; five seconds are not enough where the machine is busy


class Watch:
    """Collects what went wrong in the pages of one browser context."""

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)
        context.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_TOLD_BY_RESPONSES):
            self.faults.append(f"console: {message.text} ({message.location.get('url')})")

    def _on_request(self, request: Request) -> None:
        wanted = urlsplit(request.url)
        if wanted.scheme in {"data", "blob", "about"}:
            return
        if wanted.hostname not in _OWN_HOSTS:
            self.faults.append(f"off this machine: {request.url}")
        elif request.resource_type != "document" and not request.is_navigation_request():
            page = urlsplit(request.frame.url)
            if page.netloc and page.netloc != wanted.netloc:
                self.faults.append(f"another server's file: {request.url} in {request.frame.url}")

    def _on_failure(self, request: Request) -> None:
        # A download or a page left in the middle is an aborted request, not a fault.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.faults.append(f"failed: {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        least = 500 if response.request.resource_type in _MAY_BE_REFUSED else 400
        if response.status >= least:
            self.faults.append(f"{response.status}: {response.url}")


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's camera shows, once a test has put it there: JPEG pictures, one after another."""
    return tmp_path_factory.mktemp("camera") / "film.mjpeg"


@pytest.fixture(scope="session")
def browser(film: Path) -> Iterator[Browser]:
    """Debian's Chromium without a window of its own, which costs half of the whole one; one for a test process."""
    executable = need("chromium-headless-shell", "chromium-headless-shell")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable, args=[*_ARGUMENTS, f"--use-file-for-fake-video-capture={film}"], headless=True
        )
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context of a visitor who reads Chinese; its watch speaks up at the end."""
    made = browser.new_context(
        locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1280, "height": 900}, accept_downloads=True
    )
    watch = Watch(made)
    yield made
    made.close()
    assert watch.faults == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page."""
    return context.new_page()
