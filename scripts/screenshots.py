"""Takes the pictures of README.md and docs/trust.md from a running demo: ``make demo`` in one terminal, this in another.

Reads ``var/demo/demo.json``; writes ``docs/images/*.png``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Page, sync_playwright

IMAGES = Path("docs/images")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Walk the demo and keep what is seen."""
    demo = json.loads(Path("var/demo/demo.json").read_text(encoding="utf-8"))
    city, county = (next(n["url"] for n in demo["nodes"] if n["level"] == level) for level in ("city", "county"))
    citizen = next(account for account in demo["accounts"] if account["kind"] == "citizen")
    license_file = next(entry["file"] for entry in demo["licenses"] if city == _url_of(demo, entry["node"]))
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        page.goto(f"{city}/login")
        _shoot(page, "login")
        page.locator('input[autocomplete="username"]').fill(citizen["username"])
        page.locator('input[autocomplete="current-password"]').fill(citizen["password"])
        page.keyboard.press("Enter")
        page.wait_for_url(f"{city}/")
        _shoot(page, "home")
        page.goto(f"{county}/verify")
        page.locator('input[type="file"]').set_input_files(license_file)
        page.locator('form:has(input[type="file"]) button[type="submit"]').click()
        page.locator("[data-indication]").wait_for()
        _shoot(page, "verdict")
        _shoot_graph(page, next(n["code"] for n in demo["nodes"] if n["level"] == "county"))
        _shoot_plan(page, next(n["code"] for n in demo["nodes"] if n["level"] == "city"))
        browser.close()


def _url_of(demo: dict[str, Any], code: str) -> str:
    return str(next(node["url"] for node in demo["nodes"] if node["code"] == code))


def _shoot_graph(page: Page, code: str) -> None:
    """Keep the graph of trust as the node draws it."""
    config = f"var/demo/{code}/chaoxin.toml"
    with TemporaryDirectory() as folder:
        drawn = Path(folder) / "graph.svg"
        _chaoxin("--config", config, "crosscert", "graph", "--svg", str(drawn))
        page.goto(drawn.as_uri())
        page.locator("svg").screenshot(path=IMAGES / "trust.png")


def _shoot_plan(page: Page, code: str) -> None:
    """Keep what the node plans when a district asks it to be certified that is new and not agreed with."""
    with TemporaryDirectory() as folder:
        district, description = Path(folder) / "district", Path(folder) / "description.json"
        places = ("--province", "广东省", "--city", "潮州市", "--county", "湘桥区")
        _chaoxin(
            "init",
            str(district),
            "--code",
            "445102",
            "--name",
            "湘桥区",
            "--url",
            "https://xiangqiao.example",
            "--port",
            "8109",
            *places,
        )
        _chaoxin("--config", str(district / "chaoxin.toml"), "crosscert", "describe", "--out", str(description))
        plan = _chaoxin("--config", f"var/demo/{code}/chaoxin.toml", "crosscert", "plan", "--peer-description", str(description))
    page.goto("about:blank")  # the page before was a drawing, which has no body to write to
    page.set_content(f'<pre style="display: inline-block; margin: 0; padding: 1em; font-size: 14px">{escape(plan)}</pre>')
    page.locator("pre").screenshot(path=IMAGES / "plan.png")


def _chaoxin(*arguments: str) -> str:
    command = [sys.executable, "-m", "service.cli", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own command


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png", full_page=True)


if __name__ == "__main__":
    main()
