"""Whose address a request comes from when a proxy stands in front: the nearest one in X-Forwarded-For that no trusted proxy has.

Only what the configured proxies themselves say is believed; for anybody else the header is nothing but text. Scheme and host are
never taken from headers at all: the node's address is configured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address

_HEADER = "HTTP_X_FORWARDED_FOR"
_CERTIFICATE = "HTTP_CLIENT_CERT"


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the addresses and networks (``10.1.0.0/16``) that ``texts`` write; ``ValueError`` for anything else."""
    return tuple(ip_network(text) for text in texts)


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Return the address of who asked: ``peer``, or going back through ``forwarded`` the first that is no trusted proxy.

    What is no address ends the walk: everything before it was written by somebody who was not checked.
    """
    believed = peer
    for text in (peer, *reversed(forwarded.split(","))):
        address = _address(text)
        if address is None:
            return believed
        believed = str(address)
        if not any(address in network for network in trusted):
            return believed
    return believed


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 peers as ::ffff:192.0.2.1.
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


class TrustedProxies:
    """A WSGI application that tells the one behind it the client's address in ``REMOTE_ADDR``.

    The certificate that a client showed to a trusted proxy (``Client-Cert``, RFC 9440) is handed on with ``client_certificates``; the same
    from anybody else is not, nor what a proxy hands on that knows nothing of that header.
    """

    def __init__(self, application: WSGIApplication, trusted: Sequence[Network], *, client_certificates: bool = False) -> None:
        self._application = application
        self._trusted = trusted
        self._client_certificates = client_certificates

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the request on with the address found; the header itself goes no further."""
        forwarded = environ.pop(_HEADER, "")
        if not self._client_certificates or not self._is_trusted(environ.get("REMOTE_ADDR", "")):
            environ.pop(_CERTIFICATE, None)
        if self._trusted and forwarded:
            environ["REMOTE_ADDR"] = client_address(environ.get("REMOTE_ADDR", ""), forwarded, self._trusted)
        return self._application(environ, start_response)

    def _is_trusted(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self._trusted)
