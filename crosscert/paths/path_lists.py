"""Which revocation lists may speak for a certificate of a path, and whose word each of them is.

A list speaks for a certificate when it is in its issuer's name, or when it is an indirect list of somebody whom the certificate names
(cRLIssuer); and when a CA *above* the certificate signed it, or a list signer that such a CA certified. Nobody else's: the library
would also take the list of any other CA under the same issuer, and a CA's own list for its own certificate.

Left to others: whether a list signer's certificate is good, and what stands on the lists (``revocation``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crosscert.paths.answers import ParsedAnswer
from crosscert.paths.certificates import ParsedCertificate, is_signed_by
from crosscert.paths.crls import CrlSet, ParsedCrl, find_signer, newest
from crosscert.paths.deadline import Deadline
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest


@dataclass(frozen=True, slots=True)
class Signed:
    """A list verified under ``signer``'s key. ``under``: the place of the CA that certified a list signer, None for a CA above."""

    crl: ParsedCrl
    signer: ParsedCertificate
    under: int | None = None


@dataclass(frozen=True, slots=True)
class PlaceLists:
    """The lists that may speak for one certificate; ``unverified`` when there were others in the issuer's name."""

    lists: tuple[Signed, ...]
    unverified: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """Where lists and their signers are looked for, the answers at hand, and what is asked."""

    pool: Pool
    crls: CrlSet
    request: PathRequest
    deadline: Deadline
    answers: Sequence[ParsedAnswer] = ()


def lists_for(path: Sequence[ParsedCertificate], place: int, sources: Sources, *, of_signer: bool = False) -> PlaceLists:
    """Return the newest lists of each signer and scope that may speak for the certificate at ``place``.

    ``of_signer``: the certificate is a list signer's. If its issuer says so, its own indirect list may speak for it.
    """
    certificate = path[place]
    found: list[Signed] = []
    unverified = False
    for name in dict.fromkeys((certificate.issuer, *certificate.crl_issuers)):
        own_name = name == certificate.issuer
        for each in sources.crls.named(name):
            sources.deadline.check()
            if not own_name and not each.is_indirect:
                continue
            signed = _signed_above(each, path, place) or _signed_by_delegate(each, path, place, sources.pool)
            if signed is None and of_signer and not own_name and find_signer(each, (certificate,)):
                signed = Signed(each, certificate)
            if signed is not None:
                found.append(signed)
            elif own_name:
                unverified = True
    by_list = {signed.crl.sha256: signed for signed in found}
    chosen = newest([(signed.crl, signed.signer) for signed in found], sources.request.at)
    return PlaceLists(tuple(by_list[each.sha256] for each, _ in chosen), unverified)


def _signed_above(found: ParsedCrl, path: Sequence[ParsedCertificate], place: int) -> Signed | None:
    signer = find_signer(found, (certificate for certificate in path[:place] if certificate.subject == found.issuer))
    return None if signer is None else Signed(found, signer)


def _signed_by_delegate(found: ParsedCrl, path: Sequence[ParsedCertificate], place: int, pool: Pool) -> Signed | None:
    for candidate, under in _delegates(found.issuer, path, place, pool):
        if find_signer(found, (candidate,)) is not None:
            return Signed(found, candidate, under)
    return None


def _delegates(name: str, path: Sequence[ParsedCertificate], place: int, pool: Pool) -> Iterator[tuple[ParsedCertificate, int]]:
    """Yield certificates with this name that a CA above certified, and that CA's place.

    Another key of the issuer itself must come from the issuer or from whoever certified the issuer: a sibling cannot lend a name.
    """
    own_name = name == path[place].issuer
    for candidate in pool.named(name):
        if candidate in path[: place + 1] or not candidate.may_sign_crls:
            continue
        for under in range(place - 1, -1, -1):
            related = path[under].subject == name or (under + 1 < place and path[under + 1].subject == name)
            if (related or not own_name) and candidate.issuer == path[under].subject and is_signed_by(candidate, path[under]):
                yield candidate, under
                break
