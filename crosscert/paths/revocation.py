"""Whether a certificate of a path was revoked: each is judged by its own lists only, which the library reads.

The library decides what a list says (scope, reasons, deltas, entries, freshness); which lists it sees, and under whose key each was
verified, is decided in ``path_lists``. An OCSP answer that came with a document is heard where no list that is in force is at hand, unless
a newer one that is no longer in force knows better, and where it says that the certificate was revoked. Any exception refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import CRLNoMatchesError, CRLValidationIndeterminateError, RevokedError
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import CertificateRegistry, SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer
from pyhanko_certvalidator.revinfo.manager import RevinfoManager
from pyhanko_certvalidator.revinfo.validate_crl import find_cert_in_list, verify_crl

from crosscert.paths.answers import ParsedAnswer, find_responder
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.checks import check_path
from crosscert.paths.explain import PathFault
from crosscert.paths.path_lists import PlaceLists, Signed, Sources, lists_for
from crosscert.paths.running import run_now
from crosscert.paths.signatures import AllowedAlgorithms, VerifiedLists
from kernel.clock import rfc3339
from pki.der_reader import DerError

_REQUIRED = CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require"))
_TAKEN_OFF = "remove_from_crl"
_NOTHING_IN_FORCE = frozenset({"revocation_unknown", "revocation_stale", "revocation_too_new"})
_MAX_DEPTH = 3
"""How many list signers may stand behind each other."""

About: TypeAlias = tuple[Signed, CRLContainer]
"""A verified list, and what of it bears on the certificate in question."""


def check_not_revoked(
    path: Sequence[ParsedCertificate],
    place: int,
    lists: PlaceLists,
    sources: Sources,
) -> None:
    """Raise ``PathFault`` unless it is told that the certificate at ``place`` was not revoked."""
    answer = _newest_answer(path, place, sources)
    at = sources.request.at
    if answer is not None and answer.revoked is not None and answer.revoked[0] <= at:
        moment, why = answer.revoked
        raise PathFault(place, "certificate_revoked", moment=rfc3339(moment), why=why)
    try:
        _ask_lists(path, place, lists, sources)
    except PathFault as fault:
        # RFC 5280 6.3.3 knows lists only; an answer in their place is RFC 6960's.
        if answer is None or fault.code not in _NOTHING_IN_FORCE or not answer.holds_at(at):
            raise
        # Once it has expired, that it was revoked may be forgotten (RFC 6960 4.4.4).
        if answer.this_update > path[place].not_after:
            raise
        _check_newer_lists(path, place, lists, sources, answer.this_update)


def _check_newer_lists(
    path: Sequence[ParsedCertificate], place: int, lists: PlaceLists, sources: Sources, since: datetime
) -> None:
    """Refuse a certificate that was revoked by a list of ``since`` or later, whether that is in force or not: whoever hands in a word chooses it."""
    newer = [
        (signed, signed.crl.about(path[place].serial))
        for signed in lists.lists
        if signed.crl.this_update >= since and _is_signer_good(signed, path, sources, frozenset())
    ]
    _check_entries(path, place, newer, by=sources.request.at)


def _newest_answer(path: Sequence[ParsedCertificate], place: int, sources: Sources) -> ParsedAnswer | None:
    """Return the last answer about the certificate whose signer may give it."""
    issuer = path[place - 1]
    about = [each for each in sources.answers if each.is_about(path[place], issuer)]
    good = (each for each in about if _is_responder_good(each, path, place, sources))
    return max(good, key=lambda each: (each.this_update, each.sha256), default=None)


def _is_responder_good(answer: ParsedAnswer, path: Sequence[ParsedCertificate], place: int, sources: Sources) -> bool:
    """Tell whether the CA signed the answer, or a responder of its whose certificate is good (RFC 6960 4.2.2.2)."""
    sources.deadline.check()
    issuer = path[place - 1]
    responder = find_responder(answer, issuer)
    if responder is None or responder == issuer:
        return responder is not None
    beside = (*path[:place], responder)
    try:
        check_path(beside, sources.request, sources.deadline)
        if responder.asn1.ocsp_no_check_value is None:  # 4.2.2.2.1
            lists = lists_for(beside, place, sources, of_signer=True)
            _ask_lists(beside, place, lists, sources)
    except PathFault:
        return False
    return answer.this_update <= responder.not_after


def _ask_lists(
    path: Sequence[ParsedCertificate],
    place: int,
    lists: PlaceLists,
    sources: Sources,
    signers: frozenset[ParsedCertificate] = frozenset(),
) -> None:
    """Raise ``PathFault`` unless the lists tell that the certificate was not revoked. ``signers`` are under judgement."""
    good = [signed for signed in lists.lists if _is_signer_good(signed, path, sources, signers)]
    sources.deadline.check()
    try:
        # Nothing else on a list bears on this certificate (``entries``); the library would look through all of it.
        usable = [(signed, signed.crl.about(path[place].serial)) for signed in good]
    except DerError:
        raise PathFault(place, "revocation_malformed") from None
    try:
        _ask_library(path, place, usable, sources)
    except RevokedError as error:
        raise PathFault(place, "certificate_revoked", moment=rfc3339(error.revocation_dt), why=error.reason.native) from None
    except CRLNoMatchesError:
        raise _unknown(path, place, lists) from None
    except CRLValidationIndeterminateError as error:
        if error.suspect_stale is not None:
            raise PathFault(place, "revocation_stale") from None
        if any("too recent" in str(failure[0]) for failure in error.failures):
            raise PathFault(place, "revocation_too_new") from None
        raise _unknown(path, place, lists) from None
    _check_entries(path, place, usable)


def _unknown(path: Sequence[ParsedCertificate], place: int, lists: PlaceLists) -> PathFault:
    if lists.unverified and not lists.lists:
        if not path[place - 1].may_sign_crls:
            return PathFault(place - 1, "may_not_sign_crls")
        return PathFault(place, "revocation_forged")
    return PathFault(place, "revocation_unknown")


def _is_signer_good(
    signed: Signed, path: Sequence[ParsedCertificate], sources: Sources, signers: frozenset[ParsedCertificate]
) -> bool:
    """Tell whether a list signer's own certificate is valid and not revoked; the CAs above are judged with the path."""
    if signed.under is None or signed.signer in signers:
        return True
    if len(signers) >= _MAX_DEPTH:
        return False
    beside = (*path[: signed.under + 1], signed.signer)
    last = len(beside) - 1
    try:
        check_path(beside, sources.request, sources.deadline)
        lists = lists_for(beside, last, sources, of_signer=True)
        _ask_lists(beside, last, lists, sources, signers | {signed.signer})
    except PathFault:
        return False
    return True


