"""The certificates that a path may be built of, by subject and issuer, and how far each issuer is from an anchor.

Left to others: searching (``discovery``), believing anything (``validation``).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from crosscert.paths.certificates import Entity, ParsedCertificate
from crosscert.paths.deadline import Deadline

UNREACHABLE = 1_000_000
_KEPT = 20_000
"""How many answers a pool keeps: targets come from outside and may name any key identifier."""

_Place: TypeAlias = tuple[str, str, bytes | None]
_Answer = TypeVar("_Answer")


class Pool:
    """An index over certificates. It never changes, so it may be kept and shared; more certificates make another pool."""

    def __init__(self, certificates: Iterable[ParsedCertificate] = ()) -> None:
        self._all = dict.fromkeys(certificates)
        by_subject: dict[str, list[ParsedCertificate]] = defaultdict(list)
        by_issuer: dict[str, list[ParsedCertificate]] = defaultdict(list)
        # The order decides between equal paths: the certificate that lasts longest first, then by digest.
        for certificate in sorted(self._all, key=lambda each: (-each.not_after.timestamp(), each.sha256)):
            by_subject[certificate.subject].append(certificate)
            by_issuer[certificate.issuer].append(certificate)
        self._by_subject: Mapping[str, Sequence[ParsedCertificate]] = by_subject
        self._by_issuer: Mapping[str, Sequence[ParsedCertificate]] = by_issuer
        self._distances: dict[str, Mapping[Entity, int]] = {}
        self._lengths: dict[_Place, int] = {}
        self._nearest: dict[_Place, Sequence[ParsedCertificate]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, certificate: ParsedCertificate) -> bool:
        return certificate in self._all

    def named(self, subject: str) -> Sequence[ParsedCertificate]:
        """Return the certificates whose subject is ``subject`` (a prepared name)."""
        return self._by_subject.get(subject, ())

    def issuers_of(self, certificate: ParsedCertificate) -> list[ParsedCertificate]:
        """Return the certificates of those who may have issued ``certificate``, by name and key identifier (RFC 4158 3.5.12)."""
        return [candidate for candidate in self.named(certificate.issuer) if fits(certificate, candidate)]

    def nearest_issuers(
        self, certificate: ParsedCertificate, anchor: ParsedCertificate, deadline: Deadline
    ) -> Sequence[ParsedCertificate]:
        """Return the same, those nearest to ``anchor`` first; those that nothing leads to are left out."""
        place = (anchor.sha256, certificate.issuer, certificate.authority_key_identifier)
        found = self._nearest.get(place)
        if found is None:
            by_distance = [(self.distance(each, anchor, deadline), each) for each in self.issuers_of(certificate)]
            near = sorted((pair for pair in by_distance if pair[0] < UNREACHABLE), key=lambda pair: pair[0])
            found = [each for _, each in near]
            _keep(self._nearest, place, found)
        return found

    def with_more(self, certificates: Iterable[ParsedCertificate]) -> Pool:
        """Return a pool that has ``certificates`` too; this very one when none of them is new and can matter to a path."""
        more = [certificate for certificate in certificates if certificate not in self._all and _matters(certificate)]
        return Pool([*self._all, *more]) if more else self

    def distance(self, certificate: ParsedCertificate, anchor: ParsedCertificate, deadline: Deadline) -> int:
        """Return the least number of certificates between ``anchor`` and ``certificate``, or ``UNREACHABLE``."""
        place = (anchor.sha256, certificate.issuer, certificate.authority_key_identifier)
        found = self._lengths.get(place)
        if found is None:
            distances = self._distances.get(anchor.sha256)
            if distances is None:
                distances = self._distances[anchor.sha256] = self.distances(anchor, deadline)
            found = self.distance_by(distances, certificate, anchor)
            _keep(self._lengths, place, found)
        return found

    def distance_by(self, distances: Mapping[Entity, int], certificate: ParsedCertificate, anchor: ParsedCertificate) -> int:
        """Return the same by distances given."""
        if fits(certificate, anchor) and certificate.issuer == anchor.subject:
            return 0
        return min((distances.get(each.entity, UNREACHABLE) for each in self.issuers_of(certificate)), default=UNREACHABLE)

    def distances(
        self, anchor: ParsedCertificate, deadline: Deadline, without: Collection[ParsedCertificate] = ()
    ) -> Mapping[Entity, int]:
        """Return how many certificates lead from the anchor to each issuer, breadth first, some certificates left out."""
        distances: dict[Entity, int] = {anchor.entity: 0}
        waiting: deque[ParsedCertificate] = deque([anchor])
        # One issuer is gone on from once, for each key identifier that it is known by.
        known = {(anchor.entity, anchor.key_identifier)}
        while waiting:
            deadline.check()
            through = waiting.popleft()
            for certificate in self._by_issuer.get(through.subject, ()):
                if certificate in without or not fits(certificate, through):
                    continue
                distances.setdefault(certificate.entity, distances[through.entity] + 1)
                place = (certificate.entity, certificate.key_identifier)
                if place not in known:
                    known.add(place)
                    waiting.append(certificate)
        return distances


def fits(certificate: ParsedCertificate, issuer: ParsedCertificate) -> bool:
    """Tell whether the key identifiers allow that ``issuer`` issued ``certificate`` (RFC 5280 4.2.1.1): absent ones allow all."""
    wanted, offered = certificate.authority_key_identifier, issuer.key_identifier
    return wanted is None or offered is None or wanted == offered


def _keep(answers: dict[_Place, _Answer], place: _Place, answer: _Answer) -> None:
    if len(answers) >= _KEPT:
        answers.clear()
    answers[place] = answer


def _matters(certificate: ParsedCertificate) -> bool:
    return certificate.is_ca or certificate.may_sign_crls
