"""The whole way: authorization request, login, code, tokens, userinfo, refresh, logout."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import jwks, signing_keys
from idp.hashes import digest
from idp.wire import OAuthRequest
from kernel.clock import FixedClock, timestamp
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.support.idp import CALLBACK, Provider, events, json_of, make_idp_deps
from tests.support.idp_elsewhere import TickingClock


def test_a_citizen_logs_in_and_the_department_learns_what_policies_release(provider: Provider, clock: FixedClock) -> None:
    tokens = provider.browser().tokens(username="chenxiaochao", scope="openid profile phone email")
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 300, "openid profile phone")

    keys = jose.parse_jwks(json_of(jwks.handle(provider.deps, OAuthRequest("GET"))))
    claims = jose.verify(
        tokens["id_token"], keys, algorithms=("ES256",), typ="JWT", audience="scjg", issuer=provider.deps.issuer, now=clock.now()
    )
    assert (claims["nonce"], claims["acr"], claims["amr"]) == ("the-nonce", "urn:chaoxin:aal:1", ["pwd"])
    assert claims["auth_time"] == timestamp(clock.now())
    assert claims["exp"] == timestamp(clock.now()) + 300
    assert "name" not in claims

    person = json_of(provider.userinfo(tokens["access_token"]))
    assert person == {
        "sub": claims["sub"],
        "name": "陈晓潮",
        "user_kind": "citizen",
        "real_name_level": 4,
        "phone_number": "+86 138 0000 0001",
        "phone_number_verified": False,
    }


def test_the_answer_carries_code_state_and_issuer_and_nothing_else(provider: Provider) -> None:
    back = provider.browser().authorize(username="chenxiaochao")
    assert back.keys() == {"code", "state", "iss"}
    assert (back["state"], back["iss"]) == ("the-state", provider.deps.issuer)


def test_a_second_department_is_entered_without_a_second_login(provider: Provider) -> None:
    provider.add_client("rsj", redirect_uris=("https://rsj.example.cn/cb",))
    browser = provider.browser()
    browser.authorize(username="chenxiaochao")
    assert "code" in browser.authorize(client_id="rsj", redirect_uri="https://rsj.example.cn/cb")


def test_a_request_without_nonce_and_state_succeeds(provider: Provider) -> None:
    back = provider.browser().authorize(username="chenxiaochao", nonce=None, state=None)
    assert back.keys() == {"code", "iss"}


def test_a_redirect_uri_with_a_query_keeps_it(provider: Provider) -> None:
    uri = "https://scjg.example.cn/cb?tenant=1"
    provider.add_client("with-query", redirect_uris=(uri,))
    back = provider.browser().authorize(username="chenxiaochao", client_id="with-query", redirect_uri=uri)
    assert (back["tenant"], "code" in back) == ("1", True)


def test_codes_tokens_and_cookies_are_stored_only_as_digests(provider: Provider, sqlite: sa.Engine) -> None:
    browser = provider.browser()
    back = browser.authorize(username="chenxiaochao")
    tokens = json_of(provider.redeem(back["code"]))
    session = browser.client.get_cookie("chaoxin_445100_session")
    assert session is not None
    secret = provider.secrets["scjg"]
    assert secret is not None
    with sqlite.connect() as connection:
        dump = "\n".join(connection.connection.iterdump())  # type: ignore[attr-defined]
    for value in (back["code"], tokens["refresh_token"], session.value, secret, "陈晓潮", "445102198806123626", "13800000001"):
        assert value not in dump
    assert digest(back["code"]).hex().upper() in dump.upper()


def test_every_step_of_a_login_is_audited(provider: Provider, sqlite: sa.Engine) -> None:
    provider.browser().tokens(username="chenxiaochao")
    assert [event["outcome"] for event in events(sqlite, "idp.login")] == ["ok"]
    (authorized,) = events(sqlite, "idp.authorize")
    assert authorized["target"] == "client:scjg"
    assert '"scopes":["openid","profile"]' in authorized["details"]
    assert [event["actor"] for event in events(sqlite, "idp.redeem_code")] == ["client:scjg"]


def test_requirement_11_nobody_frames_or_reads_the_login_page_and_its_form_ends_at_the_client_alone(provider: Provider) -> None:
    page = provider.browser().get("/oauth/authorize", provider.request())
    assert "form-action 'self' https://scjg.example.cn;" in page.headers["Content-Security-Policy"] + ";"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in page.headers


def test_form_post_sends_a_form_that_posts_itself(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request(response_mode="form_post"))
    answer = browser.follow(browser.type_password(page))
    assert answer.status_code == 200
    assert f'action="{CALLBACK}"' in answer.text
    assert 'name="code"' in answer.text
    assert 'name="iss"' in answer.text
    assert "form_post.js" in answer.text
    assert "https://scjg.example.cn" in answer.headers["Content-Security-Policy"]
    with browser.client.get("/static/idp/form_post.js") as script:
        assert b"submit()" in script.data


@pytest.mark.parametrize("prompt", [None, "none"])
def test_requirement_27_a_request_by_post_works_like_one_by_get(provider: Provider, prompt: str | None) -> None:
    browser = provider.browser()
    browser.log_in()
    answer = browser.follow(browser.client.post("/oauth/authorize", data=provider.request(prompt=prompt)))
    assert "code=" in answer.headers["Location"]


def test_a_request_by_post_without_a_session_asks_for_a_login(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.follow(browser.client.post("/oauth/authorize", data=provider.request()))
    answer = browser.type_password(page)
    assert answer.status_code == 303
    assert "code=" in answer.headers["Location"]


def test_the_first_token_of_a_new_node_needs_no_clock_that_stands_still(
    sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock
) -> None:
    provider = Provider(make_idp_deps(sqlite, keys, TickingClock(clock.now())))
    provider.add_account()
    provider.add_client()
    tokens = provider.browser().tokens(username="chenxiaochao")
    assert provider.userinfo(tokens["access_token"]).status == 200
    assert provider.refresh(tokens["refresh_token"]).status == 200


def test_a_key_made_by_a_machine_whose_clock_is_ahead_signs(sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> None:
    ahead = make_idp_deps(sqlite, keys, FixedClock(clock.now() + timedelta(minutes=2)))
    kid = signing_keys.get_signing_key(ahead, "ES256").kid
    assert signing_keys.get_signing_key(make_idp_deps(sqlite, keys, clock), "ES256").kid == kid
