"""A protocol request and its answer without a framework: the same endpoint functions serve Flask and the thin dispatcher.

Left to others: what the parameters mean (one file an endpoint), pages, cookies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from idp.oauth_errors import (
    PARAMETER_DOUBLED,
    PARAMETER_MISSING,
    PARAMETER_WRONG,
    REQUEST_METHOD,
    REQUEST_UNREADABLE,
    oauth_name,
)
from kernel.errors import Refusal, wait_seconds
from pki.client_cert import HEADER, shown_certificate

MAX_QUERY_BYTES = 16 * 1024
MAX_BODY_BYTES = 64 * 1024
_MAX_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_REPEATABLE = frozenset({"resource", "audience"})  # RFC 8707 2, RFC 8693 2.1
_CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))  # RFC 6749 5.1


class Parameters:
    """The parameters of a query or a form. One sent without a value counts as not sent (RFC 6749 3.1).

    ``repeated`` holds all values of those that may appear more than once.
    """

    __slots__ = ("doubled", "repeated", "values")

    def __init__(
        self,
        values: Mapping[str, str],
        doubled: frozenset[str] = frozenset(),
        repeated: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self.values = values
        self.doubled = doubled
        self.repeated = repeated

    def get(self, name: str) -> str | None:
        """Return the value of a parameter or None."""
        return self.values.get(name) or None

    def get_all(self, name: str) -> tuple[str, ...]:
        """Return the different values of a parameter that may appear more than once, in their order."""
        return tuple(dict.fromkeys(value for value in self.repeated.get(name, (self.values.get(name, ""),)) if value))

    def require(self, name: str) -> str:
        """Return the value of a parameter; ``Refusal`` when it is missing."""
        value = self.values.get(name)
        if not value:
            raise Refusal(PARAMETER_MISSING, field=name, parameter=name)
        return value

    def check_none_doubled(self) -> None:
        """Refuse what appears more than once (RFC 6749 3.1, 3.2)."""
        for name in sorted(self.doubled):
            shown = name if name.isidentifier() and name.isascii() else "(unknown)"
            raise Refusal(PARAMETER_DOUBLED, field=shown, parameter=shown)


NOTHING = Parameters({})


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """One request to an endpoint of the protocol: its body as a form, or as it came. ``address`` is the caller's network address.

    ``dpop`` is the header of that name (RFC 9449), ``certificate`` (DER) what the caller showed in TLS to a proxy that is trusted.
    """

    method: str
    query: Parameters = NOTHING
    form: Parameters = NOTHING
    authorization: str | None = field(default=None, repr=False)
    origin: str | None = None
    body: bytes = field(default=b"", repr=False)
    address: str = ""
    dpop: str | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OAuthResponse:
    """The answer to one."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, *headers: tuple[str, str]) -> OAuthResponse:
        """Return the answer with more headers."""
        return OAuthResponse(self.status, self.body, (*self.headers, *headers))


def parse_parameters(data: bytes, *, max_bytes: int) -> Parameters:
    """Return the parameters in ``data`` (form encoding); ``Refusal`` when it is too large, not UTF-8 or holds control characters."""
    if not data:
        return NOTHING
    if len(data) > max_bytes:
        raise _unreadable(zh="太长", en="too long")
    if data.count(b"&") >= _MAX_FIELDS:
        raise _unreadable(zh="参数太多", en="too many parameters")
    try:
        pairs = [_decode(pair) for pair in data.decode("ascii").split("&") if pair]
    except UnicodeDecodeError:
        raise _unreadable(zh="不是 UTF-8", en="not UTF-8") from None
    values: dict[str, str] = {}
    doubled: set[str] = set()
    repeated: dict[str, tuple[str, ...]] = {}
    if holds_control_characters("".join([name + value for name, value in pairs])):
        raise _unreadable(zh="含有控制字符", en="it holds control characters")
    for name, value in pairs:
        if name in _REPEATABLE:
            repeated[name] = (*repeated.get(name, ()), value)
        elif name in values:
            doubled.add(name)
        values[name] = value
    return Parameters(values, frozenset(doubled), repeated)


def _decode(pair: str) -> tuple[str, str]:
    """Return name and value; ``urllib.parse.parse_qsl`` takes ten calls for what mostly is as it stands."""
    name, _, value = pair.replace("+", " ").partition("=")
    if "%" in pair:
        return unquote(name, errors="strict"), unquote(value, errors="strict")
    return name, value


def holds_control_characters(text: str) -> bool:
    """Tell whether ``text`` holds any control character that is no white space: nothing that a protocol sends."""
    return _CONTROL_CHARACTER.search(text) is not None


