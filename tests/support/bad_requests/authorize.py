"""Bad requests to the authorization endpoint, by name."""

from __future__ import annotations

from typing import Any

from kernel.clock import SystemClock, timestamp
from tests.support.bad_requests.parties import WRONG_KEY, Case, forged, unsigned
from tests.support.providers import BASIC, CALLBACK, KEYED, MACHINE, OTHER, PUBLIC, PUSHER, Outcome, Side, Values

NOTHING = dict.fromkeys(
    ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method")
)
"""Leaves all of a good request out."""


def _authorize(changes: Values, **more: Any) -> Case:
    return lambda side: side.authorize(changes, **more)


def _request_object(side: Side, **changes: Any) -> Outcome:
    now = timestamp(SystemClock().now())
    claims = {
        "iss": KEYED.client_id, "aud": side.issuer, "iat": now, "nbf": now, "exp": now + 60, "jti": "1", "client_id": KEYED.client_id,
        **side._request(KEYED),
    }  # fmt: skip
    return side.authorize({"request": KEYED.sign(claims | changes, typ="oauth-authz-req+jwt")}, party=KEYED)


def _pushed_twice(side: Side) -> Outcome:
    reference = NOTHING | {"client_id": BASIC.client_id, "request_uri": side.pushed()}
    side.code()  # somebody is logged in, so the first use is the whole use
    assert side.authorize(reference, browser=side.known) == Outcome("returned", "code")
    return side.authorize(reference, browser=side.known)


