"""The checks of an authorization request whose client and return address are established: one visible table, in their order.

Their refusals go to the return address as OAuth errors. Left to others: establishing those two (``established``), request objects
and pushed requests, from which the parameters may have come (``request_objects``, ``pushed_requests``), whether the person must log
in, agree or step up (``interactions``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from idp.authorize.established import LONGEST
from idp.authorize.request import DISPLAYS, PROMPTS, RESPONSE_MODES, AuthorizationRequest, ReturnAddress
from idp.claims import parameter
from idp.claims.told import allowed_names
from idp.clients.resources import MAX_RESOURCES, Target, find_target
from idp.oauth_errors import (
    LEVEL_UNREACHABLE,
    LOGIN_REQUIRED,
    PKCE_METHOD,
    PKCE_MISSING,
    PUSHED_REQUIRED,
    REGISTRATION,
    RESOURCE,
    RESPONSE_TYPE,
    SCOPE_WITHOUT_OPENID,
)
from idp.ports import IdpDeps
from idp.records import Client
from idp.tokens.signed import verify_id_token_hint
from idp.wire import Parameters, wrong
from kernel.errors import Refusal
from policies import assurance, claims

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636 4.2: BASE64URL(SHA-256), always 43 characters
_MAX_AGE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """A request while it is being checked: the parameters, whose they are, and what the checks have established of it so far, by field."""

    deps: IdpDeps
    parameters: Parameters
    client: Client
    pushed: bool
    found: dict[str, Any] = field(default_factory=dict)


# RFC 6749 4.1.1 and OpenID Connect Core 3.1.2.1.


def check_nothing_doubled(asked: Asked) -> None:
    """RFC 6749 3.1: parameters must not be included more than once."""
    asked.parameters.check_none_doubled()


def check_nothing_too_long(asked: Asked) -> None:
    """Answer nothing that could not be sent back, stored or read as it is."""
    for name, value in asked.parameters.values.items():
        most = LONGEST.get(name)
        if most is not None and len(value) > most:
            raise wrong(parameter=name, zh="太长", en="too long")


def check_pushed(asked: Asked) -> None:
    """RFC 9126 6: a client that is registered to push its requests sends no other."""
    if asked.client.require_pushed_authorization_requests and not asked.pushed:
        raise Refusal(PUSHED_REQUIRED)


def check_no_registration(asked: Asked) -> None:
    """Core 7.2.1: refused by name rather than ignored, for it would have changed the meaning."""
    if asked.parameters.get("registration") is not None:
        raise Refusal(REGISTRATION, field="registration")


def check_response_type(asked: Asked) -> None:
    """RFC 9700 2.1.2: the code flow only; tokens never pass through the browser's address."""
    if asked.parameters.require("response_type") != "code":
        raise Refusal(RESPONSE_TYPE, field="response_type")


def check_response_mode(asked: Asked) -> None:
    """OAuth 2.0 Multiple Response Types 2.1, Form Post Response Mode."""
    mode = asked.parameters.get("response_mode")
    if mode is not None and mode not in RESPONSE_MODES:
        raise wrong(parameter="response_mode", zh="只支持 query、fragment 和 form_post", en="not query, fragment or form_post")


def check_scope(asked: Asked) -> None:
    """Core 3.1.2.1: openid is a must; a scope that is unknown, not registered or not allowed to the department is left out."""
    requested = asked.parameters.require("scope").split()
    registered = (scope for scope in requested if scope in asked.client.scopes and scope not in claims.OF_SYSTEMS)
    scopes = claims.allowed_scopes(asked.deps.policies.claims, asked.client.department, registered)
    if "openid" not in scopes:
        raise Refusal(SCOPE_WITHOUT_OPENID, field="scope")
    asked.found["scopes"] = scopes


def check_resources(asked: Asked) -> None:
    """RFC 8707 2: registered ones at which the client's department may use some of the scopes; several may be granted at once."""
    wanted = asked.parameters.get_all("resource")
    if len(wanted) > MAX_RESOURCES:
        raise Refusal(RESOURCE, field="resource")
    if not wanted:
        return
    with asked.deps.work.read() as work:
        for resource in wanted:
            target = find_target(work, asked.deps, asked.client, resource, asked.found["scopes"])
            if not isinstance(target, Target):
                raise Refusal(target, field="resource")
    asked.found["resources"] = wanted


def check_pkce(asked: Asked) -> None:
    """RFC 7636, RFC 9700 2.1.1: S256 for everyone, but for the confidential client for which it was waived."""
    challenge = asked.parameters.get("code_challenge")
    method = asked.parameters.get("code_challenge_method")
    if challenge is None:
        if method is not None or asked.client.require_pkce or asked.client.public:
            raise Refusal(PKCE_MISSING, field="code_challenge")
        return
    if method != "S256":  # also when missing: RFC 7636 4.3 would take that for plain
        raise Refusal(PKCE_METHOD, field="code_challenge_method")
    if not _CHALLENGE.fullmatch(challenge):
        raise wrong(parameter="code_challenge", zh="不是 S256 的结果", en="not the result of S256")
    asked.found["code_challenge"] = challenge


