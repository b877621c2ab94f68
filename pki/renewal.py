"""A certificate's successor: the same names by the same profile, for the same key (renewal) or another (re-key).

Left to others: the node's own services, whose certificates renew themselves (``authority``), seals (``seals``), holders who prove
themselves by the certificate (``enrolment``).
"""

from __future__ import annotations

from typing import cast

from cryptography import x509

from kernel.errors import Refusal
from pki import authority
from pki.life_errors import REQUEST_UNSUITABLE, REQUESTER_UNSUITABLE
from pki.names import NAMES_OF
from pki.ports import PkiDeps
from pki.records import CertificateRecord, CertificateRequest, PublicKey
from pki.requests import VerifiedRequest, judge, verify_request


def renew(deps: PkiDeps, serial: str, *, actor: str) -> CertificateRecord:
    """Certify the same key again; ``Refusal`` for a profile that no admin may ask for and for what was revoked."""
    return authority.issue_many(deps, [plan_renewal(deps, serial)], actor=actor)[0]


def rekey(deps: PkiDeps, serial: str, content: bytes, *, actor: str) -> CertificateRecord:
    """Certify another key, whose possession the request proves, under the same names."""
    return authority.issue_many(deps, [plan_rekey(deps, serial, content)], actor=actor)[0]


def plan_renewal(deps: PkiDeps, serial: str) -> CertificateRequest:
    """Return what :func:`renew` would issue."""
    record = authority.get_certificate(deps, serial)
    profile = deps.policies.profiles.get(record.profile)
    if profile is None or "admin" not in profile.requested_by:
        raise Refusal(REQUESTER_UNSUITABLE, field="serial", profile=record.profile, way="admin")
    if record.revoked_at is not None:
        raise Refusal(REQUEST_UNSUITABLE, field="serial", problem="it is revoked: a new certificate needs a new request")
    return same_again(record)


def plan_rekey(deps: PkiDeps, serial: str, content: bytes) -> CertificateRequest:
    """Return what :func:`rekey` would issue."""
    old = same_again(authority.get_certificate(deps, serial))
    request = verify_request(content)
    check_same_names(request, old)
    return judge(deps, request, old.profile, "admin")


def check_same_names(request: VerifiedRequest, old: CertificateRequest) -> None:
    """Refuse a request that asks for other names than the certificate has that it is to replace (RFC 7030 4.2.2)."""
    asked = (request.subject, sorted(request.dns_names), sorted(request.emails))
    if asked != (old.subject, sorted(old.dns_names), sorted(old.emails)):
        raise Refusal(REQUEST_UNSUITABLE, problem="not the names of the certificate that is renewed")


def same_again(record: CertificateRecord) -> CertificateRequest:
    """Return the request that would lead to a certificate with the same names and key."""
    certificate = x509.load_der_x509_certificate(record.der)
    names = tuple((NAMES_OF[attribute.oid], str(attribute.value)) for attribute in certificate.subject)
    key = cast("PublicKey", certificate.public_key())
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return CertificateRequest(record.profile, names, key)
    dns_names, emails = (alternative.get_values_for_type(kind) for kind in (x509.DNSName, x509.RFC822Name))
    return CertificateRequest(record.profile, names, key, tuple(dns_names), tuple(emails))
