"""The modules that the Dynamic plan adds, by the official suite's names; each registers the client that it needs, as the suite does.

The suite's clients say RS256 where they sign, publish one key, and send no PKCE.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwt

from idp import endpoints, signing_keys
from idp.dispatch import ENDPOINTS
from idp.wire import NOTHING, OAuthRequest, OAuthResponse, Parameters
from kernel.clock import timestamp
from kernel.randomness import token
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.conformance.oidf.conftest import DEPARTMENT, NODE
from tests.conformance.oidf.suite import CALLBACK, USERNAME, Login, Suite
from tests.support import registering
from tests.support.idp import json_of, provider_in
from tests.support.idp_elsewhere import Published
from tests.support.signing_client import ASSERTION_TYPE

BASE = "https://suite.example.cn/test/a/chaoxin"


class Dynamic(Suite):
    """The suite with ``client_registration=dynamic_client``."""

    @property
    def published(self) -> Published:
        fetch = self.provider.deps.fetch
        assert isinstance(fetch, Published)
        return fetch

    def register(self, **changes: Any) -> OAuthResponse:
        """CallDynamicRegistrationEndpoint with OIDCCCreateDynamicClientRegistrationRequest."""
        request = {
            "client_name": "chaoxin suite",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "redirect_uris": [CALLBACK],
            "contacts": ["certification@example.cn"],
            "token_endpoint_auth_method": "client_secret_basic",
            **changes,
        }
        invitation = registering.invite(self.provider.deps, department=DEPARTMENT)
        return registering.send(self.provider.deps, "POST", invitation, request)

    def client(self, **changes: Any) -> str:
        """EnsureHttpStatusCodeIs201, ExtractDynamicRegistrationResponse; returns the client_id."""
        answer = self.register(**changes)
        assert answer.status == 201, answer.body
        assert dict(answer.headers)["Content-Type"].startswith("application/json")
        told = json_of(answer)
        self.provider.secrets[told["client_id"]] = told.get("client_secret")
        return str(told["client_id"])

    def refused(self, **changes: Any) -> str:
        """CallDynamicRegistrationEndpointExpectingError."""
        answer = self.register(**changes)
        assert answer.status == 400
        return str(json_of(answer)["error"])


class Signer:
    """The keys of a client of the suite (GenerateRS256ClientJWKsWithKeyID), published at its jwks_uri."""

    jwks_uri = f"{BASE}/jwks"

    def __init__(self, suite: Dynamic) -> None:
        self.suite = suite
        self.rotate()

    def rotate(self) -> None:
        self.key, self.kid = rsa.generate_private_key(65537, 2048), token(8)
        self.suite.published.documents[self.jwks_uri] = json.dumps(self.jwks).encode()

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [jose.public_jwk(self.key.public_key(), self.kid, "RS256")]}

    def sign(self, claims: dict[str, Any], typ: str = "JWT") -> str:
        return jose.sign(claims, self.key, kid=self.kid, alg="RS256", typ=typ)

    def token(self, client_id: str, **form: str) -> OAuthResponse:
        """AddPrivateKeyJWTClientAuthenticationToTokenEndpointRequest: ``aud`` is the issuer alone, a text."""
        now = timestamp(self.suite.clock.now())
        claims = {"iss": client_id, "sub": client_id, "aud": self.suite.provider.deps.issuer, "jti": token(8)}
        signed = self.sign({**claims, "iat": now, "exp": now + 60})
        values = {**form, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
        return ENDPOINTS[endpoints.TOKEN](self.suite.provider.deps, OAuthRequest("POST", NOTHING, Parameters(values)))

    def run(self, client_id: str, **changes: str) -> Login:
        """The whole way for a client with private_key_jwt."""
        request = self.suite.request(client_id=client_id, **changes)
        browser = self.suite.browser()
        returned = self.suite.callback(self.suite.log_in(browser, self.suite.send(browser, request)))
        form = {"grant_type": "authorization_code", "code": returned["code"], "redirect_uri": CALLBACK}
        tokens = json_of(self.token(client_id, **form))
        return Login(request, returned["code"], tokens, self.suite.check_id_token(request, tokens))


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Dynamic]:
    with provider_in(tmp_path_factory.mktemp("dynamic"), keys, algorithms=("ES256", "RS256"), node=NODE) as provider:
        provider.add_account(USERNAME, email="c@example.cn")
        yield Dynamic(provider, "basic")


def test_oidcc_idtoken_rs256(suite: Dynamic) -> None:
    """Registration 2: id_token_signed_response_alg RS256 is kept to; and it is the default."""
    for asked in ({"id_token_signed_response_alg": "RS256"}, {}):
        login = suite.run(suite.browser(), client_id=suite.client(**asked))
        assert jwt.get_unverified_header(login.tokens["id_token"])["alg"] == "RS256"


def test_oidcc_userinfo_rs256(suite: Dynamic) -> None:
    """Core 5.3.2: userinfo is a JWT signed by RS256, of the same subject, with iss and aud."""
    login = suite.run(suite.browser(), client_id=suite.client(userinfo_signed_response_alg="RS256"))
    answer = suite.provider.userinfo(login.access_token)
    assert dict(answer.headers)["Content-Type"].startswith("application/jwt")
    header = jwt.get_unverified_header(answer.body.decode())
    (key,) = [key for key in json_of(suite.fetch(endpoints.JWKS))["keys"] if key["kid"] == header["kid"]]
    assert (header["alg"], key["alg"]) == ("RS256", "RS256")
    claims = jwt.decode(
        answer.body.decode(), key, algorithms=["RS256"], audience=login.request["client_id"], issuer=suite.provider.deps.issuer
    )
    assert claims["sub"] == login.claims["sub"]


def test_oidcc_redirect_uri_query_ok(suite: Dynamic) -> None:
    """RFC 6749 3.1.2: a registered query is kept in the answer."""
    uri = CALLBACK + "?foo=bar"
    request = suite.request(client_id=suite.client(redirect_uris=[uri]), redirect_uri=uri)
    browser = suite.browser()
    answer = suite.log_in(browser, suite.send(browser, request))
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    returned = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert (returned["foo"], returned["state"], "code" in returned) == ("bar", request["state"], True)


def _error_page(suite: Dynamic, registered: str, asked: str) -> None:
    answer = suite.send(suite.browser(), suite.request(client_id=suite.client(redirect_uris=[registered]), redirect_uri=asked))
    assert (answer.status_code, "Location" in answer.headers, CALLBACK in answer.text) == (400, False, False)


def test_oidcc_redirect_uri_query_mismatch(suite: Dynamic) -> None:
    """RFC 6749 3.1.2.3: another query than the registered one gets an error page."""
    _error_page(suite, CALLBACK + "?foo=bar", CALLBACK + "?bar=foo")


def test_oidcc_redirect_uri_query_added(suite: Dynamic) -> None:
    """RFC 6749 3.1.2.3: a query where none is registered gets an error page."""
    _error_page(suite, CALLBACK, CALLBACK + "?foo=bar")


def test_oidcc_redirect_uri_regfrag(suite: Dynamic) -> None:
    """RFC 6749 3.1.2: a redirect_uri with a fragment is not registered."""
    assert suite.refused(redirect_uris=[CALLBACK + "#foobar"]) == "invalid_redirect_uri"


def _shown(suite: Dynamic, name: str) -> None:
    uri = f"{BASE}/{name}.html"
    page = suite.send(suite.browser(), suite.request(client_id=suite.client(**{name: uri})))
    assert f'href="{uri}"' in page.text
    assert "certification@example.cn" in page.text
    assert uri not in suite.send(suite.browser(), suite.request(client_id=suite.client())).text


def test_oidcc_registration_logo_uri(suite: Dynamic) -> None:
    """Registration 2: the logo is on the page where the person logs in; as a link, since pages load nothing from elsewhere."""
    _shown(suite, "logo_uri")


def test_oidcc_registration_policy_uri(suite: Dynamic) -> None:
    """Registration 2: the policy is linked on the page where the person logs in."""
    _shown(suite, "policy_uri")


def test_oidcc_registration_tos_uri(suite: Dynamic) -> None:
    """Registration 2: the terms are linked on the page where the person logs in."""
    _shown(suite, "tos_uri")


def test_oidcc_registration_jwks_uri(suite: Dynamic) -> None:
    """Registration 2: the client's keys are taken from its jwks_uri."""
    signer = Signer(suite)
    client_id = suite.client(token_endpoint_auth_method="private_key_jwt", jwks_uri=signer.jwks_uri)
    assert suite.userinfo(signer.run(client_id).access_token)["sub"]


