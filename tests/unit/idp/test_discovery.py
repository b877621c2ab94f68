"""Discovery promises nothing that does not work: each thing that the document names is tried, and nothing stands there untried."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp import discovery, endpoints
from idp.clients.grant_types import DEVICE_CODE, EXCHANGE
from idp.dispatch import ENDPOINTS
from idp.tokens.grants.exchanged import ACCESS_TOKEN
from idp.wire import OAuthRequest
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.support import kiosk
from tests.support.bound_client import Holder, issued, self_signed
from tests.support.idp import CALLBACK, SOCIAL_SECURITY, Browser, json_of, provider_in, returned
from tests.support.idp_elsewhere import Published
from tests.support.signing_client import assertion, public_jwks, request_claims, sign

METHODS = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
)
CERTIFICATES: dict[str, bytes] = {}
OTHER = "11445100DXEYPY6WAN"
PUBLISHED = "https://scjg.example.cn/r"
CONFIDENTIAL = ("client_credentials", EXCHANGE)
TOLD = "https://scjg.example.cn/logged-out"
ALL_SCOPES = "openid profile email address phone identity organization offline_access"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Browser]:
    """A provider that signs by both algorithms, one client for each way, and a browser in which a citizen is logged in."""
    with provider_in(tmp_path_factory.mktemp("discovery"), keys, algorithms=("ES256", "RS256")) as provider:
        provider.add_account(
            resident_id="445102198806123626",
            email="c@example.cn",
            address="潮州市太平路 1 号",
            organization="潮州市",
            department="办公室",
            real_name_level=4,
        )
        for method in METHODS:
            grants = ("authorization_code", "refresh_token", DEVICE_CODE, *(CONFIDENTIAL if method != "none" else ()))
            jwks = public_jwks() if method == "private_key_jwt" else None
            more: dict[str, Any] = {}
            if method == "tls_client_auth":
                more["tls_client_auth_san_dns"] = "rp.example.cn"
                CERTIFICATES[method] = issued(provider.deps, dns_names=("rp.example.cn",)).der
            if method == "self_signed_tls_client_auth":
                CERTIFICATES[method], jwks = self_signed(provider.deps)
            provider.add_client(
                method, token_endpoint_auth_method=method, jwks=jwks, grant_types=grants, scope=ALL_SCOPES, **more
            )
        provider.add_client("signer", jwks=public_jwks(), request_uris=(PUBLISHED,))
        provider.add_client("told", backchannel_logout_uri=TOLD)
        provider.add_client("other", department=OTHER, scope=ALL_SCOPES)
        provider.add_client("rsj", department=SOCIAL_SECURITY, scope=ALL_SCOPES)
        made = provider.browser()
        made.log_in()
        yield made


def ask(browser: Browser, url: str, form: dict[str, str | None], method: str) -> int:
    """Post to an endpoint of the document as the client with this way of authentication; return the status."""
    provider = browser.provider
    path = url.removeprefix(provider.deps.issuer)
    proof: dict[str, str | None] = {
        "client_secret_basic": {},
        "client_secret_post": {"client_id": method, "client_secret": provider.secrets[method]},
        "private_key_jwt": {} if method != "private_key_jwt" else assertion(provider, method),
    }.get(method, {"client_id": method})  # type: ignore[assignment]
    more: dict[str, Any] = {} if method == "client_secret_basic" else {"authorization": None}
    more["certificate"] = CERTIFICATES.get(method)
    return provider.post(path, form | proof, client_id=method, **more).status


def document(browser: Browser) -> dict[str, Any]:
    return discovery.document(browser.provider.deps)


def issuer(browser: Browser, value: str) -> None:
    assert browser.authorize(client_id="other", prompt="none")["iss"] == value


def authorization_endpoint(browser: Browser, value: str) -> None:
    path = value.removeprefix(document(browser)["issuer"])
    assert "code" in returned(browser.get(path, browser.provider.request(client_id="other")))


def pushed_endpoint(browser: Browser, value: str) -> None:
    for method in METHODS:
        form: dict[str, str | None] = dict(browser.provider.request(client_id=method))
        assert ask(browser, value, form, method) == 201


def device_endpoint(browser: Browser, value: str) -> None:
    for method in METHODS:
        assert ask(browser, value, {}, method) == 200


def userinfo_endpoint(browser: Browser, value: str) -> None:
    assert value.endswith(endpoints.USERINFO)
    assert browser.provider.userinfo(browser.tokens(client_id="other")["access_token"]).status == 200


def jwks_uri(browser: Browser, value: str) -> None:
    answer = ENDPOINTS[value.removeprefix(document(browser)["issuer"])](browser.provider.deps, OAuthRequest("GET"))
    assert len(json_of(answer)["keys"]) == 2


def end_session_endpoint(browser: Browser, value: str) -> None:
    visitor = browser.provider.browser()
    visitor.log_in()
    hint = visitor.tokens(client_id="other")["id_token"]
    visitor.get(value.removeprefix(document(browser)["issuer"]), {"id_token_hint": hint})
    assert visitor.authorize(client_id="other", prompt="none")["error"] == "login_required"


def scopes_supported(browser: Browser, value: list[str]) -> None:
    granted = {
        scope
        for client in ("other", "client_secret_basic")
        for scope in browser.tokens(client_id=client, scope=" ".join(value))["scope"].split()
    }
    assert granted == set(value)


def claims_supported(browser: Browser, value: list[str]) -> None:
    told: set[str] = set()
    for client in ("other", "client_secret_basic", "rsj"):
        tokens = browser.tokens(client_id=client, scope=ALL_SCOPES, nonce="n")
        told |= jose.unverified_claims(tokens["id_token"]).keys()
        told |= json_of(browser.provider.userinfo(tokens["access_token"])).keys()
    only_of_enterprises = {"uscc"}
    assert set(value) - told == only_of_enterprises


def response_types(browser: Browser, value: list[str]) -> None:
    for response_type in value:
        assert "code" in browser.authorize(client_id="other", response_type=response_type)


def response_modes(browser: Browser, value: list[str]) -> None:
    for mode in value:
        answer = browser.get("/oauth/authorize", browser.provider.request(client_id="other", response_mode=mode))
        sent = answer.text if mode == "form_post" else answer.headers["Location"]
        mark = {"query": f"{CALLBACK}?", "fragment": f"{CALLBACK}#", "form_post": 'name="code"'}[mode]
        assert mark in sent


def grant_types(browser: Browser, value: list[str]) -> None:
    tokens = browser.tokens(client_id="client_secret_basic")
    client_credentials: dict[str, str | None] = {"grant_type": "client_credentials"}
    exchange: dict[str, str | None] = {"grant_type": EXCHANGE, "subject_token_type": ACCESS_TOKEN}
    exchange["subject_token"] = tokens["access_token"]
    codes = kiosk.ask(browser.provider, "client_secret_basic")
    kiosk.approve(browser, codes["user_code"])
    tried = {
        "authorization_code": 200 if "access_token" in tokens else 0,
        "refresh_token": browser.provider.refresh(tokens["refresh_token"], client_id="client_secret_basic").status,
        "client_credentials": ask(browser, document(browser)["token_endpoint"], client_credentials, "client_secret_basic"),
        EXCHANGE: ask(browser, document(browser)["token_endpoint"], exchange, "client_secret_basic"),
        DEVICE_CODE: kiosk.poll(browser.provider, codes["device_code"], "client_secret_basic").status,
    }
    assert tried == dict.fromkeys(value, 200)


def acr_values(browser: Browser, value: list[str]) -> None:
    for acr in value:
        back = browser.authorize(client_id="other", acr_values=acr)
        assert "code" in back or back["error"] == "unmet_authentication_requirements"
    assert "code" in browser.authorize(client_id="other", acr_values=" ".join(value))


CLIENTS_OF_SUBJECTS = ("other", "signer", "apart")


def subject_types(browser: Browser, value: list[str]) -> None:
    assert value == ["public", "pairwise"]
    browser.provider.add_client("apart", subject_type="pairwise")
    told = {client: jose.unverified_claims(browser.tokens(client_id=client)["id_token"])["sub"] for client in CLIENTS_OF_SUBJECTS}
    assert told["other"] == told["signer"] != told["apart"]


def id_token_algorithms(browser: Browser, value: list[str]) -> None:
    for alg in value:
        browser.provider.add_client(f"id-{alg.lower()}", id_token_signed_response_alg=alg)
        assert jose.unverified_header(browser.tokens(client_id=f"id-{alg.lower()}")["id_token"])["alg"] == alg


def userinfo_algorithms(browser: Browser, value: list[str]) -> None:
    for alg in value:
        browser.provider.add_client(f"userinfo-{alg.lower()}", userinfo_signed_response_alg=alg)
        answer = browser.provider.userinfo(browser.tokens(client_id=f"userinfo-{alg.lower()}")["access_token"])
        assert jose.unverified_header(answer.body)["alg"] == alg


def request_object_algorithms(browser: Browser, value: list[str]) -> None:
    assert "none" not in value
    for alg in value:
        query = {"client_id": "signer", "request": sign(request_claims(browser.provider), alg=alg)}
        assert "code" in returned(browser.get("/oauth/authorize", query))


def auth_methods(path: str) -> Callable[[Browser, list[str]], None]:
    def check(browser: Browser, value: list[str]) -> None:
        for method in value:
            forms: dict[str, dict[str, str | None]] = {
                endpoints.TOKEN: {"grant_type": "refresh_token", "refresh_token": "x"},
                endpoints.INTROSPECT: {"token": "x"},
                endpoints.REVOKE: {"token": "x"},
            }
            assert ask(browser, path, forms[path], method) == (400 if path == endpoints.TOKEN else 200), method

    return check


def endpoint(path: str) -> Callable[[Browser, str], None]:
    def check(browser: Browser, value: str) -> None:
        assert value == document(browser)["issuer"] + path
        assert path in ENDPOINTS

    return check


def auth_signing_algorithms(path: str) -> Callable[[Browser, list[str]], None]:
    def check(browser: Browser, value: list[str]) -> None:
        now = int(browser.provider.deps.clock.now().timestamp())
        claims = {"iss": "private_key_jwt", "sub": "private_key_jwt", "aud": document(browser)["issuer"], "exp": now + 60}
        assert value == ["ES256", "RS256"]
        for alg in value:
            form = assertion(browser.provider, "private_key_jwt") | {
                "client_assertion": sign(claims | {"jti": f"{alg} at {path}"}, alg=alg, typ="JWT"),
                "grant_type": "client_credentials",
                "token": "x",
            }
            assert browser.provider.post(path, form, authorization=None).status == 200

    return check


def display_values(browser: Browser, value: list[str]) -> None:
    for display in value:
        assert (
            "current-password"
            in browser.provider.browser()
            .get("/oauth/authorize", browser.provider.request(client_id="other", display=display))
            .text
        )


def prompt_values(browser: Browser, value: list[str]) -> None:
    asks = {"none": None, "login": "current-password", "consent": "/login/consent", "select_account": "current-password"}
    assert asks.keys() == set(value)
    for prompt, mark in asks.items():
        answer = browser.get("/oauth/authorize", browser.provider.request(client_id="other", prompt=prompt))
        assert "code" in returned(answer) if mark is None else mark in answer.text


def ui_locales(browser: Browser, value: list[str]) -> None:
    for locale in value:
        page = browser.provider.browser().get("/oauth/authorize", browser.provider.request(client_id="other", ui_locales=locale))
        assert f'<html lang="{locale}"' in page.text


def pkce(browser: Browser, value: list[str]) -> None:
    assert value == ["S256"]
    assert browser.authorize(client_id="other", code_challenge_method="plain")["error"] == "invalid_request"


def iss_parameter(browser: Browser, value: bool) -> None:
    assert ("iss" in browser.authorize(client_id="other")) is value


def claims_parameter(browser: Browser, value: bool) -> None:
    claims = json.dumps({"id_token": {"name": None}})
    told = jose.unverified_claims(browser.tokens(client_id="other", scope="openid", claims=claims)["id_token"])
    assert ("name" in told) is value


def request_parameter(browser: Browser, value: bool) -> None:
    query = {"client_id": "signer", "request": sign(request_claims(browser.provider))}
    assert ("code" in returned(browser.get("/oauth/authorize", query))) is value


def request_uri_parameter(browser: Browser, value: bool) -> None:
    published = browser.provider.deps.fetch
    assert isinstance(published, Published)
    published.documents[PUBLISHED] = sign(request_claims(browser.provider)).encode()
    query = {"client_id": "signer", "request_uri": PUBLISHED}
    assert ("code" in returned(browser.get("/oauth/authorize", query))) is value


def request_uri_registration(browser: Browser, value: bool) -> None:
    query = {"client_id": "signer", "request_uri": PUBLISHED + "2", "redirect_uri": CALLBACK}
    assert (returned(browser.get("/oauth/authorize", query)).get("error") == "invalid_request_uri") is value


def pushed_required(browser: Browser, value: bool) -> None:
    assert ("code" not in browser.authorize(client_id="other")) is value


def backchannel_logout(browser: Browser, value: bool) -> None:
    other = browser.provider.browser()
    hint = other.tokens(username="chenxiaochao", client_id="told")["id_token"]
    other.get(endpoints.LOGOUT, {"id_token_hint": hint})
    published = browser.provider.deps.fetch
    assert isinstance(published, Published)
    claims = jose.unverified_claims(published.posted[-1][1]["logout_token"])
    assert (claims["sid"] == jose.unverified_claims(hint)["sid"]) is value


def verified_claims(browser: Browser, verification: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return what two departments together learn with evidence when they ask for ``names`` and insist on ``verification``."""
    told: dict[str, Any] = {}
    for client in ("client_secret_basic", "rsj"):
        asked = {"userinfo": {"verified_claims": {"verification": verification, "claims": dict.fromkeys(names)}}}
        tokens = browser.tokens(client_id=client, scope="openid", claims=json.dumps(asked))
        told |= json_of(browser.provider.userinfo(tokens["access_token"])).get("verified_claims", {}).get("claims", {})
    return told


