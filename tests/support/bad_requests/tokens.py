"""Bad requests about tokens (userinfo, introspection, revocation) and pushed ones, by name."""

from __future__ import annotations

from typing import Any

from tests.support.bad_requests.authorize import NOTHING
from tests.support.bad_requests.parties import NOBODY, Case, unsigned
from tests.support.bad_requests.token import OWN_BEHALF
from tests.support.providers import BASIC, MACHINE, OTHER, PUBLIC, Outcome, Side, Values


def _with_token(what: str, **more: Any) -> Case:
    return lambda side: side.userinfo(side.tokens()[what], **more)


def _own_token(side: Side) -> Outcome:
    return side.userinfo(side.send("token", OWN_BEHALF, party=MACHINE).json()["access_token"])


def _revoked_token(side: Side, endpoint: str = "userinfo", what: str = "access_token") -> Outcome:
    tokens = side.tokens()
    side.post("revocation", {"token": tokens[what]})
    if endpoint == "userinfo":
        return side.userinfo(tokens["access_token"])
    return side.post("token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})


USERINFO: dict[str, Case] = {
    "no token": lambda side: side.userinfo(None),
    "no token, posted": lambda side: side.userinfo(None, method="POST"),
    "token nonsense": lambda side: side.userinfo("nonsense"),
    "token empty": lambda side: side.userinfo(None, headers={"Authorization": "Bearer "}),
    "token unsigned": lambda side: side.userinfo(unsigned({"sub": "citizen", "scope": "openid"})),
    "token in the address": lambda side: side.userinfo(None, params={"access_token": side.tokens()["access_token"]}),
    "token in header and body": _with_token("access_token", method="POST", data={"access_token": "x"}),
    "token doubled": lambda side: side.userinfo(None, method="POST", data={"access_token": ["x", "y"]}),
    "another scheme": lambda side: side.userinfo(None, headers={"Authorization": "Basic YTpi"}),
    "refresh token": _with_token("refresh_token"),
    "ID token": _with_token("id_token"),
    "token of a client itself": _own_token,
    "token revoked": _revoked_token,
    "token of a grant whose refresh token was revoked": lambda side: _revoked_token(side, what="refresh_token"),
    "good": _with_token("access_token"),
    "good, in the body": lambda side: side.userinfo(None, method="POST", data={"access_token": side.tokens()["access_token"]}),
}
"""The userinfo endpoint."""


def _about(endpoint: str) -> dict[str, Case]:
    """Return what can be wrong alike where a token is asked about or given back."""
    return {
        f"{endpoint}: asked by GET": lambda side: side.post(endpoint, {"token": "x"}, method="GET"),
        f"{endpoint}: no client": lambda side: side.post(endpoint, {"token": "x"}, party=None),
        f"{endpoint}: unknown client": lambda side: side.post(endpoint, {"token": "x"}, party=NOBODY),
        f"{endpoint}: wrong secret": lambda side: side.post(endpoint, {"token": "x"}, auth=(BASIC.client_id, "wrong")),
        f"{endpoint}: public client": lambda side: side.post(endpoint, {"token": "x"}, party=PUBLIC),
        f"{endpoint}: token missing": lambda side: side.post(endpoint, {}),
        f"{endpoint}: token empty": lambda side: side.post(endpoint, {"token": ""}),
        f"{endpoint}: token doubled": lambda side: side.post(endpoint, {"token": ["x", "y"]}),
        f"{endpoint}: token in the address": lambda side: side.post(endpoint, {}, params={"token": "x"}),
        f"{endpoint}: token unknown": lambda side: side.post(endpoint, {"token": "unknown"}),
        f"{endpoint}: token unsigned": lambda side: side.post(endpoint, {"token": unsigned({"sub": "citizen"})}),
        f"{endpoint}: hint unknown": lambda side: side.post(endpoint, {"token": "x", "token_type_hint": "tide"}),
        f"{endpoint}: access token of another client": lambda side: side.post(
            endpoint, {"token": side.tokens(OTHER)["access_token"]}
        ),
        f"{endpoint}: refresh token of another client": lambda side: side.post(
            endpoint, {"token": side.tokens(OTHER)["refresh_token"]}
        ),
        f"{endpoint}: JSON": lambda side: side.post(
            endpoint, {}, data='{"token": "x"}', headers={"Content-Type": "application/json"}
        ),
    }


ABOUT_TOKENS = _about("introspection") | _about("revocation")
ABOUT_TOKENS["revocation: and refreshing after it"] = lambda side: _revoked_token(side, "token", "refresh_token")
"""Introspection and revocation."""


def _push(changes: Values, **more: Any) -> Case:
    return lambda side: side.post("pushed_authorization_request", side._request(BASIC) | dict(changes), **more)


PUSHED: dict[str, Case] = {
    "good": _push({}),
    "asked by GET": _push({}, method="GET"),
    "no client": _push({}, party=None),
    "unknown client": _push({"client_id": NOBODY.client_id}, party=NOBODY),
    "wrong secret": _push({}, auth=(BASIC.client_id, "wrong")),
    "client that never logs anybody in": _push({"client_id": MACHINE.client_id}, party=MACHINE),
    "client_id of another client": _push({"client_id": OTHER.client_id}),
    "nothing": _push(NOTHING),
    "request_uri": _push({"request_uri": "urn:ietf:params:oauth:request_uri:x"}),
    "redirect_uri missing": _push({"redirect_uri": None}),
    "redirect_uri of somebody else": _push({"redirect_uri": "https://evil.example/callback"}),
    "response_type missing": _push({"response_type": None}),
    "response_type unknown": _push({"response_type": "tide"}),
    "scope doubled": _push({"scope": ["openid", "openid"]}),
    "scope without openid": _push({"scope": "profile"}),
    "PKCE missing": _push({"code_challenge": None, "code_challenge_method": None}),
    "code_challenge_method plain": _push({"code_challenge_method": "plain"}),
    "prompt none beside login": _push({"prompt": "none login"}),
    "request nonsense": _push({"request": "nonsense"}),
    "JSON": _push({}, data="{}", headers={"Content-Type": "application/json"}),
}
"""Pushed authorization requests."""
