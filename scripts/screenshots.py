"""Takes the pictures of README.md from a running demo: ``make demo`` in one terminal, this in another.

Reads ``var/demo/demo.json``; writes ``docs/images/*.png``.
"""

from __future__ import annotations

import json
from pathlib import Path
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
        browser.close()


def _url_of(demo: dict[str, Any], code: str) -> str:
    return str(next(node["url"] for node in demo["nodes"] if node["code"] == code))


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png", full_page=True)


if __name__ == "__main__":
    main()
