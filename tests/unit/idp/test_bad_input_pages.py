"""Each parameter of each page and form: missing, doubled, too long, in the wrong place, of the wrong kind.

Whatever is sent: a page of ours, never a redirect to an address that is not established, never a session without its proof, never a 500.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import pyotp
import pytest
from werkzeug.test import TestResponse

from idp import dispatch, endpoints
from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.enterprises.documents import ADDRESS
from idp.people import accounts
from kernel.clock import FixedClock
from pki.keyfiles import FileKeyStore
from service.csrf import FIELD
from tests.support import kiosk
from tests.support.citizens import PAGES as CITIZENS
from tests.support.good_requests import register
from tests.support.idp import CALLBACK, PASSWORD, TOTP_SECRET, provider_in
from tests.support.mandates import ORGANIZATION_FORMS, ORGANIZATION_PAGES
from tests.support.passkeys import AUTHENTICATOR_FORMS
from tests.support.recovering import OTHER_FORMS, RECOVERY_FORMS
from tests.support.relying_party import forms
from tests.support.request_rows import World

SESSION = "chaoxin_445100_session"
WRONG = ("[]", "-1", "潮\U0001f600", "' OR 1=1 --", "<script>alert(1)</script>", "https://evil.example/", "//evil.example")
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
EACH = pytest.mark.parametrize("page", PAGES, ids=" ".join)
_ONE, _CONTACT = "/account/authenticators/<authenticator_id>/name", "/account/contacts/<any(email, phone):channel>"
TRIED_BESIDE = {
    ("GET", "/login/identity"),
    ("POST", "/login/identity"),
    ("GET", f"{ADDRESS}<mandate_id>"),
    *(("GET", path) for path in ORGANIZATION_PAGES),
    *(("POST", path) for path in ORGANIZATION_FORMS),
    *CITIZENS,
    *(("GET", path) for path in (_ONE, _CONTACT)),
    *(("POST", path) for path in (_ONE, _CONTACT, _CONTACT + "/code", *AUTHENTICATOR_FORMS)),
    *(("POST", path) for path in (*RECOVERY_FORMS, *OTHER_FORMS)),
}
"""What needs more than a session to be answered in good faith: tried in ``authenticators``, ``citizens`` and ``recovery``, ``test_bad_forms.py``."""

ELSEWHERE = (
    "/account/mandates",
    "/account/organizations",
    "/account/recovery",
    "/account/history",
    "/account/messages",
    "/account/export",
    "/account/close",
    "/login/identity",
    "/login/second-factor/send",
    "/recovery",
    "/report",
    "/api/",
)
"""What begins like this is tried with all that there is, as everybody, in ``tests/functional/test_every_route.py``."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[World]:
    with provider_in(tmp_path_factory.mktemp("bad-pages"), keys) as provider:
        register(provider)
        provider.add_account("linwenshu", kind="staff", totp_secret=TOTP_SECRET)
        yield World(provider.browser())


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


def tried(visit: Visit, name: str, *values: str, elsewhere: bool = False) -> TestResponse:
    """Send a page's request with one parameter's ``values`` instead of its good one; ``elsewhere``: in the other place."""
    in_query = name in visit.page.query
    query, form = ([pair for pair in visit.pairs(names) if pair[0] != name] for names in (visit.page.query, visit.page.form))
    (query if in_query is not elsewhere else form).extend((name, value) for value in values or (visit.values[name],))
    return visit.send(query, form)


@EACH
def test_in_good_faith_each_is_answered(world: World, page: tuple[str, str]) -> None:
    visit = Visit(world, page)
    assert visit.send(visit.pairs(visit.page.query), visit.pairs(visit.page.form)).status_code in {200, 303}


@EACH
def test_what_is_needed_and_missing_is_refused(world: World, page: tuple[str, str]) -> None:
    takes = PAGES[page]
    for name, parameter in (takes.query | takes.form).items():
        visit = Visit(world, page)
        query, form = ([pair for pair in visit.pairs(names) if pair[0] != name] for names in (takes.query, takes.form))
        refused = visit.send(query, form).status_code >= 400
        assert refused or not parameter.needed, name
        assert tried(Visit(world, page), name, "").status_code >= 400 or not parameter.needed, name


@EACH
def test_what_is_wrong_is_refused(world: World, page: tuple[str, str]) -> None:
    takes = PAGES[page]
    for name, parameter in (takes.query | takes.form).items():
        visit = Visit(world, page)
        for value in (*WRONG, "x" * 5000):
            refused = tried(visit, name, value).status_code >= 400
            assert refused or not parameter.checked, f"{name}={value}"
            visit = visit if refused else Visit(world, page)  # what was refused changed nothing


@EACH
def test_doubled_or_in_the_wrong_place_a_parameter_opens_nothing(world: World, page: tuple[str, str]) -> None:
    takes = PAGES[page]
    for name, parameter in (takes.query | takes.form).items():
        tried(Visit(world, page), name, "one", "two")
        if page[0] == "POST":
            refused = tried(Visit(world, page), name, elsewhere=True).status_code >= 400
            assert refused or not parameter.needed, name


@EACH
def test_a_form_of_another_kind_or_without_end_is_refused(world: World, page: tuple[str, str]) -> None:
    if page[0] == "GET":
        return
    for kind, body in (
        ("application/json", b'{"username":"chenxiaochao"}'),
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"),
        ("text/plain", b"username=chenxiaochao"),
        (FORM, b"a=1&" * 100_000),
        (FORM, b"username=" + b"x" * 1_000_000),
        (FORM, b"%ff=%fe&\x00=\xff"),
    ):
        visit = Visit(world, page)
        answer = visit.browser.client.post(page[1], data=body, content_type=kind)
        assert 400 <= answer.status_code < 500, f"{kind} {body[:20]!r}"


def test_every_route_of_the_room_has_its_row_here_or_among_the_endpoints(world: World) -> None:
    rules = [rule for rule in world.provider.app.url_map.iter_rules() if rule.endpoint.startswith("idp.")]
    routes = {(method, rule.rule) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    elsewhere = {*dispatch.ENDPOINTS, endpoints.AUTHORIZE}
    pages = {(method, path) for method, path in routes if path not in elsewhere and not path.startswith("/static/")}
    left = pages - TRIED_BESIDE - PAGES.keys()
    assert {path for _, path in left if not path.startswith(ELSEWHERE)} == set()
    assert PAGES.keys() <= pages
