"""The pages and forms of the identity room as a table, and a browser that stands before one of them with what it would send in good faith."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import pyotp
from werkzeug.test import TestResponse

from idp import endpoints
from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.people import accounts
from kernel.clock import FixedClock
from service.csrf import FIELD
from tests.support import kiosk
from tests.support.idp import CALLBACK, PASSWORD, TOTP_SECRET
from tests.support.relying_party import forms
from tests.support.request_rows import World

SESSION = "chaoxin_445100_session"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Parameter:
    """``needed``: without it the request is refused. ``checked``: so it is with a wrong value."""

    needed: bool = True
    checked: bool = True


NEEDED, CHECKED, FREE = Parameter(), Parameter(needed=False), Parameter(needed=False, checked=False)


@dataclass(frozen=True)
class Page:
    """What a page takes in its address and in its form. ``inside``: for somebody who is logged in."""

    query: dict[str, Parameter] = field(default_factory=dict)
    form: dict[str, Parameter] = field(default_factory=dict)
    inside: bool = False


_FORM, _TXN = {FIELD: NEEDED}, {"txn": NEEDED}
_LOGOUT = {
    "id_token_hint": CHECKED,
    "client_id": FREE,
    "post_logout_redirect_uri": CHECKED,
    "state": FREE,
    "logout_hint": FREE,
    "ui_locales": FREE,
}
PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/"): Page(inside=True),
    ("GET", "/account"): Page(inside=True),
    ("GET", "/account/authenticators"): Page(inside=True),
    ("GET", "/account/password"): Page(inside=True),
    ("GET", "/account/totp"): Page(inside=True),
    ("GET", "/account/passkeys"): Page(inside=True),
    ("GET", "/account/certificates"): Page(inside=True),
    ("GET", "/not-me"): Page(),
    ("POST", "/account/consents/withdraw"): Page(form=_FORM | {"client": FREE}, inside=True),
    ("POST", "/account/sessions/end"): Page(form=_FORM | {"session": FREE}, inside=True),
    ("POST", "/account/sessions/end-all"): Page(form=_FORM, inside=True),
    ("GET", "/login"): Page({"txn": CHECKED}),
    ("POST", "/login"): Page({"txn": CHECKED}, _FORM | {"username": NEEDED, "password": NEEDED}),
    ("POST", "/login/cancel"): Page(_TXN, _FORM),
    ("GET", "/login/second-factor"): Page(_TXN),
    ("POST", "/login/second-factor"): Page(_TXN, _FORM | {"code": NEEDED}),
    ("GET", "/login/consent"): Page(_TXN, inside=True),
    ("POST", "/login/consent"): Page(_TXN, _FORM, inside=True),
    ("GET", endpoints.DEVICE): Page({"user_code": FREE}),
    ("POST", endpoints.DEVICE): Page(form=_FORM | {"user_code": NEEDED}),
    ("GET", endpoints.DEVICE_CONFIRM): Page(_TXN, inside=True),
    ("POST", endpoints.DEVICE_CONFIRM): Page(_TXN, _FORM, inside=True),
    ("GET", endpoints.DEVICE_DONE): Page({"error": FREE}),
    ("GET", "/recovery"): Page(),
    ("GET", "/recovery/window"): Page(),
    ("GET", "/report"): Page({"code": FREE}),
    ("GET", "/logout"): Page(),
    ("POST", "/logout"): Page(form=_FORM | _LOGOUT),
    ("GET", endpoints.LOGOUT): Page(_LOGOUT),
    ("POST", endpoints.LOGOUT): Page(form=_LOGOUT),
}


class Visit:
    """A browser that stands before a page, and what it would send in good faith."""

    def __init__(self, world: World, page: tuple[str, str]) -> None:
        self.method, self.path = page
        self.page = PAGES[page]
        self.values: dict[str, str] = {"error": ""}
        self.browser = world.provider.browser()
        clock = world.provider.deps.clock
        assert isinstance(clock, FixedClock)
        if self.page.inside:
            self.browser.client.set_cookie(SESSION, session_cookie(world))
        shown = self.browser.get(
            endpoints.AUTHORIZE, world.provider.request(prompt="consent" if "consent" in self.path else "login")
        )
        if self.path.startswith(endpoints.DEVICE):
            user_code = kiosk.ask(world.provider)["user_code"]
            self.values["user_code"] = user_code
            shown = kiosk.type_code(self.browser, user_code) if self.path == endpoints.DEVICE_CONFIRM else shown
        if "second-factor" in self.path:
            clock.advance(timedelta(seconds=30))  # each code once
            shown = self.browser.follow(self.browser.type_password(shown, "linwenshu"))
        self.values |= {"txn": shown.request.args["txn"], "username": "chenxiaochao", "password": PASSWORD}
        self.values |= {FIELD: next(form.values[FIELD] for form in forms(shown.text) if FIELD in form.values)}
        self.values |= dict.fromkeys(_LOGOUT, "") | {
            "session": "none",
            "client": "none",
            "code": pyotp.TOTP(TOTP_SECRET).at(clock.now()),
        }

    def send(self, query: list[tuple[str, str]], form: list[tuple[str, str]]) -> TestResponse:
        address = f"{self.path}?{urlencode(query)}" if query else self.path
        body = {"data": urlencode(form), "content_type": FORM} if self.method == "POST" else {}
        answer = self.browser.client.open(address, method=self.method, **body)  # type: ignore[arg-type]
        assert answer.status_code < 500, answer.text
        assert "<script>alert" not in answer.text
        location = answer.headers.get("Location")
        assert answer.status_code < 400 or f"{SESSION}=" not in str(answer.headers.getlist("Set-Cookie"))
        location = None if location is None else location.removeprefix(self.browser.provider.deps.issuer)
        own = location is None or (location.startswith("/") and not location.startswith("//"))
        assert own or str(location).startswith(f"{CALLBACK}?"), location
        return answer

    def pairs(self, names: dict[str, Parameter], **changes: str) -> list[tuple[str, str]]:
        return list(({name: self.values[name] for name in names if self.values[name]} | changes).items())


def session_cookie(world: World) -> str:
    """Log the citizen in once more, without the work of a password."""
    deps = world.provider.deps
    account = accounts.get_by_username(deps, "chenxiaochao")
    with deps.work.begin() as work:
        return sessions.start(work, deps, account.id, ("pwd",), Device()).cookie
