"""axe-core over every page that is there, as whoever may see it, in both languages and both themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from idp.browsers import sessions
from service.app import create_app
from service.config import load_config
from service.csrf import MACHINE_PREFIXES
from service.metrics import Metrics
from service.wiring import Services
from tests.support.demo import Federation

CITY = "445100"
AXE = Axe()
VIOLATIONS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((each) => each.id + " " + each.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" "));
}"""
STRANGERS = ("/", "/login", "/verify", "/nowhere")


@pytest.fixture(scope="module")
def city(federation: Federation) -> Iterator[Services]:
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        yield services


def addresses(services: Services) -> list[str]:
    """Return the addresses of all pages that need nothing more to be said."""
    rules = create_app(services, Metrics()).url_map.iter_rules()
    pages = (rule.rule for rule in rules if "GET" in (rule.methods or ()) and "<" not in rule.rule)
    machines = (*MACHINE_PREFIXES, "/licenses/", "/metrics", "/healthz", "/readyz")
    return sorted(page for page in pages if not page.startswith(machines) and not page.endswith((".svg", ".jsonl")))


def enter(context: BrowserContext, services: Services, username: str) -> Page:
    """Return a page of somebody who has just logged in with two factors."""
    deps = services.idp
    with deps.work.begin() as work:
        account = work.records.find_username(username)
        assert account is not None
        started = sessions.start(work, deps, account.id, ("pwd", "otp"), sessions.Device("127.0.0.1", "a test"))
    context.add_cookies([{"name": deps.node.cookie("session"), "value": started.cookie, "url": deps.node.url}])
    return context.new_page()


def violations(page: Page, address: str) -> list[str]:
    """Return what axe finds wrong at ``address``, and whether the page is wider than the screen."""
    page.goto(address)
    return violations_on(page, address)


def violations_on(page: Page, address: str) -> list[str]:
    """Return the same of the page as it is."""
    found: list[str] = page.evaluate(VIOLATIONS)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    too_wide = [f"{address}: wider than the screen by {wide}"] if wide > 0 else []
    return too_wide + [f"{address}: {each}" for each in found]


@pytest.fixture(params=[("zh", "light", 320), ("en", "dark", 1920)], ids=["zh-light-320", "en-dark-1920"])
def screen(request: pytest.FixtureRequest, browser: Browser) -> tuple[str, Callable[[], BrowserContext]]:
    """Return a language, and what opens browsers of it: in one of the themes, on the narrowest or on a wide screen."""
    language, scheme, width = request.param
    locale = "zh-CN" if language == "zh" else "en"
    size = {"width": width, "height": 800}

    def open_browser() -> BrowserContext:
        context = browser.new_context(color_scheme=scheme, locale=locale, viewport=size)  # type: ignore[arg-type]
        context.add_init_script(AXE.axe_script)  # each page has it from its beginning, without being sent it anew
        return context

    return language, open_browser


def test_axe_finds_nothing_on_any_page_and_each_fits_its_screen(
    federation: Federation, city: Services, screen: tuple[str, Callable[[], BrowserContext]]
) -> None:
    language, open_browser = screen
    found: list[str] = []
    admin = federation.account("security_admin")["username"]
    citizen = federation.account("citizen")["username"]
    for username in (None, citizen, admin):
        context = open_browser()
        page = context.new_page() if username is None else enter(context, city, username)
        pages = [address for address in addresses(city) if address.startswith("/admin") == (username == admin)]
        for address in STRANGERS if username is None else pages:
            found += violations(page, f"{city.node.url}{address}?lang={language}")
        context.close()
    assert found == []


def test_axe_finds_nothing_at_a_kiosk(
    federation: Federation, city: Services, screen: tuple[str, Callable[[], BrowserContext]]
) -> None:
    language, open_browser = screen
    context = open_browser()
    page = enter(context, city, federation.account("citizen")["username"])
    address = federation.description["kiosks"][0]["url"]
    found = violations(page, f"{address}?lang={language}")
    page.locator("main button").click()
    page.locator(".cx-counter").wait_for()
    found += violations_on(page, f"{address}/code")
    found += violations(page, f"{city.node.url}/")
    page.evaluate("document.getElementById('kiosk').showModal()")
    found += violations_on(page, "what asks whether somebody is there")
    context.close()
    assert found == []


def test_axe_speaks_of_what_is_wrong(browser: Browser) -> None:
    with browser.new_context() as context:
        context.add_init_script(AXE.axe_script)
        found = violations(context.new_page(), "data:text/html,<p style='color:%23eee;width:3000px'>pale</p><img src='data:,'>")
    assert all(any(word in each for each in found) for word in ("wider than", "color-contrast", "image-alt", "html-has-lang"))
