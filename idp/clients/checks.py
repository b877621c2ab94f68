"""What may be registered of a client: an ordered table of checks. Each refuses naming the member at fault.

Left to others: storing it (``registry``), reading it from outside (``metadata``), what the document of a sector says (``sectors``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from crosscert.http import is_below
from idp.clients import mutual_tls, redirect_uris, resources, sectors, security_profiles
from idp.clients.grant_types import CONFIDENTIAL, GRANT_TYPES
from idp.errors import CLIENT_UNSUITABLE
from idp.ports import IdpDeps
from idp.records import POLLED, Client, ClientAuthentication
from kernel.canonical import canonical
from kernel.errors import Refusal
from kernel.identifiers import is_uscc
from kernel.networks import is_network
from kernel.text import find_unwanted_character, normal_form
from pki import jose
from policies import assurance

AUTHENTICATION_METHODS: tuple[ClientAuthentication, ...] = get_args(ClientAuthentication)
SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
_CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{1,63}")  # no dot: every sub has one (accounts.SUBJECT_PREFIX)
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,128}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")  # RFC 5646, as far as names of systems need it
_MAX_URIS = 50
_MAX_FEW = 10
_MAX_REQUEST_URI = 512  # Core 6.2
_MAX_NAME = 200


def check_client(deps: IdpDeps, client: Client) -> None:
    """Refuse a client of which anything is not acceptable, then one whose sector's document does not name it."""
    for check in _CHECKS:
        check(deps, client)
    sectors.verify_sector(deps, client)


def check_secret(client: Client, secret: str | None) -> None:
    """Refuse a secret that is given for a client that has none, or that is too easy to guess."""
    if secret is not None and not (client.token_endpoint_auth_method in SECRET_METHODS and _SECRET.fullmatch(secret)):
        raise unsuitable(field="client_secret", zh="须为 32 至 128 个网址安全字符", en="32 to 128 URL-safe characters")


def missing_for_production(client: Client) -> tuple[str, ...]:
    """Return the members without which a system is not let into production (G1): logins end where somebody stays logged in.

    A kiosk keeps no session: its tokens, and what it is lent, are over with the phone's; and nothing could be posted to a screen in a hall.
    """
    keeps_sessions = "authorization_code" in client.grant_types
    return ("backchannel_logout_uri",) if keeps_sessions and client.backchannel_logout_uri is None else ()


def unsuitable(*, field: str, zh: str, en: str) -> Refusal:
    """Return the refusal of one member."""
    return Refusal(CLIENT_UNSUITABLE, field=field, name=field, problem_zh=zh, problem_en=en)


def _check_client_id(_deps: IdpDeps, client: Client) -> None:
    if not _CLIENT_ID.fullmatch(client.client_id):
        raise unsuitable(field="client_id", zh="须为 2 至 64 个小写字母、数字、- 或 _", en="2 to 64 of a-z, 0-9, - and _")


def _check_names(_deps: IdpDeps, client: Client) -> None:
    texts: list[tuple[str, str | None]] = [
        ("name", client.name),
        ("task", client.task),
        ("hall", client.hall),
        *(("name", name) for name in client.names.values()),
        *(("contacts", contact) for contact in client.contacts),
        ("software_id", client.software_id),
        ("software_version", client.software_version),
    ]
    for name, value in texts:
        if value is not None and (not normal_form(value) or len(value) > _MAX_NAME or find_unwanted_character(value)):
            raise unsuitable(field=name, zh="为空、太长或含有控制字符", en="empty, too long or with control characters")
    if len(client.names) > _MAX_FEW or not all(_LANGUAGE.fullmatch(tag) for tag in client.names):
        raise unsuitable(field="name", zh="语言标记不对或太多", en="a wrong language tag, or too many")
    if len(client.contacts) > _MAX_FEW:
        raise unsuitable(field="contacts", zh="太多", en="too many")
    if not is_uscc(client.department):
        raise unsuitable(field="department", zh="不是统一社会信用代码", en="not a unified social credit code")


def _check_method(_deps: IdpDeps, client: Client) -> None:
    if client.token_endpoint_auth_method not in AUTHENTICATION_METHODS:
        raise unsuitable(field="token_endpoint_auth_method", zh="没有这种方式", en="no such method")
    if client.jwks is not None and client.jwks_uri is not None:  # RFC 7591 2
        raise unsuitable(field="jwks_uri", zh="不能与 jwks 同时出现", en="not together with jwks")
    keys_needed = client.request_uris or client.token_endpoint_auth_method == "private_key_jwt"  # noqa: S105 - a method's name
    if keys_needed and client.jwks is None and client.jwks_uri is None:
        raise unsuitable(
            field="jwks", zh="private_key_jwt 和请求对象须有公钥", en="needed for private_key_jwt and for request objects"
        )
    if client.jwks is not None:
        jose.parse_jwks(client.jwks)
        _check_storable(client.jwks)