def test_oidcc_registration_sector_uri(suite: Dynamic) -> None:
    """Registration 5: a sector_identifier_uri whose document lists the redirect_uri is registered, and makes sub pairwise."""
    uri = f"{BASE}/redirect_uris.json"
    suite.published.documents[uri] = json.dumps([CALLBACK, "https://other.example.cn/callback"]).encode()
    pairwise = suite.client(subject_type="pairwise", sector_identifier_uri=uri)
    subjects = {suite.run(suite.browser(), client_id=client_id).claims["sub"] for client_id in (pairwise, suite.client())}
    assert len(subjects) == 2


def test_oidcc_registration_sector_bad(suite: Dynamic) -> None:
    """Registration 5: one whose document does not list it is invalid_client_metadata."""
    uri = f"{BASE}/bad.json"
    suite.published.documents[uri] = b'["https://other.example.cn/callback"]'
    assert suite.refused(subject_type="pairwise", sector_identifier_uri=uri) == "invalid_client_metadata"


def test_oidcc_refresh_token_rp_key_rotation(suite: Dynamic) -> None:
    """Core 10.1.1: after the client put another key into its jwks_uri, that one is good and the old one is not needed."""
    signer = Signer(suite)
    client_id = suite.client(
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri=signer.jwks_uri,
        grant_types=["authorization_code", "refresh_token"],
    )
    browser = suite.browser()
    request = suite.request(client_id=client_id, scope="openid offline_access", prompt="consent")
    returned = suite.callback(suite.log_in(browser, suite.send(browser, request)))
    redeemed = signer.token(client_id, grant_type="authorization_code", code=returned["code"], redirect_uri=CALLBACK)
    tokens = json_of(redeemed)
    assert redeemed.status == 200, tokens
    signer.rotate()
    suite.clock.advance(timedelta(seconds=60))
    refreshed = json_of(signer.token(client_id, grant_type="refresh_token", refresh_token=tokens["refresh_token"]))
    before = suite.check_id_token(request, tokens)
    after = suite.check_id_token(request, refreshed, refreshed=True)
    assert before["sub"] == after["sub"]
    assert suite.userinfo(refreshed["access_token"])["sub"] == after["sub"]


