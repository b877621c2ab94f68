"""The Config plan: one module, over the discovery document and the keys."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from idp import endpoints
from tests.conformance.oidf.suite import Suite
from tests.support.idp import json_of

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def test_oidcc_discovery_endpoint_verification(suite: Suite) -> None:
    """Discovery 3, 4: the issuer is where the document was found, every endpoint is https, what must be offered is offered."""
    answer = suite.fetch(endpoints.DISCOVERY)
    assert answer.status == 200
    assert dict(answer.headers)["Content-Type"].startswith("application/json")
    document = json_of(answer)
    # CheckDiscEndpointIssuer: the address without the well-known suffix.
    assert document["issuer"] + endpoints.DISCOVERY == suite.provider.deps.node.url + endpoints.DISCOVERY
    addresses = {name: value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))}
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= addresses.keys()
    for name, value in addresses.items():
        parts = urlsplit(value)
        assert (parts.scheme, bool(parts.hostname), parts.fragment) == ("https", True, ""), name
    # OIDCCCheckDiscEndpoint…
    assert "code" in document["response_types_supported"]
    assert set(document["subject_types_supported"]) <= {"public", "pairwise"}
    assert document["subject_types_supported"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert document["userinfo_signing_alg_values_supported"]
    assert "RS256" in document["request_object_signing_alg_values_supported"]
    assert "authorization_code" in document["grant_types_supported"]
    assert "openid" in document["scopes_supported"]
    assert all(re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", scope) for scope in document["scopes_supported"])
    assert "sub" in document["claims_supported"]
    assert isinstance(document["claims_parameter_supported"], bool)
    assert isinstance(document["request_parameter_supported"], bool)
    assert isinstance(document["request_uri_parameter_supported"], bool)
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", locale) for locale in document["ui_locales_supported"])
    # ValidateServerJWKs, EnsureServerJwksDoesNotContainPrivateOrSymmetricKeys
    keys = json_of(suite.fetch(endpoints.JWKS))["keys"]
    assert {key["alg"] for key in keys} == {"ES256", "RS256"}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert key["kty"] in {"EC", "RSA"}
        assert not _PRIVATE & key.keys()
