"""A kiosk that is a page of ours: entered by a phone, lent a session for some minutes, left by itself, over with the phone's."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from idp import endpoints
from idp.authenticators.changing import check_fresh
from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.clients.grant_types import DEVICE_CODE
from idp.wire import OAuthResponse
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import TOTP_SECRET, Browser, Provider, events, json_of, with_limits
from tests.support.kiosk import answer, approve, ask, poll, question, type_code

PAGE = "/kiosk/kiosk"


@pytest.fixture
def hall(provider: Provider) -> Provider:
    several = {"grant_types": (DEVICE_CODE,), "redirect_uris": (), "post_logout_redirect_uris": ()}
    public, place = {"token_endpoint_auth_method": "none"}, "饶平县政务服务中心一楼"
    provider.add_client("kiosk", name="自助服务终端", hall=place, **several, **public)
    provider.add_client("nowhere", **several, **public)
    provider.add_client("program", hall=place, **several)
    provider.add_client("tied", hall=place, addresses=("10.1.0.0/16",), **several)
    return provider


def begin(kiosk: Browser) -> str:
    """Touch the kiosk's button and return the code that it shows."""
    first = kiosk.get(PAGE)
    assert 'class="cx-kiosk"' in first.text
    shown = kiosk.follow(kiosk.post(PAGE, first))
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
    assert "测试系统" not in page.text, "it is the node's own page"
    assert "陈晓潮，您好" not in kiosk.get(f"{PAGE}/code").text, "nobody has decided"
    assert "请回到自助终端" in answer(phone, page, endpoints.DEVICE_CONFIRM).text

    home = kiosk.get(f"{PAGE}/code")
    assert "陈晓潮，您好" in home.text
    assert '<html lang="zh-CN" class="cx-kiosk">' in home.text
    assert f'<noscript><meta http-equiv="refresh" content="100; url={PAGE}"></noscript>' in home.text
    assert f'data-page="{PAGE}" data-entered' in home.text
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
    for _ in range(10):
        assert "陈晓潮，您好" in kiosk.get("/").text
        clock.advance(sessions.LENT_IDLE - timedelta(minutes=1))
    assert "陈晓潮，您好" not in kiosk.get("/").text, "twenty minutes are the most"


def standing(kiosk: Browser) -> tuple[bool, int, int]:
    """Return what the page's script is told: whether the code waits, and for how long there is a session."""
    told = kiosk.get(f"{PAGE}/session")
    assert told.headers["Cache-Control"] == "no-store"
    return told.json["waits"], told.json["seconds"], told.json["longest"]  # type: ignore[index]


def test_the_page_is_told_how_things_stand_and_only_a_touch_keeps_its_session(hall: Provider, clock: FixedClock) -> None:
    kiosk, phone = hall.browser(), hall.browser()
    code = begin(kiosk)
    assert standing(kiosk) == (True, 0, 0)
    approve(phone, code)
    assert standing(kiosk) == standing(kiosk) == (False, 0, 0), "asking takes nothing"
    home = kiosk.get(f"{PAGE}/code")
    idle, longest = int(sessions.LENT_IDLE.total_seconds()), int(sessions.LENT.total_seconds())
    assert standing(kiosk) == (False, idle, longest)
    clock.advance(timedelta(seconds=100))
    assert standing(kiosk) == (False, idle - 100, longest - 100)
    assert kiosk.client.post(f"{PAGE}/session").status_code == 403, "a form from elsewhere"
    assert kiosk.post(f"{PAGE}/session", home).json == {"waits": False, "seconds": idle, "longest": longest - 100}
    for passed in range(60, idle, 60):
        clock.advance(timedelta(seconds=60))
        assert standing(kiosk)[1] == idle - passed
    clock.advance(timedelta(seconds=60))
    assert standing(kiosk) == (False, 0, 0)
    assert "陈晓潮，您好" not in kiosk.get("/").text

    approve(phone, begin(kiosk))
    kiosk.get(f"{PAGE}/code")
    assert standing(kiosk)[1] == idle
    phone.post("/logout", phone.get("/account"))
    assert standing(kiosk) == (False, 0, 0), "the screen is cleared with the phone's logout"


def test_whoever_leaves_a_kiosk_leaves_nothing_by_which_the_next_sees_where_they_were(hall: Provider) -> None:
    kiosk = hall.browser()
    approve(hall.browser(), begin(kiosk))
    kiosk.get(f"{PAGE}/code")
    kiosk.get(PAGE)
    assert kiosk.client.get_cookie("chaoxin_445100_session") is None
    assert kiosk.client.get_cookie("chaoxin_445100_left") is None


def test_the_language_that_a_visitor_chose_leaves_with_them(hall: Provider) -> None:
    kiosk = hall.browser()
    assert (_language(kiosk.get(PAGE)), "data-page" in kiosk.get(PAGE).text) == ("zh-CN", False)
    chosen = kiosk.get(PAGE, {"lang": "en"})
    asked = "Going back to the beginning in" in chosen.text
    assert (_language(chosen), asked) == ("en", True), "whoever chooses and goes away is asked after"
    shown = kiosk.follow(kiosk.post(PAGE, chosen))
    code = re.search(r"[A-Z]{4}-[A-Z]{4}", shown.text)
    assert (_language(shown), code is not None) == ("en", True)
    approve(hall.browser(), "" if code is None else code[0])
    assert _language(kiosk.get(f"{PAGE}/code")) == _language(kiosk.get("/")) == "en"
    assert _language(kiosk.get(PAGE)) == _language(kiosk.get("/")) == "zh-CN"

    english = {"Accept-Language": "en"}  # the hall's own
    kiosk.get("/", {"lang": "zh"})
    assert [_language(kiosk.client.get(path, headers=english)) for path in ("/", PAGE, "/")] == ["zh-CN", "en", "en"]


