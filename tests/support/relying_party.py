"""A department's system and its user's browser, as somebody outside would write them: requests, forms found by ``autocomplete``."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from queue import SimpleQueue
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from werkzeug import Request, Response
from werkzeug.serving import make_server

from tests.support.demo import one_time_code


@dataclass
class Form:
    """A form of a page: where it goes, its hidden and visible inputs with their values, and which input asks for what."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            self._open = True
        elif tag == "input" and self._open and given.get("name"):
            self.forms[-1].values[given["name"]] = given.get("value", "")
            if given.get("autocomplete"):
                self.forms[-1].asks[given["autocomplete"].split()[-1]] = given["name"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def forms(page: str) -> list[Form]:
    """Return the forms of ``page``."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms


def find_form(page: str, asks: str) -> Form | None:
    """Return the first form of ``page`` with an input whose autocomplete is ``asks``."""
    return next((form for form in forms(page) if asks in form.asks), None)


def find_consent(page: str) -> Form | None:
    """Return the form by which the person agrees to what ``page`` shows, or None."""
    return next((form for form in forms(page) if form.action.startswith("/login/consent")), None)


def find_identity(page: str) -> Form | None:
    """Return the form on which the person says for whom they come, or None."""
    return next((form for form in forms(page) if form.action.startswith("/login/identity")), None)


def find_return(page: str) -> str | None:
    """Return where the button of an error page takes the person, or None where ``page`` is not one."""
    _, marked, rest = page.partition("<p data-return>")
    return unescape(rest.split('href="')[1].split('"')[0]) if marked else None


def parse_return(location: str) -> dict[str, str]:
    """Return the parameters that a client gets at ``location``."""
    parts = urlsplit(location)
    query = parse_qs(parts.query or parts.fragment, keep_blank_values=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


class Browser:
    """Follows redirects, keeps cookies, fills forms; stops at an address that starts with one of ``leaves_at``."""

    def __init__(self, *leaves_at: str) -> None:
        self.session = requests.Session()
        self.session.headers["Connection"] = "close"  # a kept connection may be closed by the server just as it is used again
        self._leaves_at = leaves_at

    def get(self, url: str, **params: str) -> requests.Response:
        return self._follow(self.session.get(url, params=params or None, allow_redirects=False, timeout=30))

    def submit(self, answer: requests.Response, form: Form, **typed: str) -> requests.Response:
        values = form.values | {form.asks[asked.replace("_", "-")]: value for asked, value in typed.items()}
        target = urljoin(answer.url, form.action)
        return self._follow(self.session.post(target, data=values, allow_redirects=False, timeout=30))

    def log_in(self, answer: requests.Response, account: dict[str, Any]) -> requests.Response:
        """Type the account's password and, where it is asked for, its code; agree to what is asked."""
        form = find_form(answer.text, "current-password")
        assert form is not None, answer.text
        answer = self.submit(answer, form, username=account["username"], current_password=account["password"])
        code = find_form(answer.text, "one-time-code") if answer.status_code < 400 else None
        return self.agree(answer if code is None else self.submit(answer, code, one_time_code=one_time_code(account)))

    def agree(self, answer: requests.Response) -> requests.Response:
        """Agree to everything on a consent page; any other page stays as it is."""
        form = find_consent(answer.text) if answer.status_code == requests.codes.ok else None
        return answer if form is None else self.submit(answer, form)

    def _follow(self, answer: requests.Response) -> requests.Response:
        for _ in range(20):
            target = answer.headers.get("Location")
            if target is None or not answer.is_redirect:
                return answer
            url = urljoin(answer.url, target)
            if url.startswith(self._leaves_at):
                return answer
            answer = self.session.get(url, allow_redirects=False, timeout=30)
        message = "too many redirects"
        raise AssertionError(message)


class RelyingParty:
    """One registered client: makes authorization requests and redeems codes. ``verifier`` is the last request's."""

    def __init__(self, issuer: str, client: dict[str, Any], redirect_uri: str | None = None) -> None:
        self.metadata: dict[str, Any] = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30).json()
        self.client = client
        self.redirect_uri = redirect_uri or client["redirect_uris"][0]
        self.verifier = ""

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a good authorization request, with ``changes`` (None leaves one out)."""
        self.verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        good: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    def authorize(self, browser: Browser, account: dict[str, Any] | None, **changes: str | None) -> dict[str, str]:
        """Send the browser through the login and return what came back to the redirect_uri."""
        answer = browser.get(self.metadata["authorization_endpoint"], **self.request(**changes))
        answer = browser.agree(answer) if account is None else browser.log_in(answer, account)
        held = find_return(answer.text)
        assert held or answer.is_redirect, f"{answer.status_code} {answer.url}\n{answer.text}"
        return parse_return(held or answer.headers["Location"])

    def browser(self) -> Browser:
        """Return a new browser that stops at this client's door."""
        return Browser(self.redirect_uri)

    def redeem(self, code: str, **changes: str | None) -> requests.Response:
        """Ask the token endpoint for what ``code`` is worth."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return self.token(form | changes)

    def token(self, form: dict[str, str | None], *, secret: str | None = None) -> requests.Response:
        """Post ``form`` to the token endpoint with this client's authentication."""
        values = {name: value for name, value in form.items() if value is not None}
        method = self.client["token_endpoint_auth_method"]
        if method == "none":
            return requests.post(
                self.metadata["token_endpoint"], data=values | {"client_id": self.client["client_id"]}, timeout=30
            )
        auth = (self.client["client_id"], secret or self.client["client_secret"])
        return requests.post(self.metadata["token_endpoint"], data=values, auth=auth, timeout=30)


class LogoutListener:
    """A client's back-channel logout address on a loopback port, and its other pages; ``status`` is what logouts are answered with.

    ``hold`` keeps answers back until it is set.
    """

    def __init__(self, port: int = 0) -> None:
        self.status = 200
        self.hold = threading.Event()
        self.hold.set()
        self.tokens: SimpleQueue[str] = SimpleQueue()
        self._server = make_server("127.0.0.1", port, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.port

    @Request.application
    def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            # With an icon of its own: browsers ask for one later, when the listener may be gone already.
            page = '<!doctype html><title>department</title><link rel="icon" href="data:,"><h1>department</h1>'
            return Response(page, mimetype="text/html")
        self.tokens.put(request.form["logout_token"])
        self.hold.wait(30)
        return Response(status=self.status)
