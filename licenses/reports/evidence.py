"""The evidence of a verdict as a zip that needs nothing of ours: ``openssl`` checks it by the commands that stand in it.

Of every signature that holds and whose signer has a path: its value and time-stamp, the octets that they are over, the paths' certificates from
this node's own root, and the revocation lists and OCSP answers that tell of them.

Left to others: collecting (``collected``, ``proofs``), the commands (``guide``), the signed report that goes with it (``statement``).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert.paths.certificates import ParsedCertificate
from licenses.ports import LicenseDeps
from licenses.reports.collected import Collected
from licenses.reports.guide import Named, guide, name_all
from licenses.reports.statement import make_statement

_FIXED = (1980, 1, 1, 0, 0, 0)


def make_evidence(deps: LicenseDeps, collected: Collected) -> bytes:
    """Return the zip."""
    named = name_all(collected)
    paths = [path for proof in collected.proofs for path in proof.paths]
    files = {
        "verdict.json": json.dumps(collected.verdict.as_json(), ensure_ascii=False, indent=2).encode(),
        "statement.jws": make_statement(deps, collected.pdf, collected.verdict, collected.at).encode(),
        "trust.pem": _pem(dict.fromkeys(ca for path in paths for ca in path.path[:-1])) + _lists_pem(collected.lists),
        "README.txt": guide(collected, named).encode(),
    }
    for one in named:
        files |= one.octets | _certificates(one)
    return _zip(files)


def _certificates(one: Named) -> dict[str, bytes]:
    return {name: _pem([certificate]) for name, certificate in one.certificates.items()}


def _pem(certificates: Iterable[ParsedCertificate]) -> bytes:
    return b"".join(each.x509.public_bytes(Encoding.PEM) for each in certificates)


def _lists_pem(lists: Iterable[bytes]) -> bytes:
    return b"".join(x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in lists)


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(name, _FIXED), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
