"""Every page there is, as whoever may see it, on contact sheets in ``var/sheets``: to be looked at. Only when asked, like ``test_pictures``.

Each is looked at by axe-core too. One page for each route: where something varies in its address, the first that a page before it links to. In both languages, both themes, on
a phone and on a desk. Left to others: everything that can be checked without eyes (``test_accessibility``, ``test_pages``).
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from werkzeug.exceptions import HTTPException

from service.app import create_app
from service.config import load_config
from service.metrics import Metrics
from service.wiring import Services
from tests.functional.test_accessibility import AXE, CITY, STRANGERS, addresses, enter
from tests.support.demo import Federation

SHEETS = Path(__file__).parents[2] / "var" / "sheets"
PEOPLE = {"stranger": None, "citizen": "citizen", "enterprise": "enterprise", "staff": "staff", "admin": "security_admin"}
WIDTHS = {"desk": (1280, 800), "phone": (360, 740)}
LINK = re.compile(r'href="(?:https?://[^/"]+)?(/[^"#?]*)')
_TALL = 2400
_ACROSS = {"desk": 4, "phone": 10}


@pytest.fixture(scope="module")
def city(federation: Federation) -> Iterator[Services]:
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        yield services


def asked(*choices: str) -> tuple[str, ...]:
    """Return what ``CHAOXIN_SHEETS`` narrows the choices to: ``admin,zh,light,desk``."""
    wanted = os.environ.get("CHAOXIN_SHEETS", "").split(",")
    return tuple(one for one in choices if one in wanted) or choices


def walk(page: Page, services: Services, known: list[str]) -> Iterator[str]:
    """Visit the pages, and yield each address while it is shown; one for each route that a page links to is added."""
    routes = create_app(services, Metrics()).url_map.bind("")
    seen: set[str] = set()
    waiting = list(known)
    while waiting:
        address = waiting.pop(0)
        try:
            endpoint = routes.match(address, method="GET")[0]
        except HTTPException:
            endpoint = address
        if endpoint in seen or endpoint.endswith(("static", "document", "download")):
            continue
        seen.add(endpoint)
        yield address
        section = "/admin" if address.startswith("/admin") else "/account"
        links = LINK.findall(page.content())
        waiting += [
            one
            for one in links
            if one.startswith(section) and not re.search(r"\.(svg|cer|crl|pdf|png|jsonl)$|/(document|receipt)$", one)
        ]


@pytest.mark.parametrize("who", asked(*PEOPLE))
@pytest.mark.parametrize("language", asked("zh", "en"))
@pytest.mark.parametrize("scheme", asked("light", "dark"))
@pytest.mark.parametrize("size", asked(*WIDTHS))
def test_a_sheet(
    federation: Federation, city: Services, browser: Browser, who: str, language: str, scheme: str, size: str
) -> None:
    width, height = WIDTHS[size]
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="zh-CN" if language == "zh" else "en",
        timezone_id="Asia/Shanghai",
        viewport={"width": width, "height": height},
    )
    kind = PEOPLE[who]
    page = context.new_page() if kind is None else enter(context, city, federation.account(kind)["username"])
    office = who in {"staff", "admin"}
    known = list(STRANGERS) if kind is None else [one for one in addresses(city) if one.startswith("/admin") == office]
    shots: list[Image.Image] = []
    faults: list[str] = []

    def shown(address: str) -> None:
        page.goto(f"{city.node.url}{address}?lang={language}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults.append(f"{address} is wider than the screen")
        found = AXE.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        faults.extend(f"{address}: {each['id']} {[node['html'][:200] for node in each['nodes'][:3]]}" for each in found)
        picture = Image.open(io.BytesIO(page.screenshot(full_page=True, animations="disabled"))).convert("RGB")
        shots.append(picture.crop((0, 0, width, min(picture.height, _TALL))))

    for address in walk(page, city, known):
        shown(address)
    context.close()
    _paste(shots, f"{who}-{language}-{scheme}-{size}", _ACROSS[size])
    assert faults == []


def _paste(shots: list[Image.Image], name: str, across: int) -> None:
    SHEETS.mkdir(parents=True, exist_ok=True)
    for number, begin in enumerate(range(0, len(shots), across)):
        row = shots[begin : begin + across]
        sheet = Image.new("RGB", (sum(one.width + 16 for one in row), max(one.height for one in row)), "#777")
        left = 0
        for one in row:
            sheet.paste(one, (left, 0))
            left += one.width + 16
        sheet.save(SHEETS / f"{name}-{number:02}.png")
