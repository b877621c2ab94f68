"""A header is believed from configured proxies only, and only back to the first address that is none of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.proxies import TrustedProxies, client_address, parse_networks

TRUSTED = ("127.0.0.1", "10.1.0.0/16", "::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # a stranger's word
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "192.0.2.66, 203.0.113.9", "203.0.113.9"),  # the client wrote the first one itself
        ("127.0.0.1", "192.0.2.66, nonsense, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::1", "2001:db8::5", "2001:db8::5"),
        ("", "203.0.113.9", ""),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_trusted_proxy(peer: str, forwarded: str, client: str) -> None:
    assert client_address(peer, forwarded, parse_networks(TRUSTED)) == client


@given(st.text(max_size=80))
def test_requirement_12_no_header_makes_a_stranger_somebody_else(forwarded: str) -> None:
    assert client_address("198.51.100.7", forwarded, parse_networks(TRUSTED)) == "198.51.100.7"


@pytest.mark.parametrize("text", ["", "localhost", "10.1.0.1/16", "10.0.0.0/33", "*"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's words
        parse_networks([text])


@pytest.mark.parametrize(
    ("trusted", "address"), [((), "127.0.0.1"), (("10.0.0.0/8",), "127.0.0.1"), (("127.0.0.1",), "203.0.113.9")]
)
def test_the_application_behind_sees_the_address_and_never_the_header(trusted: tuple[str, ...], address: str) -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: object) -> list[bytes]:
        seen.update(environ)
        return []

    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
    TrustedProxies(application, parse_networks(trusted))(environ, lambda *_: lambda _data: None)
    assert seen == {"REMOTE_ADDR": address}


@pytest.mark.parametrize(("peer", "kept"), [("127.0.0.1", True), ("10.1.2.3", True), ("198.51.100.7", False), ("", False)])
def test_a_clients_certificate_is_believed_from_trusted_proxies_only(peer: str, kept: bool) -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: object) -> list[bytes]:
        seen.update(environ)
        return []

    environ = {"REMOTE_ADDR": peer, "HTTP_CLIENT_CERT": ":AAAA:"}
    behind = TrustedProxies(application, parse_networks(TRUSTED), client_certificates=True)
    behind(dict(environ), lambda *_: lambda _data: None)
    assert ("HTTP_CLIENT_CERT" in seen) is kept
    seen.clear()
    TrustedProxies(application, parse_networks(TRUSTED))(environ, lambda *_: lambda _data: None)  # a proxy that hands on anything
    assert "HTTP_CLIENT_CERT" not in seen
