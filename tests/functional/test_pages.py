"""Every page for everybody, in a real browser: on small and large screens, light and dark, in both languages, by keyboard."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.functional.test_walk import log_in
from tests.support.browser import Watch
from tests.support.demo import Federation
from tests.support.programs import need

CITY = "445100"
STRANGERS = ("/", "/login", "/logout", "/verify", "/v", "/nowhere")
CITIZENS = ("/", "/account", "/verify", "/admin/")

# What a page lacks for people who cannot see it or use a keyboard only. WCAG 2.2: 1.1.1, 1.3.1, 2.4.1, 2.4.2, 2.4.6, 2.5.8, 3.1.1, 4.1.2.
_LACKS = """() => {
  const lacks = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  if (!/^(zh-CN|en)$/.test(document.documentElement.lang)) lacks.push("lang");
  if (document.title.trim().length < 5) lacks.push("title");
  for (const [name, count] of [["main", 1], ["h1", 1], ["header", 1], ["footer", 1]])
    if (all(name).length !== count) lacks.push(`${all(name).length} ${name}`);
  let level = 0;
  for (const heading of all("h1,h2,h3,h4,h5,h6")) {
    const here = Number(heading.tagName[1]);
    if (here > level + 1) lacks.push(`heading skips: ${heading.textContent.trim()}`);
    level = here;
  }
  for (const input of all("input:not([type=hidden]),select,textarea"))
    if (input.labels.length === 0 && !input.ariaLabel) lacks.push(`label: ${input.name}`);
  for (const element of all("a,button"))
    if (shown(element) && !(element.ariaLabel || element.textContent).trim()) lacks.push(`name: ${element.outerHTML}`);
  for (const image of all("img")) if (!image.hasAttribute("alt")) lacks.push(`alt: ${image.src}`);
  for (const target of all("button,input:not([type=hidden]),select,.cx-tool,.cx-nav a")) {
    const box = target.getBoundingClientRect();
    if (shown(target) && target.type !== "checkbox" && (box.height < 40 || box.width < 40)) lacks.push(`small: ${target.outerHTML}`);
  }
  const ids = all("[id]").map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) lacks.push(`twice: ${id}`);
  if (all("[style],style,script:not([src])").length) lacks.push("inline style or script");
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide > 0) lacks.push(`wider than the screen by ${wide}`);
  return lacks;
}"""


@pytest.fixture(params=[(320, "light"), (320, "dark"), (768, "light"), (1280, "dark"), (1920, "light")], ids=str)
def visitor(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="zh-CN")
    watch = Watch(context)
    yield context
    context.close()
    assert watch.faults == []


def lacks(page: Page) -> list[str]:
    """Return what the page lacks once all of it has come; that it is the one which is meant must have been seen before."""
    page.wait_for_load_state()
    found: list[str] = page.evaluate(_LACKS)
    return found


def assert_in_order(page: Page, url: str) -> None:
    page.goto(url)
    assert lacks(page) == [], url


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_fit_every_screen_and_lack_nothing(federation: Federation, visitor: BrowserContext, language: str) -> None:
    page, base = visitor.new_page(), federation.url(CITY)
    for path in STRANGERS:
        assert_in_order(page, f"{base}{path}?lang={language}")
    page.goto(f"{base}/login")
    log_in(page, federation.account("citizen"))
    expect(page).to_have_url(f"{base}/")
    for path in CITIZENS:
        assert_in_order(page, f"{base}{path}?lang={language}")


def test_no_chinese_sentence_is_left_on_the_english_pages(federation: Federation, page: Page) -> None:
    base = federation.url(CITY)
    for path in ("/verify", "/login", "/v", "/nowhere"):
        page.goto(f"{base}{path}?lang=en")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        text = page.evaluate("""() => {
          for (const named of document.querySelectorAll('[lang="zh-CN"]')) named.remove();
          return document.body.innerText;
        }""")
        assert "，" not in text
        assert "。" not in text


def test_a_page_is_used_by_keyboard_alone(federation: Federation, page: Page) -> None:
    citizen = federation.account("citizen")
    page.goto(federation.url(CITY) + "/login")
    expect(page.locator('input[autocomplete="username"]')).to_be_focused()
    page.keyboard.type(citizen["username"])
    page.keyboard.press("Tab")
    page.keyboard.type(citizen["password"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("陈晓潮")
    page.keyboard.press("Tab")
    expect(page.locator(".cx-skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))  # from there on the next Tab goes
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_pages_work_without_scripts(federation: Federation, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(federation.url(CITY) + "/verify")
    page.locator('input[type="file"]').set_input_files(federation.license_file("445122"))
    page.locator('form:has(input[type="file"]) button[type="submit"]').click()
    expect(page.locator("[data-indication]")).to_have_attribute("data-indication", "TOTAL_PASSED")
    context.close()


def test_the_camera_reads_a_licences_code(federation: Federation, page: Page, film: Path) -> None:
    folder = film.parent
    drawing = [
        need("pdftoppm", "poppler-utils"),
        "-r",
        "300",
        "-png",
        "-singlefile",
        str(federation.license_file(CITY)),
        str(folder / "page"),
    ]
    subprocess.run(drawing, check=True)
    with Image.open(folder / "page.png") as sheet:
        (code,) = zxingcpp.read_barcodes(sheet)
        places = [(place.x, place.y) for place in (code.position.top_left, code.position.bottom_right)]
        (left, top), (right, bottom) = places
        held = sheet.crop((left - 40, top - 40, right + 40, bottom + 40)).convert("RGB")
    seen = Image.new("RGB", (1280, 720), "white")
    seen.paste(held.resize((680, 680)), (300, 20))
    seen.save(folder / "frame.jpg", quality=92)
    film.write_bytes((folder / "frame.jpg").read_bytes() * 2)
    page.goto(federation.url(CITY) + "/verify")
    page.locator("[data-scan-start]").click()
    expect(page.locator("[data-scan-hint]")).to_be_visible()
    page.wait_for_function("document.querySelector('[data-scan-video]').videoWidth > 0")
    page.locator("[data-scan-take]").click()
    number = next(entry["number"] for entry in federation.description["licenses"] if entry["node"] == CITY)
    expect(page.locator("[data-kind]")).to_contain_text(number)


def test_a_page_travels_in_less_than_100_kilobytes(federation: Federation, page: Page) -> None:
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108 - of a built-in method no handler can be made
    page.goto(federation.url(CITY) + "/", wait_until="networkidle")
    sizes = [request.sizes() for request in finished]
    assert len(sizes) >= 4
    assert sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes) < 100_000
