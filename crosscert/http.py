"""Fetches over HTTP what peers publish, and posts to them: one deadline for the whole answer, no redirects, no more bytes than asked for.

Everything fetched is signed and verified by the caller, so nothing is believed here because of where it came from.

Left to others: what to fetch and when (``federation.sync``, ``federation.push``, ``federation.probes``).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from threading import Lock, Timer
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography import x509
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from crosscert.errors import PEER_UNREACHABLE
from crosscert.names import look_up
from crosscert.records import Fetched
from kernel.clock import monotonic
from kernel.errors import Refusal

_CHUNK = 64 * 1024
_MAX_ETAG = 200
"""It is kept as it came; a longer one, cut off, asks in vain."""
_OK, _NOT_MODIFIED = 200, 304
_TAKEN = range(200, 300)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class RequestsFetcher:
    """A ``Fetcher``. Proxies and credentials of the environment are not used.

    ``outward``: for addresses that others named. Then nothing is sent to this machine itself or its link, whatever a name resolves to.
    ``bearer``: the secret that is shown to whoever is asked (RFC 6750 2.1); such a fetcher asks one server.
    """

    def __init__(self, *, outward: bool = False, bearer: str | None = None) -> None:
        self._outward = outward
        self._authorization = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}

    def get(self, url: str, *, below: str, max_bytes: int, timeout: float, etag: str | None = None) -> Fetched:
        """Return what ``url`` holds; see :class:`crosscert.ports.Fetcher`."""
        headers = {} if etag is None else {"If-None-Match": etag}
        return self._exchange(_Request("GET", url, headers, None), below, max_bytes, timeout)

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        below: str,
        max_bytes: int,
        timeout: float,
        authorization: str | None = None,
    ) -> Fetched:
        """Send ``body`` to ``url``; see :class:`crosscert.ports.Fetcher`."""
        shown = {} if authorization is None else {"Authorization": authorization}
        return self._exchange(_Request("POST", url, {"Content-Type": content_type, **shown}, body), below, max_bytes, timeout)

    def tls_until(self, url: str, *, timeout: float) -> datetime:
        """Return when the certificate of ``url`` ends; see :class:`crosscert.ports.Fetcher`."""
        parts = urlsplit(url)
        context = ssl.create_default_context()  # to read the authorities takes a while that is none of the peer's
        adapter = _Adapter(timeout, outward=self._outward)
        try:
            with (
                _deadline(adapter, timeout),
                adapter.dial(parts.hostname or "", parts.port or 443) as plain,
            ):
                adapter.watch(plain)
                with context.wrap_socket(plain, server_hostname=parts.hostname) as secure:
                    shown = secure.getpeercert(binary_form=True)
        except (requests.RequestException, OSError, ValueError) as error:
            problem = "too slow" if adapter.expired else str(error)
            raise Refusal(PEER_UNREACHABLE, url=url, problem=problem) from None
        return x509.load_der_x509_certificate(shown or b"").not_valid_after_utc

    def _exchange(self, request: _Request, below: str, max_bytes: int, timeout: float) -> Fetched:
        url = request.url
        if not is_below(url, below):
            raise Refusal(PEER_UNREACHABLE, url=url, problem="outside of the peer's address")
        headers = {"Accept-Encoding": "identity", "User-Agent": "chaoxin", **self._authorization, **request.headers}
        adapter = _Adapter(timeout, outward=self._outward)
        try:
            with _deadline(adapter, timeout), requests.Session() as session:
                session.trust_env = False
                session.mount("http://", adapter)
                session.mount("https://", adapter)
                sent = session.request(
                    request.method, url, data=request.body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
                )
                with sent as response:
                    return _read(response, request.method, max_bytes)
        except (requests.RequestException, HTTPError, OSError) as error:
            slow = adapter.expired or isinstance(error, requests.Timeout)  # both end at the same moment
            problem = "too slow" if slow else type(error).__name__
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


def _read(response: requests.Response, method: str, max_bytes: int) -> Fetched:
    status, etag = response.status_code, response.headers.get("ETag", "")[:_MAX_ETAG] or None
    if method == "GET" and status == _NOT_MODIFIED:
        return Fetched(status, None, etag)
    if status != _OK and not (method == "POST" and status in _TAKEN):
        raise Refusal(PEER_UNREACHABLE, url=response.url, problem=f"HTTP {status}", status=status)
    data = bytearray()
    while chunk := response.raw.read(_CHUNK, decode_content=False):
        data += chunk
        if len(data) > max_bytes:
            raise Refusal(PEER_UNREACHABLE, url=response.url, problem=f"more than {max_bytes} bytes")
    return Fetched(status, bytes(data), etag)


class _Adapter(HTTPAdapter):
    """Connections that are shut down when the time is up, whatever they are waiting for: a server may drip for ever."""

    def __init__(self, seconds: float, *, outward: bool) -> None:
        self._outward = outward
        self._end = monotonic() + seconds
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
                return adapter.dial(self.host, self.port)

            def connect(self) -> None:
                super().connect()
                adapter.watch(self.sock)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return adapter.dial(self.host, self.port)

            def connect(self) -> None:
                super().connect()
                adapter.watch(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def dial(self, host: str, port: int | None) -> socket.socket:
        """Return a connection to the first address of ``host`` that answers, all tries together in time: a name may have hundreds.

        ``outward``: decided by where it really ends, not by what the name resolved to before.
        """
        error: OSError = TimeoutError()
        try:
            found = look_up(host.strip("[]"), port, seconds=self._end - monotonic())
        except TimeoutError:
            self.expire()
            raise
        for address in found:
            left = self._end - monotonic()
            if left <= 0:
                break
            try:
                connected = socket.create_connection((address, port), left)
            except OSError as tried:
                error = tried
                continue
            if self._outward and is_inward(connected.getpeername()[0]):
                connected.close()
                raise ConnectionRefusedError
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connected
        raise error

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
