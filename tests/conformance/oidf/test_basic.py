"""The modules of the Basic and Form Post plans by the official suite's names: what each demands is in its docstring.

Three modules don't run for clients that are registered by hand (idtoken-signature, idtoken-unsigned and request-uri-unsigned); what
they are about is checked all the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta

import pytest

from kernel.errors import Refusal
from kernel.randomness import token
from tests.conformance.oidf.conftest import SCOPE
from tests.conformance.oidf.suite import CALLBACK, USERNAME, Suite
from tests.support.idp import json_of


def test_oidcc_server(suite: Suite) -> None:
    """Core 3.1: code, tokens, a valid ID token with the nonce, client_secret_basic, and userinfo of the same subject."""
    login = suite.run(suite.browser(), scope="openid profile")
    assert suite.userinfo(login.access_token)["sub"] == login.claims["sub"]
    assert "name" not in login.claims, "what a scope asks for is told at userinfo (5.4)"


def test_oidcc_response_type_missing(suite: Suite) -> None:
    """RFC 6749 3.1.1: without response_type an error page, or invalid_request / unsupported_response_type to the client."""
    request = suite.request(response_type=None)
    assert suite.error(request, suite.send(suite.browser(), request)) in {"invalid_request", "unsupported_response_type"}


def test_oidcc_idtoken_signature(suite: Suite) -> None:
    """Core 2, 15.1: RS256 is available, the header names a kid of the JWKS and the signature verifies."""
    assert suite.run(suite.browser(), client_id="client-rs256").claims["aud"] == "client-rs256"


def test_oidcc_idtoken_unsigned(suite: Suite) -> None:
    """Core 3.1.3.7: an ID token is unsigned only where that was registered; here it cannot be."""
    assert "none" not in suite.metadata["id_token_signing_alg_values_supported"]
    with pytest.raises(Refusal) as caught:
        suite.provider.add_client("unsigned", redirect_uris=(CALLBACK,), id_token_signed_response_alg="none")
    assert caught.value.field == "id_token_signed_response_alg"


def _userinfo(suite: Suite, how: str) -> None:
    login = suite.run(suite.browser())
    assert suite.userinfo(login.access_token, how=how) == {"sub": login.claims["sub"]}


def test_oidcc_userinfo_get(suite: Suite) -> None:
    """Core 5.3.1: by GET with the token in the header."""
    _userinfo(suite, "get")


def test_oidcc_userinfo_post_header(suite: Suite) -> None:
    """Core 5.3.1: by POST with the token in the header."""
    _userinfo(suite, "post_header")


def test_oidcc_userinfo_post_body(suite: Suite) -> None:
    """Core 5.3.1, RFC 6750 2.2: by POST with the token in the body."""
    _userinfo(suite, "post_body")


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(suite: Suite) -> None:
    """Core 3.1.2.1: nonce is optional in the code flow, and then not in the ID token."""
    assert "nonce" not in suite.run(suite.browser(), nonce=None).claims


def _scope(suite: Suite, scope: str, *expected: str) -> None:
    login = suite.run(suite.browser(), scope=f"openid {scope}")
    claims = suite.userinfo(login.access_token)
    assert claims["sub"] == login.claims["sub"]
    assert set(expected) <= claims.keys()


def test_oidcc_scope_profile(suite: Suite) -> None:
    """Core 5.4: userinfo has the claims of profile."""
    _scope(suite, "profile", "name", "locale", "zoneinfo", "updated_at")


def test_oidcc_scope_email(suite: Suite) -> None:
    """Core 5.4: userinfo has the claims of email."""
    _scope(suite, "email", "email", "email_verified")


def test_oidcc_scope_address(suite: Suite) -> None:
    """Core 5.4, 5.1.1: userinfo has the address as an object."""
    _scope(suite, "address", "address")


def test_oidcc_scope_phone(suite: Suite) -> None:
    """Core 5.4: userinfo has the claims of phone."""
    _scope(suite, "phone", "phone_number", "phone_number_verified")


def test_oidcc_scope_all(suite: Suite) -> None:
    """Core 5.4: all of them at once."""
    _scope(suite, "profile email address phone", "name", "email", "address", "phone_number")


def test_oidcc_alternate_happy_flow(suite: Suite) -> None:
    """RFC 6749 3.3: neither the order of the scopes nor that of the parameters matters."""
    request = dict(reversed(suite.request(scope="email openid").items()))
    browser = suite.browser()
    login = suite.complete(request, suite.log_in(browser, suite.send(browser, request)))
    assert suite.userinfo(login.access_token)["email"] == "c@example.cn"


def test_oidcc_display_page(suite: Suite) -> None:
    """Core 3.1.2.1: display=page succeeds."""
    suite.run(suite.browser(), display="page")


def test_oidcc_display_popup(suite: Suite) -> None:
    """Core 3.1.2.1: display=popup succeeds, on pages that fit a small window: nothing leads elsewhere."""
    suite.run(suite.browser(), display="popup")
    assert '<nav class="cx-nav"' not in suite.send(suite.browser(), suite.request(display="popup")).text
    assert '<nav class="cx-nav"' in suite.send(suite.browser(), suite.request(display="wap")).text


def test_oidcc_prompt_login(suite: Suite) -> None:
    """Core 3.1.2.1: prompt=login asks again although somebody is logged in; same subject, later auth_time."""
    browser = suite.browser()
    first = suite.run(browser)
    suite.clock.advance(timedelta(seconds=2))
    second = suite.run(browser, prompt="login")
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] > first.claims["auth_time"]


def test_oidcc_prompt_none_not_logged_in(suite: Suite) -> None:
    """Core 3.1.2.1, 3.1.2.6: prompt=none without a session is an error at the client, never a page."""
    request = suite.request(prompt="none", state=token(96))
    error = suite.error(request, suite.send(suite.browser(), request))
    assert error in {"login_required", "interaction_required", "consent_required", "account_selection_required"}


def test_oidcc_prompt_none_logged_in(suite: Suite) -> None:
    """Core 3.1.2.1: prompt=none within a session succeeds without a page; same subject and auth_time."""
    browser = suite.browser()
    first = suite.run(browser)
    suite.clock.advance(timedelta(seconds=2))
    request = suite.request(prompt="none")
    second = suite.complete(request, suite.send(browser, request))
    assert {name: second.claims[name] for name in ("sub", "auth_time")} == {
        name: first.claims[name] for name in ("sub", "auth_time")
    }


def test_oidcc_max_age_1(suite: Suite) -> None:
    """Core 3.1.2.1: max_age=1 more than a second later asks again; auth_time is there and later."""
    browser = suite.browser()
    first = suite.run(browser)
    suite.clock.advance(timedelta(seconds=2))
    second = suite.run(browser, max_age="1")
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] > first.claims["auth_time"]


def test_oidcc_max_age_10000(suite: Suite) -> None:
    """Core 3.1.2.1: max_age=10000 does not ask again; the same auth_time."""
    browser = suite.browser()
    first = suite.run(browser, max_age="15000")
    suite.clock.advance(timedelta(seconds=2))
    request = suite.request(max_age="10000")
    second = suite.complete(request, suite.send(browser, request))
    assert second.claims["auth_time"] == first.claims["auth_time"]


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(suite: Suite) -> None:
    """RFC 6749 3.1: parameters that are not known are ignored."""
    suite.run(suite.browser(), extra="foobar")


def test_oidcc_id_token_hint(suite: Suite) -> None:
    """Core 3.1.2.1: prompt=none with the ID token of who is logged in succeeds; same subject."""
    browser = suite.browser()
    first = suite.run(browser)
    request = suite.request(prompt="none", id_token_hint=first.tokens["id_token"])
    assert suite.complete(request, suite.send(browser, request)).claims["sub"] == first.claims["sub"]


def test_oidcc_login_hint(suite: Suite) -> None:
    """Core 3.1.2.1: login_hint succeeds, and the page offers that name."""
    browser = suite.browser()
    request = suite.request(login_hint=USERNAME)
    page = suite.send(browser, request)
    assert f'value="{USERNAME}"' in page.text
    suite.complete(request, suite.log_in(browser, page))


def test_oidcc_ui_locales(suite: Suite) -> None:
    """Core 3.1.2.1: ui_locales succeeds whatever it names, and the page follows where it can."""
    suite.run(suite.browser(), ui_locales="se")
    assert '<html lang="en"' in suite.send(suite.browser(), suite.request(ui_locales="se en")).text


def test_oidcc_claims_locales(suite: Suite) -> None:
    """Core 5.2: claims_locales succeeds whatever it names."""
    suite.run(suite.browser(), claims_locales="se")


def test_oidcc_ensure_request_with_acr_values_succeeds(suite: Suite) -> None:
    """Core 3.1.2.1: the values that discovery names succeed, and acr is one of them; so do the suite's own 1 and 2."""
    supported = suite.metadata["acr_values_supported"]
    assert suite.run(suite.browser(), acr_values=" ".join(supported)).claims["acr"] in supported
    suite.run(suite.browser(), acr_values="1 2")


