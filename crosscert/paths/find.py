"""The engine's one entry: from a certificate, an anchor and whatever lies around to a verdict. Pure: no file, no connection.

Left to others: gathering (``crosscert.trust``, ``service.cli.path``).
"""

from __future__ import annotations

from collections.abc import Sequence

from crosscert.paths.answers import ParsedAnswer
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import CrlSet
from crosscert.paths.deadline import Deadline, OutOfTime
from crosscert.paths.discovery import Candidate, Search, explain_absence
from crosscert.paths.explain import LOCAL, PathFault, reason, reason_of
from crosscert.paths.index import Pool
from crosscert.paths.path_lists import Sources
from crosscert.paths.records import PathRequest, PathVerdict
from crosscert.paths.validation import validate


def find_path(
    target: ParsedCertificate,
    anchor: ParsedCertificate,
    pool: Pool,
    crls: CrlSet,
    request: PathRequest,
    *,
    answers: Sequence[ParsedAnswer] = (),
) -> PathVerdict:
    """Return the first good path from ``anchor`` to ``target``, the shortest first; when none is good, the best explanation.

    Deterministic: the same certificates, lists, answers and request give the same verdict, unless the time budget ends it.
    """
    deadline = Deadline(request.budget_seconds)
    search = Search(target, anchor, pool, request.at, deadline)
    best: tuple[Candidate, PathFault] | None = None
    try:
        for candidate in search.candidates():
            try:
                policies = validate(candidate.path, Sources(pool, crls, request, deadline, answers))
            except PathFault as fault:
                best = _better(best, (candidate, fault))
                if candidate.faults or not _learn(search, candidate, fault):
                    break  # what is visibly at fault is never valid and all that follows is too; or every path ends like this
            else:
                return PathVerdict(valid=True, certificates=candidate.path, policies=policies)
        if best is None:
            code, chain = explain_absence(search)
            return PathVerdict(valid=False, certificates=chain, reason=reason(code, chain[0], issuer=chain[0].issuer_text))
    except OutOfTime:
        return PathVerdict(valid=False, certificates=best[0].path if best else (), reason=reason("out_of_time", target))
    path = best[0].path
    return PathVerdict(valid=False, certificates=path, reason=reason_of(best[1], path))


def _better(held: tuple[Candidate, PathFault] | None, found: tuple[Candidate, PathFault]) -> tuple[Candidate, PathFault]:
    """Return which failure to tell: that of the shortest path; among equals the first, which has the fewest faults."""
    if held is None or len(found[0].path) < len(held[0].path):
        return found
    return held


def _learn(search: Search, candidate: Candidate, fault: PathFault) -> bool:
    """Bar what is at fault in every path; False when that is the target or the anchor, so that no other path needs to be tried."""
    if fault.code not in LOCAL:
        return True
    certificate = candidate.path[fault.place]
    if certificate in {search.target, search.anchor}:
        return False
    search.bar(certificate)
    return True
