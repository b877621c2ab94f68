"""Signed tokens: the one strict wrapper over python-jose for the whole house. Nothing but ``jwk`` imports ``jose``.

The library signs and verifies bytes well; what surrounds that (which key, which algorithm, which claims must be there) is decided
here, because the library is lenient in all of it. Two algorithms exist: ES256 and RS256, each bound to its kind of key, so
neither ``none`` nor a public key taken for an HMAC secret can be asked for. Only :class:`~kernel.errors.Refusal` escapes
:func:`verify`, whatever a token holds.

Left to others: where keys and their certificates come from, what the claims mean, whether a token was used before.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from kernel.clock import timestamp
from kernel.errors import Refusal
from pki.errors import (
    TOKEN_ALGORITHM,
    TOKEN_CLAIM,
    TOKEN_EXPIRED,
    TOKEN_KEY_UNKNOWN,
    TOKEN_MALFORMED,
    TOKEN_NOT_YET_VALID,
    TOKEN_SIGNATURE,
    TOKEN_TOO_LARGE,
    TOKEN_TYPE,
)
from pki.jwk import (
    ALGORITHMS,
    PRIVATE_MEMBERS,
    THUMBPRINT,
    JwkKey,
    algorithm_of,
    certified,
    parse_jwk,
    parse_jwks,
    public_jwk,
    signing_key,
    thumbprint,
    thumbprint_of,
    verifying_key,
)
from pki.records import PrivateKey, PublicKey
from pki.strict_json import decode_base64url, encode_base64url, parse_object

Claims: TypeAlias = dict[str, Any]

__all__ = [
    "PRIVATE_MEMBERS",
    "THUMBPRINT",
    "Claims",
    "JwkKey",
    "Keys",
    "algorithm_of",
    "certified",
    "parse_jwk",
    "parse_jwks",
    "public_jwk",
    "sign",
    "signing_key",
    "thumbprint",
    "thumbprint_of",
    "unverified_claims",
    "unverified_header",
    "verify",
    "verify_possession",
    "verifying_key",
]

MAX_TOKEN_BYTES = 16384
_FUTURE_SECONDS = 60
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999: what lies beyond it, or before 1970, is no moment of any calendar that reads it here."""
_SEGMENTS = 3
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


Keys: TypeAlias = "Mapping[str, JwkKey] | JwkKey | PublicKey"


def sign(
    claims: Mapping[str, Any] | bytes,
    key: JwkKey | PrivateKey,
    *,
    kid: str | None,
    alg: str,
    typ: str,
    x5c: Sequence[bytes] = (),
    repeatable: bool = False,
) -> str:
    """Return a compact JWS over ``claims`` (as JSON, or the bytes as they are) with the DER certificates of ``x5c``, or named by the key.

    A ``repeatable`` one is the same each time that it is made of the same. ``ValueError`` when ``alg`` is not the key's own: the caller's mistake, never data's.
    """
    prepared = key if isinstance(key, JwkKey) else signing_key(key)
    if alg != prepared.alg:
        message = f"a key for {prepared.alg} does not sign {alg}"
        raise ValueError(message)
    payload = claims if isinstance(claims, bytes) else _encode(claims)
    signing_input = f"{_header(alg, typ, kid, prepared.x5t, tuple(x5c))}.{encode_base64url(payload)}"  # RFC 7515 5.1
    return f"{signing_input}.{encode_base64url(prepared.sign(signing_input.encode(), repeatable=repeatable))}"


def verify(
    token: str | bytes,
    keys: Keys,
    *,
    algorithms: Collection[str],
    typ: str | Collection[str | None] | None,
    audience: str | Collection[str] | None,
    issuer: str | None,
    now: datetime,
    leeway: int = 0,
    max_bytes: int = MAX_TOKEN_BYTES,
    require: Collection[str] = ("exp",),
) -> Claims:
    """Return the claims of ``token`` or raise ``Refusal``.

    ``typ`` is the type the header must have (several: any of them; None: it must have none). ``audience`` and ``issuer`` None
    leave those claims to the caller. ``require`` names claims that must be present; times are checked wherever they appear.
    """
    # 1. Form: three canonical segments, JSON objects without duplicate members, all within a size.
    header, payload, signing_input, signature = _take_apart(token, max_bytes)
    # 2. Header: nothing critical that we would have to understand, the right type, an algorithm that is wanted here.
    _check_header(header, typ, algorithms)
    # 3. The key, chosen by kid alone; its algorithm decides, the header may only agree. jwk, jku, x5u, x5c are not looked at.
    key = _choose_key(header, keys)
    if header["alg"] != key.alg:
        raise Refusal(TOKEN_ALGORITHM)
    # 4. The signature, before anything is believed.
    if not key.prepared.verify(signing_input, signature):
        raise Refusal(TOKEN_SIGNATURE)
    # 5. The claims.
    claims = _read_claims(payload, require, now, leeway)
    _check_parties(claims, audience, issuer)
    return claims


def verify_possession(
    proof: str | bytes, *, algorithms: Collection[str], typ: str, now: datetime, max_bytes: int, require: Collection[str]
) -> tuple[Claims, JwkKey]:
    """Return the claims of a DPoP proof and the key that it carries itself (RFC 9449 4.3), or raise ``Refusal``.

    Whoever made it holds that key; whose the key is stays open. For proofs alone: a token that is to be believed goes to :func:`verify`.
    """
    header, payload, signing_input, signature = _take_apart(proof, max_bytes)
    _check_header(header, typ, algorithms)
    key = parse_jwk(header.get("jwk"))
    if header["alg"] != key.alg:
        raise Refusal(TOKEN_ALGORITHM)
    if not key.prepared.verify(signing_input, signature):
        raise Refusal(TOKEN_SIGNATURE)
    claims = _read_claims(payload, require, now, 0)
    _check_parties(claims, None, None)
    return claims, key


