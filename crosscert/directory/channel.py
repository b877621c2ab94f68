"""A connection to a directory: LDAP over TLS, the certificate required and verified, each answer bounded in size and time.

The library's own way of opening verifies less, limits nothing, follows referrals and leaves sockets behind; so it is given a socket that
is open already, and hands over one whole message at a time. Left to others: what is asked and believed (``ldap``, ``idp.directories``).
"""

from __future__ import annotations

import functools
import socket
import ssl
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crosscert.directory.messages import Limits, Messages, find_entry
from crosscert.errors import DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE
from kernel.errors import ChaoxinError, Refusal

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # what the library says of itself when it is loaded
    import ldap3
    from ldap3.core.exceptions import LDAPExceptionError
    from ldap3.strategy.base import RESPONSE_COMPLETE
    from ldap3.utils.asn1 import decode_message_fast
    from ldap3.utils.conv import escape_filter_chars
    from ldap3.utils.dn import escape_rdn

SUCCESS, SIZE_LIMIT_EXCEEDED, NO_SUCH_OBJECT, INVALID_CREDENTIALS = 0, 4, 32, 49
_PORTS = {"ldaps": 636, "ldap": 389}
_PAGED = "1.2.840.113556.1.4.319"
_NOBODY = "-"
_ENTRY = "searchResEntry"
_GOES_ON = {"searchResRef", "intermediateResponse"}
# RFC 4511 4.14.1, message 1: ExtendedRequest 1.3.6.1.4.1.1466.20037. What must come back: message 1, ExtendedResponse, success.
_START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"
_STARTED = b"\x0a\x01\x00"
_TLS_ANSWER, _EXTENDED_RESPONSE = 1000, 0x78


@dataclass(frozen=True, slots=True)
class Page:
    """What a search found: each entry's name and attributes (lower-case, as octets), and the cookie with which to go on."""

    code: int
    entries: Sequence[tuple[str, Mapping[str, Sequence[bytes]]]]
    cookie: bytes


