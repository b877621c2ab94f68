"""The messages of LDAP as octets: whole ones, one at a time, none too long or too late; and the entries in them, read once.

Left to others: connecting and asking (``channel``).
"""

from __future__ import annotations

import functools
import socket
from contextlib import suppress
from dataclasses import dataclass

from crosscert.errors import DIRECTORY_ANSWER
from kernel.clock import monotonic
from kernel.errors import Refusal

_READ = 65536
_SEARCH_RESULT_ENTRY = 0x64


@dataclass(frozen=True, slots=True)
class Limits:
    """What one operation may take: seconds until its last answer, and octets of all answers together."""

    seconds: float
    max_bytes: int


class Messages:
    """A socket that hands over one whole LDAP message at a time, and none that is too long or too late: the library has no limit."""

    def __init__(self, inner: socket.socket, limits: Limits) -> None:
        self._inner = inner
        self._buffer = bytearray()
        self.allow(limits)

    @property
    def has_more(self) -> bool:
        """Whether more has come than was handed over."""
        return bool(self._buffer)

    def allow(self, limits: Limits) -> None:
        """Start to count anew."""
        self._left, self._end = limits.max_bytes, monotonic() + limits.seconds

    def recv(self, _size: int = 0) -> bytes:
        """Return the next message, whatever size was asked for; nothing when the other side has closed."""
        while (wanted := _length(self._buffer)) is None or wanted > len(self._buffer):
            if wanted is not None and wanted > self._left:
                raise Refusal(DIRECTORY_ANSWER, problem="its answer is too long")
            data = self._receive()
            if not data:
                return b""
            self._buffer += data
        self._left -= wanted
        message = bytes(self._buffer[:wanted])
        del self._buffer[:wanted]
        return message

    def sendall(self, data: bytes) -> None:
        """Send."""
        self._inner.settimeout(max(0.1, self._end - monotonic()))
        self._inner.sendall(data)

    def shutdown(self, how: int) -> None:
        """Shut down."""
        self._inner.shutdown(how)

    def close(self) -> None:
        """Close."""
        with suppress(OSError):
            self._inner.close()

    def _receive(self) -> bytes:
        seconds = self._end - monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._inner.settimeout(seconds)
        return self._inner.recv(_READ)


def _length(start: bytearray) -> int | None:
    """Return how many octets the message has that begins so (X.690 8.1.3); None while too few of them are here to tell."""
    if start and start[0] != 0x30:  # noqa: PLR2004 - SEQUENCE
        raise Refusal(DIRECTORY_ANSWER, problem="not well-formed LDAP")
    if len(start) < 2:  # noqa: PLR2004 - tag and length
        return None
    first = start[1]
    if first < 0x80:  # noqa: PLR2004 - the short form
        return 2 + first
    octets = first & 0x7F
    if not 1 <= octets <= 4:  # noqa: PLR2004 - the indefinite form, or more than anybody needs
        raise Refusal(DIRECTORY_ANSWER, problem="not well-formed LDAP")
    return None if len(start) < 2 + octets else 2 + octets + int.from_bytes(start[2 : 2 + octets], "big")


def find_entry(message: bytes, number: int) -> tuple[str, dict[str, list[bytes]]] | None:
    """Return the name and attributes in a SearchResultEntry (RFC 4511 4.5.2) for request ``number``; None for another message.

    Whatever is not well-formed is a ``ValueError`` or an ``IndexError``.
    """
    _, at, end = _part(message, 0, len(message))
    _, start, at = _part(message, at, end)
    if message[at] != _SEARCH_RESULT_ENTRY or int.from_bytes(message[start:at], "big", signed=True) != number:
        return None
    _, at, end = _part(message, at, end)
    _, start, at = _part(message, at, end)
    name = message[start:at].decode()
    _, at, end = _part(message, at, end)
    attributes = {}
    while at < end:
        _, inner, at = _part(message, at, end)
        _, start, stop = _part(message, inner, at)
        kind, values = _attribute(message[start:stop]), []
        _, inner, stop = _part(message, stop, at)
        while inner < stop:
            _, start, inner = _part(message, inner, stop)
            values.append(message[start:inner])
        attributes[kind] = values
    return name, attributes


def _part(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return an element's tag, where its content begins, and where it ends: before ``end``, or it is a ``ValueError``."""
    length, start = data[at + 1], at + 2
    if length >= 0x80:  # noqa: PLR2004 - the long form; the indefinite one (X.690 8.1.3.6) is not LDAP's
        start += length & 0x7F
        length = int.from_bytes(data[at + 2 : start], "big")
    if start + length > end:
        raise ValueError
    return data[at], start, start + length


@functools.lru_cache(maxsize=1024)
def _attribute(name: bytes) -> str:
    return name.decode().lower()
