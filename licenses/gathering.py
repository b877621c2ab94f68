"""Collecting the evidence about a document: our registry and log, and what the peers' synchronised objects say. No network.

The path engine is asked through the trust room; every certificate and list that came in the file is an offer to it, never an
anchor. Left to others: judging (``verify``), keeping the peers' objects fresh (``crosscert.federation.sync``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509

from crosscert.paths.crls import ParsedCrl
from crosscert.records import VerifiedToken
from crosscert.trust import TrustAt
from kernel.clock import parse_rfc3339
from kernel.errors import Refusal, Text
from kernel.nodes import Node
from licenses import peers_log, status
from licenses.data import COPY_NUMBER, LicenseData, describe
from licenses.evidence import (
    Evidence,
    LogEvidence,
    OtherEvidence,
    PathEvidence,
    RegistryEvidence,
    Revoked,
    Standing,
    StatusEvidence,
)
from licenses.gathering_others import gather_others
from licenses.own_log import OwnLog
from licenses.ports import LicenseDeps
from licenses.reading import Reading
from licenses.registry_records import LicenseRecord
from licenses.signatures import TimeStamp, is_time_stamp_certificate
from licenses.verdict import Level
from policies.certificates import get_level
from policies.licenses import find_type

USUAL_LEVEL = "substantial"
"""The certificate level of seals of unknown types, and of time-stamp authorities."""

_ASK_AGAIN = frozenset({"certificate_revoked", "certificate_expired"})
_OFFER_HELPS = frozenset(
    {"issuer_not_found", "untrusted_root", "no_path", "revocation_unknown", "revocation_stale", "revocation_too_new"}
)
"""The path engine's reasons that more certificates or lists may cure."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """A node's status list as it was last fetched; without token and statuses it is out of date, or not genuine."""

    fetched_at: datetime
    token: VerifiedToken | None = None
    statuses: status.StatusList | None = None


class Court:
    """Gathers for documents that are judged at one moment: over one view of the stores, asking nothing twice."""

    def __init__(self, deps: LicenseDeps, at: datetime) -> None:
        self._deps = deps
        self.at = at
        self._paths: dict[tuple[bytes, str], PathEvidence] = {}
        self._lists: dict[str, _Listed | None] = {}
        self._then: dict[datetime, TrustAt] = {}
        self._offered: tuple[tuple[str, datetime], TrustAt | Refusal] | None = None
        self._log = OwnLog(deps.kept)

    @cached_property
    def _now(self) -> TrustAt:
        return self._deps.trust.at(self.at)

    def lists_of(self, issuer: str, at: datetime) -> Sequence[ParsedCrl]:
        """Return the revocation lists at hand for the moment ``at`` that claim to be of ``issuer`` (a prepared name)."""
        there = self._now if at == self.at else self._then.get(at)
        if there is None:
            there = self._then[at] = self._deps.trust.at(at, judged_at=self.at)
        return there.material.crls.named(issuer)

    def gather(self, reading: Reading, record: LicenseRecord | None = None, archive: TimeStamp | None = None) -> Evidence:
        """Return everything at hand that bears on what was read. ``record`` is the licence in our registry whose very file it is.

        ``archive`` is the newest time-stamp above it.
        """
        deps, seal = self._deps, reading.seal
        signer = stamper = None
        if seal is not None and seal.signer is not None and seal.flaw is None:
            made_at = None if seal.stamp is None else seal.stamp.generated_at
            signer = self._standing(reading, seal.signer, _seal_level(deps, reading.data, record), made_at)
            if seal.stamp is not None:
                stamper = self._standing(reading, seal.stamp.certificate, USUAL_LEVEL, made_at)
        node = None if signer is None or signer.trusted is None else signer.trusted.node
        registry, logged = self._registered(reading, record)
        evidence = Evidence(
            node=deps.node,
            gathered_at=self.at,
            max_age_seconds=deps.policies.licenses.verification.max_evidence_age_seconds,
            reading=reading,
            signer=signer,
            time_stamper=stamper,
            registry=registry,
            status=self._status(registry, reading.data, node),
            log=logged or self._peers_log(node, reading),
            archiver=None if archive is None else self._archiver(reading, archive),
            required_level=_required_level(deps, record),
        )
        return replace(evidence, others=self._others(evidence)) if reading.others else evidence

    def _others(self, evidence: Evidence) -> tuple[OtherEvidence, ...]:
        def ask(der: bytes, made_at: datetime | None) -> Standing:
            return self._standing(evidence.reading, der, USUAL_LEVEL, made_at)

        return gather_others(evidence, ask)

    def _archiver(self, reading: Reading, archive: TimeStamp) -> Standing | None:
        if not is_time_stamp_certificate(archive.certificate):
            return None
        return self._standing(reading, archive.certificate.dump(), USUAL_LEVEL, archive.generated_at)

    def _registered(self, reading: Reading, record: LicenseRecord | None) -> tuple[RegistryEvidence, LogEvidence | None]:
        """Ask our registry and log: for this very file, else for the licence that the document names."""
        if record is not None:
            with self._deps.work.look() as work:  # a log only grows
                logged = self._log.find(work.records, record)
            return RegistryEvidence(record, same_file=True, data_agrees=_agrees(self._deps, record, reading.data)), logged
        if reading.data is None:
            return RegistryEvidence(None, same_file=False, data_agrees=False), None
        with self._deps.work.look() as work:
            named = work.records.find_license(reading.data.identifier)
        found = named if named is not None and named.state == "issued" else None
        return RegistryEvidence(found, same_file=False, data_agrees=False), None

    def _status(self, registry: RegistryEvidence, data: LicenseData | None, node: Node | None) -> StatusEvidence | None:
        """Return the status by our registry for our own file, by the issuing node's list for another node's."""
        record = registry.record
        if registry.same_file and record is not None:
            return StatusEvidence("registry", record.status, record.status_at or record.issued_at, record.status_reason)
        if node is None or data is None or node.code == self._deps.node.code:
            return None
        if node.code not in self._lists:
            self._lists[node.code] = self._listed(node)
        return _peers_status(self._lists[node.code], data, node)

    def _listed(self, node: Node) -> _Listed | None:
        synced = self._deps.trust.evidence("status_list", node.code)
        if synced is None:
            return None
        try:
            token = self._now.verify_signed(synced.data.decode("ascii"), status.TOKEN_TYPE)
            return _Listed(synced.fetched_at, token, status.parse(token.claims))
        except (Refusal, UnicodeDecodeError):
            return _Listed(synced.fetched_at)

    def _peers_log(self, node: Node | None, reading: Reading) -> LogEvidence | None:
        """Return what the issuing node's log says of the document, by what was read of it."""
        if node is None or node.code == self._deps.node.code:
            return None
        stamp = None if reading.seal is None else reading.seal.stamp
        with self._deps.work.look() as work:
            return peers_log.find(work.records, node.code, reading.sha256, None if stamp is None else stamp.generated_at)

    def _standing(self, reading: Reading, der: bytes, level: str, made_at: datetime | None) -> Standing:
        """Ask for the certificate's path now; where it only expired or was revoked meanwhile, also at the time-stamped moment."""
        asked = self._paths.get((der, level))
        if asked is None:
            asked = self._paths[der, level] = _ask(self._now, der, level)
        now = self._with_offer(asked, reading, self._now, der, level)
        then = None
        if made_at is not None and made_at < self.at and now.itself and now.code in _ASK_AGAIN:
            then_there = self._deps.trust.at(made_at, judged_at=self.at)
            then = self._with_offer(_ask(then_there, der, level), reading, then_there, der, level)
        return Standing(der, now, then)

    def _with_offer(self, found: PathEvidence, reading: Reading, trust: TrustAt, der: bytes, level: str) -> PathEvidence:
        """Ask once more where what is at hand was not enough, which is rare and dear, and offer what came with the file."""
        if found.valid or found.code not in _OFFER_HELPS:
            return found
        # Taken apart once for a file, however many certificates are asked for.
        if self._offered is None or self._offered[0] != (reading.sha256, trust.at):
            try:
                self._offered = (reading.sha256, trust.at), trust.offered(*_offer(reading))
            except Refusal as refusal:
                self._offered = (reading.sha256, trust.at), refusal
        offered = self._offered[1]
        if isinstance(offered, Refusal):
            return PathEvidence(valid=False, at=trust.at, code=offered.code, text=offered.text)
        return replace(_ask(offered, der, level), offered=True)