def _check_storable(jwks: Mapping[str, Any]) -> None:
    """Refuse what is no public key: it would be stored and told; and numbers that JSON cannot carry exactly."""
    if any(jose.PRIVATE_MEMBERS & entry.keys() for entry in jwks["keys"] if isinstance(entry, dict)):
        raise unsuitable(field="jwks", zh="含有私钥或对称密钥", en="it holds a private or symmetric key")
    try:
        canonical(jwks)
    except ValueError:
        raise unsuitable(field="jwks", zh="含有无法保存的数值", en="it holds a number that cannot be kept") from None


def _check_choices(deps: IdpDeps, client: Client) -> None:
    algorithms = deps.policies.tokens.signing_algorithms
    levels = deps.policies.assurance
    max_age = client.default_max_age
    for name, fault in (
        ("id_token_signed_response_alg", client.id_token_signed_response_alg not in algorithms),
        ("userinfo_signed_response_alg", client.userinfo_signed_response_alg not in {None, *algorithms}),
        ("subject_type", client.subject_type not in {"public", "pairwise"}),
        ("application_type", client.application_type not in {"web", "native"}),
        ("default_max_age", max_age is not None and not 0 <= max_age < 10**9),
        ("default_acr", client.default_acr is not None and assurance.find_level(levels, client.default_acr) is None),
        ("default_acr_values", any(assurance.find_level(levels, acr) is None for acr in client.default_acr_values)),
    ):
        if fault:
            raise unsuitable(field=name, zh="不支持", en="not supported")


def _check_grants(deps: IdpDeps, client: Client) -> None:
    if not client.grant_types or not set(client.grant_types) <= set(GRANT_TYPES):
        raise unsuitable(field="grant_types", zh="为空或不支持", en="empty or not supported")
    if client.public and not CONFIDENTIAL.isdisjoint(client.grant_types):
        raise unsuitable(field="grant_types", zh="其中有公开系统不能用的", en="one of them is not for public clients")
    if not client.require_pkce and client.public:
        raise unsuitable(field="require_pkce", zh="公开系统必须使用 PKCE", en="public clients must use PKCE")
    if not client.scopes or not set(client.scopes) <= deps.policies.claims.scopes.keys():
        raise unsuitable(field="scope", zh="为空或含有未知项", en="empty, or it holds one that policies do not know")


def _check_addresses(_deps: IdpDeps, client: Client) -> None:
    if ("authorization_code" in client.grant_types) != bool(client.redirect_uris):
        raise unsuitable(field="redirect_uris", zh="登录须有返回地址", en="needed for logins and only for them")
    in_app = {"redirect_uris": client.redirect_uris, "post_logout_redirect_uris": client.post_logout_redirect_uris}
    for name, uris in (in_app | _links(client)).items():
        if len(uris) > _MAX_URIS:
            raise unsuitable(field=name, zh="太多", en="too many")
        for uri in uris:
            fault = redirect_uris.find_fault(uri, private_use=client.public and name in in_app)
            if fault is not None:
                raise unsuitable(field=name, zh=fault[0], en=fault[1])


