"""The shapes of the policy documents: frozen, strict, nothing optional that matters. One class a table, one field a key.

Left to others: reading the files (``loader``) and deciding by them (``certificates``, ``assurance``, ``claims``, ``licenses``,
``roles``).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from policies.assurance_models import (
    AssuranceLevel,
    DirectoryRules,
    FloodRules,
    OrganizationRules,
    PasswordRules,
    PersonCertificates,
    Proofing,
    RealNameLevel,
    RecoveryRules,
    SentCodeRules,
    ThrottleRules,
)
from policies.claim_models import ClaimPolicies, Uscc
from policies.client_models import ClientPolicies
from policies.life_models import ActName, ActRules
from policies.role_models import AccountKind, RolePolicies
from policies.tables import Name, Seconds, Table
from policies.token_models import TokenPolicies
from policies.wallet_models import LegalBasis, WalletRules

Days = Annotated[int, Field(gt=0, le=40 * 366)]
TypeCode = Annotated[str, Field(pattern=r"^[0-9A-Z]{21}$")]
KeyAlgorithm = Literal["P-256", "P-384", "RSA-3072", "Ed25519"]
ArchiveAlgorithm = Literal["P-256", "P-384", "RSA-3072", "SHA-256", "SHA-384", "SHA-512"]
KeyUsage = Literal["digital_signature", "content_commitment", "key_encipherment", "key_agreement", "key_cert_sign", "crl_sign"]
ExtendedKeyUsage = Literal["server_auth", "client_auth", "email_protection", "time_stamping", "ocsp_signing", "document_signing"]
Requester = Literal["node", "admin", "invitation", "holder"]
SubjectAttribute = Literal["O", "OU", "CN", "serialNumber"]
AlternativeName = Literal["dns", "email"]
HolderKind = Literal["citizen", "enterprise"]
FieldKind = Literal["text", "amount", "area", "choice", "resident_id", "uscc", "person", "date", "number"]


# certificates.toml


class CertificateLevel(Table):
    """How much stands behind a certificate. ``number`` is the last arc of its policy OID, higher is stronger."""

    number: Annotated[int, Field(ge=1, le=9)]
    zh: Name
    en: Name


class Profile(Table):
    """A kind of certificate. ``path_length`` stands for CAs only; ``level`` names a certificate level, ``"all"`` for CAs.

    ``key_algorithm`` is what the node makes itself, ``also_accepted`` what else is certified. ``requested_by`` says who may ask: the
    node for its own services, an admin, whoever holds an invitation, the holder of a certificate that is to be renewed.
    ``renewal_days`` is how long before its end that may be. ``subject_attributes`` may stand below the node's name, at least a CN.
    """

    kind: Literal["principal_ca", "issuing_ca", "end_entity"]
    validity_days: Days
    key_algorithm: KeyAlgorithm
    also_accepted: tuple[KeyAlgorithm, ...] = ()
    requested_by: Annotated[tuple[Requester, ...], Field(min_length=1)]
    renewal_days: Days
    subject_attributes: Annotated[tuple[SubjectAttribute, ...], Field(min_length=1)]
    alternative_names: tuple[AlternativeName, ...] = ()
    key_usage: Annotated[tuple[KeyUsage, ...], Field(min_length=1)]
    extended_key_usage: tuple[ExtendedKeyUsage, ...] = ()
    extended_key_usage_critical: bool = False
    path_length: Annotated[int, Field(ge=0, le=5)] | None = None
    level: Name = "all"
    no_check: bool = False


class CrossCertificateRules(Table):
    """What every cross-certificate of this node obeys (design: trust, 3).

    One that was replaced is withdrawn when the new one has been public for ``overlap_seconds``; one admin's emergency revocation
    is reviewed by another within ``review_seconds``.
    """

    max_validity_days: Annotated[int, Field(gt=0, le=1096)]
    path_length_toward_bridge: Annotated[int, Field(ge=0, le=5)]
    path_length_beyond_bridge: Annotated[int, Field(ge=0, le=5)]
    inhibit_policy_mapping_toward_bridge: Annotated[int, Field(ge=0, le=5)]
    inhibit_policy_mapping_beyond_bridge: Annotated[int, Field(ge=0, le=5)]
    approvers: Annotated[int, Field(ge=2, le=5)]
    overlap_seconds: Seconds
    review_seconds: Seconds


class RevocationRules(Table):
    """How often revocation lists and OCSP answers are made, how long they may be used, for how many certificates a list in parts speaks."""

    ca_crl_every_seconds: Seconds
    ca_crl_valid_seconds: Seconds
    crl_every_seconds: Seconds
    crl_valid_seconds: Seconds
    ocsp_valid_seconds: Seconds
    partition_size: Annotated[int, Field(ge=1, le=1_000_000)]


class FederationRules(Table):
    """How long a node that cannot be heard is still relied on: after ``budget_seconds`` nothing that rests on it is judged valid."""

    budget_seconds: Seconds


class TimeStampRules(Table):
    """The time-stamp authority: its policy's arc below the node's own and the accuracy it promises."""

    policy_number: Annotated[int, Field(ge=1, le=99)]
    accuracy_seconds: Annotated[int, Field(ge=1, le=60)]


class AlarmRules(Table):
    """How many days before a certificate ends an alarm is raised, once each."""

    days_before_end: Annotated[tuple[Days, ...], Field(min_length=1)]


class CertificatePolicies(Table):
    """certificates.toml. A policy OID is ``arc.<area code>.<level number>``: each node is a policy domain of its own."""

    arc: Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")]
    levels: Annotated[dict[str, CertificateLevel], Field(min_length=1)]
    profiles: Annotated[dict[str, Profile], Field(min_length=1)]
    cross_certificates: CrossCertificateRules
    revocation: RevocationRules
    federation: FederationRules
    time_stamps: TimeStampRules
    alarms: AlarmRules


# assurance.toml


class AssurancePolicies(Table):
    """assurance.toml. ``default_acr`` is the level registered for a system whose registration names none.

    Whoever changes authenticators must have logged in within ``change_within_seconds``. An account that its owner closes can be taken
    back for ``closing_seconds``.
    """

    default_acr: Name
    trust_framework: Name
    levels: Annotated[tuple[AssuranceLevel, ...], Field(min_length=1)]
    real_name_levels: Annotated[tuple[RealNameLevel, ...], Field(min_length=1)]
    proofing: Annotated[dict[str, Proofing], Field(min_length=1)]
    second_factor: Annotated[tuple[AccountKind, ...], Field(min_length=1)]
    change_within_seconds: Seconds
    closing_seconds: Seconds
    password: PasswordRules
    throttle: ThrottleRules
    floods: FloodRules
    directories: DirectoryRules
    organizations: OrganizationRules
    sent_codes: SentCodeRules
    recovery: RecoveryRules
    certificates: tuple[PersonCertificates, ...] = ()


# licenses.toml


class ExtensionField(Table):
    """A field of a licence type beyond the common ones (GB/T 36903 ``KZ_*``). ``key`` is its name in the data, ``name`` on the page.

    Beside what its ``kind`` checks, the whole of it has to match ``pattern`` where there is one.
    """

    name: Name
    name_en: Name
    key: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,31}$")]
    kind: FieldKind
    required: bool = True
    max_length: Annotated[int, Field(gt=0, le=2000)] = 200
    choices: tuple[Name, ...] = ()
    pattern: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class LicenseType(Table):
    """A licence type (证照类型) in one of its versions: its 21-character code, who holds it, how its certificate level and page look.

    New licences are of the latest version; those of an older one go on saying what they said. ``issuers`` are the only departments
    that may issue it, and ``area_levels`` the levels of area; where neither stands, whoever is registered for it. ``seal_form`` is the
    PAdES level that it is sealed at: ``B-LTA`` for what is to be proven for decades from the first day. ``template_sha256`` binds a template of
    the node's own.
    """

    code: TypeCode
    version: Annotated[int, Field(ge=1, le=999)] = 1
    name: Name
    name_en: Name
    holder_kind: HolderKind
    seal_level: Name
    template: Name
    template_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    accent: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    validity_required: bool
    max_validity_days: Days | None = None
    number_pattern: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    issuers: tuple[Uscc, ...] = ()
    area_levels: tuple[Literal["province", "city", "county"], ...] = ()
    seal_form: Literal["B-LT", "B-LTA"] = "B-LT"
    fields: Annotated[tuple[ExtensionField, ...], Field(min_length=1)]


class IssuingRules(Table):
    """Who issues where. ``department``: an issuer's own area only. ``node``: the areas a node takes files for."""

    department_areas: Literal["own"]
    node_areas: Literal["own", "own-and-below"]
    max_name_length: Annotated[int, Field(gt=0, le=1000)]
    max_rows: Annotated[int, Field(gt=0)]


