"""The door to the directory: LDAP over TLS, its certificate required and verified, every answer bounded in size and time.

Left to others: what is published (``publication``), the configuration (``service.config``).
"""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crosscert.directory.certificate_pair import parse_pair
from crosscert.directory.publication import Entry
from crosscert.errors import DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE
from kernel.clock import monotonic
from kernel.errors import ChaoxinError, Refusal

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # what the library says of itself when it is loaded
    import ldap3
    from ldap3.core.exceptions import LDAPExceptionError
    from ldap3.utils.dn import escape_rdn

SECONDS = 20.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024
_CLASSES = ("top", "applicationProcess", "pkiCA")
"""RFC 4523 3.2: pkiCA is auxiliary; the structural class beside it has a common name and nothing to do with persons."""
_READ_BACK = ("cACertificate;binary", "crossCertificatePair;binary")
_PAIRS = "crossCertificatePair;binary"
_SUCCESS, _NO_SUCH_OBJECT = 0, 32
_PORT = 636


@dataclass(frozen=True, slots=True)
class LdapDirectory:
    """A directory at an ``ldaps`` address, bound to as ``bind_dn``; entries stand directly below ``base_dn``."""

    url: str
    base_dn: str
    bind_dn: str
    password: str = field(repr=False)
    ca_file: Path

    def put(self, entry: Entry) -> None:
        """Replace the entry's attributes, or add it; then read back what paths are built of."""
        name = f"cn={escape_rdn(entry.common_name)},{self.base_dn}"
        with self._connected() as connection:
            replaced = {kind: [(ldap3.MODIFY_REPLACE, list(values))] for kind, values in entry.attributes.items()}
            code = self._code(connection.modify(name, replaced))
            if code == _NO_SUCH_OBJECT:
                values = {kind: list(values) for kind, values in entry.attributes.items() if values}
                code = self._code(connection.add(name, list(_CLASSES), {"cn": entry.common_name, **values}))
            if code != _SUCCESS:
                raise Refusal(DIRECTORY_ANSWER, problem=f"result {code}")
            _check_kept(entry, self._read(connection, name))

    def _read(self, connection: Any, name: str) -> dict[str, Sequence[bytes]]:
        found = connection.search(name, "(objectClass=*)", ldap3.BASE, attributes=list(_READ_BACK))
        if self._code(found) != _SUCCESS or len(found[2]) != 1:
            raise Refusal(DIRECTORY_ANSWER, problem="the entry cannot be read")
        return dict(found[2][0]["raw_attributes"])

    def _bind(self, connection: Any) -> None:
        if self._code(connection.bind()) != _SUCCESS:
            raise Refusal(DIRECTORY_UNREACHABLE, url=self.url, problem="the bind was refused")

    def _code(self, answer: Any) -> int:
        return int(answer[1]["result"])

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Open, bind, and turn whatever goes wrong into a refusal."""
        try:
            with self._open() as tls:
                server = ldap3.Server(self.url, get_info=ldap3.NONE)
                strategy = {"client_strategy": ldap3.SAFE_SYNC, "auto_referrals": False, "check_names": False}
                connection = ldap3.Connection(server, self.bind_dn, self.password, **strategy)
                # The library's own way of opening verifies less, limits nothing and leaves sockets behind.
                connection.socket, connection.closed, connection.listening = _Bounded(tls), False, True
                connection.strategy._outstanding = {}  # noqa: SLF001 - the rest of what opening does
                self._bind(connection)
                yield connection
        except ChaoxinError:
            raise
        except (LDAPExceptionError, OSError) as error:
            raise Refusal(DIRECTORY_UNREACHABLE, url=self.url, problem=type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 - the library decodes outsiders' bytes and fails in many ways, all of them the same to us
            raise Refusal(DIRECTORY_ANSWER, problem=f"not well-formed LDAP ({type(error).__name__})") from None

    @contextmanager
    def _open(self) -> Iterator[ssl.SSLSocket]:
        """Connect over TLS: the certificate is required, for this very host, and vouched for by the CA file alone."""
        address = urlsplit(self.url)
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with (
            socket.create_connection((address.hostname, address.port or _PORT), timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=address.hostname) as tls,
        ):
            yield tls


class _Bounded:
    """A socket that reads no more, and no longer, than one publication needs: the library itself has no limit."""

    def __init__(self, inner: ssl.SSLSocket) -> None:
        self._inner = inner
        self._left = MAX_ANSWER_BYTES
        self._end = monotonic() + SECONDS

    def recv(self, size: int) -> bytes:
        """Return what came, if it is not too much and not too late."""
        seconds = self._end - monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._inner.settimeout(seconds)
        data = self._inner.recv(size)
        self._left -= len(data)
        if self._left < 0:
            raise Refusal(DIRECTORY_ANSWER, problem=f"more than {MAX_ANSWER_BYTES} bytes")
        return data

    def sendall(self, data: bytes) -> None:
        """Send."""
        self._inner.settimeout(max(0.1, self._end - monotonic()))
        self._inner.sendall(data)

    def shutdown(self, how: int) -> None:
        """Shut down."""
        self._inner.shutdown(how)

    def close(self) -> None:
        """Close."""
        self._inner.close()


def _check_kept(entry: Entry, found: dict[str, Sequence[bytes]]) -> None:
    """Refuse when the directory does not have what was written to it."""
    for value in found.get(_PAIRS, ()):
        parse_pair(value)
    for kind in _READ_BACK:
        if sorted(found.get(kind, ())) != sorted(entry.attributes.get(kind, ())):
            raise Refusal(DIRECTORY_ANSWER, problem=f"{kind} is not what was written")
