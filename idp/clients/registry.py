"""Departments' systems: registering them strictly, finding them. Their secrets are drawn here, shown once and stored hashed.

Left to others: proving at an endpoint that one is the client (``client_authentication``), what it may learn (``policies.claims``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import structlog

from idp.clients import redirect_uris
from idp.errors import CLIENT_EXISTS, CLIENT_UNKNOWN, CLIENT_UNSUITABLE
from idp.ports import IdpDeps
from idp.records import Client, ClientAuthentication
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.identifiers import is_uscc
from kernel.randomness import token
from kernel.text import find_unwanted_character, normal_form
from pki import jose
from policies import assurance

_log = structlog.get_logger()

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
AUTHENTICATION_METHODS: tuple[ClientAuthentication, ...] = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "none",
)
_SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
_CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{1,63}")  # no dot: every sub has one (accounts.SUBJECT_PREFIX)
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,128}")
_MAX_URIS = 50
_MAX_REQUEST_URI = 512  # Core 6.2


@dataclass(frozen=True, slots=True)
class Registered:
    """A client that was just registered; its secret is not shown again."""

    client: Client
    client_secret: str | None = field(repr=False)


def register(deps: IdpDeps, client: Client, *, client_secret: str | None = None, actor: str) -> Registered:
    """Register a client as described; its secret, where the method has one, is the one given or drawn here.

    ``Refusal`` naming the field when something is not acceptable, ``client_exists`` when the name is taken.
    """
    for check in _CHECKS:
        check(deps, client)
    _check_secret(client, client_secret)
    now = deps.clock.now()
    secret = (client_secret or token()) if client.token_endpoint_auth_method in _SECRET_METHODS else None
    secrets = () if secret is None else (hash_secret(secret),)
    scopes = tuple(dict.fromkeys(client.scopes))
    client = replace(client, name=normal_form(client.name), scopes=scopes, secrets=secrets, created_at=now)
    if not client.require_pkce:
        _log.warning("client_without_pkce", client_id=client.client_id)
    with deps.work.begin() as work:
        if not work.records.add_client(client):
            raise Refusal(CLIENT_EXISTS, field="client_id", client_id=client.client_id)
        details: dict[str, Json] = {
            "department": client.department,
            "require_pkce": client.require_pkce,
            "scopes": list(client.scopes),
        }
        work.audit.record(AuditEvent(now, actor, "idp.register_client", f"client:{client.client_id}", details=details))
    return Registered(client, secret)


def disable(deps: IdpDeps, client_id: str, *, actor: str) -> None:
    """Disable a client: no login, no token of it counts any more. ``Refusal(client_unknown)`` when there is none to disable."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.disable_client(client_id, now):
            raise Refusal(CLIENT_UNKNOWN, field="client_id")
        work.audit.record(AuditEvent(now, actor, "idp.disable_client", f"client:{client_id}"))


def find(deps: IdpDeps, client_id: str) -> Client | None:
    """Return the client or None when there is none or it is disabled."""
    with deps.work.read() as work:
        client = work.records.find_client(client_id)
    return None if client is None or client.disabled_at is not None else client


def get(deps: IdpDeps, client_id: str) -> Client:
    """Return the client; ``Refusal(client_unknown)``."""
    client = find(deps, client_id)
    if client is None:
        raise Refusal(CLIENT_UNKNOWN, field="client_id")
    return client


def all_clients(deps: IdpDeps) -> Sequence[Client]:
    """Return all clients, disabled ones too, ordered by client_id."""
    with deps.work.read() as work:
        return work.records.clients()