AUTHORIZE: dict[str, Case] = {
    "nothing at all": _authorize(NOTHING),
    "client_id missing": _authorize({"client_id": None}),
    "client_id unknown": _authorize({"client_id": "nobody"}),
    "client_id doubled": _authorize({"client_id": [BASIC.client_id] * 2}),
    "client that never logs anybody in": _authorize({"client_id": MACHINE.client_id}),
    "redirect_uri missing": _authorize({"redirect_uri": None}),
    "redirect_uri of somebody else": _authorize({"redirect_uri": "https://evil.example/callback"}),
    "redirect_uri with more path": _authorize({"redirect_uri": f"{CALLBACK}/more"}),
    "redirect_uri with a query": _authorize({"redirect_uri": f"{CALLBACK}?more=1"}),
    "redirect_uri with a fragment": _authorize({"redirect_uri": f"{CALLBACK}#more"}),
    "redirect_uri in capitals": _authorize({"redirect_uri": CALLBACK.upper()}),
    "redirect_uri that is no address": _authorize({"redirect_uri": "callback"}),
    "redirect_uri doubled": _authorize({"redirect_uri": [CALLBACK] * 2}),
    "response_type missing": _authorize({"response_type": None}),
    "response_type empty": _authorize({"response_type": ""}),
    "response_type unknown": _authorize({"response_type": "tide"}),
    "response_type token": _authorize({"response_type": "token"}),
    "response_type id_token": _authorize({"response_type": "id_token"}),
    "response_type none": _authorize({"response_type": "none"}),
    "response_type doubled": _authorize({"response_type": ["code", "code"]}),
    "response_mode unknown": _authorize({"response_mode": "carrier_pigeon"}),
    "response_mode doubled": _authorize({"response_mode": ["query", "query"]}),
    "scope missing": _authorize({"scope": None}),
    "scope without openid": _authorize({"scope": "profile"}),
    "scope with one that is unknown": _authorize({"scope": "openid tide"}),
    "scope doubled": _authorize({"scope": ["openid", "openid"]}),
    "state doubled": _authorize({"state": ["1", "2"]}),
    "state missing": _authorize({"state": None}),
    "nonce missing": _authorize({"nonce": None}),
    "nonce doubled": _authorize({"nonce": ["1", "2"]}),
    "PKCE missing": _authorize({"code_challenge": None, "code_challenge_method": None}),
    "PKCE missing for a public client": _authorize({"code_challenge": None, "code_challenge_method": None}, party=PUBLIC),
    "code_challenge missing": _authorize({"code_challenge": None}),
    "code_challenge doubled": _authorize({"code_challenge": ["a" * 43] * 2}),
    "code_challenge too short": _authorize({"code_challenge": "short"}),
    "code_challenge too long": _authorize({"code_challenge": "a" * 129}),
    "code_challenge with a character that base64url has not": _authorize({"code_challenge": "!" * 43}),
    "code_challenge_method missing": _authorize({"code_challenge_method": None}),
    "code_challenge_method plain": _authorize({"code_challenge_method": "plain"}),
    "code_challenge_method unknown": _authorize({"code_challenge_method": "S512"}),
    "prompt unknown": _authorize({"prompt": "perhaps"}),
    "prompt none beside login": _authorize({"prompt": "none login"}),
    "prompt none without a session": _authorize({"prompt": "none"}),
    "max_age negative": _authorize({"max_age": "-1"}),
    "max_age no number": _authorize({"max_age": "soon"}),
    "max_age a fraction": _authorize({"max_age": "1.5"}),
    "id_token_hint nonsense": _authorize({"id_token_hint": "nonsense"}),
    "id_token_hint unsigned": _authorize({"id_token_hint": unsigned({"sub": "citizen", "aud": BASIC.client_id})}),
    "id_token_hint by a stranger": lambda side: side.authorize({"id_token_hint": side.assertion()}),
    "id_token_hint of another client": lambda side: side.authorize({"id_token_hint": side.tokens(OTHER)["id_token"]}),
    "claims that are no JSON": _authorize({"claims": "{"}),
    "claims that are a list": _authorize({"claims": "[]"}),
    "claims with a member of the wrong type": _authorize({"claims": '{"userinfo": 1}'}),
    "claims of a claim of the wrong type": _authorize({"claims": '{"userinfo": {"name": 1}}'}),
    "claims that ask for nothing": _authorize({"claims": "{}"}),
    "acr_values unknown": _authorize({"acr_values": "the-highest"}),
    "display unknown": _authorize({"display": "wap"}),
    "ui_locales nonsense": _authorize({"ui_locales": "!!"}),
    "parameter unknown": _authorize({"tide": "high"}),
    "registration": _authorize({"registration": "{}"}),
    "request nonsense": _authorize({"request": "nonsense"}, party=KEYED),
    "request unsigned": _authorize({"request": unsigned({"client_id": KEYED.client_id})}, party=KEYED),
    "request by an algorithm that is not offered": _authorize(
        {"request": forged({"client_id": KEYED.client_id}, "HS256")}, party=KEYED
    ),
    "request by a key that is not registered": lambda side: side.authorize(
        {"request": WRONG_KEY.sign({"aud": side.issuer, "client_id": KEYED.client_id})}, party=KEYED
    ),
    "request of another client": lambda side: _request_object(side, client_id=BASIC.client_id),
    "request for another provider": lambda side: _request_object(side, aud="https://other.example"),
    "request expired": lambda side: _request_object(side, exp=1),
    "request not yet valid": lambda side: _request_object(side, nbf=4_000_000_000),
    "request within a request": lambda side: _request_object(side, request="x"),
    "request with an unknown response_type": lambda side: _request_object(side, response_type="tide"),
    "request and request_uri": _authorize({"request": "x", "request_uri": "https://department.example.cn/r"}, party=KEYED),
    "request_uri that is not registered": _authorize({"request_uri": "https://department.example.cn/r"}, party=KEYED),
    "request_uri that was never pushed": _authorize({"request_uri": "urn:ietf:params:oauth:request_uri:never"}),
    "request_uri used twice": _pushed_twice,
    "request_uri of another client": lambda side: side.authorize({"request_uri": side.pushed(OTHER)}),
    "client that must push, and did not": _authorize({}, party=PUSHER),
}
"""The authorization endpoint, by GET."""

AUTHORIZE |= {
    f"{name}, posted": _authorize(changes, post=True)
    for name, changes in {
        "nothing": NOTHING,
        "response_type unknown": {"response_type": "tide"},
        "scope doubled": {"scope": ["openid", "openid"]},
        "PKCE missing": {"code_challenge": None, "code_challenge_method": None},
    }.items()
}
