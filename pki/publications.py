"""What the node's CAs publish for everybody: their certificates, their lists, the CA certificates that they issued.

Left to others: HTTP (``views``), the signed description of the node (``crosscert``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from pki import crl, cross_certificates, links
from pki.ports import PkiDeps
from pki.records import CaName, CertificateRecord, CrlRecord
from pki.roles import ca_in, cas_in, parsed

_CERTIFICATE_KEPT = timedelta(hours=1)
_LIST_KEPT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Publication:
    """Octets to serve: their type, a tag that changes with them, how long a cache may keep them, when they were made."""

    content: bytes
    content_type: str
    tag: str
    keep: timedelta
    made_at: datetime


def has_ca(deps: PkiDeps, name: str) -> bool:
    """Tell whether the node has, or had, a CA of this name."""
    with deps.work.read() as work:
        return any(row.key_label == name for row in work.records.authorities())


def certificate(deps: PkiDeps, ca: CaName) -> Publication:
    """Return the certificate of a CA (RFC 2585: one DER certificate), which AIA points to."""
    with deps.work.read() as work:
        record = ca_in(deps, work.records, ca).record
    return Publication(record.der, "application/pkix-cert", record.sha256, _CERTIFICATE_KEPT, record.not_before)


def revocation_list(deps: PkiDeps, ca: CaName) -> Publication:
    """Return the current complete list of a CA. A cache may not keep it beyond its end."""
    return _list(deps, crl.current(deps, ca))


def partition_list(deps: PkiDeps, ca: CaName, partition: int) -> Publication | None:
    """Return the current list of one of a CA's partitions, which CDP points to; None when there is no such partition."""
    found = crl.find_current(deps, ca, partition)
    return None if found is None else _list(deps, found)


def _list(deps: PkiDeps, current: CrlRecord) -> Publication:
    keep = max(timedelta(0), min(_LIST_KEPT, current.next_update - deps.clock.now()))
    return Publication(current.der, "application/pkix-crl", current.sha256, keep, current.this_update)


def bundle(deps: PkiDeps) -> Publication:
    """Return the CA certificates in force that this node issued (PKCS#7, certificates only), which SIA points to."""
    records = ca_certificates(deps)
    content = pkcs7.serialize_certificates([parsed(deps, record) for record in records], Encoding.DER)
    newest = max(records, key=lambda record: record.not_before)
    tag = hashlib.sha256(content).hexdigest()
    return Publication(content, 'application/pkcs7-mime; smime-type="certs-only"', tag, _LIST_KEPT, newest.not_before)


def ca_certificates(deps: PkiDeps) -> Sequence[CertificateRecord]:
    """Return the CAs' certificates, those that link old keys and new, and the cross-certificates; none that is revoked or over."""
    with deps.work.read() as work:
        own = [ca.record for ca in cas_in(deps, work.records)]
        more = [
            record
            for profile in (links.PROFILE, cross_certificates.PROFILE)
            for record in work.records.certificates(profile=profile)
        ]
    now = deps.clock.now()
    return [*own, *(record for record in more if record.revoked_at is None and record.not_after > now)]
