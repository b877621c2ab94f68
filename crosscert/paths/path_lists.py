"""Which revocation lists a path may be judged by: those that its own CAs signed, or list signers under them. No others.

Left to others: what stands on the lists (``validation``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crosscert.paths.certificates import ParsedCertificate, is_signed_by
from crosscert.paths.crls import CrlSet, ParsedCrl, find_signer, newest
from crosscert.paths.index import Pool
from crosscert.paths.records import Deadline, PathRequest


@dataclass(frozen=True, slots=True)
class PathCrls:
    """The lists that a path may be judged by. ``direct`` were signed by a CA of the path, ``delegated`` by somebody under one."""

    direct: tuple[tuple[ParsedCrl, ParsedCertificate], ...]
    delegated: tuple[tuple[ParsedCrl, ParsedCertificate], ...]
    unverified: frozenset[str]

    def all(self) -> Iterable[tuple[ParsedCrl, ParsedCertificate]]:
        """Return every list with its verified signer."""
        return (*self.direct, *self.delegated)


def choose_crls(
    path: Sequence[ParsedCertificate], pool: Pool, crls: CrlSet, request: PathRequest, deadline: Deadline
) -> PathCrls:
    """Return the newest lists that were signed by a CA of the path or by a list signer that such a CA certified."""
    issuers = path[:-1]
    names = dict.fromkeys(certificate.subject for certificate in issuers)
    for certificate in path[1:]:
        names.update(dict.fromkeys(certificate.crl_issuers))
    direct, delegated, unverified = [], [], set()
    for name in names:
        for found in crls.named(name):
            deadline.check()
            signer = find_signer(found, (certificate for certificate in issuers if certificate.subject == name))
            if signer is not None:
                direct.append((found, signer))
                continue
            signer = find_signer(found, _list_signers(name, issuers, pool))
            if signer is not None:
                delegated.append((found, signer))
            else:
                unverified.add(name)
    return PathCrls(tuple(newest(direct, request.at)), tuple(newest(delegated, request.at)), frozenset(unverified))


def _list_signers(name: str, issuers: Sequence[ParsedCertificate], pool: Pool) -> Iterable[ParsedCertificate]:
    """Yield the certificates with this name that a CA of the path issued: other keys of a CA, and signers of indirect lists."""
    for candidate in pool.named(name):
        if candidate in issuers or not candidate.may_sign_crls:
            continue
        for issuer in issuers:
            if candidate.issuer == issuer.subject and is_signed_by(candidate, issuer):
                yield candidate
                break
