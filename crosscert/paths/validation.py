"""Validates one path: our own checks, then pyhanko-certvalidator with that path's revocation lists only. Any exception refuses.

1. choose the lists that this path's own issuers, or list signers under them, signed;
2. recall whether exactly this was found valid before;
3. check what needs no policies and no revocation (``checks``);
4. let the library validate the one path, with policies and revocation;
5. look back: every list that the library used was verified under the issuer that it was used for; and look into delta lists that
   only the certificate points to.

Left to others: which path (``discovery``), what is told when it fails (``explain``).
"""

from __future__ import annotations

import re
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from threading import Lock
from typing import Any

from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathValidationError,
    RevokedError,
    StaleRevinfoError,
)
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, PKIXValidationParams, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import CertificateRegistry, SimpleTrustManager
from pyhanko_certvalidator.revinfo.manager import RevinfoManager
from pyhanko_certvalidator.revinfo.validate_crl import find_cert_in_list
from pyhanko_certvalidator.validate import async_validate_path

from crosscert.errors import CRL_NOT_GENUINE
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.checks import check_path, check_validity
from crosscert.paths.crls import CrlSet
from crosscert.paths.explain import PathFault, policy_fault
from crosscert.paths.index import Pool
from crosscert.paths.memory import Memory
from crosscert.paths.path_lists import PathCrls, choose_crls
from crosscert.paths.records import ANY_POLICY, Deadline, OutOfTime, PathRequest
from crosscert.paths.signatures import AllowedAlgorithms, BudgetedSignatures
from kernel.clock import rfc3339
from kernel.errors import Refusal

_ALGORITHMS = AllowedAlgorithms()
_REQUIRED = CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require"))
_UNCHECKED = CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("none"))
_PLACE = re.compile(r"intermediate certificate (\d+)")
_MAX_POLICY_NODES = 500
_memory = Memory(20_000)
_library_lock = Lock()
"""The library's parsed objects fill in their children when first looked at, which two threads must not do at once."""


def validate(
    path: Sequence[ParsedCertificate], pool: Pool, crls: CrlSet, request: PathRequest, deadline: Deadline
) -> tuple[str, ...]:
    """Return the policies (OIDs of the anchor's domain) under which ``path`` is valid; ``PathFault`` or ``OutOfTime`` else."""
    # 1. Lists: those of this path's issuers, verified, and no others.
    chosen = choose_crls(path, pool, crls, request, deadline) if request.check_revocation else PathCrls((), (), frozenset())
    # 2. Was exactly this found valid before? Then only the moment can change it.
    known = _memory.recall(path, chosen, request)
    if known is not None:
        check_validity(path, request)
        return known
    # 3. Whatever can be told exactly.
    check_path(path, request, deadline)
    if len(path) == 1:  # the anchor itself
        return ()
    if not _library_lock.acquire(timeout=deadline.remaining()):
        raise OutOfTime
    try:
        # 4. The library.
        qualified, manager = _ask_library(path, chosen, request, deadline)
        # 5. What the library leaves open.
        _check_crl_issuers(chosen, manager, len(path) - 1)
        _check_freshest(path, chosen, request)
    except (PathFault, OutOfTime):
        raise
    except PathValidationError as error:
        raise _fault(error, path, request, chosen) from None
    except Exception as error:  # noqa: BLE001 - whatever goes wrong while judging is no reason to trust
        raise PathFault(len(path) - 1, "path_refused", found=type(error).__name__) from None
    finally:
        _library_lock.release()
    _memory.keep(path, chosen, request, qualified)
    return qualified


