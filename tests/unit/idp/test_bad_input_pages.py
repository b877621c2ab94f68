"""Each parameter of each page and form: missing, doubled, too long, in the wrong place, of the wrong kind.

Whatever is sent: a page of ours, never a redirect to an address that is not established, never a session without its proof, never a 500.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from idp import dispatch, endpoints
from idp.enterprises.documents import ADDRESS
from pki.keyfiles import FileKeyStore
from tests.support.citizens import PAGES as CITIZENS
from tests.support.good_requests import register
from tests.support.idp import TOTP_SECRET, provider_in
from tests.support.idp_forms import FORM, PAGES, Visit
from tests.support.mandates import ORGANIZATION_FORMS, ORGANIZATION_PAGES
from tests.support.passkeys import AUTHENTICATOR_FORMS
from tests.support.recovering import OTHER_FORMS, RECOVERY_FORMS
from tests.support.request_rows import World

WRONG = ("[]", "-1", "潮\U0001f600", "' OR 1=1 --", "<script>alert(1)</script>", "https://evil.example/", "//evil.example")
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
    *(("POST", path) for path in (_ONE, _CONTACT, _CONTACT + "/code", _CONTACT + "/remove", *AUTHENTICATOR_FORMS)),
    *(("POST", path) for path in (*RECOVERY_FORMS, *OTHER_FORMS)),
}
"""What needs more than a session to be answered in good faith: tried in ``authenticators``, ``citizens`` and ``recovery``, ``test_bad_forms.py``."""

ELSEWHERE = (
    endpoints.EVENT_TRANSMITTER,
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
    "/kiosk/",
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
