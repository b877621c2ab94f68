"""The departments' seals (电子印章): a key and certificate for each, and what they are put on: PDF files, as PAdES B-LT or B-LTA.

Left to others: what a licence looks like and says (``licenses``), seals in GB/T 38540 form with SM2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from cryptography import x509
from cryptography.x509.oid import NameOID

from kernel.audit import AuditEvent
from kernel.errors import Misuse, Refusal
from kernel.work import Work
from pki import authority, cms, crl, issuance, pdf_signatures, tsa
from pki.briefly_kept import kept_while
from pki.certificates import Draft, is_of_kind
from pki.cms import CmsSigner
from pki.errors import AUTHORITY_MISSING, SEAL_UNUSABLE
from pki.links import PROFILE as LINK
from pki.names import MAX_COMMON_NAME_OCTETS, check_below, x509_name
from pki.partitions import issuer_with_place
from pki.pdf_signatures import PreparedPdf, Statement
from pki.ports import PkiDeps, PkiRecords
from pki.records import HOLD, CaName, CertificateRecord, Department, ListedReason, Names, SealRecord, ca_role
from pki.roles import ca_in, cas_in, get_credential, is_ca_revoked, issuers_in, parsed
from pki.tsa import TimeStampAuthority
from policies.certificates import get_profile

PROFILE = "department_seal"
_REVOKED, _SUSPENDED = "已吊销 / revoked", "已暂停 / suspended"
_EXPIRED = "不在有效期内 / outside of its validity"


@dataclass(frozen=True, slots=True)
class Seal:
    """A department's seal as it is used: whose, under which key, by which certificate."""

    uscc: str
    name: str
    key_label: str
    certificate: CertificateRecord


@dataclass(frozen=True, slots=True)
class PreparedSeal:
    """A document about to be sealed: exactly these bytes, by exactly this seal."""

    seal: Seal
    document_sha256: str
    pdf: PreparedPdf
    authority: TimeStampAuthority


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a signature needs beside itself to be judged for years: read in one moment."""

    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    authority: TimeStampAuthority


def seal_names(department: Department) -> Names:
    """Return the name in a department's seal certificate: its place in the tree, its own OU, the seal's CN.

    A department's name that is too long for a CN stands in the OU alone.
    """
    common_name = f"{department.name}{department.seal}"
    if len(common_name.encode()) > MAX_COMMON_NAME_OCTETS:
        common_name = department.seal
    return (*department.names, ("OU", department.name), ("CN", common_name))


def find_seal(deps: PkiDeps, uscc: str) -> Seal | None:
    """Return the seal of the department with this code, or None."""
    with deps.work.read() as work:
        return _find(work.records, uscc)


def get_or_create_seal(deps: PkiDeps, department: Department, *, actor: str = "system") -> Seal:
    """Return the department's seal, made when it has none, renewed (same key) when it is about to expire or the name changed.

    ``Refusal(seal_unusable)`` when it was revoked: a new one is an admin's decision. Two at once get the same seal.
    """
    kept = kept_while(deps, f"seal:{department.uscc}", lambda: find_seal(deps, department.uscc))
    if kept is not None and _serves(deps, department, kept):
        return kept
    seal = find_seal(deps, department.uscc)  # what is kept may be of before it was renewed
    if seal is not None and seal.certificate.revoked_at is not None:
        raise _not_good(department.name, seal.certificate.reason)
    if seal is not None and _serves(deps, department, seal):
        return seal
    return _certify(deps, department, seal, actor)


def _serves(deps: PkiDeps, department: Department, seal: Seal) -> bool:
    """Tell whether the seal bears the department's name and is neither revoked nor about to end."""
    certificate = seal.certificate
    if seal.name != department.name or certificate.revoked_at is not None:
        return False
    if authority.is_due(certificate, get_profile(deps.policies, PROFILE), deps.clock.now()):
        return False
    return not kept_while(deps, f"ca-revoked:{certificate.serial}", lambda: _is_ca_revoked(deps, seal))


def seal_pdf(deps: PkiDeps, seal: Seal, pdf: bytes, *, at: datetime, reason: str) -> bytes:
    """Return ``pdf`` sealed as PAdES B-LT in one revision: certified, time-stamped, its evidence inside.

    ``at`` is the moment that the signature claims; the time-stamp tells when it was made. ``Refusal`` for a seal that is revoked
    or expired and for a file that cannot be sealed.
    """
    return sign(deps, prepare(deps, seal, pdf, at=at, reason=reason))


def prepare(deps: PkiDeps, seal: Seal, pdf: bytes, *, at: datetime, reason: str) -> PreparedSeal:
    """Make a document ready for its seal. What comes out can be signed once."""
    if not all(seal.certificate.not_before <= moment <= seal.certificate.not_after for moment in (at, deps.clock.now())):
        raise Refusal(SEAL_UNUSABLE, name=seal.name, problem=_EXPIRED)
    evidence = kept_while(deps, f"seal-evidence:{seal.certificate.serial}", lambda: _gather(deps, seal))
    statement = Statement(_whole_name(seal, parsed(deps, seal.certificate)), deps.node.name, reason, at)
    prepared = pdf_signatures.prepare(pdf, statement, evidence.certificates, evidence.crls)
    return PreparedSeal(seal, hashlib.sha256(pdf).hexdigest(), prepared, evidence.authority)


