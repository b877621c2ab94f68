"""Collecting the evidence about a document: our registry and log, and what the peers' synchronised objects say. No network.

The path engine is asked through the trust room; every certificate and list that came in the file is an offer to it, never an
anchor. Left to others: judging (``verify``), keeping the peers' objects fresh (``crosscert.sync``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.clock import parse_rfc3339
from kernel.errors import Refusal, Text
from kernel.nodes import Node
from licenses import log, status
from licenses.data import LicenseData, describe
from licenses.documents import UnverifiedLicense
from licenses.evidence import Evidence, LogEvidence, PathEvidence, RegistryEvidence, Revoked, Standing, StatusEvidence
from licenses.inspection import inspect
from licenses.ports import LicenseDeps, LicenseRecord, LicenseRecords
from policies.licenses import find_type

USUAL_LEVEL = "substantial"
"""The certificate level of seals of unknown types, and of time-stamp authorities."""

_ASK_AGAIN = frozenset({"certificate_revoked", "certificate_expired"})
_OFFER_HELPS = frozenset(
    {"issuer_not_found", "untrusted_root", "no_path", "revocation_unknown", "revocation_stale", "revocation_too_new"}
)
"""The path engine's reasons that more certificates or lists may cure."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """What came with the file and may help to build a path, but proves nothing."""

    certificates: tuple[x509.Certificate, ...]
    crls: tuple[x509.CertificateRevocationList, ...]


def gather(deps: LicenseDeps, document: UnverifiedLicense, at: datetime) -> Evidence:
    """Return everything at hand that bears on ``document`` when it is judged at ``at``."""
    inspection = inspect(document)
    offer = _offer(document)
    stamped_at = None if inspection.time_stamp is None else inspection.time_stamp.generated_at
    signer = stamper = node = None
    if inspection.signer is not None and inspection.fault is None:
        signer = _standing(deps, inspection.signer, offer, at, stamped_at=stamped_at, level=_seal_level(deps, document.data))
        node = None if signer.trusted is None else deps.trust.node_of(signer.trusted.path)
    if inspection.time_stamper is not None and inspection.fault is None:
        stamper = _standing(deps, inspection.time_stamper, offer, at, stamped_at=stamped_at, level=USUAL_LEVEL)
    with deps.work.read() as work:
        registry = _registry(deps, work.records, document)
        logged = _own_log(work.records, registry)
    return Evidence(
        node=deps.node,
        gathered_at=at,
        max_age_seconds=deps.policies.licenses.verification.max_evidence_age_seconds,
        document=document,
        inspection=inspection,
        signer=signer,
        signer_node=node,
        time_stamper=stamper,
        registry=registry,
        status=_status(deps, registry, document.data, node, at),
        log=logged or _peers_log(deps, node),
    )


def _offer(document: UnverifiedLicense) -> _Offer:
    certificates, crls = [], []
    for der in document.certificates:
        try:
            certificates.append(x509.load_der_x509_certificate(der))
        except ValueError:
            continue
    for der in document.crls:
        try:
            crls.append(x509.load_der_x509_crl(der))
        except ValueError:
            continue
    return _Offer(tuple(certificates), tuple(crls))


def _seal_level(deps: LicenseDeps, data: LicenseData | None) -> str:
    kind = None if data is None else find_type(deps.policies.licenses, data.type_code)
    return USUAL_LEVEL if kind is None else kind.seal_level


def _standing(
    deps: LicenseDeps, certificate: x509.Certificate, offer: _Offer, at: datetime, *, stamped_at: datetime | None, level: str
) -> Standing:
    """Ask for the certificate's path now; where it only expired or was revoked meanwhile, also at the time-stamped moment."""
    now = _path(deps, certificate, offer, at, level)
    then = None
    if not now.valid and now.itself and now.code in _ASK_AGAIN and stamped_at is not None and stamped_at < at:
        then = _path(deps, certificate, offer, stamped_at, level)
    return Standing(certificate, now, then)


def _path(deps: LicenseDeps, certificate: x509.Certificate, offer: _Offer, at: datetime, level: str) -> PathEvidence:
    """Ask the trust room; what came with the file is offered only when what is at hand is not enough, which is rare and dear."""
    found = _ask(deps, certificate, _Offer((), ()), at, level)
    if found.valid or found.code not in _OFFER_HELPS:
        return found
    return _ask(deps, certificate, offer, at, level)


