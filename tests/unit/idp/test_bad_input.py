"""Each parameter of each endpoint: missing, doubled, too long, in the wrong place, of the wrong kind. One table, walked whole.

Whatever is sent: an OAuth error of the right code or a page, never a redirect to an address that is not established, never a 500.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from idp import dispatch, endpoints
from idp.authorize.established import LONGEST
from idp.clients.registry import AUTHENTICATION_METHODS
from idp.tokens.token import GRANT_TYPES
from pki.keyfiles import FileKeyStore
from tests.support.good_requests import AUTHORIZATION, MACHINE, register
from tests.support.idp import CALLBACK, provider_in, returned
from tests.support.request_rows import REFUSED, Row, World

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
ROWS = (*AUTHORIZATION, *MACHINE)
REPEATABLE = {"resource", "audience"}
"""RFC 8707 2, RFC 8693 2.1."""

WRONG = ("[]", "null", "-1", "1e309", "潮", "\U0001f600", "' OR 1=1 --", "<script>alert(1)</script>", "../../etc/passwd")
WRONG_JSON = ("[[]]", "{}", "-1", "1e308", "true", '{"a":"b"}')
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[World]:
    with provider_in(tmp_path_factory.mktemp("bad-input"), keys) as provider:
        register(provider)
        browser = provider.browser()
        browser.log_in()
        yield World(browser)


def send(world: World, row: Row, pairs: list[tuple[str, str]], *, elsewhere: list[tuple[str, str]] | None = None) -> TestResponse:
    """Send the row's request with ``pairs``, and ``elsewhere`` in the body of a GET or the address of a POST."""
    here, there = row.written(pairs), urlencode(elsewhere or [])
    query, body = (here, there) if row.in_address else (there, here)
    address = f"{row.path}?{query}" if query else row.path
    kind = JSON if row.as_json or row.path == endpoints.REGISTER else FORM
    more: dict[str, Any] = {"data": body, "content_type": kind} if body else {}
    return world.browser.client.open(address, method=row.method, headers=row.headers(world), **more)


def send_raw(world: World, row: Row, text: str) -> TestResponse:
    if row.in_address:
        return world.browser.client.open(f"{row.path}?{text}", method=row.method, headers=row.headers(world))
    return world.browser.client.post(row.path, data=text, content_type=FORM, headers=row.headers(world))


def outcome(row: Row, answer: TestResponse) -> str | None:
    """Return the OAuth error of an answer, ``REFUSED`` for a page, None for a success; check the form of each."""
    assert answer.status_code < 500, answer.text
    location = answer.headers.get("Location")
    if row in AUTHORIZATION:
        if answer.status_code == 400:
            assert location is None
            return REFUSED
        if location is not None and location.startswith("/"):  # our own page asks something first, or sees the browser's cookies
            assert location.startswith("/login?txn=")
            return None
        assert location is not None
        assert location.startswith(f"{CALLBACK}?")
        return returned(answer).get("error")
    assert location is None
    if answer.status_code == row.status:
        return None
    assert answer.status_code in {400, 401, 403, 405}, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.status_code != 401 or "WWW-Authenticate" in answer.headers
    return str(json.loads(answer.data)["error"])


@EACH
def test_each_row_is_a_good_request(world: World, row: Row) -> None:
    assert outcome(row, send(world, row, list(row.good(world).items()))) is None


@EACH
def test_a_missing_parameter_has_its_own_error(world: World, row: Row) -> None:
    for name, parameter in row.parameters.items():
        nothing = {name: "null" if row.as_json else ""}
        for pairs in (row.good(world, without=name), row.good(world, without=name) | nothing):
            assert outcome(row, send(world, row, list(pairs.items()))) == parameter.missing, name


@EACH
def test_a_doubled_parameter_is_refused_even_when_both_say_the_same(world: World, row: Row) -> None:
    for name in row.parameters:
        good = row.good(world)
        to_go_back = row in AUTHORIZATION and name in {"client_id", "redirect_uri", "request_uri"}
        answer = send(world, row, [*good.items(), (name, good[name])])
        error = None if name in REPEATABLE else "invalid_client_metadata" if row.as_json else "invalid_request"
        assert outcome(row, answer) == (REFUSED if to_go_back else error), name


@EACH
def test_a_parameter_that_is_too_long_is_refused(world: World, row: Row) -> None:
    for name, parameter in row.parameters.items():
        value = "x" * (12_000 if row.in_address else 60_000)
        long = {name: json.dumps(value) if row.as_json else value}
        answer = send(world, row, list((row.good(world, without=name) | long).items()))
        assert outcome(row, answer) == (parameter.too_long or parameter.wrong), name


