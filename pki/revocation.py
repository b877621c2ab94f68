"""Revoking a certificate for good, suspending it, and releasing it again (RFC 5280 5.3.1: certificateHold).

good → suspended → good, and from either → revoked, which is final. Each step is one conditional statement, recorded with its audit
event in one transaction; then the lists that say so are published. When publishing fails, the status stands, OCSP tells it, and
``crl.refresh_due`` publishes it.

Left to others: who may do this and who is asked first (the callers), the lists (``crl``), answers (``ocsp``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import ErrorCode, Refusal
from kernel.work import Work
from pki import crl
from pki.errors import (
    CERTIFICATE_IN_SERVICE,
    CERTIFICATE_NOT_SUSPENDED,
    CERTIFICATE_REVOKED_ALREADY,
    CERTIFICATE_SUSPENDED_ALREADY,
    REVOCATION_MOMENT,
)
from pki.links import PROFILE as LINK
from pki.ports import PkiDeps, PkiRecords
from pki.records import HOLD, CertificateRecord, Reason
from pki.registry import get_certificate
from pki.roles import CA_ROLES, credential_in, issuers_in


def revoke(deps: PkiDeps, serial: str, reason: Reason, at: datetime, *, actor: str = "system") -> CertificateRecord:
    """Revoke a certificate for good as of ``at`` and publish the lists that say so.

    One that is suspended counts as revoked since its suspension: between the two it was not valid, and now never will be. With an old
    root go the links to its key. ``Refusal`` for a serial that was never issued, one that is revoked already, the CAs in service and
    those above them, and an ``at`` that is to come or before the certificate was made.
    """
    record = get_certificate(deps, serial)
    now = deps.clock.now()
    if not record.not_before <= at <= now:
        raise Refusal(REVOCATION_MOMENT, field="at", at=rfc3339(at))
    with deps.work.begin() as work:
        _check_not_in_service(deps, work, record)
        if not work.records.revoke(record.serial, reason, at):
            raise Refusal(CERTIFICATE_REVOKED_ALREADY, field="serial", serial=record.serial)
        _note(work, record, "pki.revoke", now, actor, reason=reason)
        links = [one for one in _links_to(work.records, record) if work.records.revoke(one.serial, reason, at)]
        for one in links:
            _note(work, one, "pki.revoke", now, actor, reason=reason)
    for one in links:
        _publish(deps, one, actor)
    return _publish(deps, record, actor)


def suspend(deps: PkiDeps, serial: str, *, actor: str = "system") -> CertificateRecord:
    """Suspend a certificate from now on and publish the lists that say so.

    ``Refusal`` for a serial that was never issued, one that is suspended or revoked already, and the CAs in service.
    """
    record = get_certificate(deps, serial)
    now = deps.clock.now()
    with deps.work.begin() as work:
        _check_not_in_service(deps, work, record)
        if not work.records.suspend(record.serial, now):
            raise _state(work, record, CERTIFICATE_SUSPENDED_ALREADY)
        _note(work, record, "pki.suspend", now, actor)
    return _publish(deps, record, actor)


def release(deps: PkiDeps, serial: str, *, actor: str = "system") -> CertificateRecord:
    """End a suspension: the certificate is good again, and leaves the lists. What is archived still tells when it was suspended.

    ``Refusal`` for a serial that was never issued, and one that is not suspended.
    """
    record = get_certificate(deps, serial)
    with deps.work.begin() as work:
        if not work.records.release(record.serial):
            raise _state(work, record, CERTIFICATE_NOT_SUSPENDED)
        _note(work, record, "pki.release", deps.clock.now(), actor)
    return _publish(deps, record, actor)


def check_not_in_service(deps: PkiDeps, record: CertificateRecord) -> None:
    """Refuse what :func:`revoke` and :func:`suspend` would: to be asked before whom it concerns is shown."""
    with deps.work.read() as work:
        _check_not_in_service(deps, work, record)


def _check_not_in_service(deps: PkiDeps, work: Work[PkiRecords], record: CertificateRecord) -> None:
    """Refuse a CA that serves, or that signed one which does: everything below it would be worth nothing."""
    for role in CA_ROLES:
        serving = credential_in(deps, work.records, role).record
        if record.serial in {serving.serial, *(one.serial for one in issuers_in(deps, work.records, serving))}:
            raise Refusal(CERTIFICATE_IN_SERVICE, field="serial", role=role)


def _links_to(records: PkiRecords, root: CertificateRecord) -> Sequence[CertificateRecord]:
    """Return the links that certify the key of an old root: its standing rests on them alone."""
    if root.profile != "principal_ca":
        return ()
    key = x509.load_der_x509_certificate(root.der).public_key()
    return [one for one in records.certificates(profile=LINK) if x509.load_der_x509_certificate(one.der).public_key() == key]


def _state(work: Work[PkiRecords], record: CertificateRecord, otherwise: ErrorCode) -> Refusal:
    """Return the refusal of a step that the certificate's state does not allow."""
    status = work.records.find_status(record.ca, record.serial)
    revoked = status is not None and status.revoked_at is not None and status.reason != HOLD
    return Refusal(CERTIFICATE_REVOKED_ALREADY if revoked else otherwise, field="serial", serial=record.serial)


def _note(work: Work[PkiRecords], record: CertificateRecord, event: str, at: datetime, actor: str, **more: Json) -> None:
    details = {"profile": record.profile, "ca": record.ca, **more}
    work.audit.record(AuditEvent(at, actor, event, f"certificate:{record.serial}", details=details))


def _publish(deps: PkiDeps, record: CertificateRecord, actor: str) -> CertificateRecord:
    crl.publish_change(deps, record.ca, record.partition, actor=actor)
    return get_certificate(deps, record.serial)
