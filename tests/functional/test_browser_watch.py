"""The watch over pages really notices what it is there for."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Watch
from tests.support.ports import free_port

FAULTY = {
    "console": '<!doctype html><link rel="icon" href="data:,"><script>console.error("a fault")</script>',
    "script": '<!doctype html><link rel="icon" href="data:,"><script>throw new Error("a fault")</script>',
    "404": '<!doctype html><link rel="icon" href="data:,"><img src="/missing.png">',
    "off this machine": '<!doctype html><link rel="icon" href="data:,"><img src="http://elsewhere.invalid/x.png">',
    "another server's file": '<!doctype html><link rel="icon" href="data:,"><img src="http://127.0.0.1:{port}/x.png">',
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    port = free_port()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield tmp_path, port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_page_is_noticed(browser: Browser, site: tuple[Path, int], fault: str) -> None:
    folder, port = site
    (folder / "index.html").write_text(FAULTY[fault].format(port=port), encoding="utf-8")
    context = browser.new_context()
    watch = Watch(context)
    page = context.new_page()
    page.goto(f"http://localhost:{port}/")
    deadline = time.monotonic() + 30
    while not any(found.startswith(fault) for found in watch.faults):
        assert time.monotonic() < deadline, watch.faults
        page.wait_for_timeout(20)
    context.close()


def test_a_page_in_order_and_a_refused_page_are_no_faults(browser: Browser, site: tuple[Path, int]) -> None:
    folder, port = site
    (folder / "index.html").write_text('<!doctype html><link rel="icon" href="data:,"><p>潮信</p>', encoding="utf-8")
    context = browser.new_context()
    watch = Watch(context)
    page = context.new_page()
    page.goto(f"http://localhost:{port}/")
    page.goto(f"http://localhost:{port}/nowhere")
    context.close()
    assert watch.faults == []
