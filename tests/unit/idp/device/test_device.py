"""Device authorization (RFC 8628): a kiosk asks, a phone decides, and the kiosk gets exactly what was decided, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from idp import endpoints, housekeeping
from idp.clients import registry
from idp.clients.grant_types import DEVICE_CODE
from idp.device import user_codes
from idp.wire import OAuthResponse
from kernel.clock import FixedClock
from pki import jose
from tests.support.idp import OPERATOR, TOTP_SECRET, Provider, events, json_of, returned
from tests.support.kiosk import answer, approve, ask, poll, question, type_code
from tests.support.relying_party import find_form, forms

HALL = "饶平县政务服务中心一楼"


@pytest.fixture
def hall(provider: Provider) -> Provider:
    provider.add_client(
        "kiosk",
        name="自助服务终端",
        grant_types=(DEVICE_CODE, "refresh_token"),
        redirect_uris=(),
        post_logout_redirect_uris=(),
        hall=HALL,
    )
    return provider


def error_of(answered: OAuthResponse) -> Any:
    assert answered.status == 400, answered.body
    return json_of(answered)["error"]


def test_a_kiosk_gets_tokens_of_whoever_agreed_on_their_phone(hall: Provider, sqlite: sa.Engine, clock: FixedClock) -> None:
    asked = ask(hall)
    assert asked.keys() == {
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    }
    assert error_of(poll(hall, asked["device_code"])) == "authorization_pending"
    phone = hall.browser()
    page = question(phone, asked["user_code"])
    for told in ("自助服务终端", HALL, asked["user_code"], "您的姓名和实名等级", "那是诈骗"):
        assert told in page.text, told
    assert "在您离线时" not in page.text, "nothing outlives the phone's session"
    done = answer(phone, page, endpoints.DEVICE_CONFIRM)
    assert "请回到自助终端" in done.text
    clock.advance(timedelta(seconds=5))
    tokens = json_of(poll(hall, asked["device_code"]))
    claims = jose.unverified_claims(tokens["id_token"])
    assert (claims["aud"], tokens["scope"]) == ("kiosk", "openid profile")
    assert json_of(hall.userinfo(tokens["access_token"]))["name"] == "陈晓潮"
    (approved,) = events(sqlite, "idp.authorize")
    assert "device" in str(approved["details"])
    assert [event["outcome"] for event in events(sqlite, "idp.redeem_device_code")] == ["ok"]


def test_the_session_stays_on_the_phone_and_its_end_is_the_kiosks(hall: Provider) -> None:
    asked, phone = ask(hall), hall.browser()
    approve(phone, asked["user_code"])
    tokens = json_of(poll(hall, asked["device_code"]))
    assert phone.client.get_cookie("chaoxin_445100_session") is not None
    phone.client.get(endpoints.LOGOUT, query_string={"id_token_hint": tokens["id_token"]})
    assert hall.userinfo(tokens["access_token"]).status == 401
    assert error_of(hall.refresh(tokens["refresh_token"], client_id="kiosk")) == "invalid_grant"


def test_the_address_of_the_qr_code_brings_the_code_along_and_agrees_to_nothing(hall: Provider) -> None:
    asked, phone = ask(hall), hall.browser()
    address = urlsplit(asked["verification_uri_complete"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == asked["verification_uri"]
    assert parse_qs(address.query) == {"user_code": [asked["user_code"]]}
    phone.log_in()
    page = phone.get(address.path, {"user_code": asked["user_code"]})
    (form,) = [form for form in forms(page.text) if "user_code" in form.values]
    assert form.values["user_code"] == asked["user_code"]
    page = phone.follow(phone.send(form))
    assert "那是诈骗" in page.text, "logged in already, and asked all the same"
    assert error_of(poll(hall, asked["device_code"])) == "authorization_pending"


def test_a_kiosk_is_refused_by_the_button_and_asking_again_tells_so(hall: Provider) -> None:
    asked, phone = ask(hall), hall.browser()
    done = answer(phone, question(phone, asked["user_code"]), "/login/cancel")
    assert "自助终端没有得到任何信息" in done.text
    assert error_of(poll(hall, asked["device_code"])) == "access_denied"
    assert "没有这个代码" in type_code(phone, asked["user_code"]).text


def test_a_yes_is_asked_for_each_time(hall: Provider) -> None:
    phone = hall.browser()
    approve(phone, ask(hall)["user_code"])
    assert "那是诈骗" in type_code(phone, ask(hall)["user_code"]).text


def test_a_yes_to_a_kiosk_gives_nothing_that_was_left_out_and_its_page_lists_all_that_is_told(
    provider: Provider, sqlite: sa.Engine, clock: FixedClock
) -> None:
    scope = "openid profile phone identity"
    provider.add_client("kiosk", grant_types=("authorization_code", DEVICE_CODE), require_consent=True, hall=HALL)
    phone = provider.browser()
    phone.log_in()
    assert "code" in returned(
        phone.agree(phone.get(endpoints.AUTHORIZE, provider.request(client_id="kiosk", scope=scope)), "phone")
    )
    asked = ask(provider, scope=scope)
    page = type_code(phone, asked["user_code"])
    assert "身份证" in page.text, "known to the department before, and told again"
    assert "手机" not in page.text, "left out before"
    answer(phone, page, endpoints.DEVICE_CONFIRM)
    clock.advance(timedelta(seconds=5))
    tokens = json_of(poll(provider, asked["device_code"]))
    assert tokens["scope"] == "openid profile identity"
    assert json_of(provider.userinfo(tokens["access_token"])).keys() >= {"name", "resident_id"}
    assert "phone_number" not in json_of(provider.userinfo(tokens["access_token"]))
    assert "phone" not in phone.tokens(client_id="kiosk", scope=scope)["scope"], "nor by the ordinary login from now on"
    assert ['"device"' in str(event["details"]) for event in events(sqlite, "idp.consent")] == [False, True]


def test_a_no_to_a_kiosk_is_audited(hall: Provider, sqlite: sa.Engine) -> None:
    phone = hall.browser()
    answer(phone, question(phone, ask(hall)["user_code"]), "/login/cancel")
    (refused,) = events(sqlite, "idp.authorize")
    assert (refused["outcome"], refused["target"]) == ("refused", "client:kiosk")
    assert refused["actor"].startswith("account:")
    assert "access_denied" in str(refused["details"])


def test_polling_too_fast_slows_down_by_five_seconds_each_time(hall: Provider, clock: FixedClock) -> None:
    device_code = ask(hall)["device_code"]
    results = []
    for seconds in (0, 5, 4, 9, 15, 14):
        clock.advance(timedelta(seconds=seconds))
        results.append(error_of(poll(hall, device_code)))
    pending, slow = "authorization_pending", "slow_down"
    assert results == [pending, pending, slow, slow, pending, slow]


def test_it_expires_for_the_kiosk_and_for_the_phone(hall: Provider, clock: FixedClock) -> None:
    asked, phone = ask(hall), hall.browser()
    page = question(phone, asked["user_code"])
    clock.advance(timedelta(seconds=asked["expires_in"]))
    assert error_of(poll(hall, asked["device_code"])) == "expired_token"
    (form,) = [form for form in forms(page.text) if form.action.startswith(endpoints.DEVICE_CONFIRM)]
    assert phone.send(form).status_code == 400, "a yes that comes too late"
    assert type_code(phone, asked["user_code"]).status_code == 404
    clock.advance(timedelta(days=2))
    assert housekeeping.clean_up(hall.deps) > 0
    assert error_of(poll(hall, asked["device_code"])) == "invalid_grant"


def test_a_device_code_is_good_once_and_shown_again_it_ends_what_it_gave(hall: Provider) -> None:
    asked = ask(hall)
    approve(hall.browser(), asked["user_code"])
    tokens = json_of(poll(hall, asked["device_code"]))
    assert error_of(poll(hall, asked["device_code"])) == "invalid_grant"
    assert hall.userinfo(tokens["access_token"]).status == 401


def test_a_device_code_is_its_clients_alone(hall: Provider) -> None:
    hall.add_client("other", grant_types=(DEVICE_CODE,), redirect_uris=())
    asked = ask(hall)
    approve(hall.browser(), asked["user_code"])
    assert error_of(poll(hall, asked["device_code"], client_id="other")) == "invalid_grant"
    assert error_of(poll(hall, "nonsense")) == "invalid_grant"
    assert poll(hall, asked["device_code"]).status == 200, "nothing was used up"


def test_the_levels_of_the_kiosks_system_count_on_the_phone(hall: Provider, clock: FixedClock) -> None:
    hall.add_account("linwenshu", kind="staff", name="林文书", phone="+86 138 0000 0009", totp_secret=TOTP_SECRET)
    hall.add_client("strict", grant_types=(DEVICE_CODE,), redirect_uris=(), default_acr="urn:chaoxin:aal:2")
    asked = json_of(hall.post(endpoints.DEVICE_AUTHORIZATION, {}, client_id="strict"))
    phone = hall.browser()
    page = phone.follow(phone.type_password(type_code(phone, asked["user_code"]), "linwenshu"))
    code = pyotp.TOTP(TOTP_SECRET).at(clock.now())
    page = phone.follow(phone.submit(page, "one-time-code", one_time_code=code))
    answer(phone, page, endpoints.DEVICE_CONFIRM)
    tokens = json_of(poll(hall, asked["device_code"], client_id="strict"))
    assert jose.unverified_claims(tokens["id_token"])["acr"] == "urn:chaoxin:aal:2"


def test_who_cannot_reach_the_level_is_refused_and_the_kiosk_too(hall: Provider) -> None:
    hall.add_client("strict", grant_types=(DEVICE_CODE,), redirect_uris=(), default_acr="urn:chaoxin:aal:2")
    asked = json_of(hall.post(endpoints.DEVICE_AUTHORIZATION, {}, client_id="strict"))
    phone = hall.browser()
    back = phone.type_password(type_code(phone, asked["user_code"]))
    assert "unmet_authentication_requirements" in back.headers["Location"]
    assert error_of(poll(hall, asked["device_code"], client_id="strict")) == "access_denied"


def test_requirement_24_guesses_of_a_code_are_limited(hall: Provider) -> None:
    phone, user_code = hall.browser(), ask(hall)["user_code"]
    phone.log_in()
    limit = hall.deps.policies.assurance.throttle.account_failures
    guesses = [type_code(phone, "BBBB-BBBB").status_code for _ in range(limit + 1)]
    assert guesses == [404] * limit + [429]
    assert type_code(phone, user_code).status_code == 429, "the right one too"


def test_right_codes_are_not_counted(hall: Provider) -> None:
    phone = hall.browser()
    phone.log_in()
    for _ in range(hall.deps.policies.assurance.throttle.account_failures + 1):
        assert "那是诈骗" in type_code(phone, ask(hall)["user_code"]).text


def test_a_question_is_bound_to_the_browser_in_which_the_code_was_typed(hall: Provider) -> None:
    phone = hall.browser()
    page = question(phone, ask(hall)["user_code"])
    (form,) = [form for form in forms(page.text) if form.action.startswith(endpoints.DEVICE_CONFIRM)]
    thief = hall.browser()
    thief.log_in()
    assert thief.client.get(form.action).status_code == 403


def test_an_ordinary_login_cannot_be_agreed_to_on_the_kiosks_page(hall: Provider) -> None:
    phone = hall.browser()
    phone.log_in()
    page = phone.get(endpoints.AUTHORIZE, hall.request(prompt="consent"))
    (form,) = [form for form in forms(page.text) if form.action.startswith("/login/consent")]
    form.action = form.action.replace("/login/consent", endpoints.DEVICE_CONFIRM)
    assert phone.send(form).status_code == 400
    assert phone.client.get(form.action).status_code == 400


@pytest.mark.parametrize(
    ("client_id", "changes", "error"),
    [
        ("scjg", {}, "unauthorized_client"),
        ("kiosk", {"scope": "nothing"}, "invalid_scope"),
        ("kiosk", {"scope": "offline_access"}, "invalid_scope"),
        ("kiosk", {"resource": "https://nowhere.example.cn/"}, "invalid_target"),
    ],
)
def test_a_kiosk_asks_for_what_it_may_have(hall: Provider, client_id: str, changes: dict[str, str | None], error: str) -> None:
    asked = hall.post(endpoints.DEVICE_AUTHORIZATION, changes, client_id=client_id)
    assert (asked.status, json_of(asked)["error"]) == (400, error)


def test_nobody_asks_without_proving_who_they_are(hall: Provider) -> None:
    asked = hall.post(endpoints.DEVICE_AUTHORIZATION, {"client_id": "kiosk"}, authorization=None)
    assert (asked.status, json_of(asked)["error"]) == (401, "invalid_client")


def test_neither_code_stands_in_the_database(hall: Provider, sqlite: sa.Engine) -> None:
    asked = ask(hall)
    with sqlite.connect() as connection:
        row = connection.execute(sa.text("select * from idp_device_requests")).one()
    stored = repr(tuple(row))
    assert asked["device_code"] not in stored
    assert asked["user_code"].replace("-", "") not in stored


def test_the_pages_are_in_english_too(hall: Provider) -> None:
    phone = hall.browser()
    phone.log_in()
    page = phone.follow(type_code(phone, ask(hall)["user_code"]))
    english = phone.client.get(page.request.path, query_string={**page.request.args, "lang": "en"})
    assert "Compare the code" in english.text
    assert "it is a fraud" in english.text


@given(st.text(max_size=60))
def test_anything_that_is_typed_is_a_code_or_none(typed: str) -> None:
    code = user_codes.normal_form(typed)
    assert code is None or (len(code) == user_codes.LENGTH and set(code) <= set(user_codes.ALPHABET))


@given(st.text(alphabet=user_codes.ALPHABET, min_size=8, max_size=8))
def test_a_code_is_known_however_it_is_spelt(code: str) -> None:
    for typed in (code, code.lower(), user_codes.shown(code), f" {code[:3]} {code[3:]} "):
        assert user_codes.normal_form(typed) == code


def test_user_codes_are_drawn_from_letters_that_spell_no_words() -> None:
    drawn = {user_codes.draw() for _ in range(50)}
    assert len(drawn) == 50
    assert set("".join(drawn)) <= set("BCDFGHJKLMNPQRSTVWXZ")


def test_a_kiosk_that_registered_how_old_a_login_may_be_has_an_older_one_renewed(hall: Provider, clock: FixedClock) -> None:
    registry.update(hall.deps, replace(hall.client("kiosk"), default_max_age=60), actor=OPERATOR)
    phone = hall.browser()
    phone.log_in()
    assert find_form(type_code(phone, ask(hall)["user_code"]).text, "current-password") is None
    clock.advance(timedelta(seconds=61))
    page = type_code(phone, ask(hall)["user_code"])
    assert find_form(page.text, "current-password") is not None
    assert "那是诈骗" in phone.follow(phone.type_password(page)).text