def verified_claims_supported(browser: Browser, value: bool) -> None:
    assert bool(verified_claims(browser, {"trust_framework": None}, "name")) is value


def trust_frameworks(browser: Browser, value: list[str]) -> None:
    for name in value:
        assert verified_claims(browser, {"trust_framework": {"value": name}}, "name")


def claims_in_verified_claims(browser: Browser, value: list[str]) -> None:
    told = verified_claims(browser, {"trust_framework": None}, *value, "email")
    only_of_enterprises = {"uscc"}
    assert set(value) - told.keys() == only_of_enterprises
    assert "email" not in told


def of_evidence(*path: str) -> Callable[[Browser, list[str]], None]:
    """Check that evidence is had with one of the values at ``path``, and with no other: the person's was by a document."""

    def check(browser: Browser, value: list[str]) -> None:
        def insisting(on: list[str]) -> dict[str, Any]:
            asked: Any = {"values": on}
            for step in reversed(path):
                asked = [asked] if step == "[]" else {step: asked}
            return {"trust_framework": None, "evidence": [asked]}

        assert bool(verified_claims(browser, insisting(value), "name")) is ("record" not in path)
        assert not verified_claims(browser, insisting(["hearsay"]), "name")

    return check


def claim_types(browser: Browser, value: list[str]) -> None:
    tokens = browser.tokens(client_id="other")
    assert "_claim_sources" not in json_of(browser.provider.userinfo(tokens["access_token"]))
    assert value == ["normal"]


