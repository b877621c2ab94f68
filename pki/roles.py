"""Who serves in which role of the node: the key and certificate behind ``principal``, ``issuing``, ``ocsp`` and the others.

A CA is asked for by its role where something is to be signed now, and by its name where something that it signed is concerned:
after a rollover several CAs have had one role.

Left to others: filling and renewing the roles (``authority``), rollover (``rollover``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cryptography import x509

from kernel.errors import Misuse
from pki.certificates import Issuer
from pki.errors import AUTHORITY_MISSING
from pki.ports import PkiDeps, PkiRecords
from pki.records import CaName, CaRole, CertificateRecord, PrivateKey, RoleRecord, ca_role

CA_ROLES: tuple[CaRole, ...] = ("principal", "issuing")


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


def get_chain(deps: PkiDeps, signer: Credential) -> Sequence[bytes]:
    """Return what goes with a signature (x5c): the signer's certificate and its issuer's, whichever of the node's CAs that was."""
    with deps.work.read() as work:
        return signer.record.der, ca_in(deps, work.records, signer.record.ca).record.der


def credential_in(deps: PkiDeps, records: PkiRecords, role: str) -> Credential:
    """Do as :func:`get_credential` within a transaction that is open."""
    assigned = records.find_role(role)
    if assigned is None:
        raise Misuse(AUTHORITY_MISSING, role=role)
    return _credential(deps, records, role, assigned)


def issuer_of(ca: Credential) -> Issuer:
    """Return a CA as an issuer."""
    return Issuer(ca.key_label, ca.key, ca.certificate)


def cas_in(deps: PkiDeps, records: PkiRecords) -> Sequence[Credential]:
    """Return every CA of the node that is not over, the principal ones first, of one role the one in service first.

    ``Misuse(authority_missing)`` before both roles are filled.
    """
    rows = {row.role: row for row in records.authorities()}
    for role in CA_ROLES:
        if role not in rows:
            raise Misuse(AUTHORITY_MISSING, role=role)
    found: dict[CaName, Credential] = {}
    for row in sorted(rows.values(), key=lambda row: (ca_role(row.role) != "principal", row.role)):
        if row.key_label not in found:
            found[row.key_label] = _credential(deps, records, ca_role(row.role), row)
    now = deps.clock.now()
    return [ca for ca in found.values() if ca.record.not_after > now]


def ca_in(deps: PkiDeps, records: PkiRecords, name: CaName) -> Credential:
    """Return the CA ``name``, in service or not; ``Misuse(authority_missing)`` when the node has none of that name."""
    return _ca(deps, records, {row.key_label: row for row in records.authorities()}, name)


def issuers_in(deps: PkiDeps, records: PkiRecords, record: CertificateRecord) -> Sequence[CertificateRecord]:
    """Return the certificates of the CAs above one that this node issued, its issuer's first, up to a root."""
    rows = {row.key_label: row for row in records.authorities()}
    found: list[CertificateRecord] = []
    issuer = _ca(deps, records, rows, record.ca).record
    while issuer.serial != record.serial:
        found.append(issuer)
        record, issuer = issuer, _ca(deps, records, rows, issuer.ca).record
    return found


def is_ca_revoked(deps: PkiDeps, records: PkiRecords, record: CertificateRecord) -> bool:
    """Tell whether a CA above a certificate that this node issued was revoked, as it stands now."""
    above = (records.find_status(one.ca, one.serial) for one in issuers_in(deps, records, record))
    return any(one is None or one.revoked_at is not None for one in above)


def responder_role(ca: CaName) -> str:
    """Return the role of the OCSP responder for what a CA issued: each key has its own (RFC 6960 4.2.2.2)."""
    return {"principal": "ocsp_principal", "issuing": "ocsp"}.get(ca, f"ocsp_{ca}")


def _ca(deps: PkiDeps, records: PkiRecords, rows: Mapping[CaName, RoleRecord], name: CaName) -> Credential:
    if name not in rows:
        raise Misuse(AUTHORITY_MISSING, role=name)
    return _credential(deps, records, ca_role(name), rows[name])


def _credential(deps: PkiDeps, records: PkiRecords, role: str, assigned: RoleRecord) -> Credential:
    kept = f"credential:{role}:{assigned.serial}"
    found = deps.kept.get(kept)
    if found is None:
        record = records.find_certificate(assigned.serial)
        if record is None:
            raise Misuse(AUTHORITY_MISSING, role=role)
        key = deps.keys.get(assigned.key_label)
        found = deps.kept[kept] = Credential(role, assigned.key_label, key, parsed(deps, record), record)
    return cast("Credential", found)


def parsed(deps: PkiDeps, record: CertificateRecord) -> x509.Certificate:
    """Return the certificate of ``record``, parsed once a process."""
    key = f"certificate:{record.sha256}"
    certificate = deps.kept.get(key)
    if certificate is None:
        certificate = deps.kept[key] = x509.load_der_x509_certificate(record.der)
    return cast("x509.Certificate", certificate)
