"""Finds candidate paths, best first: from the target upward, guided by how far each issuer is from the anchor.

The order is: no visible fault before a fault, then the shortest, then the one whose certificates last longest. An issuer (a name and
a key) appears once in a path; a certificate that a CA gave itself counts only as a link between two of its keys. Every cap ends
the search, so a mesh costs no more than a chain; and a CA that thousands have certified costs no more than one that few have, because
its certificates are taken nearest first and one at a time.

Left to others: whether a candidate is valid (``validation``).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from crosscert.paths.certificates import Entity, ParsedCertificate, is_signed_by
from crosscert.paths.deadline import Deadline
from crosscert.paths.index import UNREACHABLE, Pool, fits
from crosscert.paths.signatures import is_allowed

MAX_CERTIFICATES = 8
MAX_PATHS = 64
MAX_EXPANSIONS = 2_000

Chain: TypeAlias = tuple[ParsedCertificate, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path from the anchor (first) to the target (last), and how many of its certificates are visibly at fault."""

    path: Chain
    faults: int


@dataclass(frozen=True, slots=True)
class _Open:
    """A chain from the target upward: to be looked at, or, with ``issuers``, to be gone on with the one that is not ``taken`` yet."""

    chain: Chain
    faults: int
    issuers: Sequence[ParsedCertificate] | None = None
    taken: int = 0


@dataclass(slots=True)
class Search:
    """One search. While candidates are taken, certificates may be barred: no path needs to be tried with them."""

    target: ParsedCertificate
    anchor: ParsedCertificate
    pool: Pool
    at: datetime
    deadline: Deadline
    _barred: set[ParsedCertificate] = field(default_factory=set)
    _distances: Mapping[Entity, int] | None = None
    _waiting: list[tuple[int, int, int, _Open]] = field(default_factory=list)
    _order: int = 0
    expansions: int = 0
    bad_signatures: set[ParsedCertificate] = field(default_factory=set)

    def candidates(self) -> Iterator[Candidate]:
        """Yield candidates, best first, at most ``MAX_PATHS``; ``OutOfTime`` when the time is up."""
        if self.target == self.anchor:
            yield Candidate((self.anchor,), self._faults_at_end(self.anchor))
            return
        yielded = 0
        self._wait(_Open((self.target,), self._faults_at_end(self.target)))
        while self._waiting and yielded < MAX_PATHS and self.expansions < MAX_EXPANSIONS:
            self.deadline.check()
            *_, step = heapq.heappop(self._waiting)
            if not self._barred.isdisjoint(step.chain):
                continue
            if step.issuers is not None:
                self._go_on(step, step.issuers)
                continue
            self.expansions += 1
            top = step.chain[-1]
            if top.issuer == self.anchor.subject and fits(top, self.anchor) and self._signed(top, self.anchor):
                yielded += 1
                yield Candidate((self.anchor, *reversed(step.chain)), step.faults)
            self._wait(_Open(step.chain, step.faults, self.pool.nearest_issuers(top, self.anchor, self.deadline)))

    def bar(self, certificate: ParsedCertificate) -> None:
        """Try no further path with ``certificate``; what leads to the anchor through it alone is not looked at any more."""
        self._barred.add(certificate)
        self._distances = self.pool.distances(self.anchor, self.deadline, self._barred)

    def _go_on(self, step: _Open, issuers: Sequence[ParsedCertificate]) -> None:
        """Take the next issuer of an open chain: the chain that it makes waits, and so does the open one for those after it."""
        certificate = issuers[step.taken]
        if self._may_issue(certificate, step.chain):
            faults = step.faults + self._faults_as_issuer(certificate, step.chain)
            self._wait(_Open((*step.chain, certificate), faults))
        self._wait(_Open(step.chain, step.faults, issuers, step.taken + 1))

    def _wait(self, step: _Open) -> None:
        """Let a step wait for its turn; what is beyond the cap, or never reaches the anchor, is not kept."""
        if step.issuers is None:
            length = len(step.chain) + 1 + self._distance(step.chain[-1])
        elif step.taken < len(step.issuers):
            # Nearest first, so this is the least length of all that follow.
            length = len(step.chain) + 2 + self.pool.distance(step.issuers[step.taken], self.anchor, self.deadline)
        else:
            return
        if length <= MAX_CERTIFICATES:
            self._order += 1
            heapq.heappush(self._waiting, (step.faults, length, self._order, step))

    def _distance(self, certificate: ParsedCertificate) -> int:
        if self._distances is None:
            return self.pool.distance(certificate, self.anchor, self.deadline)
        return self.pool.distance_by(self._distances, certificate, self.anchor)

    def _may_issue(self, certificate: ParsedCertificate, chain: Chain) -> bool:
        known = {each.entity for each in chain[1:]} | {self.anchor.entity}
        if certificate.entity in known or certificate == chain[-1] or _is_own_root(certificate):
            return False
        return self._signed(chain[-1], certificate)

    def _signed(self, certificate: ParsedCertificate, issuer: ParsedCertificate) -> bool:
        if is_signed_by(certificate, issuer):
            return True
        if not is_allowed(certificate.asn1["signature_algorithm"], issuer.asn1.public_key):
            return True  # refused with its own reason by validation
        self.bad_signatures.add(certificate)
        return False

    def _faults_at_end(self, certificate: ParsedCertificate) -> int:
        return int(not certificate.not_before <= self.at <= certificate.not_after)

    def _faults_as_issuer(self, certificate: ParsedCertificate, below: Chain) -> int:
        between = sum(not each.self_issued for each in below[1:])
        too_long = certificate.path_length is not None and between > certificate.path_length
        unable = not certificate.is_ca or not certificate.may_sign_certificates
        return self._faults_at_end(certificate) + int(unable) + int(too_long)


def _is_own_root(certificate: ParsedCertificate) -> bool:
    """Tell whether a certificate leads nowhere but to itself: same name, same key."""
    return certificate.self_issued and fits(certificate, certificate) and is_signed_by(certificate, certificate)


def explain_absence(search: Search) -> tuple[str, Chain]:
    """Say why there was no candidate at all: the code and the chain from the certificate at which the way upward breaks off to the target.

    Follows issuers as far as they go, whether the anchor can be reached or not; the longest way is told.
    """
    below: dict[ParsedCertificate, ParsedCertificate | None] = {search.target: None}
    row = [search.target]
    last = search.target
    for _ in range(MAX_CERTIFICATES):
        above: list[ParsedCertificate] = []
        for certificate in row:
            if certificate in search.bad_signatures:
                return "signature_invalid", _chain(certificate, below)
            found = [each for each in search.pool.issuers_of(certificate)[:MAX_PATHS] if each not in below]
            below.update(dict.fromkeys(found, certificate))
            above += found
        if not above:
            break
        row = sorted(above, key=lambda each: each.sha256)[:MAX_PATHS]
        last = row[0]
    if any(search.pool.distance(certificate, search.anchor, search.deadline) < UNREACHABLE for certificate in below):
        return "no_path", (search.target,)
    return ("untrusted_root" if last.self_issued else "issuer_not_found"), _chain(last, below)


def _chain(top: ParsedCertificate, below: Mapping[ParsedCertificate, ParsedCertificate | None]) -> Chain:
    chain = [top]
    while (certificate := below[chain[-1]]) is not None:
        chain.append(certificate)
    return tuple(chain)
