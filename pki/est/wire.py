"""What EST sends over the wire: PKCS#10 in, PKCS#7 out, in base64 as RFC 8951 clarifies it.

Left to others: what is decided (``pki.enrolment``), HTTP (``views``), TLS (the server, or the proxy in front of it).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from kernel.errors import Refusal
from pki.der import oid, sequence, set_of
from pki.life_errors import REQUEST_MALFORMED
from pki.ports import PkiDeps
from pki.records import CertificateRecord
from pki.requests import MAX_REQUEST_BYTES
from pki.roles import get_credential

MAX_BODY_BYTES = 2 * MAX_REQUEST_BYTES
"""Base64 with line breaks takes less than half as much again."""

ATTRIBUTES = sequence(
    sequence(oid("1.2.840.10045.2.1"), set_of(oid("1.2.840.10045.3.1.7"))),  # a P-256 key
    oid("1.2.840.10045.4.3.2"),  # signed with SHA-256
)
"""What a request should have (CsrAttrs, RFC 7030 4.5.2); what else it may have is a matter of the profile."""

_WHITE = re.compile(rb"\s+")


def ca_certificates(deps: PkiDeps) -> bytes:
    """Return the node's CA certificates as what ``/cacerts`` answers: the root, and the CA that issues."""
    return certificates_only([get_credential(deps, ca).certificate for ca in ("issuing", "principal")])


def issued(record: CertificateRecord) -> bytes:
    """Return a certificate as what an enrolment answers: that certificate alone (RFC 7030 4.2.3)."""
    return certificates_only([x509.load_der_x509_certificate(record.der)])


def certificates_only(certificates: Sequence[x509.Certificate]) -> bytes:
    """Return certificates as PKCS#7 in the base64 that EST carries."""
    return encode(pkcs7.serialize_certificates(list(certificates), Encoding.DER))


def encode(der: bytes) -> bytes:
    """Return the base64 of a body."""
    return base64.encodebytes(der)


def decode_request(body: bytes) -> bytes:
    """Return the PKCS#10 request in a body: base64, with or without line breaks (RFC 8951 3.1)."""
    try:
        return base64.b64decode(_WHITE.sub(b"", body), validate=True)
    except binascii.Error:
        raise Refusal(REQUEST_MALFORMED, problem="base64") from None