class Channel:
    """One connection. Every method is one operation, and raises ``Refusal`` when the directory does not answer as it should."""

    def __init__(self, url: str, inner: Messages) -> None:
        self.url = url
        self._inner = inner
        server = ldap3.Server(url, get_info=ldap3.NONE)
        strategy = {"client_strategy": ldap3.SYNC, "auto_referrals": False, "auto_range": False, "check_names": False}
        self._connection = ldap3.Connection(
            server, _NOBODY, _NOBODY, authentication=ldap3.SIMPLE, return_empty_attributes=False, **strategy
        )
        self._connection.socket, self._connection.closed, self._connection.listening = inner, False, True
        self._connection.strategy._outstanding = {}  # noqa: SLF001 - the rest of what opening does
        self._connection.strategy._get_response = self._receive  # noqa: SLF001 - which decodes each entry twice, and again as texts

    def bind(self, name: str, password: str) -> int:
        """Return the result code of a simple bind. Without a password it would be nobody's and succeed (RFC 4513 5.1.2): never sent."""
        if not name or not password:
            return INVALID_CREDENTIALS
        self._connection.user, self._connection.password = name, password
        try:
            return self._code(self._connection.bind)
        finally:
            self._connection.user = self._connection.password = _NOBODY

    def search(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        *,
        one: bool = False,
        size: int = 0,
        page: tuple[int, bytes] | None = None,
    ) -> Page:
        """Search the subtree (``one``: the entry alone). ``page``: how many entries at once, and the cookie of the page before."""
        paging = {} if page is None else {"paged_size": page[0], "paged_cookie": page[1] or None, "paged_criticality": True}
        code = self._code(
            self._connection.search,
            base,
            filter_,
            ldap3.BASE if one else ldap3.SUBTREE,
            dereference_aliases=ldap3.DEREF_NEVER,
            attributes=list(attributes),
            size_limit=size,
            **paging,
        )
        with self._understanding():
            found = self._connection.response or ()
            entries = [each["entry"] for each in found if each["type"] == _ENTRY]  # a reference to elsewhere is not followed
            controls = self._connection.result.get("controls") or {}
            return Page(code, entries, controls[_PAGED]["value"]["cookie"] or b"" if _PAGED in controls else b"")

    def replace(self, name: str, attributes: dict[str, Sequence[bytes]]) -> int:
        """Return the result code of giving an entry these values (none: the attribute goes)."""
        changes = {kind: [(ldap3.MODIFY_REPLACE, list(values))] for kind, values in attributes.items()}
        return self._code(self._connection.modify, name, changes)

    def add(self, name: str, classes: Sequence[str], attributes: dict[str, Any]) -> int:
        """Return the result code of adding an entry."""
        return self._code(self._connection.add, name, list(classes), attributes)

    def allow(self, limits: Limits) -> None:
        """Let the operations from now on take this much together."""
        self._inner.allow(limits)

    def close(self) -> None:
        """Close the connection, without a word to the other side."""
        self._inner.close()

    def _code(self, operation: Any, *arguments: Any, **options: Any) -> int:
        with self._understanding():
            operation(*arguments, **options)
            return int(self._connection.result["result"])

    def _receive(self, number: int, _timeout: float) -> list[Any]:
        """Return what answers request ``number``, as the library wants it, but for entries, which are read once and as octets."""
        answers: list[Any] = []
        while True:
            message = self._inner.recv()
            if not message:
                raise ConnectionResetError
            entry = find_entry(message, number)
            if entry is not None:
                answers.append({"type": _ENTRY, "entry": entry})
                continue
            decoded = decode_message_fast(message)
            if decoded["messageID"] != number:  # also a notice of disconnection (RFC 4511 4.4.1)
                raise ConnectionAbortedError
            answers.append(self._connection.strategy.decode_response_fast(decoded))
            if answers[-1]["type"] not in _GOES_ON:
                return [*answers, RESPONSE_COMPLETE]

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """Turn whatever goes wrong into a refusal; the connection is of no use then."""
        try:
            yield
        except ChaoxinError:
            self.close()
            raise
        except (LDAPExceptionError, OSError) as error:
            self.close()
            raise Refusal(DIRECTORY_UNREACHABLE, url=self.url, problem=type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 - the library decodes outsiders' bytes and fails in many ways, all of them the same to us
            self.close()
            raise Refusal(DIRECTORY_ANSWER, problem=f"not well-formed LDAP ({type(error).__name__})") from None


def in_filter(value: str) -> str:
    """Return a value as it stands in a filter (RFC 4515 3): nothing in it is syntax any more."""
    escaped: str = escape_filter_chars(value)
    return escaped


def in_name(value: str) -> str:
    """Return a value as it stands in a distinguished name (RFC 4514 2.4)."""
    escaped: str = escape_rdn(value)
    return escaped


def open_channel(url: str, ca_file: Path, limits: Limits) -> Channel:
    """Connect to an ``ldaps`` address, or an ``ldap`` one with StartTLS; ``Refusal(directory_unreachable)``.

    The certificate must be for this very host, and vouched for by the CA file alone. Nothing is said before that.
    """
    address = urlsplit(url)
    try:
        context = _context(ca_file, ca_file.stat().st_mtime_ns)
        plain = socket.create_connection((address.hostname, address.port or _PORTS[address.scheme]), timeout=limits.seconds)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a bind would wait for the handshake to be acknowledged
            if address.scheme == "ldap":
                _start_tls(url, plain, limits)
            return Channel(url, Messages(context.wrap_socket(plain, server_hostname=address.hostname), limits))
        except BaseException:
            plain.close()
            raise
    except OSError as error:
        raise Refusal(DIRECTORY_UNREACHABLE, url=url, problem=type(error).__name__) from None


@functools.lru_cache(maxsize=32)
def _context(ca_file: Path, _changed: int) -> ssl.SSLContext:
    """Return what verifies certificates by a CA file as it is now."""
    return ssl.create_default_context(cafile=str(ca_file))


def _start_tls(url: str, plain: socket.socket, limits: Limits) -> None:
    """Ask for TLS (RFC 4511 4.14). What else was sent in clear would be taken for the directory's later: it ends the connection."""
    messages = Messages(plain, Limits(limits.seconds, _TLS_ANSWER))
    messages.sendall(_START_TLS)
    answer = messages.recv()
    if messages.has_more or _EXTENDED_RESPONSE not in answer[5:10] or _STARTED not in answer[:20]:
        raise Refusal(DIRECTORY_UNREACHABLE, url=url, problem="StartTLS was refused")