def _by_reference(suite: Dynamic, object_: str, **changes: Any) -> tuple[str, str]:
    uri = f"{BASE}/requesturi/{token(8)}#{token(8)}"
    suite.published.documents[uri.partition("#")[0]] = object_.encode()
    return suite.client(request_uris=[uri], **changes), uri


def test_oidcc_request_uri_unsigned(suite: Dynamic) -> None:
    """Core 6.2: skipped where ``none`` is not offered; the client is registered all the same, and the object is never ignored."""
    assert "none" not in suite.metadata["request_object_signing_alg_values_supported"]
    client_id, uri = _by_reference(suite, "eyJhbGciOiJub25lIn0.e30.", jwks=Signer(suite).jwks)
    request = suite.request(client_id=client_id, request_uri=uri)
    assert suite.error(request, suite.send(suite.browser(), request)) == "request_not_supported"


def test_oidcc_request_uri_signed_rs256(suite: Dynamic) -> None:
    """Core 6.2: a request object signed by RS256 is fetched from the registered request_uri; its fragment is not sent."""
    signer = Signer(suite)
    client_id, uri = _by_reference(suite, "", jwks=signer.jwks, request_object_signing_alg="RS256")
    request = suite.request(client_id=client_id)
    claims = {**request, "iss": client_id, "aud": suite.provider.deps.issuer}
    suite.published.documents[uri.partition("#")[0]] = signer.sign(claims).encode()
    by_reference = {name: request[name] for name in ("client_id", "response_type", "scope", "redirect_uri")} | {
        "request_uri": uri
    }
    browser = suite.browser()
    suite.complete(request, suite.log_in(browser, suite.send(browser, by_reference)))


def test_oidcc_ensure_client_assertion_with_iss_aud_succeeds(suite: Dynamic) -> None:
    """RFC 7523 3 as updated: an assertion whose aud is the issuer, as a text, is accepted."""
    signer = Signer(suite)
    client_id = suite.client(token_endpoint_auth_method="private_key_jwt", jwks=signer.jwks)
    assert signer.run(client_id).claims["aud"] == client_id


def test_oidcc_server_rotate_keys(suite: Dynamic) -> None:
    """Core 10.1.1: after a rotation there is a new signing key, and the old one is still there."""
    before = {key["kid"] for key in json_of(suite.fetch(endpoints.JWKS))["keys"]}
    tokens = suite.provider.deps.policies.tokens
    suite.clock.advance(timedelta(seconds=tokens.key_signs_seconds - tokens.key_published_ahead_seconds))
    signing_keys.rotate(suite.provider.deps)
    after = {key["kid"] for key in json_of(suite.fetch(endpoints.JWKS))["keys"]}
    assert before < after


def test_the_client_is_unregistered_as_the_suite_does_in_the_end(suite: Dynamic) -> None:
    """RFC 7592 2.3: UnregisterDynamicallyRegisteredClient wants 204."""
    told = json_of(suite.register())
    client_id = dict(parse_qsl(urlsplit(told["registration_client_uri"]).query))["client_id"]
    answer = registering.send(suite.provider.deps, "DELETE", told["registration_access_token"], client_id=client_id)
    assert answer.status == 204
