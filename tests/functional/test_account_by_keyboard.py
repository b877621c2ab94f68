"""Every page of one's own account, in English on a phone, by the Tab key alone: each control is reached and seen to be, and nothing is cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.functional.test_accessibility import addresses, enter
from tests.functional.test_pages import lacks
from tests.support.lone_node import LoneNode
from tests.support.mandates import add_company

WATCH = """() => {
  window.reached = new Set();
  window.unseen = [];
  document.addEventListener("focusin", ({ target }) => {
    window.reached.add(target);
    const around = [target, target.closest("li"), target.closest(".cx-license")];  // a tile is outlined whole
    if (!around.some((one) => one && getComputedStyle(one).outlineStyle !== "none")) window.unseen.push(target.outerHTML.slice(0, 120));
  });
  if (document.activeElement !== document.body) window.reached.add(document.activeElement);
}"""
MISSED = """() => [...document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary")]
  .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0 && !window.reached.has(one))
  .map((one) => one.outerHTML.slice(0, 120))"""


def walk(page: Page) -> list[str]:
    """Press Tab until all was reached or no more comes; return what was missed or not seen."""
    page.evaluate(WATCH)
    missed: list[str] = page.evaluate(MISSED)
    while missed:
        for _ in missed:
            page.keyboard.press("Tab")
        before, missed = missed, page.evaluate(MISSED)
        if missed == before:
            break
    return missed + list(page.evaluate("() => window.unseen"))


@pytest.mark.parametrize("kind", ["citizen", "enterprise"])
def test_whoever_has_a_keyboard_alone_reaches_everything_of_their_account(node: LoneNode, browser: Browser, kind: str) -> None:
    username = f"keyboard-{kind}"
    if kind == "citizen":
        node.add_account(username, name="林思敏")
    else:
        add_company(node.services.idp, username, uscc="91445100MA7CHAN008")
    with browser.new_context(viewport={"width": 360, "height": 740}, locale="en") as context:
        page = enter(context, node.services, username)
        pages = [address for address in addresses(node.services) if address.startswith("/account")]
        assert len(pages) > 10
        for address in pages:
            page.goto(f"{node.url}{address}?lang=en")
            assert lacks(page) == [], address
            assert walk(page) == [], address
