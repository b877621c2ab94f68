"""ID tokens and access tokens: what they say, signed; and reading them back.

Left to others: deciding whether one may be had (``token``, ``grants``) and whether it still counts (``standing``), claims about people
(``userinfo`` tells them; an ID token of the code flow says who and how, nothing more).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from idp.claims.subjects import sid_of
from idp.ports import IdpDeps
from idp.records import Client, Grant
from idp.signing_keys import get_signing_key, keyring
from idp.tokens.issue import Delegation, Issue
from kernel.clock import from_micros, timestamp
from kernel.randomness import token
from pki import jose
from pki.jwk import ALGORITHMS
from pki.strict_json import encode_base64url

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068 2.1
ID_TOKEN_TYPE = "JWT"  # noqa: S105 - RFC 7519 5.1
_POINTS = 2


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token that was verified: ours and not expired. Whether it still counts is another question (``standing``).

    ``mandate_id`` is the mandate by which an agent acts for an organisation.
    """

    client_id: str
    subject: str
    audience: str
    scopes: tuple[str, ...]
    jti: str
    grant_id: str | None
    mandate_id: str | None
    expires_at: datetime
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def confirmation(self) -> Mapping[str, str]:
        """The thumbprints of the keys that whoever shows the token must hold (``cnf``); empty for a bearer's."""
        found: Mapping[str, str] = self.claims.get("cnf", {})
        return found


def sign_access_token(
    deps: IdpDeps, client: Client, issue: Issue, *, confirmation: Mapping[str, str] = MappingProxyType({}), now: datetime
) -> str:
    """Return the access token (RFC 9068) that ``issue`` describes.

    ``confirmation`` (``cnf``) are the thumbprints of the keys that it is bound to; empty for a bearer's.
    """
    issued = timestamp(now)
    claims = _what_it_is(deps, client, issue, confirmation) | {
        "iat": issued,
        "exp": issued + lifetime(deps, issue, now),
        "jti": token(16) if issue.repeatable is None else issue.repeatable.jti,
    }
    key = _access_token_key(deps)
    repeatable = issue.repeatable is not None
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=ACCESS_TOKEN_TYPE, repeatable=repeatable)


class AccessTokens:
    """Access tokens for one and the same ``issue``, by no delegate and bound to no key: what they say but for when, made out once.

    Whoever keeps this keeps the signing key, and so no longer than that may be kept (``signing_keys``).
    """

    def __init__(self, deps: IdpDeps, client: Client, issue: Issue) -> None:
        self._key = _access_token_key(deps)
        self._said = json.dumps(_what_it_is(deps, client, issue, {}), ensure_ascii=False, separators=(",", ":"))[:-1]
        self.seconds = deps.policies.tokens.access_token_seconds

    def sign(self, now: datetime) -> str:
        """Return another one."""
        issued, key = timestamp(now), self._key
        claims = f'{self._said},"iat":{issued},"exp":{issued + self.seconds},"jti":"{token(16)}"}}'
        return jose.sign(claims.encode(), key, kid=key.kid, alg=key.alg, typ=ACCESS_TOKEN_TYPE)


def _what_it_is(deps: IdpDeps, client: Client, issue: Issue, confirmation: Mapping[str, str]) -> dict[str, Any]:
    """Return what an access token says but for when it was issued and its identifier."""
    grant = issue.grant
    claims: dict[str, Any] = {
        "iss": deps.issuer,
        "aud": issue.audience,
        "sub": issue.subject,
        "client_id": client.client_id,
        "scope": " ".join(issue.scopes),
    }
    if grant is not None:
        claims |= {"auth_time": timestamp(grant.auth_time), "acr": grant.acr, "amr": list(grant.amr), "grant_id": grant.id}
    if confirmation:
        claims["cnf"] = dict(confirmation)
    if issue.may_act is not None:
        claims["may_act"] = {"sub": issue.may_act}  # RFC 8693 4.4
    return claims | _acting(issue.delegation)


def _access_token_key(deps: IdpDeps) -> jose.JwkKey:
    return get_signing_key(deps, deps.policies.tokens.signing_algorithms[0])


def _acting(delegation: Delegation | None) -> dict[str, Any]:
    """Return who acts (RFC 8693 4.1) and, for an organisation, by which mandate of whom."""
    if delegation is None or delegation.act is None:
        return {}
    claims: dict[str, Any] = {"act": delegation.act}
    if delegation.mandate_id is not None:
        claims |= {"mandate_id": delegation.mandate_id, "user_kind": "enterprise", "organization": delegation.organization}
    return claims


