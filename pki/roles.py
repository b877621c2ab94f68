"""Who serves in which role of the node: the key and certificate behind ``principal``, ``issuing``, ``ocsp`` and the others.

Left to others: filling and renewing the roles (``authority``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from cryptography import x509

from kernel.errors import Misuse
from pki.certificates import Issuer
from pki.errors import AUTHORITY_MISSING
from pki.ports import PkiDeps, PkiRecords
from pki.records import CaName, CertificateRecord, PrivateKey


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and its certificate, ready to sign with. ``record`` was read once: ask for a status where one matters."""

    role: str
    key_label: str
    key: PrivateKey
    certificate: x509.Certificate
    record: CertificateRecord


def get_credential(deps: PkiDeps, role: str) -> Credential:
    """Return who serves in ``role``; ``Misuse(authority_missing)`` when nobody does: the node is not initialised."""
    with deps.work.read() as work:
        return credential_in(deps, work.records, role)


def credential_in(deps: PkiDeps, records: PkiRecords, role: str) -> Credential:
    """Do as :func:`get_credential` within a transaction that is open."""
    assigned = records.find_role(role)
    if assigned is None:
        raise Misuse(AUTHORITY_MISSING, role=role)
    kept = f"credential:{role}:{assigned.serial}"
    found = deps.kept.get(kept)
    if found is None:
        record = records.find_certificate(assigned.serial)
        if record is None:
            raise Misuse(AUTHORITY_MISSING, role=role)
        key = deps.keys.get(assigned.key_label)
        found = deps.kept[kept] = Credential(role, assigned.key_label, key, parsed(deps, record), record)
    return cast("Credential", found)


def issuer_in(deps: PkiDeps, records: PkiRecords, ca: CaName) -> Issuer:
    """Return one of the node's CAs as an issuer, within a transaction that is open."""
    found = credential_in(deps, records, ca)
    return Issuer(ca, found.key, found.certificate)


def parsed(deps: PkiDeps, record: CertificateRecord) -> x509.Certificate:
    """Return the certificate of ``record``, parsed once a process."""
    key = f"certificate:{record.sha256}"
    certificate = deps.kept.get(key)
    if certificate is None:
        certificate = deps.kept[key] = x509.load_der_x509_certificate(record.der)
    return cast("x509.Certificate", certificate)
