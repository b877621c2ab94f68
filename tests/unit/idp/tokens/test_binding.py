"""What tokens are bound to: codes by dpop_jkt, refresh tokens of public clients, certificates; and mandates that hold one by one."""

from __future__ import annotations

from typing import Any

import pytest

from idp import dispatch, endpoints
from idp.wire import OAuthRequest, OAuthResponse
from pki import jose
from tests.support.bound_client import Holder, self_signed
from tests.support.idp import CALLBACK, Provider, json_of


def redeem(provider: Provider, code: str, client_id: str = "scjg", **more: Any) -> OAuthResponse:
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": provider.verifier,
        "client_id": client_id,
    }
    if provider.secrets.get(client_id) is None:
        more["authorization"] = None
    return provider.post(endpoints.TOKEN, form, client_id=client_id, **more)


def refresh(provider: Provider, refresh_token: str, client_id: str, **more: Any) -> OAuthResponse:
    form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}
    if provider.secrets.get(client_id) is None:
        more["authorization"] = None
    return provider.post(endpoints.TOKEN, form, client_id=client_id, **more)


@pytest.fixture
def holder(provider: Provider) -> Holder:
    return Holder(provider.deps)


def push(provider: Provider, holder: Holder | None, **changes: str | None) -> OAuthResponse:
    proof = None if holder is None else holder.proof(endpoints.PUSHED_REQUEST)
    return provider.post(endpoints.PUSHED_REQUEST, dict(provider.request(**changes)), dpop=proof)


# The code.


def test_a_code_is_redeemed_only_by_the_key_that_the_request_named(provider: Provider, holder: Holder) -> None:
    browser = provider.browser()
    browser.log_in()
    for proof, good in ((holder.proof(), True), (Holder(provider.deps).proof(), False), (None, False)):
        answer = redeem(provider, browser.authorize(dpop_jkt=holder.jkt)["code"], dpop=proof)
        assert (answer.status == 200) is good
        if not good:
            assert json_of(answer)["code"] == "oauth_code_key"


def test_a_proof_that_comes_with_a_pushed_request_binds_the_code(provider: Provider, holder: Holder) -> None:
    browser = provider.browser()
    browser.log_in()
    for proof, good in ((holder.proof(), True), (None, False)):
        request_uri = json_of(push(provider, holder))["request_uri"]
        query = {"client_id": "scjg", "request_uri": request_uri}
        answer = redeem(provider, code_of(browser.get(endpoints.AUTHORIZE, query)), dpop=proof)
        assert (answer.status == 200) is good


def code_of(answer: Any) -> str:
    return str(answer.headers["Location"].partition("code=")[2].partition("&")[0])


def test_a_pushed_request_that_names_another_key_than_its_proof_is_refused(provider: Provider, holder: Holder) -> None:
    assert push(provider, holder, dpop_jkt=holder.jkt).status == 201
    refused = push(provider, holder, dpop_jkt=Holder(provider.deps).jkt)
    assert (refused.status, json_of(refused)["error"]) == (400, "invalid_dpop_proof")
    assert push(provider, None, dpop_jkt="short").status == 400


# Refresh tokens.


def test_a_public_clients_refresh_token_is_bound_to_its_key(provider: Provider, holder: Holder) -> None:
    provider.add_client("app", token_endpoint_auth_method="none", scope="openid")
    back = provider.browser().authorize(username="chenxiaochao", client_id="app")
    first = json_of(redeem(provider, back["code"], "app", dpop=holder.proof()))["refresh_token"]
    for proof in (None, Holder(provider.deps).proof()):
        refused = refresh(provider, first, "app", dpop=proof)
        assert (refused.status, json_of(refused)["code"]) == (400, "oauth_refresh_key")
    second = json_of(refresh(provider, first, "app", dpop=holder.proof()))
    assert (second["token_type"], second["refresh_token"] != first) == ("DPoP", True)
    assert refresh(provider, second["refresh_token"], "app").status == 400, "its successor is bound like it"


def test_a_confidential_clients_refresh_token_is_not_bound_for_the_client_proves_itself(
    provider: Provider, holder: Holder
) -> None:
    back = provider.browser().authorize(username="chenxiaochao")
    first = json_of(redeem(provider, back["code"], dpop=holder.proof()))["refresh_token"]
    other = Holder(provider.deps)
    answer = json_of(refresh(provider, first, "scjg", dpop=other.proof()))
    assert jose.unverified_claims(answer["access_token"])["cnf"] == {"jkt": other.jkt}
    assert json_of(refresh(provider, first, "scjg", dpop=other.proof())) == answer, "given again"
    for proof in (None, holder.proof()):
        assert json_of(refresh(provider, first, "scjg", dpop=proof))["code"] == "oauth_refresh_otherwise", "one set for one key"
    assert "cnf" not in json_of(provider.post(endpoints.INTROSPECT, {"token": answer["refresh_token"]}))