def _seal_level(deps: LicenseDeps, data: LicenseData | None, record: LicenseRecord | None) -> str:
    """Return what was asked of the seal when it was put there: by the type's version that the registry has, which the data do not say."""
    policies = deps.policies
    if record is not None:
        kind = find_type(policies.licenses, record.type_code, record.type_version)
        return USUAL_LEVEL if kind is None else kind.seal_level
    levels = {kind.seal_level for kind in policies.licenses.types if data is not None and kind.code == data.type_code}
    return min(levels, key=lambda name: get_level(policies.certificates, name).number, default=USUAL_LEVEL)


def _required_level(deps: LicenseDeps, record: LicenseRecord | None) -> Level:
    """Return the level that a licence of our registry was handed out at; annotated copies and what others issue are B-LT at least."""
    kind = None if record is None else find_type(deps.policies.licenses, record.type_code, record.type_version)
    return "B-LT" if kind is None or record is None or COPY_NUMBER in record.fields else kind.seal_form


def _ask(trust: TrustAt, der: bytes, level: str) -> PathEvidence:
    try:
        verdict = trust.path(der, levels=level)
    except Refusal as refusal:
        return PathEvidence(valid=False, at=trust.at, code=refusal.code, text=refusal.text)
    if verdict.valid:
        until, node = trust.relied_until(verdict), trust.node_of(verdict)
        return PathEvidence(
            valid=True, at=trust.at, path=verdict.certificates, policies=verdict.policies, node=node, relied_until=until
        )
    why = verdict.reason
    if why is None:
        return PathEvidence(valid=False, at=trust.at)
    subject = None if why.certificate is None else why.certificate.subject_text
    itself = why.certificate is not None and why.certificate.der == der
    revoked = None
    if why.code == "certificate_revoked" and itself:
        revoked = Revoked(parse_rfc3339(why.details["moment"]), why.details["why"])
    return PathEvidence(
        valid=False, at=trust.at, code=why.code, text=why.message, subject=subject, itself=itself, revoked=revoked
    )


