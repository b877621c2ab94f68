"""A verdict together with all that it was made of, for reports. The whole file is read: what came in it belongs to the evidence.

Left to others: the verdict (``licenses.verify``), the signatures' octets (``proofs``), what is made of it (``statement``, ``evidence``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from crosscert.paths.answers import ParsedAnswer, find_answer, find_responder
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl, find_signer, parse_crl
from kernel.errors import Refusal
from licenses.archival import below
from licenses.errors import EVIDENCE_MISSING
from licenses.evidence import Evidence, PathEvidence
from licenses.gathering import Court
from licenses.ports import LicenseDeps
from licenses.reports.proofs import Proof, proofs_of
from licenses.speeds import read_whole
from licenses.verdict import Verdict
from licenses.verification import check_document, event_of, find_elsewhere, target_of
from licenses.verify import judge


@dataclass(frozen=True, slots=True)
class Answered:
    """An OCSP answer (DER). ``named_by`` is the digest in its certID."""

    der: bytes
    named_by: str


@dataclass(frozen=True, slots=True)
class Told:
    """By what it is told that a certificate of a path was not revoked: a list of its issuer's that was in force, an answer, or what is not at hand."""

    certificate: ParsedCertificate
    issuer: ParsedCertificate
    by_list: bool
    answer: Answered | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """The file, what was found out about it, its signatures, the revocation lists (DER) of the CAs on their paths, and what tells of each certificate.

    ``told`` is by a path's last certificate and its moment.
    """

    pdf: bytes
    at: datetime
    verdict: Verdict
    evidence: Evidence
    proofs: Sequence[Proof]
    lists: Sequence[bytes]
    told: Mapping[tuple[ParsedCertificate, datetime], Sequence[Told]]

    def told_of(self, path: PathEvidence) -> Sequence[Told]:
        """Return what tells of each certificate of a path, below the root."""
        return self.told[path.path[-1], path.at]


def collect(deps: LicenseDeps, pdf: bytes, *, actor: str, at: datetime | None = None) -> Collected:
    """Verify ``pdf`` and return all of it; ``Refusal`` for what is no document, cannot be read, or bears no seal of anybody trusted."""
    check_document(deps, pdf)
    pdf, archive = below(pdf)
    sha256 = hashlib.sha256(pdf).hexdigest()
    court = Court(deps, at or deps.clock.now())
    with deps.work.look() as work:
        known = work.records.find_known([sha256]).get(sha256)
    evidence = court.gather(read_whole(deps, pdf, sha256), None if known is None else known.record, archive)
    verdict = judge(evidence, court.at)
    with deps.work.note() as work:
        work.audit.record(event_of(deps, sha256, verdict, actor, court.at))
        if (elsewhere := find_elsewhere(evidence, verdict)) is not None:
            work.records.keep_untold(elsewhere, [target_of(sha256)], deps.clock.now())
    proofs = proofs_of(pdf, evidence)
    if not proofs:
        raise Refusal(EVIDENCE_MISSING, field="file")
    offers = _Offers(court, evidence)
    told = {(path.path[-1], path.at): offers.tell(path) for proof in proofs for path in proof.paths}
    return Collected(pdf, court.at, verdict, evidence, proofs, tuple(offers.lists), told)


class _Offers:
    """The lists and answers that are held or came with the file. ``lists`` are those that were found to be of a CA on a path."""

    def __init__(self, court: Court, evidence: Evidence) -> None:
        self._court = court
        self._came = [each for each in map(_read_list, evidence.reading.crls) if each is not None]
        ders = dict.fromkeys(evidence.reading.ocsps)
        self._answers = [(der, each) for der in ders if (each := find_answer(der)) is not None]
        self.lists: dict[bytes, None] = {}

    def tell(self, path: PathEvidence) -> Sequence[Told]:
        """Return what tells of each certificate of a path, below the root."""
        return [self._tell(certificate, issuer, path.at) for issuer, certificate in pairwise(path.path)]

    def _tell(self, certificate: ParsedCertificate, issuer: ParsedCertificate, at: datetime) -> Told:
        # By the exact key of the CA, whichever others have its name.
        offered = (*self._court.lists_of(issuer.subject, at), *self._came)
        lists = [each for each in offered if find_signer(each, [issuer]) is not None]
        self.lists |= dict.fromkeys(each.der for each in lists)
        if any(each.this_update <= at and (each.next_update is None or at <= each.next_update) for each in lists):
            return Told(certificate, issuer, by_list=True)
        # As ``crosscert.paths.revocation`` has it: where no list is in force.
        heard = [(der, each) for der, each in self._answers if _is_heard(each, certificate, issuer, at)]
        der, answer = max(heard, key=lambda one: (one[1].this_update, one[1].sha256), default=(b"", None))
        return Told(certificate, issuer, by_list=False, answer=None if answer is None else Answered(der, answer.about[0]))


def _is_heard(answer: ParsedAnswer, certificate: ParsedCertificate, issuer: ParsedCertificate, at: datetime) -> bool:
    return answer.is_about(certificate, issuer) and answer.holds_at(at) and find_responder(answer, issuer) is not None


def _read_list(der: bytes) -> ParsedCrl | None:
    try:
        return parse_crl(der)
    except Refusal:
        return None
