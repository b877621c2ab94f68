"""What no client sends, octet by octet, to the real server: each is answered with a refusal, and the node goes on."""

from __future__ import annotations

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests

from idp import endpoints
from tests.support.bound_client import Holder
from tests.support.idp import basic
from tests.support.lone_node import LoneNode

FORM = "Content-Type: application/x-www-form-urlencoded"
GOOD_FORM = "grant_type=client_credentials"


def spoken(node: LoneNode, octets: bytes, *, hang_up: bool = True) -> bytes:
    """Say ``octets`` and nothing more; return all that the server answers."""
    address = urlsplit(node.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as connection:
        try:
            connection.sendall(octets)
            if hang_up:
                with suppress(OSError):  # the other side may have hung up first
                    connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):  # it had heard enough
            return b""


def status(answer: bytes) -> int | None:
    """Return the status of the first answer; None when the server hung up."""
    return int(answer.split(b" ", 2)[1]) if answer else None


def request(method: str, target: str, *headers: str, body: str = "") -> bytes:
    lines = (f"{method} {target} HTTP/1.1", "Connection: close", *headers, "", body)
    return "\r\n".join(lines).encode("latin-1")


HOST = "Host: localhost"
REFUSED = {
    "a header of a megabyte": request("GET", endpoints.USERINFO, HOST, "Authorization: Bearer " + "x" * 1_000_000),
    "ten thousand headers": request("GET", endpoints.USERINFO, HOST, *(f"X-{n}: y" for n in range(10_000))),
    "a cookie of a megabyte": request("GET", "/account", HOST, "Cookie: chaoxin_445100_session=" + "x" * 1_000_000),
    "an address of a megabyte": request("GET", f"{endpoints.AUTHORIZE}?state=" + "x" * 1_000_000, HOST),
    "an address that is too long": request("GET", f"{endpoints.AUTHORIZE}?state=" + "x" * 30_000, HOST),
    "a body that is too long": request("POST", endpoints.TOKEN, HOST, FORM, "Content-Length: 200000", body="x" * 200_000),
    "a body without end": request("POST", endpoints.TOKEN, HOST, FORM, "Content-Length: 99999999999999", body="x" * 1000),
    "a body of no length": request("POST", endpoints.TOKEN, HOST, FORM, "Content-Length: minus one", body=GOOD_FORM),
    "two lengths": request("POST", endpoints.TOKEN, HOST, FORM, "Content-Length: 3", "Content-Length: 29", body=GOOD_FORM),
    "a body shorter than its length": request("POST", endpoints.TOKEN, HOST, FORM, "Content-Length: 60", body=GOOD_FORM),
    "a body in pieces": request(
        "POST", endpoints.TOKEN, HOST, FORM, "Transfer-Encoding: chunked", body=f"{len(GOOD_FORM):x}\r\n{GOOD_FORM}\r\n0\r\n\r\n"
    ),
    "a body in broken pieces": request("POST", endpoints.TOKEN, HOST, FORM, "Transfer-Encoding: chunked", body="zz\r\nx\r\n"),
    "both length and pieces": request(
        "POST", endpoints.TOKEN, HOST, FORM, "Content-Length: 4", "Transfer-Encoding: chunked", body="0\r\n\r\n"
    ),
    "octets in the credentials": request("POST", endpoints.TOKEN, HOST, "Authorization: Basic \xff\xfe\xe9"),
    "octets in the address": request("GET", f"{endpoints.AUTHORIZE}?client_id=\xe9\xff", HOST),
    "octets in a cookie": request("GET", "/login?txn=x", HOST, "Cookie: chaoxin_445100_browser=\xff\xe9"),
    "a path out of the tree": request("GET", "/static/../../../../etc/passwd", HOST),
    "an encoded path out of the tree": request("GET", "/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd", HOST),
    "a path with a null": request("GET", "/oauth/userinfo%00", HOST),
    "a path twice encoded": request("GET", "/oauth%252Fuserinfo", HOST),
    "a method of its own": request("BREW", endpoints.TOKEN, HOST),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "half a line": b"GET /oauth/jw",
}
"""Requests that are refused, or hung up on."""


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_nothing_breaks(node: LoneNode, name: str) -> None:
    answer = spoken(node, REFUSED[name])
    assert status(answer) is None or 400 <= (status(answer) or 0) < 500, answer[:300]
    assert b"root:" not in answer
    assert b"access_token" not in answer


@pytest.mark.parametrize("target", [endpoints.DISCOVERY, f"http://evil.example{endpoints.DISCOVERY}"])
def test_a_host_of_the_callers_own_changes_nothing(node: LoneNode, target: str) -> None:
    document = requests.get(node.url + endpoints.DISCOVERY, timeout=30).content
    lies = ("Host: evil.example", "X-Forwarded-Host: evil.example", "X-Forwarded-For: 192.0.2.1")
    assert spoken(node, request("GET", target, *lies), hang_up=False).endswith(document)


def test_two_proofs_are_none_and_two_credentials_neither(node: LoneNode) -> None:
    """RFC 9449 4.3, 1; RFC 9110 5.3: a header that comes once only is refused when it comes twice."""
    client = node.add_client("twice", redirect_uris=(), grant_types=("client_credentials",), scope="identity")
    holder, known = Holder(node.services.idp), f"Authorization: {basic('twice', client['client_secret'])}"

    def ask(*headers: str) -> bytes:
        length = f"Content-Length: {len(GOOD_FORM)}"
        return spoken(node, request("POST", endpoints.TOKEN, HOST, FORM, length, *headers, body=GOOD_FORM), hang_up=False)

    assert status(ask(known, f"DPoP: {holder.proof()}")) == 200
    twice = ask(known, f"DPoP: {holder.proof()}", f"DPoP: {holder.proof()}")
    assert (status(twice), b"invalid_dpop_proof" in twice) == (400, True)
    for other in (known, "Authorization: Basic eDp5", "Authorization: Bearer x"):
        for headers in ((known, other), (other, known)):
            assert (status(ask(*headers)) or 400) in {400, 401}, other


def test_connections_that_hang_in_their_headers_keep_nobody_from_being_served(node: LoneNode) -> None:
    address = urlsplit(node.url)
    hanging = [socket.create_connection((address.hostname or "", address.port or 0), timeout=30) for _ in range(40)]
    try:
        for number, connection in enumerate(hanging):
            connection.sendall((b"POST /oauth/tok", b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nX-Y: ")[number % 2])
        for _ in range(8):
            assert requests.get(node.url + endpoints.JWKS, timeout=30).status_code == 200
    finally:
        for connection in hanging:
            connection.close()
