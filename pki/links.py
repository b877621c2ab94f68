"""The certificates that link a principal CA's old key and its new one (RFC 4210 4.4): each certifies the other, under one name.

NewWithOld leads whoever trusts the old key to what the new one signs; OldWithNew keeps good, for whoever trusts the new key, what the
old one signed. They carry what a principal CA's certificate carries and no limits: both keys are one CA's.

Left to others: when there is a new key, and whose leave that needs (``rollover``), recording and storing (``issuance``).
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from kernel.nodes import Node
from pki.certificates import (
    BACKDATED,
    Issuer,
    access_to_issuer,
    authority_key_identifier,
    distribution_points,
    repository,
)
from pki.records import PublicKey

PROFILE = "link"

_COPIED = (x509.BasicConstraints, x509.KeyUsage, x509.SubjectKeyIdentifier, x509.CertificatePolicies)


def build(subject: x509.Certificate, issuer: Issuer, serial: int, at: datetime, node: Node) -> x509.CertificateBuilder:
    """Return the certificate by which ``issuer`` certifies the key of ``subject``, its own self-signed one of another time.

    A link to an older key is valid from when that key came to be: what was signed then is judged at that moment.
    """
    if issuer.certificate is None:
        message = "a CA without a certificate links nothing"
        raise ValueError(message)
    public_key: PublicKey = subject.public_key()  # type: ignore[assignment]  # this node made it
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial)
        .subject_name(subject.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(public_key)
        .not_valid_before(min(subject.not_valid_before_utc, at.replace(microsecond=0) - BACKDATED))
        .not_valid_after(min(subject.not_valid_after_utc, issuer.certificate.not_valid_after_utc))
    )
    for kind in _COPIED:
        found = subject.extensions.get_extension_for_class(kind)
        builder = builder.add_extension(found.value, found.critical)
    for extension in (
        authority_key_identifier(issuer),
        access_to_issuer(node, issuer.ca, ocsp=True),
        distribution_points(node, issuer.ca),
        repository(node),
    ):
        builder = builder.add_extension(extension, critical=False)
    return builder
