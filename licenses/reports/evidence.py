"""The evidence of a verdict as a zip that needs nothing of ours: ``openssl`` checks it by the commands that stand in it.

Of every signature that holds and whose signer has a path: its value and time-stamp, the octets that they are over, the paths' certificates from
this node's own root, and the revocation lists and OCSP answers that tell of them. The zip is made while it goes out, and nothing in it is made smaller:
a PDF is that already, and whoever asks for the evidence of a large one keeps no processor and no memory from others.

Left to others: collecting (``collected``, ``proofs``), the commands (``guide``), the signed report that goes with it (``statement``).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert.paths.certificates import ParsedCertificate
from licenses.ports import LicenseDeps
from licenses.reports.collected import Collected
from licenses.reports.guide import Named, guide, name_all
from licenses.reports.proofs import Octets
from licenses.reports.statement import make_statement

_PIECE = 256 * 1024


def make_evidence(deps: LicenseDeps, collected: Collected) -> Iterator[bytes]:
    """Return the zip in pieces. All that can be refused is refused before the first one."""
    named = name_all(collected)
    paths = [path for proof in collected.proofs for path in proof.paths]
    files: dict[str, Octets] = {
        "verdict.json": (json.dumps(collected.verdict.as_json(), ensure_ascii=False, indent=2).encode(),),
        "statement.jws": (make_statement(deps, collected.pdf, collected.verdict, collected.at).encode(),),
        "trust.pem": (_pem(dict.fromkeys(ca for path in paths for ca in path.path[:-1])), _lists_pem(collected.lists)),
        "README.txt": (guide(collected, named).encode(),),
    }
    for one in named:
        files |= one.octets | _certificates(one)
    return _zip(files)


def _certificates(one: Named) -> dict[str, Octets]:
    return {name: (_pem([certificate]),) for name, certificate in one.certificates.items()}


def _pem(certificates: Iterable[ParsedCertificate]) -> bytes:
    return b"".join(each.x509.public_bytes(Encoding.PEM) for each in certificates)


def _lists_pem(lists: Iterable[bytes]) -> bytes:
    return b"".join(x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in lists)


def _zip(files: Mapping[str, Octets]) -> Iterator[bytes]:
    out = _Outgoing()
    # Readers that take a zip as it comes in know where a file ends by deflate's own marks: it is deflate, at the level that leaves all as it is.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as made:
        for name, content in sorted(files.items()):
            with made.open(name, "w") as file:
                for octets in content:
                    for start in range(0, len(octets), _PIECE):
                        file.write(octets[start : start + _PIECE])
                        yield out.take()
    yield out.take()


class _Outgoing(io.RawIOBase):
    """Where a zip is written that goes on at once."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, octets: Any) -> int:
        """Take some in."""
        self._written += octets
        return len(octets)

    def take(self) -> bytes:
        """Return what was written since."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