def _whole_name(seal: Seal, certificate: x509.Certificate) -> str:
    """Return the seal's name with the department's, which a CN may have no room for."""
    common_name = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    return common_name if common_name.startswith(seal.name) else f"{seal.name}{common_name}"


def sign(deps: PkiDeps, prepared: PreparedSeal) -> bytes:
    """Seal what was prepared and return the file; ``Refusal(document_changed)`` for a second time."""
    signed = cms.sign(signer_of(deps, prepared.seal), cms.DATA, prepared.pdf.take(), None)
    stamp = tsa.stamp(prepared.authority, hashlib.sha256(signed.signature).digest(), deps.clock.now())
    return prepared.pdf.embed(cms.finish(signed, stamp))


def _find(records: PkiRecords, uscc: str) -> Seal | None:
    stored = records.find_seal(uscc)
    certificate = None if stored is None else records.find_certificate(stored.serial)
    if stored is None or certificate is None:
        return None
    return Seal(stored.uscc, stored.name, stored.key_label, certificate)


def _certify(deps: PkiDeps, department: Department, old: Seal | None, actor: str) -> Seal:
    names = seal_names(department)
    check_below(names, deps.node.names)
    profile = get_profile(deps.policies, PROFILE)
    label = f"seal-{department.uscc}" if old is None else old.key_label
    if old is not None and not is_of_kind(parsed(deps, old.certificate), profile):  # policies want another kind by now
        label = f"seal-{department.uscc}-{old.certificate.serial[:16]}"
    key = authority.get_or_create_key(deps.keys, label, profile.key_algorithm)
    issuer = issuer_with_place(deps, get_credential(deps, "issuing"))
    draft = Draft(PROFILE, profile, x509_name(names), key.public_key())

    def store(work: Work[PkiRecords], record: CertificateRecord) -> bool:
        seal = SealRecord(department.uscc, department.name, label, record.serial)
        work.audit.record(
            AuditEvent(deps.clock.now(), actor, "pki.make_seal", f"seal:{seal.uscc}", details={"serial": seal.serial})
        )
        if old is None:
            return work.records.add_seal(seal)
        return work.records.replace_seal(seal, instead_of=old.certificate.serial)

    with suppress(issuance.OvertakenError):  # made by somebody else at the same moment: theirs is the seal
        issuance.issue(deps, authority.order_for(deps, draft, issuer, actor), store)
    made = find_seal(deps, department.uscc)
    if made is None:
        raise Misuse(AUTHORITY_MISSING, role=label)
    return made


def _is_ca_revoked(deps: PkiDeps, seal: Seal) -> bool:
    with deps.work.read() as work:
        return is_ca_revoked(deps, work.records, seal.certificate)


def _gather(deps: PkiDeps, seal: Seal) -> _Evidence:
    """Read what goes into the document; publish the revocation lists first when those at hand are too old to prove anything."""
    with deps.work.read() as work:
        evidence = _read_evidence(deps, work.records, seal)
    if evidence is None:
        crl.refresh_due(deps)
        with deps.work.read() as work:
            evidence = _read_evidence(deps, work.records, seal)
    if evidence is None:
        raise Misuse(AUTHORITY_MISSING, role="crl")
    return evidence


def _read_evidence(deps: PkiDeps, records: PkiRecords, seal: Seal) -> _Evidence | None:
    now = deps.clock.now()
    status = records.find_status(seal.certificate.ca, seal.certificate.serial)
    if status is None or status.revoked_at is not None or is_ca_revoked(deps, records, seal.certificate):
        raise _not_good(seal.name, None if status is None else status.reason)
    stamping = tsa.authority_in(deps, records)
    signers = seal.certificate, stamping.credential.record
    # The partitions' lists, to which the certificates point: a document does not carry a complete one, which only grows.
    scopes = dict.fromkeys([(ca, 0) for ca in _principals(deps, records)] + [(one.ca, one.partition) for one in signers])
    lists = [records.find_crl(ca, partition=partition) for ca, partition in scopes]
    if any(one is None or one.next_update <= now for one in lists):
        return None
    chain = dict.fromkeys(one.der for signer in signers for one in issuers_in(deps, records, signer))
    links = [one.der for one in records.certificates(profile=LINK) if one.revoked_at is None and one.not_after > now]
    certificates = (seal.certificate.der, *chain, stamping.credential.record.der, *links)
    return _Evidence(certificates, tuple(one.der for one in lists if one), stamping)


def _not_good(name: str, reason: ListedReason | None) -> Refusal:
    return Refusal(SEAL_UNUSABLE, name=name, problem=_SUSPENDED if reason == HOLD else _REVOKED)


def _principals(deps: PkiDeps, records: PkiRecords) -> Sequence[CaName]:
    return [ca.key_label for ca in cas_in(deps, records) if ca_role(ca.key_label) == "principal"]


def signer_of(deps: PkiDeps, seal: Seal) -> CmsSigner:
    """Return what signs in the seal's name, prepared once for each certificate."""
    kept = f"seal:{seal.certificate.sha256}"
    found = deps.kept.get(kept)
    if found is None:
        with deps.work.read() as work:
            issuing = ca_in(deps, work.records, seal.certificate.ca).certificate
        key = deps.keys.get(seal.key_label)
        found = deps.kept[kept] = cms.make_signer(key, parsed(deps, seal.certificate), [issuing])
    return cast("CmsSigner", found)
