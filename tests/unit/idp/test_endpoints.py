"""Discovery, keys and their rotation, userinfo, introspection, revocation, and who may call them from a browser."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509

from idp import cors, discovery, endpoints, housekeeping, jwks, signing_keys
from idp.dispatch import ENDPOINTS, answer
from idp.ports import IdpDeps
from idp.recent import Recent
from idp.records import Client
from idp.tokens.issue import Issue
from idp.tokens.signed import sign_access_token, verify_access_token
from idp.wire import NOTHING, OAuthRequest, Parameters
from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import authority, jose
from pki.keyfiles import FileKeyStore
from pki.roles import get_credential
from tests.support.idp import MARKET, Browser, Provider, add_client, another_process, json_of, make_idp_deps

KEPT = timedelta(days=1)
SIGNS = timedelta(days=30)


MOST_THAT_LIBRARIES_TAKE = 512
"""Octets of a JWS header that joserfc, and so Authlib, accepts."""


def published(deps: IdpDeps) -> list[str]:
    return [key["kid"] for key in json_of(jwks.handle(another_process(deps), OAuthRequest("GET")))["keys"]]


def signing(deps: IdpDeps) -> str | None:
    return signing_keys.get_signing_key(another_process(deps), "ES256").kid


# Discovery and keys.


def test_discovery_names_the_configured_address(deps: IdpDeps) -> None:
    document = json_of(discovery.handle(deps, OAuthRequest("GET")))
    assert document["issuer"] == deps.node.url
    for name in (
        "authorization",
        "pushed_authorization_request",
        "token",
        "userinfo",
        "introspection",
        "revocation",
        "end_session",
    ):
        assert document[f"{name}_endpoint"].startswith(deps.node.url + "/")
    assert document["jwks_uri"] == deps.node.url + "/oauth/jwks"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_types_supported"] == ["code"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert {"sub", "name", "phone_number", "resident_id"} <= set(document["claims_supported"])


def test_rs256_is_offered_by_the_packaged_policies(sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> None:
    deps = make_idp_deps(sqlite, keys, clock, algorithms=("ES256", "RS256"))
    assert discovery.document(deps)["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
    kinds = [(key["kty"], key["alg"]) for key in json_of(jwks.handle(deps, OAuthRequest("GET")))["keys"]]
    assert kinds == [("EC", "ES256"), ("RSA", "RS256")]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_who_asks_in_the_wrong_way_is_told_the_right_ones(deps: IdpDeps, path: str) -> None:
    refused = ENDPOINTS[path](deps, OAuthRequest("PATCH"))
    documents, posted = ("GET, HEAD, OPTIONS", "POST, OPTIONS")
    others = {
        endpoints.DISCOVERY: documents,
        endpoints.JWKS: documents,
        endpoints.USERINFO: "GET, POST, OPTIONS",
        endpoints.REGISTER: "POST, GET, PUT, DELETE, OPTIONS",
    }
    assert (refused.status, dict(refused.headers)["Allow"]) == (405, others.get(path, posted))  # RFC 9110 15.5.6


@pytest.mark.parametrize("path", [endpoints.DISCOVERY, endpoints.JWKS])
def test_public_documents_may_be_cached_and_take_no_post(deps: IdpDeps, path: str) -> None:
    answer_ = ENDPOINTS[path](deps, OAuthRequest("GET"))
    assert dict(answer_.headers)["Cache-Control"] == "public, max-age=300"
    assert ENDPOINTS[path](deps, OAuthRequest("POST")).status == 405


def test_only_public_halves_are_published_under_their_thumbprints(deps: IdpDeps) -> None:
    (key,) = json_of(jwks.handle(deps, OAuthRequest("GET")))["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "use", "alg", "kid", "x5c", "x5t#S256"}
    assert key["kid"] == jose.thumbprint(jose.parse_jwk(key).public)


def test_a_key_is_published_ahead_then_signs_then_is_kept_then_goes(deps: IdpDeps, clock: FixedClock) -> None:
    (first,) = published(deps)
    housekeeping.clean_up(deps)
    assert published(deps) == [first], "nothing is due yet"
    clock.advance(SIGNS - KEPT)
    housekeeping.clean_up(deps)
    housekeeping.clean_up(deps)
    _, second = published(deps)
    assert signing(deps) == first, "published ahead"
    clock.advance(KEPT - timedelta(seconds=1))
    assert signing(deps) == first
    clock.advance(timedelta(seconds=1))
    assert signing(deps) == second
    assert published(deps) == [first, second], "kept while its tokens live"
    clock.advance(KEPT)
    assert published(deps) == [second]


def test_after_a_long_sleep_the_old_key_signs_until_the_new_one_was_published_long_enough(
    deps: IdpDeps, clock: FixedClock
) -> None:
    (first,) = published(deps)
    clock.advance(timedelta(days=100))
    housekeeping.clean_up(deps)
    assert len(published(deps)) == 2
    assert signing(deps) == first
    clock.advance(timedelta(seconds=deps.policies.tokens.key_published_ahead_seconds))
    assert signing(deps) != first


def test_tokens_of_the_key_before_are_still_good_after_a_rotation(provider: Provider, clock: FixedClock) -> None:
    browser = provider.browser()
    browser.log_in()
    assert published(provider.deps)
    clock.advance(SIGNS - KEPT)
    housekeeping.clean_up(provider.deps)
    clock.advance(KEPT - timedelta(seconds=60))
    browser.log_in()
    tokens = browser.tokens()
    before = jose.unverified_header(tokens["id_token"])["kid"]
    clock.advance(timedelta(seconds=120))
    assert jose.unverified_header(browser.tokens()["id_token"])["kid"] != before
    assert provider.userinfo(tokens["access_token"]).status == 200


def test_a_key_whose_making_was_interrupted_is_finished(deps: IdpDeps, clock: FixedClock) -> None:
    planned = signing_keys.SigningKey("ES256", 1, "oidc-es256-interrupted", clock.now(), clock.now())
    with deps.work.begin() as work:
        assert work.records.plan_signing_key(planned)
        assert not work.records.plan_signing_key(planned)
    assert len(published(deps)) == 1
    with deps.work.read() as work:
        (key,) = work.records.signing_keys()
    assert (key.label, key.kid) == ("oidc-es256-interrupted", published(deps)[0])


def test_every_token_names_the_certificate_of_its_key_which_the_set_of_keys_carries_with_its_issuers(provider: Provider) -> None:
    browser = provider.browser()
    browser.log_in()
    tokens = browser.tokens()
    (key,) = json_of(jwks.handle(provider.deps, OAuthRequest("GET")))["keys"]
    leaf, issuing = (x509.load_der_x509_certificate(base64.b64decode(each)) for each in key["x5c"])
    leaf.verify_directly_issued_by(issuing)
    assert leaf.public_key() == jose.parse_jwk(key).public
    assert issuing == get_credential(provider.deps.pki, "issuing").certificate
    for name in ("id_token", "access_token"):
        header = jose.unverified_header(tokens[name])
        assert header["x5t#S256"] == key["x5t#S256"]
        assert len(tokens[name].split(".")[0]) <= MOST_THAT_LIBRARIES_TAKE


def test_an_rsa_key_is_certified_too(sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> None:
    deps = make_idp_deps(sqlite, keys, clock, algorithms=("ES256", "RS256"))
    ring = signing_keys.keyring(deps)
    assert [len(key["x5c"]) for key in ring.published] == [2, 2]
    assert ring.signing["RS256"].x5t != ring.signing["ES256"].x5t


def test_a_key_of_before_keys_were_certified_gets_its_certificate_before_it_signs_again(deps: IdpDeps, engine: sa.Engine) -> None:
    before = signing(deps)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE idp_signing_keys SET certificate = NULL"))
    ring = signing_keys.keyring(another_process(deps))
    assert ring.signing["ES256"].kid == before
    assert ring.signing["ES256"].x5t == ring.published[0]["x5t#S256"]


def test_a_key_whose_certificate_was_revoked_signs_no_more_and_is_not_shown(deps: IdpDeps, clock: FixedClock) -> None:
    before = signing(deps)
    with deps.work.read() as work:
        (key,) = work.records.signing_keys()
    assert key.certificate is not None
    serial = x509.load_der_x509_certificate(key.certificate).serial_number
    authority.revoke(deps.pki, f"{serial:x}", "key_compromise", clock.now())
    assert signing(deps) != before
    assert published(deps) == [signing(deps)]


# Userinfo.


@pytest.fixture
def browser(provider: Provider) -> Browser:
    made = provider.browser()
    made.log_in()
    return made


def test_userinfo_takes_the_token_in_header_or_body_by_get_or_post(browser: Browser, provider: Provider) -> None:
    value = browser.tokens()["access_token"]
    handle = ENDPOINTS[endpoints.USERINFO]
    in_header = f"Bearer {value}"
    for request in (
        OAuthRequest("GET", authorization=in_header),
        OAuthRequest("POST", authorization=in_header),
        OAuthRequest("GET", authorization=f"bearer {value}"),
        OAuthRequest("POST", NOTHING, Parameters({"access_token": value})),
    ):
        assert handle(provider.deps, request).status == 200


@pytest.mark.parametrize(
    "request_",
    [
        OAuthRequest("GET"),
        OAuthRequest("GET", authorization="Bearer "),
        OAuthRequest("GET", authorization="Basic abc"),
        OAuthRequest("GET", Parameters({"access_token": "x"})),
    ],
    ids=range(4),
)
def test_without_a_token_userinfo_only_says_what_it_wants(provider: Provider, request_: OAuthRequest) -> None:
    answer_ = ENDPOINTS[endpoints.USERINFO](provider.deps, request_)
    assert (answer_.status, dict(answer_.headers)["WWW-Authenticate"]) == (
        401,
        'Bearer realm="chaoxin", DPoP realm="chaoxin", algs="ES256 RS256"',
    )


def test_a_token_sent_in_two_ways_is_a_wrong_request(browser: Browser, provider: Provider) -> None:
    value = browser.tokens()["access_token"]
    request = OAuthRequest("POST", NOTHING, Parameters({"access_token": value}), f"Bearer {value}")
    answer_ = ENDPOINTS[endpoints.USERINFO](provider.deps, request)
    assert (answer_.status, json_of(answer_)["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("value", ["x", "a.b.c", "é", "x" * 100_000])
def test_userinfo_refuses_what_is_no_token(provider: Provider, value: str) -> None:
    answer_ = provider.userinfo(value)
    assert answer_.status == 401
    assert 'error="invalid_token"' in dict(answer_.headers)["WWW-Authenticate"]


def test_an_access_token_expires(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    value = browser.tokens()["access_token"]
    clock.advance(timedelta(seconds=provider.deps.policies.tokens.access_token_seconds))
    assert provider.userinfo(value).status == 401


def test_each_department_gets_what_policies_give_it_and_no_more(provider: Provider) -> None:
    provider.add_client("rsj", department="114451006B39GGDTXW", scope="openid profile phone identity organization")
    provider.add_client("other", department="11445100DXEYPY6WAN", scope="openid profile phone identity email")
    browser = provider.browser()
    browser.log_in()
    known: dict[str, set[str]] = {}
    for client_id in ("scjg", "rsj", "other"):
        tokens = browser.tokens(client_id=client_id, scope="openid profile phone identity organization email")
        known[client_id] = set(json_of(provider.userinfo(tokens["access_token"])))
    assert known["scjg"] == {
        "sub",
        "name",
        "user_kind",
        "real_name_level",
        "phone_number",
        "phone_number_verified",
        "resident_id",
    }
    assert known["rsj"] == {"sub", "name", "birthdate", "gender", "user_kind", "real_name_level", "resident_id"}
    assert "resident_id" not in known["other"]
    assert {"name", "phone_number", "locale"} <= known["other"]


# Introspection and revocation.


def ask(provider: Provider, path: str, value: str | None, client_id: str = "scjg", **more: Any) -> dict[str, Any]:
    answer_ = provider.post(path, {"token": value}, client_id=client_id, **more)
    return json_of(answer_) | {"status": answer_.status}


def test_requirement_18_introspection_tells_confidential_clients_what_counts(browser: Browser, provider: Provider) -> None:
    tokens = browser.tokens()
    told = ask(provider, endpoints.INTROSPECT, tokens["access_token"])
    assert told["active"] is True
    assert {"iss", "aud", "sub", "client_id", "scope", "exp", "iat", "jti", "acr", "auth_time", "token_type"} <= told.keys()
    assert "grant_id" not in told
    assert ask(provider, endpoints.INTROSPECT, tokens["refresh_token"])["active"] is True


def test_what_does_not_count_is_only_inactive(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    provider.add_client("rsj")
    tokens = browser.tokens()
    inactive = {"active": False, "status": 200}
    assert ask(provider, endpoints.INTROSPECT, "nonsense") == inactive
    assert ask(provider, endpoints.INTROSPECT, tokens["id_token"]) == inactive
    assert ask(provider, endpoints.INTROSPECT, tokens["refresh_token"], "rsj") == inactive
    assert ask(provider, endpoints.INTROSPECT, tokens["access_token"], "rsj") == inactive
    used = tokens["refresh_token"]
    provider.refresh(used)
    assert ask(provider, endpoints.INTROSPECT, used) == inactive
    clock.advance(timedelta(hours=2))
    assert ask(provider, endpoints.INTROSPECT, tokens["access_token"]) == inactive


def test_introspection_needs_a_confidential_client_and_a_token(browser: Browser, provider: Provider) -> None:
    provider.add_client("app", token_endpoint_auth_method="none")
    value = browser.tokens()["access_token"]
    public = provider.post(endpoints.INTROSPECT, {"token": value, "client_id": "app"}, authorization=None)
    assert (public.status, json_of(public)["error"]) == (401, "invalid_client")
    assert ask(provider, endpoints.INTROSPECT, None)["error"] == "invalid_request"


def test_requirement_29_revoking_a_refresh_token_ends_its_access_tokens(browser: Browser, provider: Provider) -> None:
    tokens = browser.tokens()
    assert provider.post(endpoints.REVOKE, {"token": tokens["refresh_token"]}).status == 200
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.refresh(tokens["refresh_token"]).status == 400


def test_an_access_token_is_revoked_alone_and_stays_so_after_a_restart(browser: Browser, provider: Provider) -> None:
    tokens = browser.tokens()
    assert provider.post(endpoints.REVOKE, {"token": tokens["access_token"]}).status == 200
    provider.deps = another_process(provider.deps)
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.refresh(tokens["refresh_token"]).status == 200


def test_nobody_revokes_the_tokens_of_others_and_what_does_not_count_is_as_good_as_revoked(
    browser: Browser, provider: Provider
) -> None:
    provider.add_client("rsj")
    tokens = browser.tokens()
    for value in (tokens["access_token"], tokens["refresh_token"]):  # RFC 7009 2.1
        answer_ = provider.post(endpoints.REVOKE, {"token": value}, client_id="rsj")
        assert (answer_.status, json_of(answer_)["code"]) == (400, "oauth_revoke_anothers")
    for value in ("nonsense", "a.b.c"):  # RFC 7009 2.2
        answer_ = provider.post(endpoints.REVOKE, {"token": value}, client_id="rsj")
        assert (answer_.status, answer_.body) == (200, b"{}")
    assert provider.userinfo(tokens["access_token"]).status == 200
    assert provider.refresh(tokens["refresh_token"]).status == 200


# Browsers.

ORIGIN = "https://app.example.cn"


@pytest.mark.parametrize("path", [*ENDPOINTS, endpoints.AUTHORIZE, endpoints.LOGOUT])
def test_requirement_30_only_registered_origins_of_public_clients_may_read_and_only_where_they_must(
    deps: IdpDeps, path: str
) -> None:
    add_client(deps, "app", token_endpoint_auth_method="none", origins=(ORIGIN,))
    allowed = dict(cors.headers(deps, path, OAuthRequest("GET", origin=ORIGIN)))
    shared = path in {endpoints.DISCOVERY, endpoints.JWKS, endpoints.TOKEN, endpoints.USERINFO, endpoints.REVOKE}
    assert (allowed.get("Access-Control-Allow-Origin") == ORIGIN) is shared
    assert "Access-Control-Allow-Credentials" not in allowed
    for origin in ("https://evil.example", "null", ORIGIN + ".evil.example", "x" * 1000, None):
        refused = dict(cors.headers(deps, path, OAuthRequest("GET", origin=origin)))
        assert refused.keys() <= {"Vary"}


def test_a_preflight_is_answered_without_carrying_anything_out(deps: IdpDeps) -> None:
    add_client(deps, "app", token_endpoint_auth_method="none", origins=(ORIGIN,))
    environ = {"REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": ORIGIN}
    preflight = answer(deps, endpoints.TOKEN, environ)
    assert (preflight.status, preflight.body) == (204, b"")
    assert dict(preflight.headers)["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Access-Control-Allow-Origin" not in dict(answer(deps, endpoints.INTROSPECT, environ).headers)


# What is kept of verified tokens.


def test_a_token_that_was_verified_before_is_refused_once_it_is_over_or_its_keys_are_others(
    deps: IdpDeps, clock: FixedClock
) -> None:
    issue = Issue("sub.1", ("openid",), deps.issuer)
    value = sign_access_token(deps, Client("site", "某系统", MARKET), issue, now=clock.now())
    first = verify_access_token(deps, value, audience=deps.issuer)
    assert verify_access_token(deps, value, audience=None) is first
    with pytest.raises(Refusal):
        verify_access_token(deps, value, audience="https://other.example.cn/")
    clock.advance(timedelta(seconds=31))  # the keys are looked at anew
    again = verify_access_token(deps, value, audience=deps.issuer)
    assert again == first
    assert again is not first
    clock.moment = first.expires_at
    with pytest.raises(Refusal):
        verify_access_token(deps, value, audience=deps.issuer)


def test_what_is_remembered_of_tokens_is_bounded() -> None:
    recent = Recent(most=2)
    for text in "abc":
        recent.put(text, text.upper())
    assert [recent.get(text) for text in "abc"] == [None, "B", "C"]
