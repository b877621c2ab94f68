"""A kiosk in the hall, written with nothing but HTTP, and a citizen's phone, which is a real browser of a phone's size (RFC 8628)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.functional.test_walk import CITY, log_in
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
