"""X.500 names: one way to write them, so that a name in a certificate and a name in a constraint have the same octets.

Left to others: which names a node may certify (``authority``), which subtree a cross-certificate permits (``crosscert``).
"""

from __future__ import annotations

import re
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from kernel.errors import Refusal
from kernel.text import find_unwanted_character, normal_form
from pki.errors import NAME_UNSUITABLE
from pki.records import Names

_ATTRIBUTES = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
}
NAMES_OF = {oid: short for short, oid in _ATTRIBUTES.items()}
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,./:=?-]+")  # RFC 5280 A.1: serialNumber is written in these
_MAX_LENGTH = 64  # ub-common-name and ub-organization-name, RFC 5280 A.1; the other attributes may be longer, ours need not
MAX_COMMON_NAME_OCTETS = 64
"""RFC 5280 counts characters, widely used software counts octets of UTF-8: 21 Chinese characters are safe everywhere."""


def x509_name(names: Names) -> x509.Name:
    """Return ``names`` as an X.501 name, one attribute an RDN: countryName PrintableString, all others UTF8String.

    ``Refusal(name_unsuitable)`` for an attribute that is unknown, empty, too long, not in normal form or with control characters.
    """
    if not names:
        raise Refusal(NAME_UNSUITABLE, field="subject", problem="empty")
    return x509.Name([_rdn(short, value) for short, value in names])


def check_names(names: Names) -> None:
    """Refuse names that must not stand in a certificate."""
    x509_name(names)


@lru_cache(maxsize=1024)
def _rdn(short: str, value: str) -> x509.RelativeDistinguishedName:
    """Return one attribute; the upper ones of a name are those of many."""
    _check(short, value)
    return x509.RelativeDistinguishedName([x509.NameAttribute(_ATTRIBUTES[short], value)])


def _check(short: str, value: str) -> None:
    """Refuse an attribute that must not stand in a certificate."""
    if short not in _ATTRIBUTES:
        raise Refusal(NAME_UNSUITABLE, field="subject", problem=f"unknown attribute {short}")
    unwanted = find_unwanted_character(value)
    if unwanted is not None:
        raise Refusal(NAME_UNSUITABLE, field="subject", problem=f"{short}: {unwanted}")
    length, most = (len(value.encode()), MAX_COMMON_NAME_OCTETS) if short == "CN" else (len(value), _MAX_LENGTH)
    if not value or value != normal_form(value) or length > most:
        raise Refusal(NAME_UNSUITABLE, field="subject", problem=f"{short}: 1-{most}")
    if short == "serialNumber" and not _PRINTABLE.fullmatch(value):
        raise Refusal(NAME_UNSUITABLE, field="subject", problem="serialNumber: PrintableString")
    if short == "C" and not (len(value) == 2 and value.isascii() and value.isupper()):  # noqa: PLR2004 - ISO 3166
        raise Refusal(NAME_UNSUITABLE, field="subject", problem="C: ISO 3166")


def check_below(names: Names, top: Names) -> None:
    """Refuse names that are not below ``top`` in the tree of names."""
    if len(names) <= len(top) or names[: len(top)] != top:
        raise Refusal(NAME_UNSUITABLE, field="subject", problem=x509_name(top).rfc4514_string())


def is_within(name: x509.Name, subtree: x509.Name) -> bool:
    """Tell whether ``name`` is ``subtree`` or below it, compared by octets (RFC 5280 7.1, the strictest reading)."""
    rdns, top = name.rdns, subtree.rdns
    return len(rdns) >= len(top) and all(
        x509.Name([ours]).public_bytes() == x509.Name([theirs]).public_bytes() for ours, theirs in zip(rdns, top, strict=False)
    )
