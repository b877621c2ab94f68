"""Where a node and npm's oidc-provider answer a bad request differently, and the section that makes the node right.

An entry that is no longer true fails. *The other one* is oidc-provider.
"""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """Requests by name, what the node and the other one did, and why that is right."""

    names: tuple[str, ...]
    did: str
    other_did: str
    why: str


EXPLAINED = (
    Difference(
        ("authorize: redirect_uri missing",),
        "shown 4xx",
        "asks",
        "OpenID Connect Core 3.1.2.1: redirect_uri is REQUIRED. The other one takes a client's only registered address for it.",
    ),
    Difference(
        ("authorize: request_uri used twice",),
        "shown 4xx",
        "returned invalid_request_uri",
        "OpenID Connect Core 3.1.2.1: with the used request its redirect_uri is gone, so there is nowhere to send the browser.",
    ),
    Difference(
        ("push: redirect_uri missing",),
        "answered 4xx invalid_request",
        "answered 2xx",
        "OpenID Connect Core 3.1.2.1: redirect_uri is REQUIRED, pushed or not.",
    ),
    Difference(
        ("authorize: redirect_uri doubled",),
        "shown 4xx",
        "returned invalid_request",
        "RFC 6749 4.1.2.1, RFC 9700 4.11.2: nobody is redirected to an address that is in doubt.",
    ),
    Difference(
        ("token: code redeemed without redirect_uri",),
        "answered 4xx invalid_grant",
        "answered 2xx",
        "RFC 6749 4.1.3: redirect_uri is REQUIRED where the authorization request had one.",
    ),
    Difference(
        ("authorize: response_mode unknown",),
        "returned invalid_request",
        "returned unsupported_response_mode",
        "RFC 6749 4.1.2.1: an invalid value is invalid_request; Multiple Response Types 2.1 names no other error.",
    ),
    Difference(
        ("authorize: scope without openid",),
        "returned invalid_scope",
        "returned invalid_request",
        "RFC 6749 4.1.2.1: a scope that is invalid here is invalid_scope.",
    ),
    Difference(
        ("push: scope without openid",),
        "answered 4xx invalid_scope",
        "answered 4xx invalid_request",
        "RFC 6749 4.1.2.1, RFC 9126 2.3: the same for a pushed request.",
    ),
    Difference(
        ("authorize: claims that ask for nothing",),
        "asks",
        "returned invalid_request",
        "OpenID Connect Core 5.5: userinfo and id_token are both OPTIONAL members of claims.",
    ),
    Difference(
        ("authorize: request unsigned",),
        "returned request_not_supported",
        "returned invalid_request_object",
        "OpenID Connect Core 3.1.2.6: unsigned request objects are no feature here, which is what request_not_supported says.",
    ),
    Difference(
        ("authorize: request_uri that is not registered",),
        "returned invalid_request_uri",
        "returned request_uri_not_supported",
        "RFC 9101 7: request_uri is supported here, for addresses that are registered; any other is invalid_request_uri.",
    ),
    Difference(
        ("authorize: request_uri of another client",),
        "returned invalid_request_uri",
        "returned invalid_request_object",
        "RFC 9101 7, RFC 9126 2.2: bound to its client; for any other it is as invalid as one that was never pushed.",
    ),
    Difference(
        ("push: request_uri",),
        "answered 4xx invalid_request",
        "answered 4xx request_uri_not_supported",
        "RFC 9126 2.1, 2.3: request_uri must not be pushed, though the parameter itself is supported here.",
    ),
    Difference(
        (
            "token: asked by GET",
            "token: asked by PUT",
            "token: asked by DELETE",
            "about tokens: introspection: asked by GET",
            "about tokens: revocation: asked by GET",
            "push: asked by GET",
        ),
        "answered 4xx invalid_request",
        "answered 4xx",
        "RFC 9110 15.5.6: a method that is not taken is 405, with an OAuth error for who reads it; the other one says 404.",
    ),
    Difference(
        (
            "token: grant_type that the client may not use",
            "token: grant_type of logins by a client without",
            "push: client that never logs anybody in",
        ),
        "answered 4xx unauthorized_client",
        "answered 4xx invalid_request",
        "RFC 6749 5.2: a client that may not use a grant type is an unauthorized_client.",
    ),
    Difference(
        (
            "token: no client",
            "token: empty secret",
            "token: Basic that is no base64",
            "token: Basic without a colon",
            "token: another scheme",
            "token: client_id other than the authenticated one",
            "push: client_id of another client",
            "about tokens: introspection: no client",
            "about tokens: revocation: no client",
        ),
        "answered 4xx invalid_client",
        "answered 4xx invalid_request",
        "RFC 6749 5.2: no client authentication, an unsupported method and a failed one are invalid_client alike.",
    ),
    Difference(
        ("token: assertion nonsense", "token: assertion of an unknown type", "token: assertion without its type"),
        "answered 4xx invalid_client",
        "answered 4xx invalid_request",
        "RFC 7521 4.2.1: an assertion that is not valid is invalid_client, whatever is wrong with it.",
    ),
    Difference(
        ("token: secret in the body, registered for Basic",),
        "answered 4xx invalid_client",
        "answered 2xx",
        "RFC 7591 2: token_endpoint_auth_method is the one method of a client. The other one takes Basic and body for the same.",
    ),
    Difference(
        ("token: code_verifier too short",),
        "answered 4xx invalid_grant",
        "answered 4xx invalid_request",
        "RFC 7636 4.6: a code_verifier that does not fit the challenge is invalid_grant, and one that is too short never fits.",
    ),
    Difference(
        ("token: client credentials with an unknown scope", "token: client credentials with openid"),
        "answered 4xx invalid_scope",
        "answered 2xx",
        "RFC 6749 5.2: a scope that is unknown or not the client's is invalid_scope, at the token endpoint too.",
    ),
    Difference(
        ("token: body that is no UTF-8",),
        "answered 4xx invalid_request",
        "answered 4xx unsupported_grant_type",
        "RFC 6749 5.2, B: parameters are UTF-8, and a request that cannot be read is malformed (invalid_request).",
    ),
    Difference(
        ("token: body with a NUL",),
        "answered 4xx invalid_request",
        "answered 4xx invalid_grant",
        "RFC 6749 5.2, A.11: a code is of visible characters and spaces, and a request with others is malformed (invalid_request).",
    ),
    Difference(
        ("userinfo: token empty", "userinfo: token in the address", "userinfo: another scheme"),
        "answered 4xx",
        "answered 4xx invalid_request",
        "RFC 6750 3.1: no error code where a request has no token, or sends it by a method that is not supported.",
    ),
    Difference(
        ("userinfo: token of a client itself",),
        "answered 4xx insufficient_scope",
        "answered 4xx invalid_token",
        "RFC 6750 3.1: a good token without the scope that is needed is insufficient_scope.",
    ),
    Difference(
        ("about tokens: introspection: public client",),
        "answered 4xx invalid_client",
        "answered 2xx",
        "RFC 7662 2.1, 4: only who is authorised may ask, and a public client proves nothing of itself.",
    ),
    Difference(
        ("about tokens: introspection: token unsigned", "about tokens: revocation: token unsigned"),
        "answered 2xx",
        "answered 4xx unsupported_token_type",
        "RFC 7662 2.2, RFC 7009 2.2: a token that does not count is not active, and as good as revoked, whatever it looks like.",
    ),
    Difference(
        ("logout: return address without saying whose",),
        "shown 4xx",
        "stayed",
        "RP-Initiated Logout 2, 4: an address that cannot be held against a client's is an error, which is shown and not redirected.",
    ),
    Difference(
        ("logout: good, by somebody who is not logged in", "logout: good, without a hint"),
        "returned",
        "stayed",
        "RP-Initiated Logout 2, 3: the address is registered for the client that is named, and there is no login to ask about.",
    ),
    Difference(
        ("proof: used twice",),
        "answered 4xx invalid_dpop_proof",
        "answered 4xx invalid_grant",
        "RFC 9449 5, 11.1: a proof that was used is not valid, and one that is not valid is invalid_dpop_proof.",
    ),
    Difference(
        ("proof: where a token is shown: missing",),
        "answered 4xx invalid_dpop_proof",
        "answered 4xx invalid_request",
        "RFC 9449 7.1: the scheme DPoP without a proof fails the checks of 4.3, which is invalid_dpop_proof.",
    ),
    Difference(
        ("proof: where a token is shown: good, but as a bearer's",),
        "answered 4xx invalid_token",
        "answered 4xx invalid_request",
        "RFC 9449 7.2, RFC 6750 3.1: a bound token is not valid as a bearer's.",
    ),
    Difference(
        ("proof: where a token is shown: by another key",),
        "answered 4xx invalid_dpop_proof",
        "answered 4xx invalid_token",
        "RFC 9449 4.3 (12), 7.1: whether the key is that of the token is a check of the proof.",
    ),
)

DIFFERENCES = {name: (entry.did, entry.other_did) for entry in EXPLAINED for name in entry.names}
"""What the node and the other one did, by the name of the request."""