def test_oidcc_codereuse(suite: Suite) -> None:
    """RFC 6749 4.1.2: a code used again at once is invalid_grant."""
    login = suite.run(suite.browser())
    again = suite.redeem("client", login.code)
    assert (again.status, json_of(again)["error"]) == (400, "invalid_grant")


def test_oidcc_codereuse_30seconds(suite: Suite) -> None:
    """RFC 6749 4.1.2: a code used again half a minute later is invalid_grant, and the access token is revoked."""
    login = suite.run(suite.browser())
    suite.clock.advance(timedelta(seconds=30))
    assert json_of(suite.redeem("client", login.code))["error"] == "invalid_grant"
    assert suite.provider.userinfo(login.access_token).status == 401


def test_oidcc_ensure_registered_redirect_uri(suite: Suite) -> None:
    """RFC 6749 3.1.2.4: an address that is not registered gets an error page, never a redirect."""
    answer = suite.send(suite.browser(), suite.request(redirect_uri=CALLBACK + "/" + token(8)))
    assert (answer.status_code, "Location" in answer.headers, "redirect_uri" in answer.text) == (400, False, True)
    assert CALLBACK not in answer.text


def test_oidcc_ensure_post_request_succeeds(suite: Suite) -> None:
    """Core 3.1.2.1: the authorization endpoint takes POST like GET."""
    browser, request = suite.browser(), suite.request()
    page = browser.follow(browser.client.post("/oauth/authorize", data=request))
    suite.complete(request, suite.log_in(browser, page))


