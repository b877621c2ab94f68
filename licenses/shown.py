"""What a verdict says of a certificate: read from it once, for the same few seals, authorities and CAs come again and again.

Left to others: whether anybody trusts it (``gathering``), what follows from it (``checks``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from kernel.canonical import Json
from kernel.text import normal_form

_TELLING = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME, NameOID.LOCALITY_NAME)
_CODES = (NameOID.ORGANIZATION_IDENTIFIER, NameOID.SERIAL_NUMBER)


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as it is shown.

    ``described`` has names (RFC 4514), serial and SHA-256 in lower-case hexadecimal, ``name`` the most telling part of whose it is: CN,
    else OU, O, L. ``departments`` and ``codes`` are its units and what stands for a unified social credit code, in their normal form.
    """

    described: Mapping[str, Json]
    name: str
    departments: tuple[str, ...]
    codes: tuple[str, ...]
    not_before: datetime
    not_after: datetime


@lru_cache(maxsize=512)
def show(der: bytes) -> Shown:
    """Return what is shown of the certificate ``der``, which can be loaded."""
    certificate = x509.load_der_x509_certificate(der)
    subject = certificate.subject
    subject_text = subject.rfc4514_string()
    return Shown(
        described={
            "subject": subject_text,
            "issuer": certificate.issuer.rfc4514_string(),
            "serial": f"{certificate.serial_number:x}",
            "sha256": hashlib.sha256(der).hexdigest(),
        },
        name=next((text for oid in _TELLING for text in _texts(subject, oid)), subject_text),
        departments=tuple(map(normal_form, _texts(subject, NameOID.ORGANIZATIONAL_UNIT_NAME))),
        codes=tuple(normal_form(text) for oid in _CODES for text in _texts(subject, oid)),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _texts(name: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    values = (attribute.value for attribute in name.get_attributes_for_oid(oid))
    return [value if isinstance(value, str) else value.decode("utf-8", "replace") for value in values]