def _ask(deps: LicenseDeps, certificate: x509.Certificate, offer: _Offer, at: datetime, level: str) -> PathEvidence:
    try:
        verdict = deps.trust.path(certificate, extra_certificates=offer.certificates, extra_crls=offer.crls, at=at, levels=level)
    except Refusal as refusal:  # what was offered is malformed
        return PathEvidence(valid=False, at=at, code=refusal.code, text=refusal.text)
    if verdict.valid:
        return PathEvidence(valid=True, at=at, path=verdict.path, policies=verdict.policies)
    why = verdict.reason
    if why is None:
        return PathEvidence(valid=False, at=at)
    subject = None if why.certificate is None else why.certificate.subject_text
    itself = why.certificate is not None and why.certificate.der == certificate.public_bytes(Encoding.DER)
    revoked = None
    if why.code == "certificate_revoked" and itself:
        revoked = Revoked(parse_rfc3339(why.details["moment"]), why.details["why"])
    return PathEvidence(valid=False, at=at, code=why.code, text=why.message, subject=subject, itself=itself, revoked=revoked)


def _registry(deps: LicenseDeps, records: LicenseRecords, document: UnverifiedLicense) -> RegistryEvidence:
    """Look for this very file, else for the licence that the document names."""
    record = records.find_by_sha256(document.sha256)
    if record is not None and record.state == "issued":
        return RegistryEvidence(record, same_file=True, data_agrees=_agrees(deps, record, document.data))
    named = None if document.data is None else records.find_license(document.data.identifier)
    return RegistryEvidence(named if named is not None and named.state == "issued" else None, same_file=False, data_agrees=False)


def _agrees(deps: LicenseDeps, record: LicenseRecord, data: LicenseData | None) -> bool:
    kind = find_type(deps.policies.licenses, record.type_code)
    if kind is None or data is None:
        return False
    # A node's address may change while its licences last; all else must be the same.
    return replace(describe(record, kind, deps.node), node_url=data.node_url, status_uri=data.status_uri) == data


def _own_log(records: LicenseRecords, registry: RegistryEvidence) -> LogEvidence | None:
    record = registry.record
    if record is None or not registry.same_file:
        return None
    size = records.log_size()
    if record.log_index is None or record.log_index >= size:
        return LogEvidence("own", included=False, size=size)
    leaf = records.find_log_leaf(record.log_index)
    if leaf is None:
        return LogEvidence("own", included=False, index=record.log_index, size=size)
    root = log.root(records, size)
    try:
        said = log.verify_inclusion(leaf, log.inclusion_proof(records, record.log_index, size), root)
    except (Refusal, LookupError):
        return LogEvidence("own", included=False, index=record.log_index, size=size, root=root.hex())
    included = (said.event, said.identifier, said.pdf_sha256) == ("issued", record.identifier, record.pdf_sha256)
    return LogEvidence("own", included=included, index=record.log_index, size=size, root=root.hex(), at=said.at)


def _status(
    deps: LicenseDeps, registry: RegistryEvidence, data: LicenseData | None, node: Node | None, at: datetime
) -> StatusEvidence | None:
    """Return the status by our registry for our own file, by the issuing node's list for another node's."""
    record = registry.record
    if registry.same_file and record is not None:
        return StatusEvidence("registry", record.status, record.status_at or record.issued_at, record.status_reason)
    if node is None or data is None or node.code == deps.node.code:
        return None
    return _peers_status(deps, data, node, at)


def _peers_status(deps: LicenseDeps, data: LicenseData, node: Node, at: datetime) -> StatusEvidence:
    synced = deps.trust.evidence("status_list", node.code)
    if synced is None:
        return _no_status("还没有取得发证节点的状态列表", "the issuing node's status list has not been fetched yet")
    try:
        token = deps.trust.verify_signed(synced.data.decode("ascii"), status.TOKEN_TYPE, at)
        listed = status.parse(token.claims)
    except (Refusal, UnicodeDecodeError):
        return replace(
            _no_status("发证节点的状态列表已过期或不可信", "the issuing node's status list is out of date or not genuine"),
            fetched_at=synced.fetched_at,
        )
    made_at = datetime.fromtimestamp(int(token.claims["iat"]), UTC)
    if token.node.code != node.code or token.claims.get("sub") != data.status_uri:
        return replace(
            _no_status("状态列表不是这份证照所指的那一份", "the status list is not the one that the licence names"),
            fetched_at=synced.fetched_at,
        )
    code = listed.find_code(data.status_index)
    if code is None:
        return replace(
            _no_status("状态列表里没有这份证照", "the status list does not have this licence"), fetched_at=synced.fetched_at
        )
    return StatusEvidence("status_list", code, made_at, "", synced.fetched_at)


def _no_status(zh: str, en: str) -> StatusEvidence:
    return StatusEvidence("status_list", None, None, "", problem=Text(zh, en))


def _peers_log(deps: LicenseDeps, node: Node | None) -> LogEvidence | None:
    """Return what is known of the issuing node's log: its head at most, since a licence carries no proof of its own entry."""
    if node is None or node.code == deps.node.code:
        return None
    synced = deps.trust.evidence("log_checkpoint", node.code)
    problem = Text("证照里没有日志证明，日志由发证节点保管", "the licence carries no proof, and the issuing node keeps its log")
    return LogEvidence("checkpoint", included=None, at=None if synced is None else synced.fetched_at, problem=problem)
