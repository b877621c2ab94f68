"""A kiosk that is a page of ours: entered by a phone, lent a session for some minutes, left by itself, over with the phone's."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import endpoints
from idp.authenticators.changing import check_fresh
from idp.browsers import sessions
from idp.clients.grant_types import DEVICE_CODE
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import Browser, Provider, events, json_of
from tests.support.kiosk import answer, approve, ask, poll, question

PAGE = "/kiosk/kiosk"


@pytest.fixture
def hall(provider: Provider) -> Provider:
    several = {"grant_types": (DEVICE_CODE,), "redirect_uris": (), "post_logout_redirect_uris": ()}
    provider.add_client("kiosk", name="自助服务终端", hall="饶平县政务服务中心一楼", **several)
    provider.add_client("nowhere", **several)
    return provider


def begin(kiosk: Browser) -> str:
    """Touch the kiosk's button and return the code that it shows."""
    shown = kiosk.follow(kiosk.post(PAGE, kiosk.get(PAGE)))
    assert 'http-equiv="refresh" content="3"' in shown.text
    assert "data:image/svg+xml" in shown.text
    code = re.search(r'<code class="cx-mono">([A-Z]{4}-[A-Z]{4})</code>', shown.text)
    assert code is not None
    return code[1]


def test_a_phone_enters_a_kiosk_which_is_left_by_its_button(hall: Provider, sqlite: sa.Engine) -> None:
    kiosk, phone = hall.browser(), hall.browser()
    code = begin(kiosk)
    page = question(phone, code)
    assert "终端屏幕上会显示您的首页" in page.text
    assert "它将得到" not in page.text
    assert "陈晓潮，您好" not in kiosk.get(f"{PAGE}/code").text, "nobody has decided"
    assert "请回到自助终端" in answer(phone, page, endpoints.DEVICE_CONFIRM).text

    home = kiosk.get(f"{PAGE}/code")
    assert "陈晓潮，您好" in home.text
    assert '<html lang="zh-CN" class="cx-kiosk">' in home.text
    assert f'content="100; url={PAGE}"' in home.text
    assert "可以进入的部门" not in home.text
    assert "陈晓潮，您好" in kiosk.get("/").text
    kiosk.get(PAGE)
    assert "陈晓潮，您好" not in kiosk.get("/").text
    assert "陈晓潮，您好" in phone.get("/").text, "only the kiosk was left"
    assert "陈晓潮，您好" not in kiosk.get(f"{PAGE}/code").text, "a code is good once"
    assert [event["target"] for event in events(sqlite, "idp.lend_session")] == [events(sqlite, "idp.lend_session")[0]["actor"]]


def test_what_a_kiosk_was_lent_is_short_never_fresh_and_over_with_the_phones(hall: Provider, clock: FixedClock) -> None:
    def entered() -> tuple[Browser, Browser]:
        kiosk, phone = hall.browser(), hall.browser()
        approve(phone, begin(kiosk))
        assert "陈晓潮，您好" in kiosk.get(f"{PAGE}/code").text
        return kiosk, phone

    kiosk, phone = entered()
    cookie = kiosk.client.get_cookie("chaoxin_445100_session")
    current = None if cookie is None else sessions.find_current(hall.deps, cookie.value)
    assert current is not None
    with pytest.raises(Refusal, match="fresh_login_needed"):
        check_fresh(hall.deps, current)
    phone.post("/logout", phone.get("/account"))
    assert "陈晓潮，您好" not in kiosk.get("/").text

    kiosk, phone = entered()
    clock.advance(sessions.LENT_IDLE)
    assert "陈晓潮，您好" not in kiosk.get("/").text
    assert "陈晓潮，您好" in phone.get("/").text

    kiosk, phone = entered()
    for _ in range(5):
        assert "陈晓潮，您好" in kiosk.get("/").text
        clock.advance(sessions.LENT_IDLE - timedelta(minutes=1))
    assert "陈晓潮，您好" not in kiosk.get("/").text, "ten minutes are the most"


def test_a_kiosks_own_code_gives_no_tokens_and_anothers_no_session(hall: Provider) -> None:
    kiosk, phone = hall.browser(), hall.browser()
    approve(phone, begin(kiosk))
    cookie = kiosk.client.get_cookie("chaoxin_445100_kiosk")
    assert cookie is not None
    device_code = cookie.value.rpartition(".")[2]
    assert json_of(poll(hall, device_code))["error"] == "invalid_grant"

    asked = ask(hall)
    approve(phone, asked["user_code"])
    kiosk.client.set_cookie("chaoxin_445100_kiosk", f"kiosk.{asked['device_code']}")
    assert "陈晓潮，您好" not in kiosk.get(f"{PAGE}/code").text


def test_a_refusal_leads_back_to_the_beginning(hall: Provider) -> None:
    kiosk, phone = hall.browser(), hall.browser()
    answer(phone, question(phone, begin(kiosk)), "/login/cancel")
    assert "开始" in kiosk.get(f"{PAGE}/code").text


@pytest.mark.parametrize("client_id", ["nowhere", "scjg", "unheard-of"])
def test_what_is_no_kiosk_with_a_hall_has_no_such_page(hall: Provider, client_id: str) -> None:
    assert hall.browser().get(f"/kiosk/{client_id}").status_code == 404


def test_what_a_kiosk_is_shown_is_kept_for_nobody_else(hall: Provider) -> None:
    kiosk = hall.browser()
    begin(kiosk)
    for _ in range(2):  # known by then
        assert "cx-kiosk" in kiosk.get(endpoints.AUTHORIZE, hall.request()).text
    phone = hall.browser()
    for _ in range(2):
        assert "cx-kiosk" not in phone.get(endpoints.AUTHORIZE, hall.request()).text
    assert "cx-kiosk" in kiosk.get(endpoints.AUTHORIZE, hall.request()).text