def _ask_library(
    path: Sequence[ParsedCertificate], chosen: PathCrls, request: PathRequest, deadline: Deadline
) -> tuple[tuple[str, ...], RevinfoManager]:
    anchor, *between, target = path
    trust_anchor = CertTrustAnchor(anchor.asn1)
    signers = [signer.asn1 for _, signer in chosen.delegated]
    registry = CertificateRegistry.build([certificate.asn1 for certificate in path[1:]] + signers)
    manager = RevinfoManager(registry, POEManager(), [found.container for found, _ in chosen.all()], [])
    for found, signer in chosen.direct:
        # Verified under this very certificate's key already, which the library would otherwise look for by name.
        manager.record_crl_issuer(found.asn1, signer.asn1)  # type: ignore[no-untyped-call]
    context = ValidationContext(
        trust_manager=SimpleTrustManager.build([trust_anchor]),
        certificate_registry=registry,
        revinfo_manager=manager,
        revinfo_policy=_REQUIRED if request.check_revocation else _UNCHECKED,
        moment=request.at,
        time_tolerance=timedelta(0),
        algorithm_usage_policy=_ALGORITHMS,
        signature_validator=BudgetedSignatures(deadline),
    )
    parameters = PKIXValidationParams(
        user_initial_policy_set=frozenset(request.policies - {ANY_POLICY}) if request.policies else frozenset({"any_policy"}),
        initial_explicit_policy=request.explicit_policy,
        initial_policy_mapping_inhibit=request.inhibit_policy_mapping,
        initial_any_policy_inhibit=request.inhibit_any_policy,
        max_policy_graph_nodes=_MAX_POLICY_NODES,
    )
    validated = ValidationPath(trust_anchor, [certificate.asn1 for certificate in between], target.asn1)
    _run(async_validate_path(context, validated, parameters))
    deadline.check()
    found_policies = {policy.user_domain_policy_id for policy in validated.qualified_policies() or ()}
    return tuple(sorted(ANY_POLICY if policy == "any_policy" else policy for policy in found_policies)), manager


def _run(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run what is written as a coroutine but, fetching nothing, never waits: an event loop would cost more than the work."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    message = "the library waits for something although it may fetch nothing"
    raise RuntimeError(message)


def _check_crl_issuers(chosen: PathCrls, manager: RevinfoManager, place: int) -> None:
    """Every list that was believed was verified here under the key of the issuer for which it was believed."""
    for found, signer in chosen.all():
        used = manager.check_crl_issuer(found.asn1)
        if used is not None and used.public_key.dump() != signer.asn1.public_key.dump():
            raise Refusal(CRL_NOT_GENUINE, problem=f"used for another key, path of {place}")


def _check_freshest(path: Sequence[ParsedCertificate], chosen: PathCrls, request: PathRequest) -> None:
    """Look a certificate that points to delta lists itself up in those of its issuer (RFC 5280 4.2.1.15, 6.3.3 (c))."""
    for place, certificate in enumerate(path[1:], 1):
        if certificate.asn1.freshest_crl_value is None:
            continue
        for found, signer in chosen.direct:
            if found.is_delta and signer.entity == path[place - 1].entity and found.this_update <= request.at:
                moment, why = find_cert_in_list(
                    certificate.asn1, certificate.asn1.issuer, found.asn1, path[place - 1].asn1.subject
                )
                if why is not None and why.native != "remove_from_crl" and moment <= request.at:
                    raise PathFault(place, "certificate_revoked", moment=rfc3339(moment), why=why.native)


def _fault(error: PathValidationError, path: Sequence[ParsedCertificate], request: PathRequest, chosen: PathCrls) -> PathFault:
    """Return the library's finding in our words; our own checks having passed, it is about revocation or policies."""
    text = str(error)
    found = _PLACE.search(text)
    place = int(found.group(1)) if found else len(path) - 1
    if isinstance(error, RevokedError):
        return PathFault(place, "certificate_revoked", moment=rfc3339(error.revocation_dt), why=error.reason.native)
    if isinstance(error, StaleRevinfoError):
        return PathFault(place, "revocation_stale")
    if isinstance(error, InsufficientRevinfoError):
        return _revocation_fault(text, path, place, chosen)
    if isinstance(error, DisallowedAlgorithmError):
        return PathFault(place, "algorithm_refused")
    if isinstance(error, ExpiredError | NotYetValidError):
        return PathFault(place, "path_refused", found=type(error).__name__)
    return _policy_or_other(text, path, place, request)


def _revocation_fault(text: str, path: Sequence[ParsedCertificate], place: int, chosen: PathCrls) -> PathFault:
    if "too recent" in text:
        return PathFault(place, "revocation_too_new")
    if path[place].issuer in chosen.unverified:
        if not path[place - 1].may_sign_crls:
            return PathFault(place - 1, "may_not_sign_crls")
        return PathFault(place, "revocation_forged")
    return PathFault(place, "revocation_unknown")


def _policy_or_other(text: str, path: Sequence[ParsedCertificate], place: int, request: PathRequest) -> PathFault:
    if "valid set of policies" in text:
        return policy_fault(path, place, request)
    if "policy graph" in text:
        return PathFault(place, "too_complex")
    if "policy mapping" in text or "any policy" in text.replace("_", " "):
        return PathFault(place, "policy_mapping_invalid")
    if "namespace" in text:
        return PathFault(place, "name_not_permitted", name=path[place].subject_text)
    return PathFault(place, "path_refused", found=text[:200])