def unverified_header(token: str | bytes, *, max_bytes: int = MAX_TOKEN_BYTES) -> Mapping[str, Any]:
    """Return the header of a token about which nothing is known yet; ``Refusal`` when the token has not the form of one."""
    return _take_apart(token, max_bytes)[0]


def unverified_claims(token: str | bytes, *, max_bytes: int = MAX_TOKEN_BYTES) -> Mapping[str, Any]:
    """Return the claims of a token about which nothing is known yet: to find out whose keys it must be verified with."""
    return parse_object(_take_apart(token, max_bytes)[1], TOKEN_MALFORMED)


def _read_claims(payload: bytes, require: Collection[str], now: datetime, leeway: int) -> Claims:
    claims = parse_object(payload, TOKEN_MALFORMED)
    for name in require:
        if claims.get(name) is None:
            raise _wrong(claim=name, problem="missing")
    _check_times(claims, timestamp(now), leeway)
    return claims


@functools.lru_cache(maxsize=64)
def _header(alg: str, typ: str, kid: str | None, x5t: str | None, x5c: tuple[bytes, ...]) -> str:
    members: dict[str, Any] = {"alg": alg, "typ": typ}
    if kid is not None:
        members["kid"] = kid
    if x5c:
        members |= certified(x5c)
    elif x5t is not None:
        members[THUMBPRINT] = x5t
    return encode_base64url(_encode(dict(sorted(members.items()))))


def _encode(claims: Mapping[str, Any]) -> bytes:
    return _JSON.encode(dict(claims)).encode()


def _take_apart(token: str | bytes, max_bytes: int) -> tuple[Claims, bytes, bytes, bytes]:
    if len(token) > max_bytes:
        raise Refusal(TOKEN_TOO_LARGE)
    try:
        data = token.encode("ascii") if isinstance(token, str) else token
    except UnicodeEncodeError:
        raise Refusal(TOKEN_MALFORMED, problem="not ASCII") from None
    segments = data.split(b".")
    if len(segments) != _SEGMENTS:
        raise Refusal(TOKEN_MALFORMED, problem="not three parts")
    header, payload, signature = (decode_base64url(segment, TOKEN_MALFORMED) for segment in segments)
    return parse_object(header, TOKEN_MALFORMED), payload, data[: data.rindex(b".")], signature


def _check_header(header: Claims, typ: str | Collection[str | None] | None, algorithms: Collection[str]) -> None:
    if "crit" in header:  # RFC 7515 4.1.11: we understand no extension
        raise Refusal(TOKEN_MALFORMED, problem="crit")
    if "zip" in header or "enc" in header:
        raise Refusal(TOKEN_MALFORMED, problem="not a signed token")
    wanted = {_media_type(typ)} if typ is None or isinstance(typ, str) else {_media_type(one) for one in typ}
    found = header.get("typ")
    if not (found is None or isinstance(found, str)) or _media_type(found) not in wanted:
        raise Refusal(TOKEN_TYPE)
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in algorithms or alg not in ALGORITHMS:
        raise Refusal(TOKEN_ALGORITHM)


def _media_type(typ: str | None) -> str | None:
    return None if typ is None else typ.lower().removeprefix("application/")  # RFC 7515 4.1.9


def _choose_key(header: Claims, keys: Keys) -> JwkKey:
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise Refusal(TOKEN_MALFORMED, problem="kid")
    if isinstance(keys, Mapping):
        if kid is None and len(keys) == 1:
            return next(iter(keys.values()))
        found = None if kid is None else keys.get(kid)
    else:
        single = keys if isinstance(keys, JwkKey) else verifying_key(keys)
        found = single if None in {kid, single.kid} or kid == single.kid else None
    if found is None:
        raise Refusal(TOKEN_KEY_UNKNOWN)
    return found


def _check_times(claims: Claims, now: int, leeway: int) -> None:
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if name in claims and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND):
            raise _wrong(claim=name, problem="not a number of seconds")
    if "exp" in claims and claims["exp"] + leeway <= now:  # RFC 7519 4.1.4: on or after it is too late
        raise Refusal(TOKEN_EXPIRED)
    if claims.get("nbf", now) - leeway > now or claims.get("iat", now) - max(leeway, _FUTURE_SECONDS) > now:
        raise Refusal(TOKEN_NOT_YET_VALID)


def _check_parties(claims: Claims, audience: str | Collection[str] | None, issuer: str | None) -> None:
    for name in ("iss", "sub", "jti"):
        if name in claims and not isinstance(claims[name], str):
            raise _wrong(claim=name, problem="not text")
    found = claims.get("aud")
    audiences = [found] if isinstance(found, str) else found
    if found is not None and not (isinstance(audiences, list) and audiences and all(isinstance(one, str) for one in audiences)):
        raise _wrong(claim="aud", problem="neither text nor a list of texts")
    if audience is not None:
        wanted = {audience} if isinstance(audience, str) else set(audience)
        if not audiences or not wanted.intersection(audiences):
            raise _wrong(claim="aud", problem="meant for somebody else")
    if issuer is not None and claims.get("iss") != issuer:
        raise _wrong(claim="iss", problem="from somebody else")


def _wrong(*, claim: str, problem: str) -> Refusal:
    return Refusal(TOKEN_CLAIM, field=claim, claim=claim, problem=problem)