def test_oidcc_server_client_secret_post(suite: Suite) -> None:
    """Core 9: the same as oidcc-server for a client that sends its secret in the body."""
    assert "client_secret_post" in suite.metadata["token_endpoint_auth_methods_supported"]
    login = suite.run(suite.browser(), client_id="client-post")
    assert suite.userinfo(login.access_token)["sub"] == login.claims["sub"]


def _unsigned(claims: dict[str, str]) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(suite: Suite) -> None:
    """Core 6.2, 6.2.1: skipped where ``none`` is not offered; the reference must not be ignored, and here it is not registered."""
    assert "none" not in suite.metadata["request_object_signing_alg_values_supported"]
    request = suite.request(request_uri="https://suite.example.cn/test/a/chaoxin/requesturi/1")
    assert suite.error(request, suite.send(suite.browser(), request)) in {"request_uri_not_supported", "invalid_request_uri"}


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(suite: Suite) -> None:
    """Core 6.1, 3.1.2.6: an unsigned request object is processed or refused as request_not_supported, never ignored."""
    inside = suite.request()
    request = suite.request(request=_unsigned(inside))
    assert suite.error(request, suite.send(suite.browser(), request)) == "request_not_supported"


def test_oidcc_claims_essential(suite: Suite) -> None:
    """Core 5.5.1: an essential claim for userinfo is returned."""
    assert suite.metadata["claims_parameter_supported"] is True
    login = suite.run(suite.browser(), claims='{"userinfo":{"name":{"essential":true}}}')
    assert suite.userinfo(login.access_token) == {"sub": login.claims["sub"], "name": "陈晓潮"}


def test_oidcc_ensure_request_object_with_redirect_uri(suite: Suite) -> None:
    """Core 6.1: with an unregistered redirect_uri beside a request object, only the object's may be used; else an error page."""
    request = suite.request(redirect_uri=CALLBACK + "/" + token(8), request=_unsigned(suite.request()))
    answer = suite.send(suite.browser(), request)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert CALLBACK not in answer.text


def test_oidcc_refresh_token(suite: Suite) -> None:
    """Core 12.2: a refreshed ID token keeps iss, sub, aud and auth_time; the new access token works; no other client can use it."""
    assert "refresh_token" in suite.metadata["grant_types_supported"]
    logins = {client_id: suite.run(suite.browser(), client_id=client_id, scope=SCOPE) for client_id in ("client", "client2")}
    refreshed = {}
    for client_id, login in logins.items():
        form = {"grant_type": "refresh_token", "refresh_token": login.tokens["refresh_token"]}
        answer = suite.token(client_id, form)
        assert answer.status == 200
        refreshed[client_id] = json_of(answer)
        claims = suite.check_id_token(login.request, refreshed[client_id], refreshed=True)
        assert {name: claims[name] for name in ("iss", "sub", "aud", "auth_time")} == {
            name: login.claims[name] for name in ("iss", "sub", "aud", "auth_time")
        }
        assert suite.userinfo(refreshed[client_id]["access_token"])["sub"] == login.claims["sub"]
    stolen = {"grant_type": "refresh_token", "refresh_token": refreshed["client2"]["refresh_token"]}
    answer = suite.token("client", stolen)
    assert (answer.status, json_of(answer)["error"]) == (400, "invalid_grant")


def test_oidcc_ensure_request_with_valid_pkce_succeeds(suite: Suite) -> None:
    """RFC 7636: a request with a proper S256 challenge succeeds with its verifier."""
    verifier = token(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    request = suite.request(code_challenge=challenge, code_challenge_method="S256")
    browser = suite.browser()
    suite.complete(request, suite.log_in(browser, suite.send(browser, request)), code_verifier=verifier)