@EACH
def test_a_parameter_of_the_wrong_kind_is_refused_or_means_nothing(world: World, row: Row) -> None:
    for name, parameter in row.parameters.items():
        for value in WRONG_JSON if row.as_json else WRONG:
            answer = send(world, row, list((row.good(world, without=name) | {name: value}).items()))
            assert outcome(row, answer) == parameter.wrong, f"{name}={value}"
            assert "<script>alert" not in answer.text
        rest = urlencode(row.good(world, without=name))
        for octet in ("%00", "%FF", "%1b"):
            answer = send_raw(world, row, f"{rest}&{name}={octet}")
            assert outcome(row, answer) in {"invalid_request", REFUSED}, f"{name}={octet}"  # a form is no JSON either


@EACH
def test_a_parameter_in_the_wrong_place_does_not_count(world: World, row: Row) -> None:
    for name, parameter in row.parameters.items():
        good = row.good(world)
        answer = send(world, row, [pair for pair in good.items() if pair[0] != name], elsewhere=[(name, good[name])])
        expected = {REFUSED} if row in AUTHORIZATION and row.method == "POST" else {"invalid_request", parameter.missing}
        assert outcome(row, answer) in expected, name


@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "POST"], ids=lambda row: row.name)
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", "application/xml", ""])
def test_a_body_of_another_kind_is_refused(world: World, row: Row, kind: str) -> None:
    kind = FORM if row.as_json and kind == JSON else kind
    body = json.dumps(row.good(world)) if kind == JSON else urlencode(row.good(world))
    answer = world.browser.client.post(row.path, data=body, content_type=kind, headers=row.headers(world))
    assert outcome(row, answer) in {"invalid_request", REFUSED}


@EACH
def test_a_parameter_that_means_nothing_here_is_ignored(world: World, row: Row) -> None:
    pairs = [*row.good(world).items(), ("x-unknown", '"<script>"'), ("resource_owner", '"潮"')]
    assert outcome(row, send(world, row, pairs)) is None


@pytest.mark.parametrize("path", dispatch.ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused_with_the_endpoints_own_error(world: World, path: str, method: str) -> None:
    taken = {(row.path, row.method) for row in MACHINE} | {(endpoints.REGISTER, "PUT")}  # which wants both query and body
    if (path, method) in taken:
        return
    answer = dispatch.answer(world.provider.deps, path, {"REQUEST_METHOD": method, "QUERY_STRING": ""})
    assert (answer.status, json.loads(answer.body)["error"]) == (405, "invalid_request")


@EACH
def test_headers_of_a_megabyte_and_of_nonsense_change_nothing(world: World, row: Row) -> None:
    good = list(row.good(world).items())
    for headers in (
        {"X-Long": "x" * 1_000_000},
        {"Cookie": "=;;=" * 1000},
        {"Origin": "x" * 100_000},
        {"Accept-Language": "*" * 9000},
    ):
        more = row.headers(world) | headers
        query = {"query_string": good} if row.method == "GET" else {"data": dict(good)}
        answer = world.browser.provider.app.test_client().open(row.path, method=row.method, headers=more, **query)
        assert answer.status_code < 500


@pytest.mark.parametrize("row", [row for row in MACHINE if row.caller or row.bearer], ids=lambda row: row.name)
@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic",
        "Bearer",
        "Basic !",
        "Basic Og==",
        "Bearer a.b.c",
        "Bearer " + "x" * 1_000_000,
        "Basic " + "QUFB" * 250_000,
        "Digest x",
    ],
    ids=lambda value: value[:12],
)
def test_whoever_does_not_authenticate_gets_nothing(world: World, row: Row, value: str) -> None:
    answer = world.browser.client.open(row.path, method=row.method, data=row.good(world), headers={"Authorization": value})
    assert outcome(row, answer) in {"invalid_client", "invalid_token", "invalid_request"}


def test_the_table_has_every_endpoint_parameter_of_authorization_grant_type_and_method_of_authentication(world: World) -> None:
    assert {row.path for row in MACHINE} == dispatch.ENDPOINTS.keys()
    assert {(row.path, row.method) for row in AUTHORIZATION} == {(endpoints.AUTHORIZE, "GET"), (endpoints.AUTHORIZE, "POST")}
    assert {name for row in AUTHORIZATION for name in row.parameters} == LONGEST.keys() | {"request", "request_uri"}
    token = [row for row in MACHINE if row.path == endpoints.TOKEN]
    assert {row.parameters["grant_type"].value(world) for row in token} == GRANT_TYPES
    used: set[str] = {world.provider.client(row.caller).token_endpoint_auth_method for row in token if row.caller}
    used |= {row.name.removeprefix("token, ") for row in token if row.caller is None}
    assert used | {"none"} == set(AUTHENTICATION_METHODS)