def dpop_algorithms(browser: Browser, value: list[str]) -> None:
    provider = browser.provider
    keys = {"ES256": ec.generate_private_key(ec.SECP256R1()), "RS256": rsa.generate_private_key(65537, 2048)}
    assert keys.keys() == set(value)
    for key in keys.values():
        proof = Holder(provider.deps, key).proof()
        answer = provider.post(endpoints.TOKEN, {"grant_type": "client_credentials"}, client_id="client_secret_basic", dpop=proof)
        assert json_of(answer)["token_type"] == "DPoP"


def certificate_bound(browser: Browser, value: bool) -> None:
    provider = browser.provider
    provider.add_client(
        "bound", grant_types=("client_credentials",), redirect_uris=(), tls_client_certificate_bound_access_tokens=True
    )
    form: dict[str, str | None] = {"grant_type": "client_credentials"}
    answer = provider.post(endpoints.TOKEN, form, client_id="bound", certificate=CERTIFICATES["tls_client_auth"])
    assert ("cnf" in jose.unverified_claims(json_of(answer)["access_token"])) is value


PROMISES: dict[str, Callable[[Browser, Any], None]] = {
    "issuer": issuer,
    "authorization_endpoint": authorization_endpoint,
    "pushed_authorization_request_endpoint": pushed_endpoint,
    "device_authorization_endpoint": device_endpoint,
    "token_endpoint": endpoint(endpoints.TOKEN),
    "userinfo_endpoint": userinfo_endpoint,
    "jwks_uri": jwks_uri,
    "registration_endpoint": endpoint(endpoints.REGISTER),
    "introspection_endpoint": endpoint(endpoints.INTROSPECT),
    "revocation_endpoint": endpoint(endpoints.REVOKE),
    "end_session_endpoint": end_session_endpoint,
    "scopes_supported": scopes_supported,
    "response_types_supported": response_types,
    "response_modes_supported": response_modes,
    "grant_types_supported": grant_types,
    "acr_values_supported": acr_values,
    "subject_types_supported": subject_types,
    "id_token_signing_alg_values_supported": id_token_algorithms,
    "userinfo_signing_alg_values_supported": userinfo_algorithms,
    "request_object_signing_alg_values_supported": request_object_algorithms,
    "token_endpoint_auth_methods_supported": auth_methods(endpoints.TOKEN),
    **{
        f"{name}_endpoint_auth_signing_alg_values_supported": auth_signing_algorithms(path)
        for name, path in (("token", endpoints.TOKEN), ("introspection", endpoints.INTROSPECT), ("revocation", endpoints.REVOKE))
    },
    "introspection_endpoint_auth_methods_supported": auth_methods(endpoints.INTROSPECT),
    "revocation_endpoint_auth_methods_supported": auth_methods(endpoints.REVOKE),
    "claims_supported": claims_supported,
    "claim_types_supported": claim_types,
    "verified_claims_supported": verified_claims_supported,
    "trust_frameworks_supported": trust_frameworks,
    "claims_in_verified_claims_supported": claims_in_verified_claims,
    "evidence_supported": of_evidence("type"),
    "documents_supported": of_evidence("document_details", "type"),
    "documents_check_methods_supported": of_evidence("check_details", "[]", "check_method"),
    "electronic_records_supported": of_evidence("record", "type"),
    "display_values_supported": display_values,
    "prompt_values_supported": prompt_values,
    "ui_locales_supported": ui_locales,
    "code_challenge_methods_supported": pkce,
    "authorization_response_iss_parameter_supported": iss_parameter,
    "claims_parameter_supported": claims_parameter,
    "request_parameter_supported": request_parameter,
    "request_uri_parameter_supported": request_uri_parameter,
    "require_request_uri_registration": request_uri_registration,
    "require_pushed_authorization_requests": pushed_required,
    "dpop_signing_alg_values_supported": dpop_algorithms,
    "tls_client_certificate_bound_access_tokens": certificate_bound,
    "backchannel_logout_supported": backchannel_logout,
    "backchannel_logout_session_supported": backchannel_logout,
}


def test_every_member_of_the_document_is_tried(browser: Browser) -> None:
    assert document(browser).keys() == PROMISES.keys()


@pytest.mark.parametrize("name", PROMISES)
def test_what_discovery_promises_works(browser: Browser, name: str) -> None:
    PROMISES[name](browser, document(browser)[name])