def check_dpop_jkt(asked: Asked) -> None:
    """RFC 9449 10: the thumbprint of the key that alone may redeem the code."""
    thumbprint = asked.parameters.get("dpop_jkt")
    if thumbprint is not None and not _CHALLENGE.fullmatch(thumbprint):  # of the same form
        raise wrong(parameter="dpop_jkt", zh="不是 SHA-256 指纹", en="not a SHA-256 thumbprint")
    asked.found["dpop_jkt"] = thumbprint


def check_prompt(asked: Asked) -> None:
    """Core 3.1.2.1: known values only, and none stands alone."""
    prompts = tuple(dict.fromkeys((asked.parameters.get("prompt") or "").split()))
    if any(prompt not in PROMPTS for prompt in prompts):
        raise wrong(parameter="prompt", zh="未知的值", en="an unknown value")
    if "none" in prompts and len(prompts) > 1:
        raise wrong(parameter="prompt", zh="none 不能与其他值同时出现", en="none must stand alone")
    asked.found["prompts"] = prompts


def check_max_age(asked: Asked) -> None:
    """Core 3.1.2.1: whole seconds since the last active login; a client may have registered a default."""
    text = asked.parameters.get("max_age")
    if text is None:
        asked.found["max_age"] = asked.client.default_max_age
        return
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_AGE_DIGITS:
        raise wrong(parameter="max_age", zh="不是秒数", en="not a number of seconds")
    asked.found["max_age"] = int(text)


def check_id_token_hint(asked: Asked) -> None:
    """Core 3.1.2.1: a token that we issued to this client; it names who is expected."""
    hint = asked.parameters.get("id_token_hint")
    if hint is None:
        return
    try:
        hinted = verify_id_token_hint(asked.deps, hint)
    except Refusal:
        raise wrong(parameter="id_token_hint", zh="不是本站签发的", en="not issued here") from None
    if hinted["aud"] not in (asked.client.client_id, [asked.client.client_id]):
        raise wrong(parameter="id_token_hint", zh="不是发给该系统的", en="issued to another client")
    asked.found["subjects"] = (hinted["sub"],)


def check_claims(asked: Asked) -> None:
    """Core 5.5: claims by name. Those that the client may never have are left out; a person or level insisted on is a must."""
    text = asked.parameters.get("claims")
    if text is None:
        return
    wanted = parameter.parse(text)
    subjects = asked.found.get("subjects", ())
    if subjects and wanted.subjects:  # the hint's person must be one of them
        subjects = tuple(subject for subject in subjects if subject in wanted.subjects)
        if not subjects:
            raise Refusal(LOGIN_REQUIRED)
    levels = _known_levels(asked, wanted.acr)
    if wanted.acr_is_essential and wanted.acr and not levels:  # Core 5.5.1.1
        raise Refusal(LEVEL_UNREACHABLE, field="claims")
    asked.found["subjects"] = subjects or wanted.subjects
    asked.found["claims"] = allowed_names(asked.deps, asked.client, wanted.names)
    asked.found["acr_essential" if wanted.acr_is_essential else "acr_voluntary"] = levels


def check_wishes(asked: Asked) -> None:
    """Core 3.1.2.1: the rest is taken as it is; what is not known of acr_values, display and the locales is ignored."""
    acr_values = (asked.parameters.get("acr_values") or "").split()
    if not (acr_values or asked.found.get("acr_essential") or asked.found.get("acr_voluntary")):
        acr_values = list(asked.client.default_acr_values)  # Registration 1.0, 2
    asked.found["nonce"] = asked.parameters.get("nonce")
    asked.found["acr_values"] = _known_levels(asked, acr_values)
    asked.found["login_hint"] = (asked.parameters.get("login_hint") or "")[:100] or None
    asked.found["ui_locales"] = asked.parameters.get("ui_locales")
    display = asked.parameters.get("display")
    asked.found["display"] = display if display in DISPLAYS else "page"


CHECKS = (
    check_nothing_doubled,
    check_nothing_too_long,
    check_pushed,
    check_no_registration,
    check_response_type,
    check_response_mode,
    check_scope,
    check_resources,
    check_pkce,
    check_dpop_jkt,
    check_prompt,
    check_max_age,
    check_id_token_hint,
    check_claims,
    check_wishes,
)


def check_request(
    deps: IdpDeps, parameters: Parameters, client: Client, address: ReturnAddress, *, pushed: bool = False
) -> AuthorizationRequest:
    """Return the request after all of :data:`CHECKS`; the first that fails refuses."""
    asked = Asked(deps, parameters, client, pushed)
    for check in CHECKS:
        check(asked)
    return AuthorizationRequest(address, **asked.found)


def _known_levels(asked: Asked, acr: Iterable[str]) -> tuple[str, ...]:
    levels = asked.deps.policies.assurance
    return tuple(one for one in dict.fromkeys(acr) if assurance.find_level(levels, one) is not None)