def _links(client: Client) -> dict[str, tuple[str, ...]]:
    names = ("home_url", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri", "backchannel_logout_uri", "events_uri")
    links: dict[str, Any] = {name: getattr(client, name) for name in names}
    return {name: (uri,) for name, uri in links.items() if uri is not None and not _is_polled(name, uri)}


def _is_polled(name: str, uri: str) -> bool:
    return name == "events_uri" and uri == POLLED


def _check_fetched(_deps: IdpDeps, client: Client) -> None:
    """Let this node fetch from https only; a fragment tells versions of a request object apart and is never sent (Core 6.2)."""
    if len(client.request_uris) > _MAX_URIS:
        raise unsuitable(field="request_uris", zh="太多", en="too many")
    fetched = [("request_uris", uri, uri.partition("#")[0]) for uri in client.request_uris]
    fetched += [("jwks_uri", client.jwks_uri, client.jwks_uri)] if client.jwks_uri is not None else []
    sector = client.sector_identifier_uri
    fetched += [("sector_identifier_uri", sector, sector)] if sector is not None else []
    for name, uri, asked in fetched:
        if not uri.startswith("https://") or len(uri) > _MAX_REQUEST_URI or redirect_uris.find_fault(asked):
            raise unsuitable(field=name, zh="须以 https 开头，最长 512 个字符", en="https, of at most 512 characters")
        _check_door(name, asked)


def _check_backchannel_logout(_deps: IdpDeps, client: Client) -> None:
    for name in ("backchannel_logout_uri", "events_uri"):
        uri: str | None = getattr(client, name)
        if uri is not None and not _is_polled(name, uri):
            _check_door(name, uri)


def _check_door(name: str, uri: str) -> None:
    """Refuse an address that the node's HTTP door does not go to."""
    if not is_below(uri, redirect_uris.origin_of(uri)):
        raise unsuitable(field=name, zh="须有路径，不含 % 和 @", en="it needs a path, and neither % nor @ in it")


def _check_sector(_deps: IdpDeps, client: Client) -> None:
    """Core 8.1: several hosts have no sector in common but one that is named."""
    hosts = sectors.hosts_of(client)
    if client.subject_type == "pairwise" and client.sector_identifier_uri is None and (len(hosts) > 1 or "" in hosts):
        raise unsuitable(
            field="sector_identifier_uri",
            zh="返回地址不在同一主机时必须有",
            en="needed where the redirect_uris have not one host",
        )


def _check_origins(_deps: IdpDeps, client: Client) -> None:
    if client.origins and not client.public:
        raise unsuitable(field="origins", zh="只有公开系统的网页可跨域访问", en="only public clients run in browsers")
    for origin in client.origins:
        parts = urlsplit(origin)
        if redirect_uris.find_fault(origin) is not None or origin != f"{parts.scheme}://{parts.netloc}".lower():
            raise unsuitable(field="origins", zh="须形如 https://example.cn", en="scheme and host only")


def _check_resources(deps: IdpDeps, client: Client) -> None:
    if client.resources and client.public:
        raise unsuitable(field="resources", zh="公开系统不能提供接口", en="public clients answer for nothing")
    if len(client.resources) > _MAX_URIS or len(set(client.resources)) < len(client.resources):
        raise unsuitable(field="resources", zh="太多或重复", en="too many, or one twice")
    for resource in client.resources:
        fault = resources.find_fault(resource)
        if fault is not None or resource == deps.issuer:
            zh, en = ("是本站自己的地址", "it is our own") if fault is None else (fault.zh, fault.en)
            raise unsuitable(field="resources", zh=zh, en=en)


def _check_networks(_deps: IdpDeps, client: Client) -> None:
    if client.addresses and client.public:
        raise unsuitable(field="addresses", zh="公开系统在用户的设备上运行", en="public clients run wherever people are")
    if len(client.addresses) > _MAX_URIS or not all(is_network(text) for text in client.addresses):
        raise unsuitable(field="addresses", zh="须形如 10.1.0.0/16", en="addresses or networks like 10.1.0.0/16")


def _check_stage(_deps: IdpDeps, client: Client) -> None:
    if client.stage == "production":
        for name in missing_for_production(client):
            raise unsuitable(field=name, zh="自己保持登录的正式系统必须有", en="a production client that keeps logins needs one")


def _check_mutual_tls(deps: IdpDeps, client: Client) -> None:
    fault = mutual_tls.find_fault(client)
    if fault is not None:
        field, zh, en = fault
        raise unsuitable(field=field, zh=zh, en=en)
    bound = client.tls_client_certificate_bound_access_tokens
    if not deps.client_certificates and (bound or client.token_endpoint_auth_method in mutual_tls.METHODS):
        field = "tls_client_certificate_bound_access_tokens" if bound else "token_endpoint_auth_method"
        raise unsuitable(field=field, zh="本站没有配置双向 TLS 代理", en="no proxy for mutual TLS is configured here")


def _check_security_profile(_deps: IdpDeps, client: Client) -> None:
    if client.security_profile not in {None, *security_profiles.SECURITY_PROFILES}:
        raise unsuitable(field="security_profile", zh="没有这种安全要求", en="no such profile")
    unmet = security_profiles.find_unmet(client)
    if unmet is not None:
        raise unsuitable(field=unmet.field, zh=unmet.zh, en=unmet.en)


_CHECKS = (
    _check_client_id,
    _check_names,
    _check_method,
    _check_grants,
    _check_choices,
    _check_addresses,
    _check_fetched,
    _check_backchannel_logout,
    _check_sector,
    _check_origins,
    _check_resources,
    _check_networks,
    _check_stage,
    _check_mutual_tls,
    _check_security_profile,
)
