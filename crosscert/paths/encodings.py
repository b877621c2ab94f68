"""Certificates and revocation lists out of the encodings they come in: DER, PEM, PKCS#7 (.p7b, .p7c), bounded.

Left to others: opening files (``service.cli.path``), fetching (``crosscert.http``).
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.paths.certificates import MAX_CERTIFICATE_BYTES, ParsedCertificate, parse_certificate
from crosscert.paths.crls import MAX_CRL_BYTES, ParsedCrl, parse_crl
from kernel.errors import Refusal
from pki.der_reader import OID, SEQUENCE, SET, DerError, element, refuse

MAX_OBJECTS = 10_000

_CERTIFICATE = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})
_CRL = frozenset({b"X509 CRL"})
_PKCS7 = frozenset({b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA"})
_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_MAX_LABEL = 64
_MAX_BEFORE = 1024 * 1024
"""How much text for people may stand before the first block."""
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_CERTIFICATES, _CRLS = 0xA0, 0xA1


@dataclass(frozen=True, slots=True)
class Found:
    """What was in a file, in its order."""

    certificates: list[ParsedCertificate] = field(default_factory=list)
    crls: list[ParsedCrl] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.certificates) + len(self.crls)


def read(data: bytes) -> Found:
    """Return every certificate and list in ``data``; ``Refusal`` when there is none, or when one of them is unreadable."""
    if len(data) > MAX_CRL_BYTES:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"{len(data)} > {MAX_CRL_BYTES} bytes")
    found = Found()
    if _is_sequence(data) or data.find(_BEGIN, 0, _MAX_BEFORE) < 0:
        _read_der(data, found)
    else:
        for label, text in _blocks(data):
            _read_block(label, text, found)
    if not found:
        raise Refusal(CERTIFICATE_UNREADABLE, problem="no certificate and no revocation list in it")
    return found


def _is_sequence(data: bytes) -> bool:
    try:
        tag, _, end = element(data, 0, len(data))
    except DerError:
        return False
    return tag == SEQUENCE and end == len(data)


def _blocks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield label and text of each PEM block (RFC 7468); ``Refusal`` when one does not end. What stands between them is for people."""
    place, view = data.find(_BEGIN), memoryview(data)
    while place >= 0:
        begin = data.find(_DASHES, place + len(_BEGIN), place + len(_BEGIN) + _MAX_LABEL)
        label = data[place + len(_BEGIN) : begin]
        end = data.find(_END + label + _DASHES, begin) if begin >= 0 else -1
        if end < 0:
            raise Refusal(CERTIFICATE_UNREADABLE, problem="PEM: a block does not end")
        yield label, view[begin + len(_DASHES) : end]
        place = data.find(_BEGIN, end)


def _read_block(label: bytes, text: memoryview, found: Found) -> None:
    """Read one block; anything else than certificates and lists (a private key) is none of our business."""
    if label in _CERTIFICATE:
        _add_certificate(_decoded(text, MAX_CERTIFICATE_BYTES), found)
    elif label in _CRL:
        _add_crl(_decoded(text, MAX_CRL_BYTES), found)
    elif label in _PKCS7:
        _read_pkcs7(_decoded(text, MAX_CRL_BYTES), found)


def _decoded(text: memoryview, most: int) -> bytes:
    if len(text) > 2 * most:  # a third more by Base64, and generously many line ends
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"PEM: more than {most} bytes")
    try:
        return binascii.a2b_base64(bytes(text).translate(None, b" \t\r\n"), strict_mode=True)
    except ValueError:
        raise Refusal(CERTIFICATE_UNREADABLE, problem="PEM: not Base64") from None


def _read_der(data: bytes, found: Found) -> None:
    begin = element(data, 0, len(data))[1] if _is_sequence(data) else len(data)
    if data[begin : begin + 1] == bytes((OID,)):  # the others begin with a sequence
        _read_pkcs7(data, found)
        return
    try:
        _add_certificate(data, found)
    except Refusal as refusal:
        try:
            _add_crl(data, found)
        except Refusal:
            raise refusal from None


def _read_pkcs7(der: bytes, found: Found) -> None:
    """Read the certificates and lists of a SignedData (RFC 5652 5.1), and nothing else of it: who signed it does not matter."""
    try:
        for tag, begin, end in _parts(der):
            if tag == _CERTIFICATES:
                for kind, place, after in _elements(der, begin, end):
                    if kind == SEQUENCE:  # else an attribute certificate or one of a form of its own
                        _add_certificate(der[place:after], found)
            elif tag == _CRLS:
                for kind, place, after in _elements(der, begin, end):
                    if kind == SEQUENCE:
                        _add_crl(der[place:after], found)
    except DerError as error:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"PKCS#7: {error}") from None


def _parts(der: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield tag, begin and end of the contents of what stands in the SignedData behind version, digestAlgorithms and content."""
    _, begin, end = element(der, 0, len(der))
    tag, place, after = element(der, begin, end)
    if end != len(der) or tag != OID or der[place:after] != _SIGNED_DATA:
        refuse("no signed data")
    _, place, end = element(der, after, end)
    _, place, end = element(der, place, end)
    for _ in range(3):
        _, _, place = element(der, place, end)
    while place < end:
        tag, inside, place = element(der, place, end)
        yield tag, inside, place
        if tag == SET:  # signerInfos, the last
            break


def _elements(der: bytes, place: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield tag, begin and end of each element."""
    while place < end:
        tag, _, after = element(der, place, end)
        yield tag, place, after
        place = after


def _add_certificate(der: bytes, found: Found) -> None:
    _check_number(found)
    found.certificates.append(parse_certificate(der))


def _add_crl(der: bytes, found: Found) -> None:
    _check_number(found)
    found.crls.append(parse_crl(der))


def _check_number(found: Found) -> None:
    if len(found) >= MAX_OBJECTS:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"more than {MAX_OBJECTS} certificates")
