"""Whom and what it concerns that a certificate ends: people, certificates, licences, other nodes; and what speaks against it.

It reads across the rooms, which do not know each other. Left to others: showing it (``service.cli.preview``), ending the certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from kernel.errors import Text
from pki import cross_certificates, seals
from pki.records import CertificateRecord
from service.wiring import Services

SHOWN = 50
"""So many licences are named; of more, the number is told."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What the end of a certificate concerns, each by the name an operator knows it by."""

    people: Sequence[str]
    certificates: Sequence[str]
    licenses: Sequence[str]
    peers: Sequence[str]
    warnings: Sequence[tuple[str, Text]]


def of_ending(services: Services, record: CertificateRecord) -> Impact:
    """Return what it concerns that ``record`` is revoked or suspended."""
    certificate = x509.load_der_x509_certificate(record.der)
    common_name = _first(certificate, NameOID.COMMON_NAME)
    people = [common_name] if record.profile in {"person", "staff"} else []
    licenses = _licenses(services, record, _first(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME))
    return Impact(
        people,
        [f"{record.serial} {record.subject} ({record.profile})"],
        licenses,
        list(_peers(services, record)),
        list(_warnings(services, record, people=bool(people))),
    )


def _licenses(services: Services, record: CertificateRecord, department: str) -> list[str]:
    if record.profile != seals.PROFILE:
        return []
    with services.licenses.work.read() as work:
        numbers = work.records.sealed_by(department, record.not_before, record.not_after)
    more = [] if len(numbers) <= SHOWN else [f"… {len(numbers) - SHOWN}"]
    return [*numbers[:SHOWN], *more]


def _peers(services: Services, record: CertificateRecord) -> Iterator[str]:
    """Name the node that a cross-certificate is for; for what signs in this node's name, all who verify what it signed."""
    with services.crosscert.work.read() as work:
        peers, agreements = work.records.peers(), work.records.agreements()
    if record.profile == cross_certificates.PROFILE:
        concerned = {one.peer.code for one in agreements if one.serial == record.serial}
    elif record.profile in {seals.PROFILE, "token_signer", "tsa", "issuing_ca", "principal_ca"}:
        concerned = {peer.node.code for peer in peers}
    else:
        return
    known = {one.peer.code: one.peer for one in agreements} | {peer.node.code: peer.node for peer in peers}
    yield from (f"{code} {known[code].name}" for code in sorted(concerned))


def _warnings(services: Services, record: CertificateRecord, *, people: bool) -> Iterator[tuple[str, Text]]:
    with services.pki.work.read() as work:
        roles = work.records.roles_of(record.serial)
        seal = work.records.find_seal_by_serial(record.serial)
        others = [
            one
            for one in work.records.in_force(record.profile, record.subject, now=services.clock.now())
            if one.serial != record.serial
        ]
    if roles:
        yield "service_certificate", Text(f"它是本节点的{roles[0]}证书。", f"It serves as this node's {roles[0]}.")
    if seal is not None:
        yield "seal_in_use", Text(f"{seal.name}正在用它盖章。", f"{seal.name} seals with it.")
    if record.profile == cross_certificates.PROFILE:
        zh, en = (
            "一份交叉认证协议以它为准；请改用 chaoxin crosscert revoke。",
            "An agreement rests on it; use chaoxin crosscert revoke.",
        )
        yield "agreement_in_force", Text(zh, en)
    if people and not others:
        yield "last_certificate", Text("这是此人最后一张有效证书。", "It is this person's last certificate in force.")


def _first(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""