def _offer(reading: Reading) -> tuple[list[x509.Certificate], list[x509.CertificateRevocationList], tuple[bytes, ...]]:
    """Return what came with the file and may help to build a path, but proves nothing."""
    certificates, crls = [], []
    for der in reading.certificates:
        try:
            certificates.append(x509.load_der_x509_certificate(der))
        except (ValueError, x509.InvalidVersion):
            continue
    for der in reading.crls:
        try:
            crls.append(x509.load_der_x509_crl(der))
        except (ValueError, x509.InvalidVersion):
            continue
    return certificates, crls, reading.ocsps


def _agrees(deps: LicenseDeps, record: LicenseRecord, data: LicenseData | None) -> bool:
    kind = find_type(deps.policies.licenses, record.type_code, record.type_version)
    if data is None:
        return False
    # A node's address may change while its licences last, and a type leave the catalogue: then its name is the one in the file that the registry
    # has. All else must be the same.
    name = data.type_name if kind is None else kind.name
    return replace(describe(record, name, deps.node), node_url=data.node_url, status_uri=data.status_uri) == data


def _peers_status(listed: _Listed | None, data: LicenseData, node: Node) -> StatusEvidence:
    if listed is None:
        return _no_status("还没有取得发证节点的状态列表", "the issuing node's status list has not been fetched yet")
    token, fetched_at = listed.token, listed.fetched_at
    if token is None or listed.statuses is None:
        return replace(
            _no_status("发证节点的状态列表已过期或不可信", "the issuing node's status list is out of date or not genuine"),
            fetched_at=fetched_at,
        )
    if token.node.code != node.code or token.claims.get("sub") != data.status_uri:
        return replace(
            _no_status("状态列表不是这份证照所指的那一份", "the status list is not the one that the licence names"),
            fetched_at=fetched_at,
        )
    code = listed.statuses.find_code(data.status_index)
    if code is None:
        return replace(_no_status("状态列表里没有这份证照", "the status list does not have this licence"), fetched_at=fetched_at)
    made_at = datetime.fromtimestamp(int(token.claims["iat"]), UTC)
    return StatusEvidence("status_list", code, made_at, "", fetched_at)


def _no_status(zh: str, en: str) -> StatusEvidence:
    return StatusEvidence("status_list", None, None, "", problem=Text(zh, en))