def _language(page: TestResponse) -> str:
    return page.headers["Content-Language"]


def test_nobody_takes_everything_about_them_away_at_a_kiosk(hall: Provider, sqlite: sa.Engine) -> None:
    kiosk = hall.browser()
    approve(hall.browser(), begin(kiosk))
    home = kiosk.get(f"{PAGE}/code")
    for path, form, words in (
        ("/account/export", "json", "自助终端上不能下载您的文件"),
        ("/account/export", "page", "自助终端上不能下载您的文件"),
        ("/account/export?lang=en", "json", "cannot be downloaded at a kiosk"),
    ):
        refused = kiosk.post(path, home, form=form)
        assert (refused.status_code, words in refused.text) == (403, True)
    kiosk.client.delete_cookie("chaoxin_445100_kiosk")
    assert kiosk.post("/account/export", home, form="json").status_code == 403, "whatever the browser says of itself"
    own = hall.browser()
    own.log_in()
    assert own.post("/account/export", own.get("/account"), form="json").status_code == 200
    own.client.set_cookie("chaoxin_445100_kiosk", "kiosk.x")
    assert own.post("/account/export", own.get("/account"), form="json").status_code == 403, (
        "somebody who logged in there by themselves"
    )
    assert len(events(sqlite, "idp.export_person")) == 1


def test_one_address_is_given_so_many_codes_at_pages_and_by_public_kiosks_together(hall: Provider, clock: FixedClock) -> None:
    few = Provider(with_limits(hall.deps, kiosk_codes=3))
    kiosk, here, elsewhere = few.browser(), "127.0.0.1", "198.51.100.7"

    def asked(address: str) -> OAuthResponse:
        return few.post(endpoints.DEVICE_AUTHORIZATION, {"client_id": "kiosk"}, authorization=None, address=address)

    shown = kiosk.get(PAGE)
    assert [kiosk.post(PAGE, shown).status_code for _ in range(2)] == [303, 303]
    assert [asked(here).status for _ in range(2)] == [200, 429]
    assert json_of(asked(here))["error"] == "slow_down"
    assert dict(asked(here).headers)["Retry-After"] == "900"
    over = kiosk.post(PAGE, shown)
    assert over.status_code == 429
    assert "开始得太频繁，请约 15 分钟后再试" in over.text
    assert asked(elsewhere).status == 200
    assert kiosk.log_in().status_code == 303, "codes are no failed logins"
    clock.advance(timedelta(seconds=hall.deps.policies.assurance.throttle.window_seconds))
    assert asked(here).status == 200


def test_a_kiosk_that_shows_its_secret_is_not_counted(hall: Provider) -> None:
    few = Provider(with_limits(hall.deps, kiosk_codes=1))
    few.secrets |= hall.secrets
    for _ in range(3):
        ask(few, "program")


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


def test_officials_are_lent_no_session_whatever_they_agree_to(hall: Provider) -> None:
    account = hall.add_account("lin", kind="staff", totp_secret=TOTP_SECRET)
    kiosk, phone = hall.browser(), hall.browser()
    with hall.deps.work.begin() as work:
        started = sessions.start(work, hall.deps, account.id, ("pwd", "otp"), Device("192.0.2.1"))
    phone.client.set_cookie("chaoxin_445100_session", started.cookie)
    page = type_code(phone, begin(kiosk))
    assert (page.status_code, "工作人员账号不能在自助终端上登录" in page.text) == (403, True)
    agreed = phone.post(f"{endpoints.DEVICE_CONFIRM}?txn={page.request.args['txn']}", phone.get("/account"))
    assert agreed.status_code == 303
    assert "开始" in kiosk.get(f"{PAGE}/code").text
    assert f"{account.name}，您好" not in kiosk.get("/").text


@pytest.mark.parametrize("client_id", ["nowhere", "scjg", "unheard-of"])
def test_what_is_no_kiosk_with_a_hall_has_no_such_page(hall: Provider, client_id: str) -> None:
    assert hall.browser().get(f"/kiosk/{client_id}").status_code == 404


def test_nobody_is_a_kiosk_that_has_a_secret_by_its_name_alone_but_in_its_own_networks(hall: Provider, sqlite: sa.Engine) -> None:
    def touch(client_id: str, address: str) -> int:
        kiosk = hall.browser()
        kiosk.client.environ_base["REMOTE_ADDR"] = address
        seen = kiosk.get(PAGE)  # a form that is anybody's
        answer = kiosk.post(f"/kiosk/{client_id}", seen).status_code
        pages = [kiosk.get(f"/kiosk/{client_id}{rest}").status_code for rest in ("", "/code")]
        assert [status == 404 for status in pages] == [answer == 404] * 2
        return answer

    assert [touch("program", "10.1.2.3"), touch("tied", "192.0.2.1")] == [404, 404]
    assert events(sqlite, "idp.ask_device") == []
    assert touch("tied", "10.1.2.3") == 303


def test_what_a_kiosk_is_shown_is_kept_for_nobody_else(hall: Provider) -> None:
    kiosk = hall.browser()
    begin(kiosk)
    for _ in range(2):  # known by then
        assert "cx-kiosk" in kiosk.get(endpoints.AUTHORIZE, hall.request()).text
    phone = hall.browser()
    for _ in range(2):
        assert "cx-kiosk" not in phone.get(endpoints.AUTHORIZE, hall.request()).text
    assert "cx-kiosk" in kiosk.get(endpoints.AUTHORIZE, hall.request()).text