def lifetime(deps: IdpDeps, issue: Issue, now: datetime) -> int:
    """Return for how many seconds an access token is good: the policies' number, but no longer than the token that it was had for.

    One by a mandate is good for a minute at most, so that other nodes and systems that only read it do not believe a revoked one for longer.
    """
    rules, delegation = deps.policies.tokens, issue.delegation
    if delegation is None:
        return rules.access_token_seconds
    seconds = rules.access_token_seconds if delegation.mandate_id is None else rules.acting_token_seconds
    return min(seconds, rules.access_token_seconds, timestamp(delegation.until) - timestamp(now))


def verify_access_token(deps: IdpDeps, value: str, *, audience: str | None) -> AccessToken:
    """Return what an access token for ``audience`` (None: whatever it is for) says, or refuse.

    An ID token or a logout token is refused: their ``typ`` is another one (RFC 9068 4).
    """
    now = deps.clock.now()
    ring = keyring(deps)
    kept = ring.verified.get(value)
    if isinstance(kept, AccessToken) and now < kept.expires_at and audience in {None, kept.audience}:
        return kept
    claims = jose.verify(
        value,
        ring.verifying,
        algorithms=ALGORITHMS,
        typ=ACCESS_TOKEN_TYPE,
        audience=audience,
        issuer=deps.issuer,
        now=now,
        require=("exp", "iat", "aud", "iss", "sub", "jti", "client_id", "scope"),
    )
    found = AccessToken(
        client_id=claims["client_id"],
        subject=claims["sub"],
        audience=claims["aud"],
        scopes=tuple(claims["scope"].split()),
        jti=claims["jti"],
        grant_id=claims.get("grant_id"),
        mandate_id=claims.get("mandate_id"),
        expires_at=from_micros(claims["exp"] * 1_000_000),
        claims=claims,
    )
    ring.verified.put(value, found)
    return found


def sign_id_token(
    deps: IdpDeps,
    client: Client,
    issue: Issue,
    grant: Grant,
    *,
    access_token: str | None,
    now: datetime,
    person: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """Return an ID token (OpenID Connect Core 2) in the client's registered algorithm; ``person`` are claims asked for by name."""
    issued = timestamp(now)
    claims: dict[str, Any] = {
        **person,
        "iss": deps.issuer,
        "sub": issue.subject,
        "aud": client.client_id,
        "iat": issued,
        "exp": issued + deps.policies.tokens.id_token_seconds,
        "auth_time": timestamp(grant.auth_time),
        "acr": grant.acr,
        "amr": list(grant.amr),
        "sid": sid_of(deps, client, grant.session_id),
    }
    claims |= _acting(issue.delegation)
    if issue.nonce is not None:
        claims["nonce"] = issue.nonce
    if access_token is not None:
        claims["at_hash"] = left_half_hash(access_token)
    key = get_signing_key(deps, client.id_token_signed_response_alg)
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=ID_TOKEN_TYPE, repeatable=issue.repeatable is not None)


def sign_userinfo(deps: IdpDeps, client: Client, claims: Mapping[str, Any]) -> str:
    """Return what userinfo tells, signed for the client in the algorithm that it registered (Core 5.3.2).

    Without ``exp`` and ``iat``, so that it can never be taken for an ID token.
    """
    key = get_signing_key(deps, client.userinfo_signed_response_alg or client.id_token_signed_response_alg)
    return jose.sign({**claims, "iss": deps.issuer, "aud": client.client_id}, key, kid=key.kid, alg=key.alg, typ=ID_TOKEN_TYPE)


def verify_id_token_hint(deps: IdpDeps, value: str) -> jose.Claims:
    """Return the claims of an ID token that we issued, expired or not (Core 3.1.2.1; RP-Initiated Logout 2), or refuse."""
    hint_kept = timedelta(days=400)  # however old a hint is, it names a person and a client, and proves nothing else
    return jose.verify(
        value,
        keyring(deps).verifying,
        algorithms=ALGORITHMS,
        typ=(ID_TOKEN_TYPE, None),
        audience=None,
        issuer=deps.issuer,
        now=deps.clock.now(),
        leeway=int(hint_kept.total_seconds()),
        require=("iss", "sub", "aud", "iat", "exp"),
    )


def is_signed_token(value: str) -> bool:
    """Tell whether a value looks like a signed token, three parts with points between; refresh tokens have no points."""
    return value.count(".") == _POINTS


def left_half_hash(value: str) -> str:
    """Return ``at_hash`` for both algorithms: the left half of SHA-256, base64url (Core 3.1.3.6)."""
    return encode_base64url(hashlib.sha256(value.encode("ascii")).digest()[:16])
