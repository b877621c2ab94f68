"""Certificates as a verdict tells of them: whose they are, and the path that proves it. Left to others: judging (``verify``)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kernel.canonical import Json
from kernel.clock import rfc3339
from licenses.evidence import Evidence


@lru_cache(maxsize=512)
def describe_certificate(certificate: x509.Certificate) -> Mapping[str, Json]:
    """Return a certificate as the verdict shows it: names (RFC 4514), serial and SHA-256 in lower-case hexadecimal."""
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:x}",
        "sha256": hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
    }


@lru_cache(maxsize=512)
def short_name(certificate: x509.Certificate) -> str:
    """Return the most telling part of whose certificate it is: CN, else OU, O, L."""
    name = certificate.subject
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME, NameOID.LOCALITY_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            value = attribute.value
            return value if isinstance(value, str) else value.decode("utf-8", "replace")
    return name.rfc4514_string()


def describe_signer(evidence: Evidence) -> Mapping[str, Json]:
    """Return who signed: the certificate, the department, and the node where a path proves one."""
    signer = evidence.signer
    if signer is None:
        return {}
    certificate = signer.certificate
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    node = evidence.signer_node if signer.trusted is not None else None
    return {
        **describe_certificate(certificate),
        "name": short_name(certificate),
        "department": str(units[0].value) if units else None,
        "trusted": signer.trusted is not None,
        "node": None if node is None else {"code": node.code, "name": node.name},
        "not_before": rfc3339(certificate.not_valid_before_utc),
        "not_after": rfc3339(certificate.not_valid_after_utc),
    }


def describe_path(evidence: Evidence) -> Sequence[Mapping[str, Json]]:
    """Return the certificates of the path that is trusted, from the anchor down; none without one."""
    found = evidence.signer.trusted if evidence.signer is not None else None
    return () if found is None else tuple(describe_certificate(certificate) for certificate in found.path)
