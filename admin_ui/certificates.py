"""The node's own certificates as the console shows them: a filtered, paged list, and one certificate with its extensions.

Left to others: issuing and revoking (``pki``), judging trust (``crosscert``), words and looks (``templates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from admin_ui.extensions import Extension, describe_extensions
from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.graph.explanation import Explanation, explain_certificate
from crosscert.paths import encodings
from crosscert.ports import CrosscertDeps
from kernel.errors import Refusal
from pki.errors import CERTIFICATE_UNKNOWN
from pki.ports import PkiDeps
from pki.records import CertificateRecord

State = Literal["valid", "future", "expired", "revoked"]
PAGE = 50
MAX_UPLOAD_BYTES = 256 * 1024
"""Of a file of certificates: enough for any chain."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate on a page: its record, the name that people call it by, and whether it is good at the moment asked for."""

    record: CertificateRecord
    name: str
    state: State


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of certificates; ``next_after`` is the serial that the next page starts beyond, None on the last."""

    rows: Sequence[Certificate]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """A certificate with what stands inside it."""

    certificate: Certificate
    key: str
    signature: str
    extensions: Sequence[Extension]


def list_certificates(deps: PkiDeps, *, ca: str | None, profile: str | None, after: str | None, at: datetime) -> Listing:
    """Return a page of the certificates that this node issued, by serial, narrowed to a CA and a profile where given."""
    with deps.work.read() as work:
        records = work.records.certificates(ca=ca or None, profile=profile or None, after=after or None, limit=PAGE + 1)
    rows = [describe_record(record, at) for record in records[:PAGE]]
    return Listing(rows, records[PAGE - 1].serial if len(records) > PAGE else None)


def get_certificate(deps: PkiDeps, serial: str, at: datetime) -> Detail:
    """Return one certificate; ``Refusal`` when this node issued none with that serial."""
    with deps.work.read() as work:
        record = work.records.find_certificate(serial)
    if record is None:
        raise Refusal(CERTIFICATE_UNKNOWN, serial=serial[:64])
    certificate = x509.load_der_x509_certificate(record.der)
    return Detail(
        certificate=describe_record(record, at),
        key=key_of(certificate),
        signature=certificate.signature_algorithm_oid._name,  # noqa: SLF001 - the library's only name for it
        extensions=describe_extensions(certificate),
    )


def find_serial(deps: PkiDeps, asked: str) -> str | None:
    """Return the serial of the certificate with that serial or SHA-256 (hexadecimal); None when this node issued none."""
    with deps.work.read() as work:
        record = work.records.find_certificate(asked) or work.records.find_by_digest(asked)
    return None if record is None else record.serial


def explain_uploaded(deps: CrosscertDeps, data: bytes, at: datetime) -> Explanation:
    """Return why this node trusts the first certificate in a file or not; the others in it may be issuers of the first."""
    if not 0 < len(data) <= MAX_UPLOAD_BYTES:
        raise Refusal(CERTIFICATE_UNREADABLE, field="certificate", problem=f"1 to {MAX_UPLOAD_BYTES} bytes are wanted")
    found = encodings.read(data).certificates
    if not found:
        raise Refusal(CERTIFICATE_UNREADABLE, field="certificate", problem="there is no certificate in it")
    return explain_certificate(deps, found[0], at, found[1:])


def state_of(record: CertificateRecord, at: datetime) -> State:
    """Return whether ``record`` is good at ``at``; revocation counts first."""
    if record.revoked_at is not None and record.revoked_at <= at:
        return "revoked"
    if at < record.not_before:
        return "future"
    return "expired" if at > record.not_after else "valid"


def common_name(rfc4514: str) -> str:
    """Return the most telling part of a name: its CN, else its last attribute, else all of it."""
    try:
        name = x509.Name.from_rfc4514_string(rfc4514)
    except ValueError:
        return rfc4514
    named = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    attributes = named or list(name)[-1:]
    return str(attributes[-1].value) if attributes else rfc4514


def describe_record(record: CertificateRecord, at: datetime) -> Certificate:
    """Return ``record`` as it is shown at ``at``."""
    return Certificate(record, common_name(record.subject), state_of(record, at))


def key_of(certificate: x509.Certificate) -> str:
    """Return what kind of key a certificate certifies."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return f"RSA {key.key_size}" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__.removesuffix("PublicKey")
