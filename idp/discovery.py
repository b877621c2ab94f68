"""The provider's description of itself (OpenID Connect Discovery 1.0, RFC 8414). What is not built is said not to be."""

from __future__ import annotations

from typing import Any

from idp import endpoints
from idp.authorize.request import DISPLAYS, PROMPTS, RESPONSE_MODES
from idp.clients import mutual_tls
from idp.clients.grant_types import GRANT_TYPES
from idp.clients.registry import AUTHENTICATION_METHODS
from idp.ports import IdpDeps
from idp.wire import OAuthRequest, OAuthResponse, check_method, error_response, json_response
from kernel.errors import Refusal
from pki.jwk import ALGORITHMS
from policies.claims import OF_SYSTEMS
from policies.models import Policies

_OVER_MUTUAL_TLS = {
    "pushed_authorization_request_endpoint": endpoints.PUSHED_REQUEST,
    "device_authorization_endpoint": endpoints.DEVICE_AUTHORIZATION,
    "token_endpoint": endpoints.TOKEN,
    "userinfo_endpoint": endpoints.USERINFO,
    "introspection_endpoint": endpoints.INTROSPECT,
    "revocation_endpoint": endpoints.REVOKE,
}
_CACHE = "public, max-age=300"
_KEPT = "discovery"
_PROTOCOL_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid")


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a discovery request."""
    try:
        check_method(request, "GET", "HEAD")
    except Refusal as refusal:
        return error_response(refusal)
    kept: OAuthResponse | None = deps.kept.get(_KEPT)
    if kept is None:  # nothing in it changes while the node runs
        kept = deps.kept[_KEPT] = json_response(document(deps), cache=_CACHE)
    return kept


def document(deps: IdpDeps) -> dict[str, Any]:
    """Return the metadata."""
    policies = deps.policies
    algorithms = list(policies.tokens.signing_algorithms)
    scopes = policies.claims.scopes
    methods = [method for method in AUTHENTICATION_METHODS if deps.client_certificates or method not in mutual_tls.METHODS]
    confidential = [method for method in methods if method != "none"]
    return {
        "issuer": deps.issuer,
        "authorization_endpoint": endpoints.url(deps, endpoints.AUTHORIZE),
        "pushed_authorization_request_endpoint": endpoints.url(deps, endpoints.PUSHED_REQUEST),
        "device_authorization_endpoint": endpoints.url(deps, endpoints.DEVICE_AUTHORIZATION),
        "token_endpoint": endpoints.url(deps, endpoints.TOKEN),
        "userinfo_endpoint": endpoints.url(deps, endpoints.USERINFO),
        "jwks_uri": endpoints.url(deps, endpoints.JWKS),
        "registration_endpoint": endpoints.url(deps, endpoints.REGISTER),
        "introspection_endpoint": endpoints.url(deps, endpoints.INTROSPECT),
        "revocation_endpoint": endpoints.url(deps, endpoints.REVOKE),
        "end_session_endpoint": endpoints.url(deps, endpoints.LOGOUT),
        "scopes_supported": [scope for scope in scopes if scope not in OF_SYSTEMS],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "acr_values_supported": [level.acr for level in policies.assurance.levels],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": algorithms,
        "userinfo_signing_alg_values_supported": algorithms,
        "request_object_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "claims_supported": [*_PROTOCOL_CLAIMS, *dict.fromkeys(claim for scope in scopes.values() for claim in scope.claims)],
        **_verified_claims(policies),
        "claim_types_supported": ["normal"],
        "display_values_supported": list(DISPLAYS),
        "prompt_values_supported": list(PROMPTS),
        "ui_locales_supported": ["zh-CN", "en"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "require_pushed_authorization_requests": False,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": deps.client_certificates,
        **_aliases(deps),
    }


def _aliases(deps: IdpDeps) -> dict[str, Any]:
    """Return where the endpoints are reached over mutual TLS, if that is another address (RFC 8705 5)."""
    if deps.mutual_tls_url is None:
        return {}
    return {"mtls_endpoint_aliases": {name: deps.mutual_tls_url + path for name, path in _OVER_MUTUAL_TLS.items()}}


def _verified_claims(policies: Policies) -> dict[str, Any]:
    """Return what is said of claims with evidence (OpenID Identity Assurance 1.0, 7)."""
    releases = (policies.claims.default, *policies.claims.departments.values())
    proofings = [one for one in policies.assurance.proofing.values() if one.evidence is not None]

    def kinds(evidence: str) -> list[str]:
        return list(dict.fromkeys(one.kind for one in proofings if one.evidence == evidence and one.kind))

    documents = (one for one in proofings if one.evidence == "document")
    return {
        "verified_claims_supported": True,
        "trust_frameworks_supported": [policies.assurance.trust_framework],
        "claims_in_verified_claims_supported": list(dict.fromkeys(claim for release in releases for claim in release.verified)),
        "evidence_supported": list(dict.fromkeys(one.evidence for one in proofings)),
        "documents_supported": kinds("document"),
        "documents_check_methods_supported": list(dict.fromkeys(method for one in documents for method in one.check_methods)),
        "electronic_records_supported": kinds("electronic_record"),
    }
