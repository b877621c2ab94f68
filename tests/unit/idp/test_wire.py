"""Requests and answers without a framework: bounded, strict, and only refusals come out."""

from __future__ import annotations

import contextlib
import io
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

import idp.oauth_errors
from idp import dispatch, endpoints
from idp.oauth_errors import OAUTH_NAMES, oauth_name
from idp.wire import MAX_BODY_BYTES, error_response, parse_parameters, read_request
from kernel.errors import CATALOGUE, ErrorCode, Refusal
from tests.support.idp import Provider, json_of

FORM = "application/x-www-form-urlencoded"


def environ(body: bytes = b"", query: str = "", **more: Any) -> dict[str, Any]:
    base = {"REQUEST_METHOD": "POST", "QUERY_STRING": query, "CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(body))}
    return base | {"wsgi.input": io.BytesIO(body)} | more


def test_parameters_are_read_from_query_and_body() -> None:
    request = read_request(environ(b"a=%E6%BD%AE+1&empty=", "q=2", HTTP_ORIGIN="https://a.example", REMOTE_ADDR="192.0.2.1"))
    assert (request.form.get("a"), request.form.get("empty"), request.query.get("q")) == ("潮 1", None, "2")
    assert (request.method, request.origin, request.address) == ("POST", "https://a.example", "192.0.2.1")


def test_a_parameter_without_a_value_counts_as_not_sent() -> None:
    with pytest.raises(Refusal, match="oauth_parameter_missing"):
        parse_parameters(b"code=", max_bytes=100).require("code")


def test_doubled_parameters_are_known_by_name() -> None:
    parameters = parse_parameters(b"a=1&b=2&a=1&%3Cscript%3E=1&%3Cscript%3E=2", max_bytes=100)
    assert parameters.doubled == {"a", "<script>"}
    with pytest.raises(Refusal) as caught:
        parameters.check_none_doubled()
    assert "<" not in caught.value.text.en


@pytest.mark.parametrize(
    "changed",
    [
        environ(b"a=%ff"),
        environ("a=é".encode()),
        environ(b"a=%00"),
        environ(b"a=%1b"),
        environ(b"a=1&" * 200),
        environ(b"{}", CONTENT_TYPE="application/json"),
        environ(b"a=1", CONTENT_TYPE=""),
        environ(b"", CONTENT_LENGTH="-1"),
        environ(b"", CONTENT_LENGTH="abc"),
        environ(b"", CONTENT_LENGTH="²"),
        environ(b"", CONTENT_LENGTH=str(MAX_BODY_BYTES + 1)),
        environ(b"", CONTENT_LENGTH="9" * 5000),
        environ(b"", "a=" + "x" * 20_000),
        environ(b"", "a=é"),
    ],
    ids=range(14),
)
def test_what_cannot_be_read_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="oauth_request_unreadable"):
        read_request(changed)


@given(st.binary(max_size=300), st.text(alphabet=st.characters(max_codepoint=255), max_size=100))
def test_any_octets_are_read_or_refused(body: bytes, query: str) -> None:
    with contextlib.suppress(Refusal):
        assert read_request(environ(body, query)).method == "POST"


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_what_was_written_is_read(values: dict[str, str]) -> None:
    clean = {name: value for name, value in values.items() if not any(c < " " or "\x7f" <= c <= "\x9f" for c in name + value)}
    try:
        encoded = urlencode(clean).encode()
    except UnicodeEncodeError:
        return
    assert parse_parameters(encoded, max_bytes=10_000).values == clean


def oauth_codes() -> list[ErrorCode]:
    return [value for value in vars(idp.oauth_errors).values() if isinstance(value, ErrorCode)]


@pytest.mark.parametrize("code", oauth_codes(), ids=lambda code: code.code)
def test_every_description_keeps_to_the_characters_of_rfc_6749(code: ErrorCode) -> None:
    shown = code.message.en
    assert all(" " <= character <= "~" and character not in '"\\' for character in shown)
    assert OAUTH_NAMES[code.code].replace("_", "").isalpha()
    assert CATALOGUE[code.code] is code


def test_a_refusal_of_another_room_is_an_invalid_request() -> None:
    foreign = CATALOGUE["token_malformed"]
    assert oauth_name(Refusal(foreign, problem="x")) == "invalid_request"


def test_errors_are_json_not_to_be_stored() -> None:
    answer = error_response(Refusal(CATALOGUE["oauth_code_invalid"]))
    assert (answer.status, dict(answer.headers)["Cache-Control"]) == (400, "no-store")
    document = json_of(answer)
    assert (document["error"], document["code"]) == ("invalid_grant", "oauth_code_invalid")
    assert document["message"].keys() == {"zh", "en"}


def test_flask_and_the_dispatcher_give_the_same_answers(provider: Provider) -> None:
    client = provider.app.test_client()
    for path in dispatch.ENDPOINTS.keys() - {endpoints.DISCOVERY}:  # a POST there is stopped as a form without its token
        for method in ("GET", "POST", "OPTIONS"):
            own = dispatch.answer(provider.deps, path, environ(REQUEST_METHOD=method, CONTENT_LENGTH=""))
            flask = client.open(path, method=method)
            assert (flask.status_code, flask.data) == (own.status, own.body)
            assert all(flask.headers[name] == value for name, value in own.headers if name != "Vary")


def test_an_unreadable_request_to_a_machine_endpoint_is_an_oauth_error(provider: Provider) -> None:
    answer = dispatch.answer(provider.deps, endpoints.TOKEN, environ(b"{}", CONTENT_TYPE="application/json"))
    assert (answer.status, json_of(answer)["error"]) == (400, "invalid_request")
