"""The crossCertificatePair of a directory (RFC 4523 2.4, X.509 11.2.3): who certified this CA, and whom it certified, side by side.

``CertificatePair ::= SEQUENCE { forward [0] Certificate OPTIONAL, reverse [1] Certificate OPTIONAL }``, tags explicit, at least one of them.
``forward`` was issued to the CA whose entry it is, ``reverse`` by it; together they are of the same two CAs.

Left to others: which pairs there are (``publication``), the directory (``ldap``).
"""

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto import core, x509

from crosscert.errors import DIRECTORY_ANSWER
from crosscert.paths.certificates import MAX_CERTIFICATE_BYTES, ParsedCertificate, parse_certificate
from kernel.errors import Refusal

MAX_PAIR_BYTES = 2 * MAX_CERTIFICATE_BYTES + 64


class _Pair(core.Sequence):
    _fields = [  # noqa: RUF012 - the library's way to declare
        ("forward", x509.Certificate, {"explicit": 0, "optional": True}),
        ("reverse", x509.Certificate, {"explicit": 1, "optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """A pair; one of the two may be missing."""

    forward: ParsedCertificate | None
    reverse: ParsedCertificate | None

    def encode(self) -> bytes:
        """Return the DER."""
        pair = _Pair()
        for name, certificate in (("forward", self.forward), ("reverse", self.reverse)):
            if certificate is not None:
                pair[name] = x509.Certificate.load(certificate.der)
        return bytes(pair.dump())


def parse_pair(der: bytes) -> CertificatePair:
    """Return the pair in ``der``; ``Refusal(directory_answer)`` when it is none, ``Refusal(certificate_unreadable)`` for what is in it."""
    if len(der) > MAX_PAIR_BYTES:
        raise Refusal(DIRECTORY_ANSWER, problem=f"a pair of {len(der)} bytes")
    try:
        pair = _Pair.load(der, strict=True)
        forward, reverse = (
            None if isinstance(pair[name], core.Void) else pair[name].untag().dump() for name in ("forward", "reverse")
        )
    except Exception as error:  # noqa: BLE001 - the parser meets outsiders' bytes and fails in many ways, all of them the same to us
        raise Refusal(DIRECTORY_ANSWER, problem=f"no pair of certificates ({type(error).__name__})") from None
    found = CertificatePair(*(None if part is None else parse_certificate(part) for part in (forward, reverse)))
    _check(found)
    return found


def _check(pair: CertificatePair) -> None:
    forward, reverse = pair.forward, pair.reverse
    if forward is None and reverse is None:
        raise Refusal(DIRECTORY_ANSWER, problem="a pair of nothing")
    if forward is not None and reverse is not None and (forward.issuer, forward.subject) != (reverse.subject, reverse.issuer):
        raise Refusal(DIRECTORY_ANSWER, problem="a pair of strangers")
