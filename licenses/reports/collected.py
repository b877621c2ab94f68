"""A verdict together with all that it was made of, for reports. The whole file is read: what came in it belongs to the evidence.

Left to others: the verdict (``licenses.verify``), what is made of it (``statement``, ``evidence``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from crosscert.paths.answers import find_answer, find_responder
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl, find_signer, parse_crl
from kernel.errors import Refusal
from licenses.archival import below
from licenses.errors import EVIDENCE_MISSING
from licenses.evidence import Evidence, PathEvidence
from licenses.gathering import Court
from licenses.ports import LicenseDeps
from licenses.speeds import read_whole
from licenses.verdict import Verdict
from licenses.verification import check_document, event_of
from licenses.verify import judge


@dataclass(frozen=True, slots=True)
class Answered:
    """An OCSP answer (DER) about a certificate of a path, by its issuer or a responder of that. ``named_by`` is the digest in its certID."""

    der: bytes
    named_by: str
    certificate: ParsedCertificate
    issuer: ParsedCertificate


@dataclass(frozen=True, slots=True)
class Collected:
    """The file, what was found out about it, the revocation lists (DER) of the CAs on its paths, and its OCSP answers, if they were looked at."""

    pdf: bytes
    at: datetime
    verdict: Verdict
    evidence: Evidence
    lists: tuple[bytes, ...]
    answers: tuple[Answered, ...]


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
    if evidence.signer is None or evidence.signer.trusted is None:
        raise Refusal(EVIDENCE_MISSING, field="file")
    paths = [standing.trusted for standing in (evidence.signer, evidence.time_stamper) if standing and standing.trusted]
    return Collected(pdf, court.at, verdict, evidence, _lists(court, evidence, paths), tuple(_answers(evidence, paths)))


def _lists(court: Court, evidence: Evidence, paths: list[PathEvidence]) -> tuple[bytes, ...]:
    """Return the lists of every CA on the paths that are held or came with the file, each by the exact key of its CA."""
    cas = sorted({ca for path in paths for ca in path.path[:-1]}, key=lambda each: each.subject_text)
    came = [each for each in map(_read_list, evidence.reading.crls) if each is not None]
    found: dict[bytes, None] = {}
    for ca in cas:
        offered = (*court.lists_of(ca.subject), *came)
        found.update(dict.fromkeys(each.der for each in offered if find_signer(each, [ca]) is not None))
    return tuple(found)


def _answers(evidence: Evidence, paths: list[PathEvidence]) -> Iterator[Answered]:
    pairs = dict.fromkeys(pair for path in paths if path.offered for pair in pairwise(path.path))
    for der in dict.fromkeys(evidence.reading.ocsps):
        answer = find_answer(der)
        if answer is None:
            continue
        for issuer, certificate in pairs:
            if answer.is_about(certificate, issuer) and find_responder(answer, issuer) is not None:
                yield Answered(der, answer.about[0], certificate, issuer)


def _read_list(der: bytes) -> ParsedCrl | None:
    try:
        return parse_crl(der)
    except Refusal:
        return None
