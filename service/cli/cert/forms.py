"""How certificates and requests are shown, and how names are written at the command line."""

from __future__ import annotations

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.clock import rfc3339
from pki.names import x509_name
from pki.records import CertificateRecord, CertificateRequest, Names

OPERATOR = "operator:cli"


def describe(record: CertificateRecord) -> dict[str, str | None]:
    """Return the JSON form of a certificate's record."""
    return {
        "serial": record.serial,
        "sha256": record.sha256,
        "subject": record.subject,
        "issuer": record.issuer,
        "profile": record.profile,
        "ca": record.ca,
        "not_before": rfc3339(record.not_before),
        "not_after": rfc3339(record.not_after),
        "revoked_at": None if record.revoked_at is None else rfc3339(record.revoked_at),
        "reason": record.reason,
    }


def as_pem(record: CertificateRecord) -> str:
    """Return the certificate in PEM."""
    return x509.load_der_x509_certificate(record.der).public_bytes(Encoding.PEM).decode()


def as_line(record: CertificateRecord) -> str:
    """Return the certificate in one line."""
    ended = "" if record.revoked_at is None else f"  {record.reason} {rfc3339(record.revoked_at)}"
    return f"{record.serial}  {record.profile}  {record.subject}  – {rfc3339(record.not_after)}{ended}"


def describe_request(request: CertificateRequest) -> dict[str, str | list[str]]:
    """Return the JSON form of what would be certified."""
    return {
        "profile": request.profile,
        "subject": x509_name(request.subject).rfc4514_string(),
        "dns_names": list(request.dns_names),
        "emails": list(request.emails),
    }


def as_person(request: CertificateRequest) -> list[str]:
    """Return the person that a request is for, if it is for one."""
    return [dict(request.subject)["CN"]] if request.profile in {"person", "staff"} else []


def parse_names(text: str, top: Names) -> Names:
    """Return the name below the node's own that ``text`` writes from the top (``OU=市场监督管理局,CN=张三``)."""
    parts = [part.partition("=") for part in text.split(",")]
    if not all(short and equals and value for short, equals, value in parts):
        message = "OU=…,CN=…"
        raise click.BadParameter(message, param_hint="--subject")
    return (*top, *((short.strip(), value.strip()) for short, _, value in parts))