class VerificationRules(Table):
    """Limits of the verification service. ``max_evidence_age_seconds``: how old a peer's evidence may be before it decides nothing.

    Files that must be taken apart are read by ``forensic_workers`` processes (of each web process), each file within
    ``forensic_seconds`` of CPU, each process within ``forensic_memory_bytes`` beyond what it starts with. Nobody waits five seconds for an
    answer, so no file has more than four. Of one peer's log ``max_peer_log_leaves`` are read and no more: what they say is kept for ever.
    """

    max_upload_bytes: Annotated[int, Field(gt=0)]
    max_batch_files: Annotated[int, Field(gt=0, le=65_534)]
    max_batch_bytes: Annotated[int, Field(gt=0)]
    per_address_per_minute: Annotated[int, Field(gt=0)]
    max_evidence_age_seconds: Seconds
    max_peer_log_leaves: Annotated[int, Field(gt=0)]
    forensic_workers: Annotated[int, Field(ge=1, le=64)]
    forensic_seconds: Annotated[int, Field(ge=1, le=4)]
    forensic_memory_bytes: Annotated[int, Field(ge=64 * 1024 * 1024)]


class ArchiveRules(Table):
    """When documents are stamped again: so many days before the certificate of the newest time-stamp, or an algorithm, ends.

    ``trusted_until`` names the first day on which an algorithm of signatures or hashes proves nothing by itself any more; ``per_run`` is how
    many documents the worker stamps in an hour.
    """

    renew_days: Annotated[int, Field(gt=0)]
    per_run: Annotated[int, Field(gt=0, le=1_000_000)]
    trusted_until: dict[ArchiveAlgorithm, date]


class LicensePolicies(Table):
    """licenses.toml. An act that it does not name is not done here."""

    issuing: IssuingRules
    verification: VerificationRules
    wallet: WalletRules
    archive: ArchiveRules
    legal_bases: tuple[LegalBasis, ...] = ()
    acts: Annotated[dict[ActName, ActRules], Field(min_length=1)]
    types: Annotated[tuple[LicenseType, ...], Field(min_length=1)]


class Policies(Table):
    """All documents of a node, in one value that never changes while the process runs."""

    certificates: CertificatePolicies
    assurance: AssurancePolicies
    tokens: TokenPolicies
    claims: ClaimPolicies
    clients: ClientPolicies
    licenses: LicensePolicies
    roles: RolePolicies
