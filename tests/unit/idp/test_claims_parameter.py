"""Claims asked for by name: told where they were asked for, to departments that may have them, and no person or level but the one meant."""

from __future__ import annotations

import json
from typing import Any

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims import parameter
from idp.oauth_errors import CLAIMS_PARAMETER
from idp.records import ClaimNames
from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import jose
from tests.support.idp import TOTP_SECRET, Browser, Provider, json_of, returned

AAL1, AAL2 = "urn:chaoxin:aal:1", "urn:chaoxin:aal:2"


@pytest.fixture
def browser(provider: Provider) -> Browser:
    made = provider.browser()
    made.log_in()
    return made


def tell(browser: Browser, claims: dict[str, Any], **changes: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the ID token and userinfo say when ``claims`` are asked for."""
    tokens = browser.tokens(claims=json.dumps(claims), **changes)
    return dict(jose.unverified_claims(tokens["id_token"])), json_of(browser.provider.userinfo(tokens["access_token"]))


def test_a_claim_is_told_where_it_was_asked_for_and_not_elsewhere(browser: Browser) -> None:
    asked = {"userinfo": {"phone_number": None}, "id_token": {"name": {"essential": True}, "auth_time": {"essential": True}}}
    id_token, userinfo = tell(browser, asked, scope="openid")
    assert (id_token["name"], "phone_number" in id_token) == ("陈晓潮", False)
    assert userinfo.keys() == {"sub", "phone_number"}


def test_what_policies_or_the_registration_don_t_give_is_not_had_by_name_either(browser: Browser, provider: Provider) -> None:
    provider.add_client("narrow", scope="openid phone")
    for asked in ("email", "address", "locale", "roles", "password", "iss", "nonce"):
        id_token, userinfo = tell(browser, {"id_token": {asked: None}, "userinfo": {asked: {"essential": True}}}, scope="openid")
        assert userinfo.keys() == {"sub"}, asked
        assert id_token["iss"] == provider.deps.issuer
        assert asked in {"iss", "nonce"} or asked not in id_token
    _, userinfo = tell(browser, {"userinfo": {"name": None, "phone_number": None}}, scope="openid", client_id="narrow")
    assert userinfo.keys() == {"sub", "phone_number"}


def test_claims_by_name_live_on_in_refreshed_tokens(browser: Browser, provider: Provider) -> None:
    tokens = browser.tokens(claims='{"id_token":{"name":null}}', scope="openid")
    renewed = json_of(provider.refresh(tokens["refresh_token"]))
    assert jose.unverified_claims(renewed["id_token"])["name"] == "陈晓潮"


def test_consent_covers_what_is_asked_for_by_name(browser: Browser, provider: Provider) -> None:
    provider.add_client("careful", require_consent=True)
    query = provider.request(client_id="careful", scope="openid", claims='{"userinfo":{"phone_number":null}}')
    page = browser.get("/oauth/authorize", query)
    assert "您的手机号码" in page.text
    assert "code" in returned(browser.agree(page))
    assert "code" in browser.authorize(
        client_id="careful", scope="openid", prompt="none", claims='{"id_token":{"phone_number":null}}'
    )
    for wider in ("openid phone", "openid profile"):
        assert browser.authorize(client_id="careful", scope=wider, prompt="none")["error"] == "consent_required"


# Who, and how surely.


def test_a_subject_that_is_asked_for_is_the_one_who_answers(browser: Browser, provider: Provider) -> None:
    hint = browser.tokens()["id_token"]
    me = jose.unverified_claims(hint)["sub"]
    for form in ({"value": me}, {"values": ["sub.other", me]}):
        assert "code" in browser.authorize(prompt="none", claims=json.dumps({"id_token": {"sub": form}}))
    other = json.dumps({"userinfo": {"sub": {"value": "sub.other"}}})
    assert browser.authorize(prompt="none", claims=other)["error"] == "login_required"
    assert browser.authorize(id_token_hint=hint, claims=other)["error"] == "login_required"
    assert "current-password" in browser.get("/oauth/authorize", provider.request(claims=other)).text


def test_a_level_that_is_essential_is_reached_or_refused(provider: Provider) -> None:
    essential = json.dumps({"id_token": {"acr": {"essential": True, "values": [AAL2]}}})
    back = provider.browser().authorize(username="chenxiaochao", claims=essential)
    assert back["error"] == "unmet_authentication_requirements"
    voluntary = json.dumps({"id_token": {"acr": {"value": AAL2}}})
    assert "code" in provider.browser().authorize(username="chenxiaochao", claims=voluntary)


def test_an_essential_level_is_told_as_one_of_those_that_were_asked_for(provider: Provider, clock: FixedClock) -> None:
    provider.add_account("linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    browser = provider.browser()
    essential = json.dumps({"id_token": {"acr": {"essential": True, "value": AAL1}}})
    page = browser.get("/oauth/authorize", provider.request(claims=essential))
    code_page = browser.follow(browser.type_password(page, "linwenshu"))
    back = returned(browser.submit(code_page, "one-time-code", one_time_code=pyotp.TOTP(TOTP_SECRET).at(clock.now())))
    told = jose.unverified_claims(json_of(provider.redeem(back["code"]))["id_token"])
    assert (told["acr"], told["amr"]) == (AAL1, ["otp", "pwd"])


# Reading it.


def test_members_that_are_not_known_are_ignored() -> None:
    asked = parameter.parse('{"userinfo":{"name":{"essential":true,"x":[1]}},"verified_claims":[],"id_token":null}')
    assert asked.names == ClaimNames(userinfo=("name",))
    assert (asked.subjects, asked.acr, asked.acr_is_essential) == ((), (), False)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "null",
        '"userinfo"',
        '{"userinfo":[]}',
        '{"userinfo":{"name":true}}',
        '{"userinfo":{"name":null,"name":null}}',
        '{"id_token":{"acr":{"values":"urn:x"}}}',
        '{"id_token":{"sub":{"value":1}}}',
        '{"id_token":{"acr":{"values":[' + ",".join(['"x"'] * 21) + "]}}}",
        '{"userinfo":{' + ",".join(f'"c{number}":null' for number in range(101)) + "}}",
        "[" * 100_000,
        '{"userinfo":' * 5_000,
        '{"x":1e999}',
        '{"x":' + "1" * 5_000 + "}",
        '{"userinfo":{"\\ud800":null}}',
    ],
    ids=range(15),
)
def test_what_is_not_the_parameter_is_one_refusal(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        parameter.parse(text)
    assert caught.value.error is CLAIMS_PARAMETER


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["acr", "sub", "value", "values", "name"]), inner)
    ),
    max_leaves=10,
)


@given(st.text() | st.dictionaries(st.sampled_from(["id_token", "userinfo"]), _JSON).map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        asked = parameter.parse(text)
    except Refusal:
        return
    assert all(isinstance(name, str) for name in (*asked.names.id_token, *asked.names.userinfo, *asked.acr, *asked.subjects))