def read_request(environ: Mapping[str, Any], *, as_json: bool = False) -> OAuthRequest:
    """Return the request that a WSGI environment describes; ``Refusal`` when it cannot be read.

    ``as_json``: the endpoint takes no form but JSON, whose octets are left to it.
    """
    method = str(environ.get("REQUEST_METHOD", "GET"))
    # PEP 3333: environment texts carry octets as latin-1.
    query = parse_parameters(str(environ.get("QUERY_STRING", "")).encode("latin-1"), max_bytes=MAX_QUERY_BYTES)
    return OAuthRequest(
        method=method,
        query=query,
        form=_read_form(environ) if method == "POST" and not as_json else NOTHING,
        authorization=environ.get("HTTP_AUTHORIZATION"),
        origin=environ.get("HTTP_ORIGIN"),
        body=_read_body(environ, _JSON) if as_json else b"",
        address=str(environ.get("REMOTE_ADDR", "")),
        dpop=environ.get("HTTP_DPOP"),
        certificate=_read_certificate(environ.get(HEADER)),
    )


def _read_certificate(header: str | None) -> bytes | None:
    if not header:
        return None
    try:
        return shown_certificate(header)
    except Refusal:
        raise _unreadable(zh="Client-Cert 请求头不可读", en="Client-Cert") from None


def _read_form(environ: Mapping[str, Any]) -> Parameters:
    return parse_parameters(_read_body(environ, _FORM), max_bytes=MAX_BODY_BYTES)


def _read_body(environ: Mapping[str, Any], wanted: str) -> bytes:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdigit()) or len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
        raise _unreadable(zh="正文太长", en="the body is too long")
    if int(length) == 0:
        return b""
    media_type = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    if media_type != wanted:
        raise _unreadable(zh=f"正文必须是 {wanted}", en=f"the body must be {wanted}")
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def encode_json(document: Mapping[str, Any]) -> bytes:
    """Return ``document`` as JSON, as short as it can be."""
    return _ENCODER.encode(document).encode()


def json_response(document: Mapping[str, Any] | bytes, *, status: int = 200, cache: str | None = None) -> OAuthResponse:
    """Return ``document`` as JSON, or the JSON that it is; not to be stored unless ``cache`` says how long."""
    body = document if isinstance(document, bytes) else encode_json(document)
    caching = _NO_STORE if cache is None else (("Cache-Control", cache),)
    return OAuthResponse(status, body, (("Content-Type", "application/json"), *caching))


def token_response(token: str) -> OAuthResponse:
    """Return a signed token as the whole answer (Core 5.3.2)."""
    return OAuthResponse(200, token.encode(), (("Content-Type", "application/jwt"), *_NO_STORE))


def error_response(refusal: Refusal, *, challenge: str | None = None, status: int | None = None) -> OAuthResponse:
    """Return a refusal as RFC 6749 5.2 wants it, with our code and both languages beside the standard members.

    ``status`` is given where it depends on the endpoint.
    """
    document = {
        "error": oauth_name(refusal),
        "error_description": refusal.text.en,
        "code": refusal.code,
        "message": refusal.text.as_json(),
    }
    response = json_response(document, status=status or refusal.error.status)
    if refusal.error is REQUEST_METHOD:  # RFC 9110 15.5.6
        response = response.with_headers(("Allow", refusal.details["allowed"]))
    seconds = wait_seconds(refusal)
    if seconds is not None and response.status == HTTPStatus.TOO_MANY_REQUESTS:
        response = response.with_headers(("Retry-After", str(seconds)))
    return response if challenge is None else response.with_headers(("WWW-Authenticate", challenge))


def check_method(request: OAuthRequest, *methods: str) -> None:
    """Refuse a method that the endpoint does not take."""
    if request.method not in methods:
        shown = request.method if request.method.isascii() and request.method.isalpha() else "(unknown)"
        allowed = ", ".join((*methods, "OPTIONS"))  # which is answered before the endpoint is asked (``cors``)
        raise Refusal(REQUEST_METHOD, method=shown[:20], allowed=allowed)


def wrong(*, parameter: str, zh: str, en: str) -> Refusal:
    """Return the refusal of one parameter."""
    return Refusal(PARAMETER_WRONG, field=parameter, parameter=parameter, problem_zh=zh, problem_en=en)


def _unreadable(*, zh: str, en: str) -> Refusal:
    return Refusal(REQUEST_UNREADABLE, problem_zh=zh, problem_en=en)
