"""What is checked of a path before the library validates it: RFC 5280 6.1 without policies and revocation, in its order.

The library checks all of this again. It is checked here first because here the exact rule and certificate can be told, because
the library leaves parts of it out (the anchor's own limits, some kinds of names, repeated serials), and because it is cheap.

Left to others: policies and revocation (``validation``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from pyhanko_certvalidator.validate import SUPPORTED_EXTENSIONS

from crosscert.paths.certificates import ParsedCertificate, is_signed_by
from crosscert.paths.constraints import NameState, NotAllowed
from crosscert.paths.deadline import Deadline
from crosscert.paths.explain import PathFault
from crosscert.paths.records import PathRequest
from crosscert.paths.signatures import is_allowed
from kernel.clock import rfc3339

Path: TypeAlias = Sequence[ParsedCertificate]
Check: TypeAlias = Callable[[Path, PathRequest], None]

# The library leaves "private" QC statements and the AA controls to its caller; neither means anything to us when critical.
_UNDERSTOOD = SUPPORTED_EXTENSIONS - {"aa_controls"}


def check_validity(path: Path, request: PathRequest) -> None:
    """Every certificate, the anchor's too, is within its dates, both ends included (6.1.3 (a)(2))."""
    for place, certificate in enumerate(path):
        if request.at > certificate.not_after:
            raise PathFault(place, "certificate_expired", moment=rfc3339(certificate.not_after))
        if request.at < certificate.not_before:
            raise PathFault(place, "certificate_not_yet_valid", moment=rfc3339(certificate.not_before))


def check_algorithms(path: Path, request: PathRequest) -> None:
    """Each certificate was signed with the algorithm it names inside (4.1.1.2), and with one that counts."""
    del request
    for place, certificate in enumerate(path[1:], 1):
        if not certificate.algorithms_agree:
            raise PathFault(place, "algorithms_disagree")
        if not is_allowed(certificate.asn1["signature_algorithm"], path[place - 1].asn1.public_key):
            raise PathFault(place, "algorithm_refused")


def check_signatures(path: Path, request: PathRequest) -> None:
    """Every certificate was signed by the one above it (6.1.3 (a)(1))."""
    del request
    for place, certificate in enumerate(path[1:], 1):
        if not is_signed_by(certificate, path[place - 1]):
            raise PathFault(place, "signature_invalid")


def check_issuer_names(path: Path, request: PathRequest) -> None:
    """Every certificate names the one above it as its issuer (6.1.3 (a)(4))."""
    del request
    for place, certificate in enumerate(path[1:], 1):
        if certificate.issuer != path[place - 1].subject:
            raise PathFault(place, "issuer_name_mismatch")


def check_serials(path: Path, request: PathRequest) -> None:
    """No two certificates share issuer and serial (4.1.2.2): the library tells certificates apart by these."""
    del request
    seen: set[tuple[str, int]] = set()
    for place, certificate in enumerate(path):
        identity = (certificate.issuer, certificate.serial)
        if identity in seen:
            raise PathFault(place, "serial_repeated")
        seen.add(identity)


def check_issuers(path: Path, request: PathRequest) -> None:
    """Whoever issued is a CA and may sign certificates (6.1.4 (k), (n))."""
    del request
    for place, certificate in enumerate(path[1:-1], 1):
        if not certificate.is_ca:
            raise PathFault(place, "not_a_ca")
        if not certificate.may_sign_certificates:
            raise PathFault(place, "may_not_sign_certificates")


def check_path_length(path: Path, request: PathRequest) -> None:
    """No more CAs follow than each pathLenConstraint allows, the anchor's too (6.1.4 (l), (m); RFC 5937)."""
    del request
    left = len(path) if path[0].path_length is None else path[0].path_length
    for place, certificate in enumerate(path[1:-1], 1):
        if not certificate.self_issued:
            if left == 0:
                raise PathFault(place, "path_too_long")
            left -= 1
        if certificate.path_length is not None:
            left = min(left, certificate.path_length)


def check_names(path: Path, request: PathRequest) -> None:
    """Every name lies within what all above permit and exclude, the anchor too (6.1.3 (b), (c), 6.1.4 (g); RFC 5937)."""
    del request
    state = NameState()
    for place, certificate in enumerate(path):
        try:
            if place and (place == len(path) - 1 or not certificate.self_issued):
                state.check(certificate.names)
            if certificate.limits is not None and place < len(path) - 1:
                state.narrow(certificate.limits)
        except NotAllowed as refused:
            code = {
                "permitted": "name_not_permitted",
                "excluded": "name_excluded",
                "unjudgeable": "name_unjudgeable",
                "too_many": "too_complex",
            }[refused.why]
            raise PathFault(place, code, name=refused.name) from None


def check_critical_extensions(path: Path, request: PathRequest) -> None:
    """Every critical extension is understood (6.1.4 (o), 6.1.5 (f))."""
    del request
    for place, certificate in enumerate(path[1:], 1):
        unknown = certificate.critical - _UNDERSTOOD
        if unknown:
            raise PathFault(place, "unknown_critical_extension", found=", ".join(sorted(unknown)))


CHECKS: tuple[Check, ...] = (
    check_algorithms,
    check_signatures,
    check_validity,
    check_issuer_names,
    check_serials,
    check_issuers,
    check_path_length,
    check_names,
    check_critical_extensions,
)
"""The order in which they are asked: what is wrong with one certificate before what is wrong with their sequence."""


def check_path(path: Path, request: PathRequest, deadline: Deadline) -> None:
    """Run every check; ``PathFault`` from the first that fails, ``OutOfTime`` between two of them."""
    for check in CHECKS:
        deadline.check()
        check(path, request)
