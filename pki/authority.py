"""The node's certification authorities: setting them up, issuing.

Left to others: the form of certificates (``certificates``, ``cross_certificates``), the order of steps (``issuance``), revoking
(``revocation``), seals, which node is to be cross-certified and by whose leave (``crosscert``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from kernel.errors import Misuse, Refusal
from kernel.work import Work
from pki import certificates, crl, cross_certificates, issuance, revocation
from pki.certificates import Draft, Issuer
from pki.cross_certificates import CrossCertificateTemplate
from pki.errors import KEY_EXISTS, PROFILE_UNSUITABLE
from pki.names import check_below, x509_name
from pki.partitions import issuer_with_place
from pki.ports import KeyStore, PkiDeps, PkiRecords
from pki.records import (
    CaName,
    CaRole,
    CertificateRecord,
    CertificateRequest,
    Names,
    PrivateKey,
    PublicKey,
    Reason,
    RoleRecord,
    ca_role,
)
from pki.registry import get_certificate
from pki.roles import ca_in, cas_in, credential_in, get_credential, is_ca_revoked, issuer_of, parsed, responder_role
from policies.certificates import get_profile
from policies.models import KeyAlgorithm, Profile

__all__ = [
    "SERVICE_NAMES",
    "CrossCertificateTemplate",
    "get_certificate",
    "get_issuing",
    "get_or_create_key",
    "get_principal",
    "initialise",
    "is_due",
    "issue",
    "issue_cross_certificate",
    "issue_many",
    "make_ca",
    "order_for",
    "renew_due",
    "revoke",
]

PRINCIPAL_NAME, ISSUING_NAME = "根CA", "签发CA"
_RESPONDER_NAMES: dict[CaRole, str] = {"principal": "根CA证书状态查询", "issuing": "证书状态查询"}


@dataclass(frozen=True, slots=True)
class _Role:
    """A role that every node fills: with which profile, signed by whom, under which name.

    ``ca`` names the CA that signs, None for whichever serves as the issuing one.
    """

    name: str
    profile: str
    ca: CaName | None
    common_name: str


_CAS = (
    _Role("principal", "principal_ca", "principal", PRINCIPAL_NAME),
    _Role("issuing", "issuing_ca", "principal", ISSUING_NAME),
)
"""The first of each; their successors are made by a rollover. In the order in which they come into being."""

_SERVICES = (
    _Role("tsa", "tsa", None, "时间戳服务"),
    _Role("node_signer", "token_signer", None, "节点签名"),
)
SERVICE_NAMES = tuple(role.name for role in _SERVICES)


def initialise(deps: PkiDeps) -> None:
    """Set up both CAs, the services' certificates and the first revocation lists; finish what an interrupted run began.

    Each step looks at what is there: a key without a certificate is used, a certificate without a role was never released.
    """
    make_ca(deps, "principal")
    make_ca(deps, "issuing")
    renew_due(deps)
    crl.refresh_due(deps)


def make_ca(deps: PkiDeps, role: CaRole) -> None:
    """Set up the first CA of a role, the principal one before the other; do nothing when there is one."""
    issuance.settle(deps)
    _fill(deps, next(each for each in _CAS if each.name == role))


def renew_due(deps: PkiDeps) -> None:
    """Renew the services' certificates that come to their end, were revoked, or are of a key that is not the profile's. The CAs themselves need a rollover."""
    with deps.work.read() as work:
        names = [ca.key_label for ca in cas_in(deps, work.records)]
    # A responder is authorised by the CA it answers for (RFC 6960 4.2.2.2), so each CA has its own, a retired one too.
    responders = [_Role(responder_role(name), "ocsp", name, _RESPONDER_NAMES[ca_role(name)]) for name in names]
    for role in (*responders, *_SERVICES):
        _fill(deps, role)


def get_principal(deps: PkiDeps) -> CertificateRecord:
    """Return the principal CA's certificate, the node's only anchor; ``Misuse(authority_missing)`` before :func:`initialise`."""
    return get_credential(deps, "principal").record


def get_issuing(deps: PkiDeps) -> CertificateRecord:
    """Return the issuing CA's certificate; ``Misuse(authority_missing)`` before :func:`initialise`."""
    return get_credential(deps, "issuing").record


def issue(
    deps: PkiDeps,
    profile_name: str,
    subject: Names,
    public_key: PublicKey,
    *,
    dns_names: tuple[str, ...] = (),
    ca: CaRole = "issuing",
    actor: str = "system",
) -> CertificateRecord:
    """Issue one end-entity certificate, as :func:`issue_many` does."""
    return issue_many(deps, [CertificateRequest(profile_name, subject, public_key, dns_names)], ca=ca, actor=actor)[0]


def issue_many(
    deps: PkiDeps,
    requests: Sequence[CertificateRequest],
    *,
    ca: CaRole = "issuing",
    actor: str = "system",
    then: issuance.Then | None = None,
) -> Sequence[CertificateRecord]:
    """Issue end-entity certificates by their profiles, all or none, for subjects that must lie below the node's own name.

    ``Refusal`` for a name outside of the node's subtree, a key that is not the profile's, a profile of a CA, and whatever
    :func:`issuance.issue_many` refuses. ``then`` is stored together with each certificate.
    """
    issuer = issuer_with_place(deps, get_credential(deps, ca), len(requests))
    return issuance.issue_many(deps, [_order(deps, request, issuer, actor) for request in requests], then)


