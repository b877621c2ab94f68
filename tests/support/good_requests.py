"""A good request to each endpoint of the protocol, and what is answered when one of its parameters is missing or wrong.

The one table that the tests of bad input walk. A new endpoint, grant type or method of client authentication needs its rows here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from idp import endpoints
from idp.clients.grant_types import DEVICE_CODE, EXCHANGE
from idp.tokens.grants.exchanged import ACCESS_TOKEN
from tests.support import kiosk
from tests.support.bound_client import issued, self_signed
from tests.support.idp import CALLBACK, Provider, json_of
from tests.support.request_rows import CERTIFICATES, INTERFACE, REFUSED, Parameter, Row, World
from tests.support.signing_client import ASSERTION_TYPE, assertion, public_jwks, request_claims, sign


def _of_request(name: str) -> Callable[[World], str]:
    return lambda world: world.provider.request()[name]


def _push(world: World) -> str:
    answer = world.provider.post(endpoints.PUSHED_REQUEST, dict(world.provider.request()))
    return str(json_of(answer)["request_uri"])


def _access_token(world: World) -> str:
    return world.kept("access_token")


def _approved_device(world: World) -> str:
    """Return the code of a kiosk to which the citizen has said yes."""
    asked = kiosk.ask(world.provider)
    kiosk.approve(world.browser, asked["user_code"])
    return str(asked["device_code"])


def _unused_token(world: World) -> str:
    return world.token("access_token")


def _always(error: str, good: str = "") -> Parameter:
    return Parameter(good, error, error)


_RESOURCE = Parameter(lambda world: world.provider.deps.issuer, None, "invalid_target")
"""Our own endpoints, which may always be picked."""

_AUTHORIZE: dict[str, Parameter] = {
    "client_id": _always(REFUSED, "scjg"),
    "redirect_uri": _always(REFUSED, CALLBACK),
    "response_type": Parameter("code", "invalid_request", "unsupported_response_type", "invalid_request"),
    "scope": Parameter("openid profile", "invalid_request", "invalid_scope", "invalid_request"),
    "code_challenge": Parameter(_of_request("code_challenge"), "invalid_request", "invalid_request"),
    "code_challenge_method": Parameter("S256", "invalid_request", "invalid_request"),
    "state": Parameter("the-state", too_long="invalid_request"),
    "nonce": Parameter("the-nonce", too_long="invalid_request"),
    "response_mode": Parameter("query", None, "invalid_request"),
    "prompt": Parameter("select_account", None, "invalid_request"),
    "max_age": Parameter("10000", None, "invalid_request"),
    "display": Parameter("page", too_long="invalid_request"),
    "ui_locales": Parameter("zh-CN", too_long="invalid_request"),
    "claims_locales": Parameter("zh-CN", too_long="invalid_request"),
    "login_hint": Parameter("chenxiaochao", too_long="invalid_request"),
    "acr_values": Parameter("urn:chaoxin:aal:1", too_long="invalid_request"),
    "id_token_hint": Parameter(lambda world: world.kept("id_token"), None, "invalid_request"),
    "claims": Parameter('{"userinfo":{"name":null}}', None, "invalid_request"),
    "dpop_jkt": Parameter("k" * 43, None, "invalid_request"),
    "resource": Parameter(INTERFACE, None, "invalid_target", "invalid_request"),
}
_OBJECT: dict[str, Parameter] = {
    "client_id": _always(REFUSED, "signer"),
    "redirect_uri": Parameter(CALLBACK),
    "request": Parameter(lambda world: sign(request_claims(world.provider)), "invalid_request", "invalid_request_object"),
}
_PUSHED: dict[str, Parameter] = {
    **_AUTHORIZE,
    "client_id": Parameter("scjg", None, "invalid_client"),
    "redirect_uri": _always("invalid_request", CALLBACK),
}
_REFERENCE: dict[str, Parameter] = {
    "client_id": _always(REFUSED, "scjg"),
    "request_uri": Parameter(_push, REFUSED, REFUSED),
}
_SECRET = {
    "client_id": Parameter("poster", "invalid_request", "invalid_client"),
    "client_secret": _always("invalid_client", "poster-secret" * 4),
}
_ASSERTION = {
    "client_assertion_type": _always("invalid_client", ASSERTION_TYPE),
    "client_assertion": Parameter(
        lambda world: assertion(world.provider, "signer")["client_assertion"] or "", "invalid_client", "invalid_client"
    ),
}
_CODE = {
    "grant_type": Parameter("authorization_code", "invalid_request", "unsupported_grant_type"),
    "code": Parameter(World.code, "invalid_request", "invalid_grant"),
    "redirect_uri": _always("invalid_grant", CALLBACK),
    "code_verifier": Parameter(lambda world: world.provider.verifier, "invalid_grant", "invalid_grant"),
    "resource": _RESOURCE,
}
_REFRESH = {
    "grant_type": Parameter("refresh_token", "invalid_request", "unsupported_grant_type"),
    "refresh_token": Parameter(lambda world: world.token("refresh_token"), "invalid_request", "invalid_grant"),
    "scope": Parameter("openid", None, "invalid_scope"),
    "resource": _RESOURCE,
}
_CREDENTIALS = {
    "grant_type": Parameter("client_credentials", "invalid_request", "unsupported_grant_type"),
    "scope": Parameter("profile", None, "invalid_scope"),
    "resource": _RESOURCE,
}
_METADATA = {
    "redirect_uris": _always("invalid_redirect_uri", f'["{CALLBACK}"]'),
    **{
        name: Parameter(good, None, "invalid_client_metadata")
        for name, good in (
            ("client_name", '"企业开办系统"'),
            ("grant_types", '["authorization_code"]'),
            ("response_types", '["code"]'),
            ("scope", '"openid profile"'),
            ("token_endpoint_auth_method", '"client_secret_basic"'),
            ("jwks", json.dumps(public_jwks())),
        )
    },
}
_MANAGED = {"client_id": Parameter(World.managed_id, "invalid_token", "invalid_token")}
_EXCHANGE = {
    "grant_type": Parameter(EXCHANGE, "invalid_request", "unsupported_grant_type"),
    "subject_token_type": _always("invalid_request", ACCESS_TOKEN),
    "subject_token": Parameter(_access_token, "invalid_request", "invalid_request"),
    "requested_token_type": Parameter(ACCESS_TOKEN, None, "invalid_request"),
    "scope": Parameter("openid", None, "invalid_scope"),
}
_DELEGATED = _EXCHANGE | {
    "subject_token": Parameter(World.token_for_interface, "invalid_request", "invalid_request"),
    "actor_token_type": _always("invalid_request", ACCESS_TOKEN),
    "actor_token": Parameter(World.actor_token, "invalid_request", "invalid_request"),
    "resource": Parameter(INTERFACE, None, "invalid_target"),
    "audience": Parameter("interface", None, "invalid_target"),
    "scope": Parameter("profile", None, "invalid_scope"),
}
_DEVICE = {
    "grant_type": Parameter(DEVICE_CODE, "invalid_request", "unsupported_grant_type"),
    "device_code": Parameter(_approved_device, "invalid_request", "invalid_grant"),
    "resource": _RESOURCE,
}
_TOKEN = {
    "token": Parameter(_access_token, "invalid_request"),
    "token_type_hint": Parameter("access_token"),
}

AUTHORIZATION = (
    Row("authorize", "GET", endpoints.AUTHORIZE, _AUTHORIZE),
    Row("authorize, posted", "POST", endpoints.AUTHORIZE, _AUTHORIZE),
    Row("authorize by request object", "GET", endpoints.AUTHORIZE, _OBJECT),
    Row("authorize by reference", "GET", endpoints.AUTHORIZE, _REFERENCE),
)
"""What is answered through the browser."""

MACHINE = (
    Row("discovery", "GET", endpoints.DISCOVERY),
    Row("keys", "GET", endpoints.JWKS),
    Row("push", "POST", endpoints.PUSHED_REQUEST, _PUSHED, caller="scjg", status=201),
    Row("token, authorization_code", "POST", endpoints.TOKEN, _CODE, caller="scjg"),
    Row("token, refresh_token", "POST", endpoints.TOKEN, _REFRESH, caller="scjg"),
    Row("token, client_credentials", "POST", endpoints.TOKEN, _CREDENTIALS, caller="batch"),
    Row("token, client_secret_post", "POST", endpoints.TOKEN, _CREDENTIALS | _SECRET),
    Row("token, private_key_jwt", "POST", endpoints.TOKEN, _CREDENTIALS | _ASSERTION),
    *(
        Row(
            f"token, {method}",
            "POST",
            endpoints.TOKEN,
            _CREDENTIALS | {"client_id": _always("invalid_client", method)},
            shown=method,
        )
        for method in ("tls_client_auth", "self_signed_tls_client_auth")
    ),
    Row("token, token-exchange", "POST", endpoints.TOKEN, _EXCHANGE, caller="scjg"),
    Row("token, token-exchange by a delegate", "POST", endpoints.TOKEN, _DELEGATED, caller="interface"),
    Row("token, device_code", "POST", endpoints.TOKEN, _DEVICE, caller="kiosk"),
    Row(
        "device authorization",
        "POST",
        endpoints.DEVICE_AUTHORIZATION,
        {"scope": Parameter("openid profile", None, "invalid_scope"), "resource": Parameter(INTERFACE, None, "invalid_target")},
        caller="kiosk",
    ),
    Row("userinfo", "GET", endpoints.USERINFO, bearer=_access_token),
    Row(
        "userinfo, posted", "POST", endpoints.USERINFO, {"access_token": Parameter(_TOKEN["token"].good, *["invalid_token"] * 2)}
    ),
    Row("registration", "POST", endpoints.REGISTER, _METADATA, bearer=World.invitation, as_json=True, status=201),
    Row("registration, read", "GET", endpoints.REGISTER, _MANAGED, bearer=World.managed_token),
    Row("registration, deleted", "DELETE", endpoints.REGISTER, _MANAGED, bearer=World.managed_token, status=204),
    Row("introspection", "POST", endpoints.INTROSPECT, _TOKEN, caller="scjg"),
    Row("revocation", "POST", endpoints.REVOKE, _TOKEN | {"token": Parameter(_unused_token, "invalid_request")}, caller="scjg"),
)
"""What is answered with JSON."""


def register(provider: Provider) -> None:
    """Register everybody whom the rows speak of."""
    provider.add_account()
    provider.add_client(grant_types=("authorization_code", "refresh_token", EXCHANGE))
    provider.add_client("kiosk", grant_types=(DEVICE_CODE,), redirect_uris=(), hall="一楼")
    machine: dict[str, Any] = {"grant_types": ("client_credentials",), "redirect_uris": ()}
    provider.add_client("batch", **machine)
    delegate = machine | {"grant_types": ("client_credentials", EXCHANGE)}
    provider.add_client("interface", resources=(INTERFACE,), **delegate)
    provider.add_client("poster", token_endpoint_auth_method="client_secret_post", client_secret="poster-secret" * 4, **machine)
    both = ("authorization_code", "client_credentials")
    provider.add_client("signer", token_endpoint_auth_method="private_key_jwt", jwks=public_jwks(), grant_types=both)
    CERTIFICATES["tls_client_auth"] = issued(provider.deps, dns_names=("rp.example.cn",)).der
    CERTIFICATES["self_signed_tls_client_auth"], own = self_signed(provider.deps)
    by_name, by_key = {"tls_client_auth_san_dns": "rp.example.cn"}, {"jwks": own}
    for method, how in (("tls_client_auth", by_name), ("self_signed_tls_client_auth", by_key)):
        provider.add_client(method, token_endpoint_auth_method=method, **machine, **how)
