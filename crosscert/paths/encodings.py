"""Certificates and revocation lists out of the encodings they come in: DER, PEM, PKCS#7 (.p7b, .p7c), bounded.

Left to others: opening files (``service.cli.path``), fetching (``crosscert.http``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import asn1crypto.tsp  # noqa: F401 - adds its content types to cms, which notices only until one is first looked up
from asn1crypto import cms, pem

from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import MAX_CRL_BYTES, ParsedCrl, parse_crl
from kernel.errors import Refusal

MAX_OBJECTS = 10_000

_CERTIFICATE = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_CRL = frozenset({"X509 CRL"})
_PKCS7 = frozenset({"PKCS7", "CMS", "PKCS #7 SIGNED DATA"})


@dataclass(frozen=True, slots=True)
class Found:
    """What was in a file, in its order."""

    certificates: list[ParsedCertificate] = field(default_factory=list)
    crls: list[ParsedCrl] = field(default_factory=list)


def read(data: bytes) -> Found:
    """Return every certificate and list in ``data``; ``Refusal`` when there is none, or when one of them is unreadable."""
    if len(data) > MAX_CRL_BYTES:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"{len(data)} > {MAX_CRL_BYTES} bytes")
    found = Found()
    if pem.detect(data):
        for label, der in _armoured(data):
            _read_block(label, der, found)
    else:
        _read_der(data, found)
    if not found.certificates and not found.crls:
        raise Refusal(CERTIFICATE_UNREADABLE, problem="no certificate and no revocation list in it")
    return found


def _armoured(data: bytes) -> list[tuple[str, bytes]]:
    try:
        blocks = list(islice(pem.unarmor(data, multiple=True), MAX_OBJECTS + 1))
    except (ValueError, TypeError) as error:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"PEM: {type(error).__name__}") from None
    if len(blocks) > MAX_OBJECTS:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"more than {MAX_OBJECTS} certificates")
    return [(label, der) for label, _, der in blocks]


def _read_block(label: str, der: bytes, found: Found) -> None:
    if label in _CERTIFICATE:
        found.certificates.append(parse_certificate(der))
    elif label in _CRL:
        found.crls.append(parse_crl(der))
    elif label in _PKCS7:
        _read_pkcs7(der, found)  # anything else in a PEM file (a private key) is none of our business


def _read_der(data: bytes, found: Found) -> None:
    if _contents(data)[:1] == b"\x06":  # PKCS#7 starts with an object identifier, the others with a sequence
        _read_pkcs7(data, found)
        return
    try:
        found.certificates.append(parse_certificate(data))
    except Refusal as refusal:
        try:
            found.crls.append(parse_crl(data))
        except Refusal:
            raise refusal from None


def _contents(data: bytes) -> bytes:
    """Return the contents of the outer SEQUENCE, or nothing when there is none. Only ever looked at, never believed."""
    if data[:1] != b"\x30" or len(data) < 2:  # noqa: PLR2004 - a tag and a length
        return b""
    length = data[1]
    skip = 2 + (length & 0x7F if length & 0x80 else 0)
    return data[skip : skip + 64] if skip < len(data) else b""


def _read_pkcs7(der: bytes, found: Found) -> None:
    try:
        content = cms.ContentInfo.load(der, strict=True)
        signed = content["content"] if content["content_type"].native == "signed_data" else None
        certificates = [] if signed is None else _chosen(signed["certificates"], "certificate")
        crls = [] if signed is None else _chosen(signed["crls"], "crl")
    except Exception as error:  # noqa: BLE001 - the parser meets outsiders' bytes
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"PKCS#7: {type(error).__name__}") from None
    if len(certificates) + len(crls) > MAX_OBJECTS:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"more than {MAX_OBJECTS} certificates")
    found.certificates.extend(parse_certificate(one) for one in certificates)
    found.crls.extend(parse_crl(one) for one in crls)


def _chosen(choices: Iterable[Any], name: str) -> list[bytes]:
    return [choice.chosen.dump() for choice in choices if choice.name == name]