def _order(deps: PkiDeps, request: CertificateRequest, issuer: Issuer, actor: str) -> issuance.Order:
    profile = _end_entity(deps, request.profile)
    check_below(request.subject, deps.node.names)
    name = x509_name(request.subject)
    draft = Draft(request.profile, profile, name, request.public_key, request.dns_names, request.emails)
    return order_for(deps, draft, issuer, actor)


def issue_cross_certificate(deps: PkiDeps, template: CrossCertificateTemplate, *, actor: str = "system") -> CertificateRecord:
    """Certify another node's principal CA within the template's constraints; ``Refusal(template_unsuitable)`` if one is missing."""
    principal = get_credential(deps, "principal")
    issuer = issuer_of(principal)
    cross_certificates.check_template(template, principal.certificate, deps.policies.cross_certificates.max_validity_days)

    def build(serial: int, at: datetime) -> x509.CertificateBuilder:
        return cross_certificates.build(template, issuer, serial, at, deps.node)

    order = issuance.Order(cross_certificates.PROFILE, template.certificate.subject, issuer, build, actor)
    return issuance.issue(deps, order)


def revoke(deps: PkiDeps, serial: str, reason: Reason, at: datetime, *, actor: str = "system") -> CertificateRecord:
    """Revoke a certificate (``revocation.revoke``), and certify the node's own services anew when they rested on it."""
    record = revocation.revoke(deps, serial, reason, at, actor=actor)
    with deps.work.read() as work:
        serves = work.records.roles_of(record.serial)
    if serves:
        with suppress(Refusal):  # while issuing is stopped; the revocation stands, and the hourly renewal tries again
            renew_due(deps)
    return record


def get_or_create_key(keys: KeyStore, label: str, algorithm: KeyAlgorithm) -> PrivateKey:
    """Return the key under ``label``, made if it is missing; what another process made at the same moment counts."""
    key = keys.find(label)
    if key is not None:
        return key
    try:
        return keys.create(label, algorithm)
    except Misuse as error:
        if error.error is not KEY_EXISTS:
            raise
        return keys.get(label)


def _fill(deps: PkiDeps, role: _Role) -> None:
    """Fill ``role`` if it is empty or its certificate is due."""
    with deps.work.read() as work:
        assigned = work.records.find_role(role.name)
        serving = None if assigned is None else work.records.find_certificate(assigned.serial)
        orphaned = serving is not None and role.ca is None and is_ca_revoked(deps, work.records, serving)
    profile = get_profile(deps.policies, role.profile)
    other_kind = serving is not None and role not in _CAS and not certificates.is_of_kind(parsed(deps, serving), profile)
    if serving is not None and not (orphaned or other_kind) and (role in _CAS or not is_due(serving, profile, deps.clock.now())):
        return
    # A revoked certificate's key is not used again, nor one of a kind that policies want no more; an expiring one's is.
    label = assigned.key_label if assigned is not None else role.name
    if serving is not None and (other_kind or serving.revoked_at is not None):
        label = f"{role.name}-{serving.serial[:16]}"
    key = get_or_create_key(deps.keys, label, profile.key_algorithm)
    if role.name == "principal":
        issuer = Issuer("principal", key, None)
    else:
        with deps.work.read() as work:
            ca = credential_in(deps, work.records, "issuing") if role.ca is None else ca_in(deps, work.records, role.ca)
        if (
            serving is not None
            and not (orphaned or other_kind)
            and serving.revoked_at is None
            and serving.not_after >= ca.record.not_after
        ):
            return  # its CA lives no longer: a new one would end at the same moment
        issuer = issuer_with_place(deps, ca)
    subject = x509_name((*deps.node.names, ("CN", f"{deps.node.name}{role.common_name}")))
    order = order_for(deps, Draft(role.profile, profile, subject, key.public_key()), issuer, "system")

    instead_of = None if assigned is None else assigned.serial

    def assign(work: Work[PkiRecords], record: CertificateRecord) -> bool:
        return work.records.assign_role(RoleRecord(role.name, label, record.serial), instead_of=instead_of)

    with suppress(issuance.OvertakenError):  # another process filled the role: theirs is as good
        issuance.issue(deps, order, assign)


def is_due(record: CertificateRecord, profile: Profile, now: datetime) -> bool:
    """Tell whether a certificate is revoked or in the last days in which its profile lets it be renewed."""
    return record.revoked_at is not None or record.not_after - timedelta(days=profile.renewal_days) <= now


def order_for(deps: PkiDeps, draft: Draft, issuer: Issuer, actor: str) -> issuance.Order:
    """Return the order for a certificate of a profile, for :func:`issuance.issue`."""

    def build(serial: int, at: datetime) -> x509.CertificateBuilder:
        return certificates.build(draft, issuer, serial, at, node=deps.node, policies=deps.policies)

    return issuance.Order(draft.profile_name, draft.subject, issuer, build, actor, draft.profile)


def _end_entity(deps: PkiDeps, profile_name: str) -> Profile:
    profile = get_profile(deps.policies, profile_name)
    if profile.kind != "end_entity":
        raise Refusal(PROFILE_UNSUITABLE, field="profile", profile=profile_name, problem="it is a CA's")
    return profile
