"""Bad requests to the token endpoint, by name."""

from __future__ import annotations

from typing import Any

from tests.support.bad_requests.parties import NOBODY, WRONG_KEY, Case, forged, unsigned
from tests.support.providers import (
    ASSERTION_TYPE,
    BASIC,
    CALLBACK,
    KEYED,
    MACHINE,
    OTHER,
    PUBLIC,
    Outcome,
    Party,
    Side,
    Values,
)

OWN_BEHALF = {"grant_type": "client_credentials"}


def _token(form: Values, **more: Any) -> Case:
    return lambda side: side.post("token", form, **more)


def _redeem(changes: Values, *, of: Party = BASIC, by: Party | None = None) -> Case:
    return lambda side: side.post("token", side.redemption(of) | dict(changes), party=by or of)


def _refresh(changes: Values, *, of: Party = BASIC, by: Party | None = None) -> Case:
    def ask(side: Side) -> Outcome:
        form = {"grant_type": "refresh_token", "refresh_token": side.tokens(of)["refresh_token"]}
        return side.post("token", form | dict(changes), party=by or of)

    return ask


def _code_twice(side: Side) -> Outcome:
    form = side.redemption()
    assert side.post("token", form).status == "2xx"
    return side.post("token", form)


def _refresh_after_a_replayed_code(side: Side) -> Outcome:
    form = side.redemption()
    tokens = side.send("token", form).json()
    side.post("token", form)
    return side.post("token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})


def _old_refresh_token(side: Side) -> Outcome:
    form = {"grant_type": "refresh_token", "refresh_token": side.tokens()["refresh_token"]}
    following = side.send("token", form).json()["refresh_token"]
    side.post("token", form | {"refresh_token": following})
    return side.post("token", form)


def _asserted(**changes: Any) -> Case:
    """Let a client prove with an assertion that is good but for ``changes`` who it is; its grant is nonsense."""

    def ask(side: Side) -> Outcome:
        proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": side.assertion(**changes)}
        return side.post("token", _NO_CODE | proof, party=None)

    return ask


def _assertion(text: str, kind: str | None = ASSERTION_TYPE) -> Case:
    return _token(
        {
            "grant_type": "authorization_code",
            "client_assertion": text,
            "client_assertion_type": kind,
            "client_id": KEYED.client_id,
        },
        party=None,
    )


def _assertion_twice(side: Side) -> Outcome:
    proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": side.assertion()}
    side.post("token", _NO_CODE | proof, party=None)
    return side.post("token", _NO_CODE | proof, party=None)


_NO_CODE = {"grant_type": "authorization_code", "code": "none", "redirect_uri": CALLBACK, "code_verifier": "v" * 43}
_CLAIMS = {"iss": KEYED.client_id, "sub": KEYED.client_id, "aud": "x", "exp": 4_000_000_000, "jti": "1"}

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

TOKEN: dict[str, Case] = {
    "asked by GET": _token({}, method="GET"),
    "nothing": _token({}),
    "JSON": _token({}, data='{"grant_type": "client_credentials"}', headers={"Content-Type": "application/json"}),
    "multipart": _token({}, data=None, files={"grant_type": (None, "client_credentials")}),
    "body that is no UTF-8": _token({}, data="grant_type=%FF", headers=_FORM),
    "body with a NUL": _token({}, data="grant_type=authorization_code&code=%00", headers=_FORM),
    "body without end": _token({"grant_type": "authorization_code", "code": "x" * 200_000}),
    "asked by PUT": _token({}, method="PUT"),
    "asked by DELETE": _token({}, method="DELETE"),
    "grant_type missing": _token({"code": "x"}),
    "grant_type unknown": _token({"grant_type": "tide"}),
    "grant_type doubled": _token({"grant_type": ["refresh_token"] * 2}),
    "grant_type password": _token({"grant_type": "password", "username": "a", "password": "b"}),
    "grant_type in the address": _token({}, params=OWN_BEHALF, party=MACHINE),
    "grant_type that the client may not use": _token(OWN_BEHALF),
    "grant_type of logins by a client without": _token(_NO_CODE, party=MACHINE),
    "no client": _token(OWN_BEHALF, party=None),
    "unknown client": _token(OWN_BEHALF, party=NOBODY),
    "unknown public client": _token(_NO_CODE | {"client_id": "nobody"}, party=None),
    "wrong secret": _token(OWN_BEHALF, party=MACHINE, auth=(MACHINE.client_id, "wrong")),
    "empty secret": _token(OWN_BEHALF, party=MACHINE, auth=(MACHINE.client_id, "")),
    "Basic that is no base64": _token(OWN_BEHALF, party=None, headers={"Authorization": "Basic !"}),
    "Basic without a colon": _token(OWN_BEHALF, party=None, headers={"Authorization": "Basic YQ=="}),
    "another scheme": _token(OWN_BEHALF, party=None, headers={"Authorization": "Bearer x"}),
    "two ways to prove who one is": _token(
        OWN_BEHALF | {"client_id": MACHINE.client_id, "client_secret": MACHINE.secret}, party=MACHINE
    ),
    "secret in the body, registered for Basic": _token(
        OWN_BEHALF | {"client_id": MACHINE.client_id, "client_secret": MACHINE.secret}, party=None
    ),
    "secret in the address": _token(
        OWN_BEHALF, party=None, params={"client_id": MACHINE.client_id, "client_secret": MACHINE.secret}
    ),
    "no proof from a client that has a secret": _token(OWN_BEHALF | {"client_id": MACHINE.client_id}, party=None),
    "client_id other than the authenticated one": _token(OWN_BEHALF | {"client_id": OTHER.client_id}, party=MACHINE),
    "client_id doubled": _token(OWN_BEHALF | {"client_id": [MACHINE.client_id] * 2}, party=MACHINE),
    "assertion nonsense": _assertion("nonsense"),
    "assertion unsigned": _assertion(unsigned(_CLAIMS)),
    "assertion by a secret": _assertion(forged(_CLAIMS, "HS256")),
    "assertion of an unknown type": lambda side: _assertion(side.assertion(), "urn:tide")(side),
    "assertion without its type": lambda side: _assertion(side.assertion(), None)(side),
    "assertion by a key that is not registered": _asserted(party=WRONG_KEY),
    "assertion with a foreign kid": _asserted(header={"kid": "foreign"}),
    "assertion for another provider": _asserted(aud="https://other.example"),
    "assertion without aud": _asserted(aud=None),
    "assertion without exp": _asserted(exp=None),
    "assertion without jti": _asserted(jti=None),
    "assertion without iss": _asserted(iss=None),
    "assertion expired": _asserted(exp=1),
    "assertion whose exp is a text": _asserted(exp="soon"),
    "assertion of another sub": _asserted(sub="citizen"),
    "assertion of another client": _asserted(iss=BASIC.client_id, sub=BASIC.client_id),
    "assertion not yet valid": _asserted(nbf=4_000_000_000),
    "assertion used twice": _assertion_twice,
    "assertion good, code not": _asserted(),
    "code missing": _redeem({"code": None}),
    "code unknown": _redeem({"code": "unknown"}),
    "code doubled": _redeem({"code": ["a", "b"]}),
    "code used twice": _code_twice,
    "code of another client": _redeem({}, by=OTHER),
    "code redeemed without redirect_uri": _redeem({"redirect_uri": None}),
    "code redeemed with another redirect_uri": _redeem({"redirect_uri": "https://evil.example/callback"}),
    "code_verifier missing": _redeem({"code_verifier": None}),
    "code_verifier wrong": _redeem({"code_verifier": "w" * 43}),
    "code_verifier too short": _redeem({"code_verifier": "short"}),
    "code_verifier missing, public client": _redeem({"code_verifier": None}, of=PUBLIC),
    "code_verifier doubled": _redeem({"code_verifier": ["v" * 43] * 2}),
    "refresh_token missing": _refresh({"refresh_token": None}),
    "refresh_token unknown": _refresh({"refresh_token": "unknown"}),
    "refresh_token doubled": _refresh({"refresh_token": ["a", "b"]}),
    "refresh_token of another client": _refresh({}, by=OTHER),
    "refresh_token of a public client by another": _refresh({}, of=PUBLIC, by=OTHER),
    "refresh_token that has a successor in use": _old_refresh_token,
    "refresh_token of a code that was replayed": _refresh_after_a_replayed_code,
    "refresh with more scope": _refresh({"scope": "openid profile email"}),
    "refresh with less scope": _refresh({"scope": "openid"}),
    "access token as refresh token": lambda side: side.post(
        "token", {"grant_type": "refresh_token", "refresh_token": side.tokens()["access_token"]}
    ),
    "client credentials with an unknown scope": _token(OWN_BEHALF | {"scope": "tide"}, party=MACHINE),
    "client credentials with openid": _token(OWN_BEHALF | {"scope": "openid"}, party=MACHINE),
    "client credentials": _token(OWN_BEHALF, party=MACHINE),
}
"""The token endpoint."""
