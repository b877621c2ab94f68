"""Revocation lists: numbered, complete, archived. The principal CA's lists CA certificates only and says so.

Left to others: deciding to revoke (``authority.revoke``), serving the lists (``views``), lists in parts and of millions of entries:
:func:`build` is the only place that would change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Misuse
from pki import issuance
from pki.certificates import Issuer, authority_key_identifier, hash_for
from pki.errors import AUTHORITY_MISSING
from pki.ports import PkiDeps
from pki.records import CaName, CrlRecord, Reason, Revocation, ca_role
from pki.roles import ca_in, cas_in, issuer_of


def publish(deps: PkiDeps, ca: CaName, *, actor: str = "system") -> CrlRecord:
    """Sign and store the CA's next list, with every revocation that has committed.

    The number is taken and the list stored in one transaction that holds others back, so a higher number never lacks an entry
    of a lower one.
    """
    with deps.work.begin() as work:
        number = work.records.take_crl_number(ca)
        at = deps.clock.now().replace(microsecond=0)
        issuer = issuer_of(ca_in(deps, work.records, ca))
        revocations = work.records.revocations(ca)
        next_update = at + _periods(deps, ca)[1]
        der = build(issuer, number, revocations, at, next_update)
        record = CrlRecord(ca, number, at, next_update, len(revocations), hashlib.sha256(der).hexdigest(), der)
        work.records.add_crl(record)
        details: dict[str, Json] = {"number": number, "entries": record.entries, "sha256": record.sha256}
        work.audit.record(AuditEvent(at, actor, "pki.publish_crl", f"ca:{ca}", details=details))
    return record


def current(deps: PkiDeps, ca: CaName) -> CrlRecord:
    """Return the newest list of the CA; ``Misuse(authority_missing)`` before there is one."""
    with deps.work.read() as work:
        found = work.records.find_crl(ca)
    if found is None:
        raise Misuse(AUTHORITY_MISSING, role=ca)
    return found


def refresh_due(deps: PkiDeps) -> Sequence[CrlRecord]:
    """Publish the lists that are due: by their age, or because a revocation is not on them. Safe to run at any time, twice too."""
    issuance.settle(deps)
    with deps.work.read() as work:
        names = [ca.key_label for ca in cas_in(deps, work.records)]
    return [publish(deps, ca) for ca in names if _is_due(deps, ca)]


def _is_due(deps: PkiDeps, ca: CaName) -> bool:
    with deps.work.read() as work:
        newest = work.records.find_crl(ca)
        wanted = work.records.count_revocations(ca)
    return newest is None or newest.entries != wanted or newest.this_update + _periods(deps, ca)[0] <= deps.clock.now()


def _periods(deps: PkiDeps, ca: CaName) -> tuple[timedelta, timedelta]:
    rules = deps.policies.revocation
    every, valid = (
        (rules.ca_crl_every_seconds, rules.ca_crl_valid_seconds)
        if ca_role(ca) == "principal"
        else (rules.crl_every_seconds, rules.crl_valid_seconds)
    )
    return timedelta(seconds=every), timedelta(seconds=valid)


def build(issuer: Issuer, number: int, revocations: Sequence[Revocation], this_update: datetime, next_update: datetime) -> bytes:
    """Return the list in DER, signed (RFC 5280 5).

    Entries stay for as long as the CA lives, expired certificates' too: a licence is judged years after its seal expired, and
    that the seal's key was compromised must still be seen then.
    """
    if issuer.certificate is None:
        message = "a CA without a certificate has no revocation list"
        raise ValueError(message)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(next_update)
        .add_extension(authority_key_identifier(issuer), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    if ca_role(issuer.ca) == "principal":
        builder = builder.add_extension(_ONLY_CA_CERTIFICATES, critical=True)
    for revocation in revocations:
        builder = builder.add_revoked_certificate(_entry(revocation))
    return builder.sign(issuer.key, hash_for(issuer.key)).public_bytes(Encoding.DER)


_ONLY_CA_CERTIFICATES = x509.IssuingDistributionPoint(
    full_name=None,
    relative_name=None,
    only_contains_user_certs=False,
    only_contains_ca_certs=True,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)
_REASONS = {
    "key_compromise": x509.ReasonFlags.key_compromise,
    "ca_compromise": x509.ReasonFlags.ca_compromise,
    "affiliation_changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation_of_operation": x509.ReasonFlags.cessation_of_operation,
    "privilege_withdrawn": x509.ReasonFlags.privilege_withdrawn,
}


def reason_flag(reason: Reason) -> x509.ReasonFlags | None:
    """Return the CRLReason; None for "unspecified", which is said by saying nothing (RFC 5280 5.3.1)."""
    return _REASONS.get(reason)


def _entry(revocation: Revocation) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(int(revocation.serial, 16))
        .revocation_date(revocation.at.replace(microsecond=0))
    )
    reason = reason_flag(revocation.reason)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    return builder.build()