def _ask_library(path: Sequence[ParsedCertificate], place: int, lists: Sequence[About], sources: Sources) -> None:
    anchor = CertTrustAnchor(path[0].asn1)
    certificates: list[asn1_x509.Certificate] = [certificate.asn1 for certificate in path[1 : place + 1]]
    registry = CertificateRegistry.build(certificates)
    manager = RevinfoManager(registry, POEManager(), [container for _, container in lists], [])
    for signed, container in lists:
        # Verified under this very certificate's key; otherwise the library would look for a signer by name.
        manager.record_crl_issuer(container.crl_data, signed.signer.asn1)
    context = ValidationContext(
        trust_manager=SimpleTrustManager.build([anchor]),
        certificate_registry=registry,
        revinfo_manager=manager,
        revinfo_policy=_REQUIRED,
        moment=sources.request.at,
        time_tolerance=timedelta(0),
        algorithm_usage_policy=AllowedAlgorithms(),
        signature_validator=VerifiedLists(
            (container.crl_data["tbs_cert_list"].dump(), signed.signer.key) for signed, container in lists
        ),
    )
    upto = ValidationPath(anchor, certificates[:-1], certificates[-1])
    run_now(verify_crl(certificates[-1], upto, context))


def _check_entries(path: Sequence[ParsedCertificate], place: int, lists: Sequence[About], by: datetime | None = None) -> None:
    """Refuse a certificate that stands on one of its lists (RFC 5280 6.3.3 (i), (j)), unless a newer delta took it off.

    The library overlooks an entry whose date is the very moment asked about or later, although the list is older than that moment;
    and delta lists that only the certificate points to (4.2.1.15). ``by``: of lists that are newer, entries until then.
    """
    certificate = path[place]
    entries = [
        (signed, find_cert_in_list(certificate.asn1, certificate.asn1.issuer, container.crl_data, signed.signer.asn1.subject))
        for signed, container in lists
    ]
    taken_off = {signed.signer.key for signed, (_, why) in entries if why is not None and why.native == _TAKEN_OFF}
    for signed, (moment, why) in entries:
        if why is not None and signed.signer.key not in taken_off and (by is None or moment <= by):
            raise PathFault(place, "certificate_revoked", moment=rfc3339(moment), why=why.native)
