"""What the node does in a directory: an entry is written, and read back. Every answer is bounded (``channel``).

Left to others: what is published (``publication``), the connection (``channel``), the configuration (``service.config``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crosscert.directory.certificate_pair import parse_pair
from crosscert.directory.channel import NO_SUCH_OBJECT, SUCCESS, Channel, in_name, open_channel
from crosscert.directory.messages import Limits
from crosscert.directory.publication import Entry
from crosscert.errors import DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE
from kernel.errors import Refusal

MAX_ANSWER_BYTES = 8 * 1024 * 1024
_LIMITS = Limits(20.0, MAX_ANSWER_BYTES)
_CLASSES = ("top", "applicationProcess", "pkiCA")
"""RFC 4523 3.2: pkiCA is auxiliary; the structural class beside it has a common name and nothing to do with persons."""
_READ_BACK = ("cACertificate;binary", "crossCertificatePair;binary")
_PAIRS = "crossCertificatePair;binary"


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
        name = f"cn={in_name(entry.common_name)},{self.base_dn}"
        channel = self._open()
        try:
            if channel.bind(self.bind_dn, self.password) != SUCCESS:
                raise Refusal(DIRECTORY_UNREACHABLE, url=self.url, problem="the bind was refused")
            code = channel.replace(name, dict(entry.attributes))
            if code == NO_SUCH_OBJECT:
                values = {kind: list(values) for kind, values in entry.attributes.items() if values}
                code = channel.add(name, _CLASSES, {"cn": entry.common_name, **values})
            if code != SUCCESS:
                raise Refusal(DIRECTORY_ANSWER, problem=f"result {code}")
            _check_kept(entry, _read(channel, name))
        finally:
            channel.close()

    def _open(self) -> Channel:
        return open_channel(self.url, self.ca_file, _LIMITS)


def _read(channel: Channel, name: str) -> Mapping[str, Sequence[bytes]]:
    found = channel.search(name, "(objectClass=*)", _READ_BACK, one=True)
    if found.code != SUCCESS or len(found.entries) != 1:
        raise Refusal(DIRECTORY_ANSWER, problem="the entry cannot be read")
    return found.entries[0][1]


def _check_kept(entry: Entry, found: Mapping[str, Sequence[bytes]]) -> None:
    """Refuse when the directory does not have what was written to it."""
    for value in found.get(_PAIRS.lower(), ()):
        parse_pair(value)
    for kind in _READ_BACK:
        if sorted(found.get(kind.lower(), ())) != sorted(entry.attributes.get(kind, ())):
            raise Refusal(DIRECTORY_ANSWER, problem=f"{kind} is not what was written")