# Mandates: each by itself.


def test_requirement_16_the_mandates_of_dpop_and_par_hold_independently(provider: Provider, holder: Holder) -> None:
    browser = provider.browser()
    browser.log_in()
    provider.add_client("dpop", dpop_bound_access_tokens=True)
    provider.add_client("par", require_pushed_authorization_requests=True)
    refused = redeem(provider, browser.authorize(client_id="dpop")["code"], "dpop")
    assert (refused.status, json_of(refused)["error"]) == (400, "invalid_request")
    granted = redeem(provider, browser.authorize(client_id="dpop")["code"], "dpop", dpop=holder.proof())
    assert json_of(granted)["token_type"] == "DPoP"
    assert browser.authorize(client_id="par")["error"] == "invalid_request"
    pushed = provider.post(endpoints.PUSHED_REQUEST, dict(provider.request(client_id="par")), client_id="par")
    query = {"client_id": "par", "request_uri": json_of(pushed)["request_uri"]}
    assert json_of(redeem(provider, code_of(browser.get(endpoints.AUTHORIZE, query)), "par"))["token_type"] == "Bearer"


# Certificates.


def userinfo(provider: Provider, access_token: str, certificate: bytes | None) -> OAuthResponse:
    request = OAuthRequest("GET", authorization=f"Bearer {access_token}", certificate=certificate)
    return dispatch.ENDPOINTS[endpoints.USERINFO](provider.deps, request)


def test_a_token_bound_to_a_certificate_is_good_with_that_certificate_alone(provider: Provider) -> None:
    provider.add_client("tls", tls_client_certificate_bound_access_tokens=True)
    (own, _), (other, _) = self_signed(provider.deps), self_signed(provider.deps)
    browser = provider.browser()
    browser.log_in()
    without = redeem(provider, browser.authorize(client_id="tls")["code"], "tls")
    assert (without.status, json_of(without)["code"]) == (400, "oauth_certificate_missing")
    answer = json_of(redeem(provider, browser.authorize(client_id="tls")["code"], "tls", certificate=own))
    assert answer["token_type"] == "Bearer"
    assert userinfo(provider, answer["access_token"], own).status == 200
    for shown in (other, None):
        refused = userinfo(provider, answer["access_token"], shown)
        assert (refused.status, json_of(refused)["code"]) == (401, "oauth_token_certificate")
    told = json_of(provider.post(endpoints.INTROSPECT, {"token": answer["access_token"]}, client_id="tls"))
    assert (told["token_type"], told["cnf"]) == ("Bearer", {"x5t#S256": jose.thumbprint_of(own)})


def test_a_certificate_that_happens_to_be_shown_binds_nothing_that_was_not_registered_so(provider: Provider) -> None:
    certificate, _ = self_signed(provider.deps)
    back = provider.browser().authorize(username="chenxiaochao")
    answer = json_of(redeem(provider, back["code"], certificate=certificate))
    assert "cnf" not in jose.unverified_claims(answer["access_token"])


def test_a_public_clients_refresh_token_is_bound_to_its_certificate(provider: Provider) -> None:
    provider.add_client("app", token_endpoint_auth_method="none", scope="openid", tls_client_certificate_bound_access_tokens=True)
    (own, _), (other, _) = self_signed(provider.deps), self_signed(provider.deps)
    back = provider.browser().authorize(username="chenxiaochao", client_id="app")
    first = json_of(redeem(provider, back["code"], "app", certificate=own))["refresh_token"]
    assert json_of(refresh(provider, first, "app", certificate=other))["code"] == "oauth_refresh_key"
    assert refresh(provider, first, "app", certificate=own).status == 200


def test_both_bindings_hold_together(provider: Provider, holder: Holder) -> None:
    provider.add_client("both", tls_client_certificate_bound_access_tokens=True, dpop_bound_access_tokens=True)
    own, _ = self_signed(provider.deps)
    back = provider.browser().authorize(username="chenxiaochao", client_id="both")
    answer = json_of(redeem(provider, back["code"], "both", certificate=own, dpop=holder.proof()))
    access_token = str(answer["access_token"])
    for certificate, status in ((own, 200), (None, 401)):
        proof = holder.proof(endpoints.USERINFO, method="GET", access_token=access_token)
        request = OAuthRequest("GET", authorization=f"DPoP {access_token}", dpop=proof, certificate=certificate)
        assert dispatch.ENDPOINTS[endpoints.USERINFO](provider.deps, request).status == status
