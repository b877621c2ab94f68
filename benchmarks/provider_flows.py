"""A citizen's browser and a department's system in one, for flows of several requests; what it costs is not counted."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from kernel.randomness import token
from tests.support.relying_party import find_consent, find_form

CALLBACK = "http://127.0.0.1:9/callback"
SCOPE = "openid profile offline_access"
_FORM = "application/x-www-form-urlencoded"
_TOGETHER = 4


@dataclass(frozen=True)
class Department:
    """A registered client of a provider on this machine: where the provider is, its endpoints, who it is itself."""

    port: int
    endpoints: Mapping[str, str]
    client_id: str
    client_secret: str

    @property
    def basic(self) -> str:
        """Return the value of its Authorization header."""
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


class Browser:
    """One browser on one connection, with its cookies, that logs in at a department."""

    def __init__(self, department: Department, username: str, password: str) -> None:
        self._department = department
        self._account = {"username": username, "current-password": password}
        self._connection = http.client.HTTPConnection("127.0.0.1", department.port, timeout=30)
        self._cookies: dict[str, str] = {}

    def forget(self) -> None:
        """Be a new browser."""
        self._cookies.clear()

    def reconnect(self) -> None:
        """Go on with a new connection: servers give up those that are quiet."""
        self._connection.close()

    def log_in(self) -> dict[str, Any]:
        """Go through the login, as far as anything is asked, and return what the department gets at the token endpoint."""
        verifier = token(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._department.client_id,
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "state": token(16),
            "nonce": token(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        path = f"{self._department.endpoints['authorization_endpoint']}?{urlencode(asked)}"
        method, form = "GET", ""
        while not path.startswith(CALLBACK):
            status, location, body = self._send(method, path, form)
            method, form = "GET", ""
            if location is not None:
                path = location
                continue
            page = find_form(body, "current-password") or find_consent(body)  # to agree to offline_access is asked once
            if page is None:
                message = f"no form to log in or to agree: {status} {body}"
                raise RuntimeError(message)
            method, path = "POST", page.action or path
            form = urlencode(page.values | {page.asks[what]: value for what, value in self._account.items() if what in page.asks})
        code = parse_qs(urlsplit(path).query)["code"][0]
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}
        headers = {"Authorization": self._department.basic}
        _, _, answer = self._send("POST", self._department.endpoints["token_endpoint"], urlencode(grant), headers)
        tokens: dict[str, Any] = json.loads(answer)
        if not {"access_token", "refresh_token", "id_token"} <= tokens.keys():
            raise RuntimeError(answer)
        return tokens

    def _send(self, method: str, path: str, form: str, headers: Mapping[str, str] | None = None) -> tuple[int, str | None, str]:
        sent = {"Content-Type": _FORM} if method == "POST" else {}
        if headers is None:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._connection.request(method, _local(path), form or None, sent | dict(headers or {}))
        answer = self._connection.getresponse()
        body = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.headers["Location"], body


def _local(path: str) -> str:
    parts = urlsplit(path)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Crowd:
    """Several people, each with a browser of their own, who log in at the same time."""

    def __init__(self, department: Department, password: str) -> None:
        self._browsers = [Browser(department, username(number), password) for number in range(_TOGETHER)]

    def log_in(self, times: int, *, anew: bool) -> list[dict[str, Any]]:
        """Let all of them log in ``times`` times, each time as a new browser or within their session; return the tokens."""

        def act(browser: Browser) -> list[dict[str, Any]]:
            browser.reconnect()
            tokens = []
            for _ in range(times):
                if anew:
                    browser.forget()
                tokens.append(browser.log_in())
            return tokens

        with ThreadPoolExecutor(len(self._browsers)) as pool:
            return [tokens for found in pool.map(act, self._browsers) for tokens in found]


def username(number: int) -> str:
    """Return the name of one of the crowd."""
    return f"zhangsan{number}"


PEOPLE = _TOGETHER
"""How many accounts a provider must know."""
