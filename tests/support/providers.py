"""Two OpenID Providers seen alike: a node, and npm's oidc-provider with the same clients. For asking both the same wrong things."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.clock import SystemClock, timestamp
from kernel.randomness import token
from pki import jose
from tests.support.node import NODE
from tests.support.ports import free_port
from tests.support.relying_party import Browser, RelyingParty, find_return

CALLBACK = "https://department.example.cn/callback"
GOODBYE = "https://department.example.cn/"
SCOPES = ("openid", "profile", "offline_access")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Values = Mapping[str, str | list[str] | None]
Method = Literal["client_secret_basic", "private_key_jwt", "none"]


@dataclass(frozen=True, eq=False)
class Party:
    """A client that both providers know."""

    client_id: str
    method: Method = "client_secret_basic"
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    secret: str = field(default_factory=token)
    pushes: bool = False
    key: jose.JwkKey = field(default_factory=lambda: jose.signing_key(ec.generate_private_key(ec.SECP256R1()), kid="k"))

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        return (CALLBACK,) if "authorization_code" in self.grant_types else ()

    @property
    def post_logout_redirect_uris(self) -> tuple[str, ...]:
        return (GOODBYE,) if self.redirect_uris else ()

    @property
    def jwks(self) -> dict[str, Any] | None:
        return {"keys": [jose.public_jwk(self.key.public, "k", "ES256")]} if self.method == "private_key_jwt" else None

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        given = {name: value for name, value in claims.items() if value is not None}
        return jose.sign(given, self.key, kid=header.get("kid", "k"), alg="ES256", typ=header.get("typ", "JWT"))


BASIC, OTHER = Party("same-basic"), Party("same-other")
KEYED = Party("same-keyed", "private_key_jwt")
PUBLIC = Party("same-public", "none")
PUSHER = Party("same-pusher", pushes=True)
MACHINE = Party("same-machine", grant_types=("client_credentials",))
PARTIES = (BASIC, OTHER, KEYED, PUBLIC, PUSHER, MACHINE)


@dataclass(frozen=True)
class Outcome:
    """What a provider did: ``where`` it said something, the class of the status, the OAuth error."""

    where: str
    status: str = ""
    error: str | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.where, self.status, self.error) if part)


class Side:
    """One provider, with a browser whose user is logged in and one whose user is not."""

    def __init__(self, issuer: str, account: dict[str, Any] | None) -> None:
        self.issuer = issuer
        self.account = account
        self.stranger = Browser(CALLBACK)
        self.known = Browser(CALLBACK)
        self.metadata: dict[str, Any] = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30).json()
        self.http = requests.Session()
        self.http.headers["Connection"] = "close"  # the peer closes a kept one after five seconds, perhaps just then
        self._parties: dict[Party, RelyingParty] = {}

    # What is asked

    def authorize(self, changes: Values, *, party: Party = BASIC, browser: Browser | None = None, post: bool = False) -> Outcome:
        """Send an authorization request that is good but for ``changes``."""
        browser = browser or self.stranger
        endpoint = self.metadata["authorization_endpoint"]
        asked = given(self._request(party) | dict(changes))
        call: dict[str, Any] = {"data": asked} if post else {"params": asked}
        answer = browser._follow(
            browser.session.request("POST" if post else "GET", endpoint, allow_redirects=False, timeout=30, **call)
        )
        held = find_return(answer.text)  # an error that a stranger takes back by a button
        if held is None and not answer.is_redirect:
            return Outcome("asks") if answer.status_code < 400 else Outcome("shown", _class(answer))
        parts = urlsplit(held or answer.headers["Location"])
        back = parse_qs(parts.query or parts.fragment)
        assert back.get("iss") == [self.issuer], back
        return Outcome("returned", error=back["error"][0]) if "error" in back else Outcome("returned", "code")

    def post(self, endpoint: str, form: Values, *, party: Party | None = BASIC, method: str = "POST", **more: Any) -> Outcome:
        """Send ``form`` with the party's authentication to an endpoint that answers in JSON."""
        answer = self.send(endpoint, form, party=party, method=method, **more)
        try:
            error = answer.json().get("error")
        except ValueError:
            error = None
        return Outcome("answered", _class(answer), error)

    def send(
        self, endpoint: str, form: Values, *, party: Party | None = BASIC, method: str = "POST", **more: Any
    ) -> requests.Response:
        values = given(self._proof(party) | dict(form))
        if party is not None and party.method == "client_secret_basic":
            more = {"auth": (party.client_id, party.secret)} | more
        more = {"data": values} | more
        return self.http.request(method, self.metadata[f"{endpoint}_endpoint"], allow_redirects=False, timeout=30, **more)

    def userinfo(self, access_token: str | None, *, method: str = "GET", **more: Any) -> Outcome:
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        answer = self.http.request(method, self.metadata["userinfo_endpoint"], timeout=30, **({"headers": headers} | more))
        challenge = answer.headers.get("WWW-Authenticate", "")
        error = challenge.partition('error="')[2].partition('"')[0] or None
        return Outcome("answered", _class(answer), error)

    def log_out(self, parameters: Values) -> Outcome:
        """Ask, in the stranger's browser, that its user be logged out."""
        answer = self.stranger.session.get(
            self.metadata["end_session_endpoint"], params=given(parameters), allow_redirects=False, timeout=30
        )
        target = answer.headers.get("Location", "")
        if target.startswith(GOODBYE):
            return Outcome("returned")
        return Outcome("shown", _class(answer)) if answer.status_code >= 400 else Outcome("stayed")

    def assertion(self, party: Party = KEYED, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Return an assertion by which a client proves who it is, good but for ``changes``."""
        now = timestamp(SystemClock().now())
        claims = {
            "iss": party.client_id,
            "sub": party.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": token(8),
        }
        return party.sign(claims | changes, **(header or {}))

    # What is needed for it

    def code(self, party: Party = BASIC, **changes: str) -> tuple[str, str]:
        """Return a fresh code and its verifier."""
        relying = self._relying(party)
        request = relying.request(scope=" ".join(SCOPES), **changes)
        answer = self.known.get(self.metadata["authorization_endpoint"], **request)
        answer = self.known.agree(answer)  # somebody who is logged in already
        if not answer.is_redirect:
            answer = self._log_in(answer)
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0], relying.verifier

    def redemption(self, party: Party = BASIC) -> dict[str, str]:
        """Return a good request for tokens."""
        code, verifier = self.code(party)
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}

    def tokens(self, party: Party = BASIC) -> dict[str, str]:
        """Return fresh tokens."""
        answer = self.send("token", self.redemption(party), party=party)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, str] = answer.json()
        return tokens

    def pushed(self, party: Party = BASIC) -> str:
        """Return the reference to a fresh pushed request."""
        answer = self.send("pushed_authorization_request", self._request(party), party=party)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    def _request(self, party: Party) -> dict[str, str | list[str] | None]:
        return {**self._relying(party).request()}

    def _relying(self, party: Party) -> RelyingParty:
        if party not in self._parties:
            self._parties[party] = RelyingParty(self.issuer, {"client_id": party.client_id}, CALLBACK)
        return self._parties[party]

    def _proof(self, party: Party | None) -> dict[str, str | list[str] | None]:
        if party is None or party.method == "client_secret_basic":
            return {}
        if party.method == "none":
            return {"client_id": party.client_id}
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(party)}

    def _log_in(self, answer: requests.Response) -> requests.Response:
        if self.account is None:
            return self.known.get(f"{self.issuer}/interaction/login")
        return self.known.log_in(answer, self.account)


def given(values: Values) -> dict[str, str | list[str]]:
    """Return what is to be sent; None leaves a parameter out."""
    return {name: value for name, value in values.items() if value is not None}


@contextmanager
def running_peer(scripts: Path) -> Iterator[Side]:
    """Run npm's oidc-provider with :data:`PARTIES`."""
    settings = {"port": free_port(), "scopes": SCOPES, "clients": [_as_metadata(party) for party in PARTIES]}
    command = ["setpriv", "--pdeathsig", "KILL", NODE, "provider.mjs"]
    with subprocess.Popen(
        command, cwd=scripts, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps(settings), file=process.stdin, flush=True)
        try:
            yield Side(json.loads(process.stdout.readline())["done"]["issuer"], None)
        finally:
            process.kill()


def _as_metadata(party: Party) -> dict[str, Any]:
    metadata = {
        "client_id": party.client_id,
        "client_secret": party.secret if party.method == "client_secret_basic" else None,
        "token_endpoint_auth_method": party.method,
        "redirect_uris": party.redirect_uris,
        "post_logout_redirect_uris": party.post_logout_redirect_uris,
        "response_types": ["code"] if party.redirect_uris else [],
        "grant_types": party.grant_types,
        "jwks": party.jwks,
        "require_pushed_authorization_requests": party.pushes,
    }
    return {name: value for name, value in metadata.items() if value is not None}


def _class(answer: requests.Response) -> str:
    return f"{answer.status_code // 100}xx"
