"""What the official suite does around each of its modules: sends a request, reads the answer as its mode demands, checks every token.

Written from the published behaviour of the suite's modules for ``client_registration=static_client``; tokens are checked by a library
that the provider's own checks don't share.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from jose import jwt
from werkzeug.test import TestResponse

from idp import endpoints
from idp.dispatch import ENDPOINTS
from idp.wire import NOTHING, OAuthRequest, OAuthResponse, Parameters
from kernel.clock import FixedClock
from kernel.randomness import token
from tests.support.idp import Browser, Provider, basic, json_of
from tests.support.relying_party import find_return, forms

USERNAME = "chenxiaochao"
CALLBACK = "https://suite.example.cn/test/a/chaoxin/callback"
Plan = Literal["basic", "form_post"]
_CODE_CHARACTERS = 22
"""128 bits (RFC 6749 10.10, EnsureMinimumAuthorizationCodeLength)."""


@dataclass
class Login:
    """One login that came through: what the client got, checked."""

    request: dict[str, str]
    code: str
    tokens: dict[str, Any]
    claims: dict[str, Any]

    @property
    def access_token(self) -> str:
        return str(self.tokens["access_token"])


@dataclass
class Suite:
    """A run of a plan against a provider: ``client``, ``client2`` (client_secret_basic) and ``client-post`` are registered in it."""

    provider: Provider
    plan: Plan
    post_clients: frozenset[str] = field(default=frozenset({"client-post"}))

    @property
    def clock(self) -> FixedClock:
        clock = self.provider.deps.clock
        assert isinstance(clock, FixedClock)
        return clock

    @property
    def metadata(self) -> dict[str, Any]:
        return json_of(self.fetch(endpoints.DISCOVERY))

    def fetch(self, path: str) -> OAuthResponse:
        return ENDPOINTS[path](self.provider.deps, OAuthRequest("GET"))

    def browser(self) -> Browser:
        """A browser without cookies."""
        return self.provider.browser()

    def request(self, client_id: str = "client", **changes: str | None) -> dict[str, str]:
        """CreateAuthorizationEndpointRequestFromClientInformation, with state and nonce; no PKCE, like the suite."""
        request: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": token(10),
            "nonce": token(10),
            "response_mode": "form_post" if self.plan == "form_post" else None,
        }
        return {name: value for name, value in (request | changes).items() if value is not None}

    def send(self, browser: Browser, request: dict[str, str]) -> TestResponse:
        """Go to the authorization endpoint; returns the provider's page or its answer."""
        return browser.get(endpoints.AUTHORIZE, request)

    def log_in(self, browser: Browser, page: TestResponse) -> TestResponse:
        """The person types their password and agrees to what they are asked."""
        assert "current-password" in page.text, f"no login page\n{page.text}"
        return browser.agree(browser.follow(browser.type_password(page, USERNAME)))

    def callback(self, answer: TestResponse) -> dict[str, str]:
        """Read what comes to the redirect URI, in the plan's response mode and in no other."""
        if self.plan == "form_post":
            (form,) = [form for form in forms(answer.text) if form.action == CALLBACK]
            assert (answer.status_code, form.method) == (
                400 if "error" in form.values and "data-return" in answer.text else 200,
                "post",
            )
            assert "Location" not in answer.headers
            assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
            returned = form.values
        else:
            held = find_return(answer.text)  # an error that only a link caused: the person takes it back by a button
            target = urlsplit(held or answer.headers["Location"])
            assert (answer.status_code, target.fragment) == (400 if held else 303, "")
            assert target._replace(query="").geturl() == CALLBACK
            pairs = parse_qsl(target.query, keep_blank_values=True, strict_parsing=True)
            returned = dict(pairs)
            assert len(pairs) == len(returned), "a parameter twice"
        assert returned["iss"] == self.provider.deps.issuer
        return returned

    def error(self, request: dict[str, str], answer: TestResponse) -> str:
        """The error of a refusal that was sent back, with the request's state."""
        returned = self.callback(answer)
        assert returned.keys() <= {"error", "error_description", "error_uri", "state", "iss"}  # nothing unexpected
        assert returned["state"] == request["state"]
        return returned["error"]

    def complete(self, request: dict[str, str], answer: TestResponse, **form: str) -> Login:
        """CheckMatchingStateParameter, the token endpoint, and every check of the ID token (Core 3.1.3.7)."""
        returned = self.callback(answer)
        assert "error" not in returned, returned
        assert returned.get("state") == request.get("state")
        assert returned.keys() <= {"code", "state", "iss"}
        assert len(returned["code"]) >= _CODE_CHARACTERS
        response = self.redeem(request["client_id"], returned["code"], **form)
        tokens = json_of(response)
        assert response.status == 200, tokens
        headers = dict(response.headers)
        assert headers["Content-Type"].startswith("application/json")
        assert (headers["Cache-Control"], headers["Pragma"]) == ("no-store", "no-cache")
        assert tokens["token_type"].lower() == "bearer"
        assert tokens["expires_in"] > 0
        return Login(request, returned["code"], tokens, self.check_id_token(request, tokens))

    def run(self, browser: Browser, **changes: str | None) -> Login:
        """The whole way for somebody who is not logged in."""
        request = self.request(**changes)
        return self.complete(request, self.log_in(browser, self.send(browser, request)))

    def token(self, client_id: str, form: dict[str, str]) -> OAuthResponse:
        secret = self.provider.secrets[client_id]
        if client_id in self.post_clients:
            given = form | {"client_id": client_id, "client_secret": secret or ""}
            request = OAuthRequest("POST", NOTHING, Parameters(given))
        else:
            request = OAuthRequest("POST", NOTHING, Parameters(form), basic(client_id, secret))
        return ENDPOINTS[endpoints.TOKEN](self.provider.deps, request)

    def redeem(self, client_id: str, code: str, **form: str) -> OAuthResponse:
        return self.token(client_id, {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **form})

    def check_id_token(self, request: dict[str, str], tokens: dict[str, Any], *, refreshed: bool = False) -> dict[str, Any]:
        """ValidateIdToken, -Nonce, -Signature, -SignatureUsingKid, CheckForSubjectInIdToken, at_hash.

        A refreshed one needs no nonce, and if it has one it is the same (Core 12.2).
        """
        header = jwt.get_unverified_header(tokens["id_token"])
        keys = {key["kid"]: key for key in json_of(self.fetch(endpoints.JWKS))["keys"]}
        key = keys[header["kid"]]
        assert header["alg"] in self.metadata["id_token_signing_alg_values_supported"]
        now = self.clock.now().timestamp()
        claims: dict[str, Any] = jwt.decode(
            tokens["id_token"],
            key,
            algorithms=[header["alg"]],
            audience=request["client_id"],
            issuer=self.provider.deps.issuer,
            access_token=tokens["access_token"],
            options={"require_at_hash": True, "leeway": int(abs(now - time.time())) + 60},
        )
        assert now - 60 <= claims["iat"] <= now + 60
        assert now < claims["exp"] <= now + 3600
        assert 0 < len(claims["sub"]) <= 255
        assert claims["sub"].isascii()
        assert claims.get("nonce", request.get("nonce") if refreshed else None) == request.get("nonce")
        return claims

    def userinfo(self, access_token: str, *, how: str = "get") -> dict[str, Any]:
        """CallUserInfoEndpoint by GET, by POST with the token in the header, or in the body; ValidateUserInfoStandardClaims."""
        header = f"Bearer {access_token}"
        request = {
            "get": OAuthRequest("GET", authorization=header),
            "post_header": OAuthRequest("POST", authorization=header),
            "post_body": OAuthRequest("POST", NOTHING, Parameters({"access_token": access_token})),
        }[how]
        answer = ENDPOINTS[endpoints.USERINFO](self.provider.deps, request)
        assert answer.status == 200, answer.body
        assert dict(answer.headers)["Content-Type"].startswith("application/json")
        claims: dict[str, Any] = json.loads(answer.body)
        for name, kind in _STANDARD_CLAIMS.items():
            if name in claims:
                assert isinstance(claims[name], kind), name
                assert claims[name] != "", name
        return claims


_STANDARD_CLAIMS: dict[str, type] = {
    "sub": str,
    "name": str,
    "preferred_username": str,
    "email": str,
    "email_verified": bool,
    "zoneinfo": str,
    "locale": str,
    "phone_number": str,
    "phone_number_verified": bool,
    "address": dict,
    "updated_at": int,
}
