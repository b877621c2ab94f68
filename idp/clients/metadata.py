"""Client metadata as JSON (RFC 7591 2, RFC 8705 2.1.2 and 3.4, OpenID Connect Registration 1.0, 2): read strictly into a ``Client``, and told again.

Members that are not known are ignored (RFC 7591 2). Policies decide what a system may be that registers itself; scopes beyond what its
department may have are left out, and the answer says so. Left to others: what the values must be (``checks``), storing (``registry``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idp.clients import mutual_tls
from idp.clients.errors import REGISTRATION_METADATA, REGISTRATION_REDIRECT_URI
from idp.ports import IdpDeps
from idp.records import Client
from kernel.clock import timestamp
from kernel.errors import Refusal
from policies import claims

_TEXTS = (
    "token_endpoint_auth_method",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "subject_type",
    "sector_identifier_uri",
    "application_type",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "jwks_uri",
    "initiate_login_uri",
    "backchannel_logout_uri",
    "events_uri",
    "software_id",
    "software_version",
    *mutual_tls.SUBJECTS,
)
_LISTS = (
    "redirect_uris",
    "post_logout_redirect_uris",
    "grant_types",
    "contacts",
    "request_uris",
    "default_acr_values",
)
_OTHERS = {
    "backchannel_logout_session_required": bool,
    "require_pushed_authorization_requests": bool,
    "dpop_bound_access_tokens": bool,
    "tls_client_certificate_bound_access_tokens": bool,
    "default_max_age": int,
    "jwks": dict,
}
_MAX_MEMBERS = 100
_MAX_TEXT = 2000
_PLAIN = Client("", "", "")


def read(deps: IdpDeps, document: Mapping[str, Any], client: Client) -> Client:
    """Return ``client`` with all metadata as ``document`` has it: what that leaves out has its default (RFC 7592 2.2)."""
    if len(document) > _MAX_MEMBERS:
        raise wrong(name="(all)", zh="太多", en="too many members")
    said = {name: value for name, value in document.items() if value is not None}
    values: dict[str, Any] = {name: getattr(_PLAIN, name) for name in (*_TEXTS, *_LISTS, *_OTHERS)}
    values |= _policy_defaults(deps)
    values |= {name: _text(name, said[name]) for name in _TEXTS if name in said}
    values |= {name: _texts(name, said[name]) for name in _LISTS if name in said}
    values |= {name: _typed(name, said[name], kind) for name, kind in _OTHERS.items() if name in said}
    _check_response_types(said, values["grant_types"])
    read_in = replace(client, **values, **_names(client, said), scopes=_scopes(deps, client, said))
    _check_policies(deps, read_in)
    waived = deps.policies.clients.registration.without_pkce and client.stage == "test"
    return replace(read_in, require_pkce=read_in.public or not waived)


def tell(client: Client) -> dict[str, Any]:
    """Return what is registered of a client as metadata; nothing secret, and nothing that only admins register."""
    values: dict[str, Any] = {"client_id": client.client_id, "client_name": client.name}
    values |= {f"client_name#{tag}": name for tag, name in client.names.items()}
    values |= {name: getattr(client, name) for name in (*_TEXTS, *_OTHERS)}
    values |= {name: list(getattr(client, name)) or None for name in _LISTS}
    values["scope"] = " ".join(client.scopes)
    values["response_types"] = ["code"] if "authorization_code" in client.grant_types else []
    values["client_id_issued_at"] = None if client.created_at is None else timestamp(client.created_at)
    return {name: value for name, value in values.items() if value is not None}


def wrong(*, name: str, zh: str, en: str) -> Refusal:
    """Return the refusal of one member (RFC 7591 3.2.2)."""
    code = REGISTRATION_REDIRECT_URI if name == "redirect_uris" else REGISTRATION_METADATA
    return Refusal(code, field=name, name=name, problem_zh=zh, problem_en=en)


def _policy_defaults(deps: IdpDeps) -> dict[str, Any]:
    algorithms = deps.policies.tokens.signing_algorithms
    return {
        "grant_types": ("authorization_code",),  # RFC 7591 2
        "subject_type": deps.policies.clients.subject_type,
        "id_token_signed_response_alg": "RS256" if "RS256" in algorithms else algorithms[0],  # Registration 1.0, 2
    }


def _names(client: Client, said: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7591 2.2: the name in several languages, each by its tag; a client without one is called by its client_id (2)."""
    prefix = "client_name#"
    names = {name.removeprefix(prefix): _text("client_name", said[name]) for name in said if name.startswith(prefix)}
    name = _text("client_name", said["client_name"]) if "client_name" in said else next(iter(names.values()), client.client_id)
    return {"name": name, "names": names}


def _scopes(deps: IdpDeps, client: Client, said: Mapping[str, Any]) -> tuple[str, ...]:
    released = claims.release_for(deps.policies.claims, client.department).scopes
    asked = _text("scope", said["scope"]).split() if "scope" in said else released
    return claims.allowed_scopes(deps.policies.claims, client.department, asked)


def _check_response_types(said: Mapping[str, Any], grant_types: tuple[str, ...]) -> None:
    response_types = _texts("response_types", said.get("response_types", ["code"]))
    if set(response_types) - {"code"} or ("code" in response_types) != ("authorization_code" in grant_types):  # RFC 7591 2.1
        raise wrong(name="response_types", zh="只能是 code，并与 grant_types 一致", en="code only, and as grant_types says")


def _check_policies(deps: IdpDeps, client: Client) -> None:
    rules = deps.policies.clients.registration
    for name, asked, allowed in (
        ("token_endpoint_auth_method", {client.token_endpoint_auth_method}, rules.token_endpoint_auth_methods),
        ("grant_types", set(client.grant_types), rules.grant_types),
    ):
        if not asked <= set(allowed):
            raise wrong(name=name, zh="策略不允许", en="policies do not allow it")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > _MAX_TEXT:
        raise wrong(name=name, zh="须为不空的短文本", en="not a short text")
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MAX_MEMBERS:
        raise wrong(name=name, zh="须为文本的数组", en="not an array of texts")
    return tuple(_text(name, one) for one in value)


def _typed(name: str, value: object, kind: type) -> Any:
    if type(value) is not kind:  # True is no number here
        raise wrong(name=name, zh="类型不对", en="of the wrong type")
    return value
