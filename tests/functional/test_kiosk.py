"""A kiosk in the hall, written with nothing but HTTP or a page of ours, and a citizen's phone, a real browser of a phone's size (RFC 8628)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.functional.test_walk import CITY, log_in
from tests.functional.test_wallet import read_code
from tests.support.demo import Federation

HALL = "潮州市政务服务中心一楼"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
SOCIAL_SECURITY = "114451006B39GGDTXW"


@dataclass
class Kiosk:
    """A public client of the device flow."""

    metadata: dict[str, Any]
    client_id: str

    def begin(self) -> dict[str, Any]:
        form = {"client_id": self.client_id, "scope": "openid profile"}
        answer = requests.post(self.metadata["device_authorization_endpoint"], data=form, timeout=30)
        assert answer.status_code == 200, answer.text
        codes: dict[str, Any] = answer.json()
        return codes

    def ask(self, codes: dict[str, Any]) -> dict[str, Any]:
        form = {"client_id": self.client_id, "grant_type": DEVICE_CODE, "device_code": codes["device_code"]}
        answer: dict[str, Any] = requests.post(self.metadata["token_endpoint"], data=form, timeout=30).json()
        return answer


@pytest.fixture(scope="module")
def kiosk(federation: Federation) -> Kiosk:
    registered = federation.command(
        CITY, "client", "add", "hall-kiosk", "--name", "自助服务终端", "--department", SOCIAL_SECURITY, "--method", "none",
        "--grant-type", DEVICE_CODE, "--scope", "openid profile", "--hall", HALL, "--json",
    )  # fmt: skip
    address = f"{federation.url(CITY)}/.well-known/openid-configuration"
    return Kiosk(requests.get(address, timeout=30).json(), json.loads(registered.stdout)["client_id"])


def test_a_citizen_logs_in_at_a_kiosk_with_their_phone(federation: Federation, kiosk: Kiosk, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    codes = kiosk.begin()
    assert kiosk.ask(codes)["error"] == "authorization_pending"

    # 1. The phone arrives by the QR code; the code is there to be compared.
    page.goto(codes["verification_uri_complete"])
    expect(page.get_by_label("终端上的代码")).to_have_value(codes["user_code"])
    page.get_by_role("button", name="继续").click()

    # 2. The ordinary login.
    log_in(page, federation.account("citizen"))

    # 3. Who asks, where, for what, and the warning.
    for told in ("自助服务终端", HALL, codes["user_code"], "您的姓名和实名等级"):
        expect(page.get_by_text(told).first).to_be_visible()
    expect(page.get_by_text("那是诈骗")).to_be_visible()
    page.get_by_role("button", name="代码一致，同意").click()
    expect(page.get_by_role("heading", name="请回到自助终端")).to_be_visible()

    # 4. The kiosk goes on, without a session of its own.
    tokens = kiosk.ask(codes)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    person = requests.get(kiosk.metadata["userinfo_endpoint"], headers=bearer, timeout=30).json()
    assert person["name"] == "陈晓潮"
    assert "refresh_token" not in tokens


def test_a_citizen_types_the_code_and_refuses_in_english(federation: Federation, kiosk: Kiosk, page: Page) -> None:
    codes = kiosk.begin()
    page.goto(codes["verification_uri"] + "?lang=en")
    page.get_by_label("Code on the kiosk").fill("BBBB-BBBB")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("There is no such code")).to_be_visible()
    page.get_by_label("Code on the kiosk").fill(codes["user_code"].lower().replace("-", " "))
    page.get_by_role("button", name="Continue").click()
    log_in(page, federation.account("citizen"))
    expect(page.get_by_text("Compare the code")).to_be_visible()
    page.get_by_role("button", name="Refuse", exact=True).click()
    expect(page.get_by_text("The kiosk was told nothing")).to_be_visible()
    assert kiosk.ask(codes)["error"] == "access_denied"


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    yield context.new_page()
    context.close()


@pytest.fixture
def screen(page: Page) -> Page:
    """The hall's screen; its clock can be put forward."""
    page.set_viewport_size({"width": 1080, "height": 1920})
    page.clock.install()
    return page


def scan(screen: Page, phone: Page) -> None:
    """Touch the screen's button and open on the phone what the screen shows, as a camera reads it."""
    screen.get_by_role("button", name="开始").click()
    expect(screen.get_by_role("img", name="登录的二维码")).to_be_visible()
    phone.goto(read_code(screen))
    shown = screen.locator(".cx-counter code").inner_text()
    expect(phone.get_by_label("终端上的代码")).to_have_value(shown)
    phone.get_by_role("button", name="继续").click()


def agree(screen: Page, phone: Page) -> None:
    """Agree on the phone; the screen goes on by itself."""
    expect(phone.get_by_text("最多二十分钟")).to_be_visible()
    phone.get_by_role("button", name="代码一致，同意").click()
    expect(phone.get_by_role("heading", name="请回到自助终端")).to_be_visible()
    screen.clock.fast_forward("00:03")
    expect(screen.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()


def assert_left(screen: Page) -> None:
    """See that the next visitor finds the beginning, and nothing of the last one by going back."""
    expect(screen.get_by_role("button", name="开始")).to_be_visible()
    beginning = screen.url
    for _ in range(2):
        screen.go_back()
        assert "陈晓潮" not in screen.content()
    screen.goto(beginning)


def test_a_screen_in_a_hall_is_entered_by_phone_asks_who_is_silent_and_keeps_nothing(
    federation: Federation, screen: Page, phone: Page
) -> None:
    (kiosk,) = federation.description["kiosks"]
    screen.goto(kiosk["url"])

    # 0. Whoever chooses a language and goes away leaves none behind.
    screen.get_by_role("link", name="English").click()
    expect(screen.get_by_role("button", name="Begin")).to_be_visible()
    screen.clock.fast_forward("01:45")
    expect(screen.get_by_role("button", name="开始")).to_be_visible()

    scan(screen, phone)
    log_in(phone, federation.account("citizen"))
    agree(screen, phone)

    # 1. Large, nothing to type, nothing to be left on the screen's disk.
    assert screen.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
    expect(screen.locator("input:not([type=hidden]), textarea, select")).to_have_count(0)
    screen.get_by_role("link", name="社会保障卡", exact=True).click()
    expect(screen.get_by_role("button", name="当面出示")).to_be_visible()
    expect(screen.get_by_role("link", name="下载")).to_have_count(0)

    # 2. Who touches nothing is asked; who answers stays, who does not has left.
    asked = screen.get_by_role("alertdialog", name="您还在吗？")
    expect(asked).to_have_count(0)
    screen.clock.fast_forward("01:15")
    expect(asked).to_contain_text("秒后自动退出")
    with screen.expect_request(
        lambda one: one.method == "POST" and one.url.endswith("/session")
    ):  # told when it was closed, not before
        asked.get_by_role("button", name="我还要用").click()
    expect(asked).to_have_count(0)
    screen.clock.fast_forward("01:15")
    expect(asked).to_be_visible()
    screen.clock.fast_forward("00:30")
    assert_left(screen)

    # 3. By the button.
    scan(screen, phone)
    agree(screen, phone)
    screen.get_by_role("link", name="结束，退出").click()
    assert_left(screen)

    # 4. By logging out on the phone.
    scan(screen, phone)
    agree(screen, phone)
    phone.goto(federation.url(CITY) + "/account")
    phone.get_by_role("button", name="退出登录").click()
    expect(phone.get_by_text("您已退出登录")).to_be_visible()
    screen.clock.fast_forward("00:03")
    assert_left(screen)
