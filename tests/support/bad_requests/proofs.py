"""Bad DPoP proofs (RFC 9449), by name: where tokens are handed out, and where they are shown."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jws

from kernel.clock import SystemClock, timestamp
from kernel.randomness import token
from pki import jose
from tests.support.bad_requests.parties import Case, unsigned
from tests.support.bad_requests.token import OWN_BEHALF
from tests.support.providers import BASIC, MACHINE, Outcome, Party, Side

_KEY, _ANOTHER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
_DAY = 86_400


def _jwk(key: ec.EllipticCurvePrivateKey, *, private: bool = False) -> dict[str, Any]:
    shown = {name: value for name, value in jose.public_jwk(key.public_key(), "k", "ES256").items() if name not in {"kid", "use"}}
    d = base64.urlsafe_b64encode(key.private_numbers().private_value.to_bytes(32, "big")).rstrip(b"=").decode()
    return shown | ({"d": d} if private else {})


def _digest(access_token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def _proof(
    side: Side,
    endpoint: str = "token",
    *,
    key: ec.EllipticCurvePrivateKey = _KEY,
    header: dict[str, Any] | None = None,
    later: int = 0,
    **changes: Any,
) -> str:
    """Return a proof that is good but for ``changes`` (None leaves a member out), made ``later`` by so many seconds."""
    claims = {
        "jti": token(8),
        "htm": "GET" if endpoint == "userinfo" else "POST",
        "htu": side.metadata[f"{endpoint}_endpoint"],
        "iat": timestamp(SystemClock().now()) + later,
        **changes,
    }
    members = {"typ": "dpop+jwt", "jwk": _jwk(key), **(header or {})}
    given = [{name: value for name, value in part.items() if value is not None} for part in (claims, members)]
    signed: str = jws.sign(given[0], jwk.construct(key, "ES256"), headers=given[1], algorithm="ES256")
    return signed


def _ask(side: Side, proof: str, form: dict[str, str] | None = None, party: Party = MACHINE) -> Outcome:
    return side.post("token", form or OWN_BEHALF, party=party, headers={"DPoP": proof})


def _asking(**changes: Any) -> Case:
    return lambda side: _ask(side, _proof(side, **changes))


def _twice(side: Side) -> Outcome:
    proof = _proof(side)
    assert _ask(side, proof).status == "2xx"
    return _ask(side, proof)


def _altered(side: Side) -> Outcome:
    head, body, signature = _proof(side).split(".")
    return _ask(side, f"{head}.{body}.{signature[:-8]}AAAAAAAA")


def _bound(side: Side) -> str:
    """Return an access token of somebody who is logged in, bound to the key."""
    answer = side.send("token", side.redemption(), headers={"DPoP": _proof(side)})
    assert answer.json()["token_type"] == "DPoP"
    return str(answer.json()["access_token"])


def _showing(scheme: str = "DPoP", **changes: Any) -> Case:
    def ask(side: Side) -> Outcome:
        access_token = _bound(side)
        proof = _proof(side, "userinfo", **{"ath": _digest(access_token), **changes})
        return side.userinfo(None, headers={"Authorization": f"{scheme} {access_token}", "DPoP": proof})

    return ask


def _shown_without(scheme: str) -> Case:
    return lambda side: side.userinfo(None, headers={"Authorization": f"{scheme} {_bound(side)}"})


def _bearer_shown_as_bound(side: Side) -> Outcome:
    access_token = side.tokens()["access_token"]
    proof = _proof(side, "userinfo", ath=_digest(access_token))
    return side.userinfo(None, headers={"Authorization": f"DPoP {access_token}", "DPoP": proof})


def _code_bound_to_another_key(side: Side) -> Outcome:
    code, verifier = side.code(dpop_jkt=jose.thumbprint(_ANOTHER_KEY.public_key()))
    form = side.redemption() | {"code": code, "code_verifier": verifier}
    return _ask(side, _proof(side), form, BASIC)


PROOFS: dict[str, Case] = {
    "good": _asking(),
    "nonsense": lambda side: _ask(side, "nonsense"),
    "unsigned": lambda side: _ask(side, unsigned({"htm": "POST"})),
    "altered": _altered,
    "of another type": _asking(header={"typ": "JWT"}),
    "without a type": _asking(header={"typ": None}),
    "without its key": _asking(header={"jwk": None}),
    "with another key than it was made by": _asking(header={"jwk": _jwk(_ANOTHER_KEY)}),
    "with the private key": _asking(header={"jwk": _jwk(_KEY, private=True)}),
    "with a key that is none": _asking(header={"jwk": "key"}),
    "with an unknown critical header": _asking(header={"crit": ["tide"], "tide": 1}),
    "for another method": _asking(htm="GET"),
    "for the method in small letters": _asking(htm="post"),
    "for another address": lambda side: _ask(side, _proof(side, htu="https://other.example/token")),
    "for another endpoint": lambda side: _ask(side, _proof(side, htu=side.metadata["userinfo_endpoint"])),
    "for the address with a query": lambda side: _ask(side, _proof(side, htu=f"{side.metadata['token_endpoint']}?a=b")),
    "without jti": _asking(jti=None),
    "without htm": _asking(htm=None),
    "without htu": _asking(htu=None),
    "without iat": _asking(iat=None),
    "with an iat that is a text": _asking(iat="now"),
    "with a jti that is a number": _asking(jti=1),
    "of yesterday": _asking(later=-_DAY),
    "of tomorrow": _asking(later=_DAY),
    "used twice": _twice,
    "of another key than the code is bound to": _code_bound_to_another_key,
    "where a token is shown: good": _showing(),
    "where a token is shown: missing": _shown_without("DPoP"),
    "where a token is shown: missing, as a bearer's": _shown_without("Bearer"),
    "where a token is shown: good, but as a bearer's": _showing("Bearer"),
    "where a token is shown: by another key": _showing(key=_ANOTHER_KEY),
    "where a token is shown: without ath": _showing(ath=None),
    "where a token is shown: of another token": _showing(ath=_digest("another")),
    "where a token is shown: for another endpoint": lambda side: _showing(htu=side.metadata["token_endpoint"])(side),
    "where a token is shown: for another method": _showing(htm="POST"),
    "where a token is shown: that is not bound": _bearer_shown_as_bound,
}
"""DPoP proofs."""
