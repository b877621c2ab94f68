"""Fetches over HTTP what peers publish: one deadline for the whole answer, no redirects, no more bytes than asked for.

Everything fetched is signed and verified by the caller, so nothing is believed here because of where it came from.

Left to others: what to fetch and when (``sync``).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from threading import Lock, Timer
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from crosscert.errors import PEER_UNREACHABLE
from crosscert.records import Fetched
from kernel.errors import Refusal

_CHUNK = 64 * 1024
_OK, _NOT_MODIFIED = 200, 304


class RequestsFetcher:
    """A ``Fetcher``. Proxies and credentials of the environment are not used.

    ``outward``: for addresses that others named. Then nothing is sent to this machine itself or its link, whatever a name resolves to.
    """

    def __init__(self, *, outward: bool = False) -> None:
        self._outward = outward

    def get(self, url: str, *, below: str, max_bytes: int, timeout: float, etag: str | None = None) -> Fetched:
        """Return what ``url`` holds; see :class:`crosscert.ports.Fetcher`."""
        if not is_below(url, below):
            raise Refusal(PEER_UNREACHABLE, url=url, problem="outside of the peer's address")
        headers = {"Accept-Encoding": "identity", "User-Agent": "chaoxin"}
        if etag is not None:
            headers["If-None-Match"] = etag
        adapter = _Adapter(outward=self._outward)
        try:
            with _deadline(adapter, timeout), requests.Session() as session:
                session.trust_env = False
                session.mount("http://", adapter)
                session.mount("https://", adapter)
                with session.get(url, headers=headers, timeout=timeout, allow_redirects=False, stream=True) as response:
                    return _read(response, max_bytes, url)
        except (requests.RequestException, HTTPError, OSError) as error:
            problem = "too slow" if adapter.expired else type(error).__name__
            raise Refusal(PEER_UNREACHABLE, url=url, problem=problem) from None


def is_below(url: str, base: str) -> bool:
    """Tell whether ``url`` lies below ``base``: the same address, no detours, nothing that a server reads in its own way."""
    rest = url.removeprefix(base + "/")
    return (
        rest != url
        and url.startswith(("http://", "https://"))
        and url.isascii()
        and url.isprintable()
        and not any(part in {"..", "."} for part in rest.split("?", 1)[0].split("/"))
        and not any(character in rest for character in "@\\#% ")
    )


def is_inward(address: str) -> bool:
    """Tell whether an IP address is this machine or its link, where no stranger's document lies (cloud metadata, local services)."""
    ip = ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    ip = ip if mapped is None else mapped
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast


def _read(response: requests.Response, max_bytes: int, url: str) -> Fetched:
    if response.status_code == _NOT_MODIFIED:
        return Fetched(_NOT_MODIFIED, None, response.headers.get("ETag"))
    if response.status_code != _OK:
        raise Refusal(PEER_UNREACHABLE, url=url, problem=f"HTTP {response.status_code}")
    data = bytearray()
    while chunk := response.raw.read(_CHUNK, decode_content=False):
        data += chunk
        if len(data) > max_bytes:
            raise Refusal(PEER_UNREACHABLE, url=url, problem=f"more than {max_bytes} bytes")
    return Fetched(_OK, bytes(data), response.headers.get("ETag"))


class _Adapter(HTTPAdapter):
    """Connections that are shut down when the time is up, whatever they are waiting for: a server may drip for ever."""

    def __init__(self, *, outward: bool) -> None:
        self._outward = outward
        self._lock = Lock()
        self._sockets: list[socket.socket] = []
        self.expired = False
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use connections that report their sockets."""
        super().init_poolmanager(*args, **kwargs)
        adapter = self

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return adapter.admit(super()._new_conn())

            def connect(self) -> None:
                super().connect()
                adapter.watch(self.sock)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return adapter.admit(super()._new_conn())

            def connect(self) -> None:
                super().connect()
                adapter.watch(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def admit(self, connected: socket.socket) -> socket.socket:
        """Return a socket that may be spoken through: decided by where it really ends, not by what a name resolved to before."""
        if self._outward and is_inward(connected.getpeername()[0]):
            connected.close()
            raise ConnectionRefusedError
        return connected

    def watch(self, connected: Any) -> None:
        """Take a connection's socket in; shut it at once when it came too late."""
        with self._lock:
            self._sockets.append(connected)
            if self.expired:
                _shut(connected)

    def expire(self) -> None:
        """Shut every connection."""
        with self._lock:
            self.expired = True
            for connected in self._sockets:
                _shut(connected)


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed already
        return


@contextmanager
def _deadline(adapter: _Adapter, seconds: float) -> Iterator[None]:
    timer = Timer(seconds, adapter.expire)
    timer.daemon = True
    timer.start()
    try:
        yield
        if adapter.expired:  # what was read until then may be the half of it
            raise requests.Timeout
    finally:
        timer.cancel()
