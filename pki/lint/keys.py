"""What kind of key a SubjectPublicKeyInfo holds: told before any library is given the bytes, since some keys are costly to look at.

Left to others: which kinds a profile accepts (``certificates``, ``pki.certificates``).
"""

from __future__ import annotations

from pki import der_reader as der
from pki.lint.parts import tag_of
from policies.models import KeyAlgorithm

_EC, _RSA, _ED25519 = tag_of("1.2.840.10045.2.1"), tag_of("1.2.840.113549.1.1.1"), tag_of("1.3.101.112")
_CURVES: dict[bytes, tuple[KeyAlgorithm, int]] = {
    tag_of("1.2.840.10045.3.1.7"): ("P-256", 65),
    tag_of("1.3.132.0.34"): ("P-384", 97),
}
_RSA_BITS = range(3072, 8193)
_ED25519_OCTETS = 32


def key_algorithm(content: bytes) -> KeyAlgorithm | None:
    """Return what kind of key a SubjectPublicKeyInfo holds; None for one that is malformed or of no kind that we know."""
    parts = der.elements(content)
    if [tag for tag, _ in parts] != [der.SEQUENCE, der.BIT_STRING]:
        return None
    (_, kind), *parameters = der.elements(parts[0][1])
    bits = parts[1][1][1:]
    if kind == _EC:
        algorithm, octets = _CURVES.get(parameters[0][1] if parameters else b"", (None, 0))
        return algorithm if len(bits) == octets and bits[0] == 4 else None  # noqa: PLR2004 - RFC 5480 2.2: uncompressed
    if kind == _ED25519:
        return "Ed25519" if len(bits) == _ED25519_OCTETS and not parameters else None
    if kind == _RSA and parameters == [(der.NULL, b"")]:
        modulus, exponent = (int.from_bytes(value, "big") for _, value in der.elements(der.read(bits, der.SEQUENCE)))
        sound = modulus.bit_length() in _RSA_BITS and modulus % 2 == 1 and exponent % 2 == 1 and 1 << 16 < exponent < 1 << 256
        return "RSA-3072" if sound else None
    return None