def hash_secret(secret: str) -> bytes:
    """Return the form in which a high-entropy secret is stored: no salt and no slow hash is needed for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def _unsuitable(*, field: str, zh: str, en: str) -> Refusal:
    return Refusal(CLIENT_UNSUITABLE, field=field, name=field, problem_zh=zh, problem_en=en)


def _check_client_id(_deps: IdpDeps, client: Client) -> None:
    if not _CLIENT_ID.fullmatch(client.client_id):
        raise _unsuitable(field="client_id", zh="须为 2 至 64 个小写字母、数字、- 或 _", en="2 to 64 of a-z, 0-9, - and _")


def _check_names(_deps: IdpDeps, client: Client) -> None:
    for name, value in (("name", client.name), ("task", client.task)):
        if value is not None and (not normal_form(value) or len(value) > 200 or find_unwanted_character(value)):  # noqa: PLR2004
            raise _unsuitable(field=name, zh="为空、太长或含有控制字符", en="empty, too long or with control characters")
    if not is_uscc(client.department):
        raise _unsuitable(field="department", zh="不是统一社会信用代码", en="not a unified social credit code")


def _check_method(_deps: IdpDeps, client: Client) -> None:
    if client.token_endpoint_auth_method not in AUTHENTICATION_METHODS:
        raise _unsuitable(field="token_endpoint_auth_method", zh="没有这种方式", en="no such method")
    if client.jwks is None and (client.request_uris or client.token_endpoint_auth_method == "private_key_jwt"):  # noqa: S105 - a method's name
        raise _unsuitable(
            field="jwks", zh="private_key_jwt 和请求对象须有公钥", en="needed for private_key_jwt and for request objects"
        )
    if client.jwks is not None:
        jose.parse_jwks(client.jwks)


def _check_secret(client: Client, secret: str | None) -> None:
    if secret is not None and not (client.token_endpoint_auth_method in _SECRET_METHODS and _SECRET.fullmatch(secret)):
        raise _unsuitable(field="client_secret", zh="须为 32 至 128 个网址安全字符", en="32 to 128 URL-safe characters")


def _check_grants(deps: IdpDeps, client: Client) -> None:
    if not client.grant_types or not set(client.grant_types) <= set(GRANT_TYPES):
        raise _unsuitable(field="grant_types", zh="为空或不支持", en="empty or not supported")
    if client.public and "client_credentials" in client.grant_types:
        raise _unsuitable(field="grant_types", zh="公开系统不能用 client_credentials", en="not for public clients")
    if not client.require_pkce and client.public:
        raise _unsuitable(field="require_pkce", zh="公开系统必须使用 PKCE", en="public clients must use PKCE")
    if not client.scopes or not set(client.scopes) <= deps.policies.claims.scopes.keys():
        raise _unsuitable(field="scope", zh="为空或含有未知项", en="empty, or it holds one that policies do not know")
    for name, algorithm in (
        ("id_token_signed_response_alg", client.id_token_signed_response_alg),
        ("userinfo_signed_response_alg", client.userinfo_signed_response_alg),
    ):
        if algorithm is not None and algorithm not in deps.policies.tokens.signing_algorithms:
            raise _unsuitable(field=name, zh="不支持", en="not supported")
    if client.default_acr is not None and assurance.find_level(deps.policies.assurance, client.default_acr) is None:
        raise _unsuitable(field="default_acr", zh="没有这个等级", en="no such level")


def _check_addresses(_deps: IdpDeps, client: Client) -> None:
    if ("authorization_code" in client.grant_types) != bool(client.redirect_uris):
        raise _unsuitable(field="redirect_uris", zh="登录须有返回地址", en="needed for logins and only for them")
    groups = {
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "home_url": (client.home_url,) if client.home_url else (),
        "request_uris": client.request_uris,
    }
    for name, uris in groups.items():
        if len(uris) > _MAX_URIS:
            raise _unsuitable(field=name, zh="太多", en="too many")
        for uri in uris:
            fault = redirect_uris.find_fault(uri, private_use=client.public and name not in {"home_url", "request_uris"})
            if fault is not None:
                raise _unsuitable(field=name, zh=fault[0], en=fault[1])


def _check_request_uris(_deps: IdpDeps, client: Client) -> None:
    for uri in client.request_uris:
        if not uri.startswith("https://") or len(uri) > _MAX_REQUEST_URI:
            raise _unsuitable(field="request_uris", zh="须以 https 开头，最长 512 个字符", en="https, of at most 512 characters")


def _check_origins(_deps: IdpDeps, client: Client) -> None:
    if client.origins and not client.public:
        raise _unsuitable(field="origins", zh="只有公开系统的网页可跨域访问", en="only public clients run in browsers")
    for origin in client.origins:
        parts = urlsplit(origin)
        if redirect_uris.find_fault(origin) is not None or origin != f"{parts.scheme}://{parts.netloc}".lower():
            raise _unsuitable(field="origins", zh="须形如 https://example.cn", en="scheme and host only")


_CHECKS = (_check_client_id, _check_names, _check_method, _check_grants, _check_addresses, _check_request_uris, _check_origins)
