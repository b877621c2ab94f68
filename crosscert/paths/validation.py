"""Validates one path: our own checks, then pyhanko-certvalidator, which sees nothing but this path. Any exception refuses.

1. choose the revocation lists that may speak for each certificate (``path_lists``);
2. recall whether exactly this was found valid before (``memory``);
3. check what needs no policies and no lists (``checks``);
4. ask of each certificate whether it was revoked (``revocation``);
5. let the library validate the path, with policies.

Left to others: which path (``discovery``), the words when it fails (``explain``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from threading import Lock

from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import DisallowedAlgorithmError, PathValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, PKIXValidationParams, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.validate import async_validate_path

from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.checks import check_path, check_validity
from crosscert.paths.deadline import Deadline, OutOfTime
from crosscert.paths.explain import PathFault, policy_fault
from crosscert.paths.memory import Memory
from crosscert.paths.path_lists import PlaceLists, Sources, lists_for
from crosscert.paths.records import ANY_POLICY, PathRequest
from crosscert.paths.revocation import check_not_revoked
from crosscert.paths.running import run_now
from crosscert.paths.signatures import AllowedAlgorithms, BudgetedSignatures

_ELSEWHERE = CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("none"))
"""Revocation is asked of the library certificate by certificate, see ``revocation``."""
_PLACE = re.compile(r"intermediate certificate (\d+)")
_MAX_POLICY_NODES = 500
_KEPT = 20_000
_memory = Memory(_KEPT)
_library_lock = Lock()
"""The library's parsed objects fill in their children when first looked at, which two threads must not do at once."""


def validate(path: Sequence[ParsedCertificate], sources: Sources) -> tuple[str, ...]:
    """Return the policies (OIDs of the anchor's domain) under which ``path`` is valid; ``PathFault`` or ``OutOfTime`` else."""
    request = sources.request
    # 1. Lists: for each certificate those that may speak for it, and no others.
    places = range(1, len(path)) if request.check_revocation else ()
    lists = {place: lists_for(path, place, sources) for place in places}
    # 2. Was exactly this found valid before? Then only the moment can change it. With answers at hand it is asked anew.
    known = None if sources.answers else _memory.recall(path, lists, request)
    if known is not None:
        check_validity(path, request)
        return known
    # 3. Whatever can be told exactly.
    check_path(path, request, sources.deadline)
    if len(path) == 1:  # the anchor itself
        return ()
    policies = _ask_library(path, lists, sources)
    if not sources.answers:
        _memory.keep(path, lists, request, policies)
    return policies


def _ask_library(path: Sequence[ParsedCertificate], lists: dict[int, PlaceLists], sources: Sources) -> tuple[str, ...]:
    place = 0
    if not _library_lock.acquire(timeout=sources.deadline.remaining()):
        raise OutOfTime
    try:
        # 4. Revocation, from the anchor downward.
        for place, found in lists.items():
            check_not_revoked(path, place, found, sources)
        # 5. Policies, and everything again that we checked ourselves.
        place = len(path) - 1
        return _validate_policies(path, sources.request, sources.deadline)
    except (PathFault, OutOfTime):
        raise
    except PathValidationError as error:
        raise _fault(error, path, sources.request) from None
    except Exception as error:  # noqa: BLE001 - whatever goes wrong while judging is no reason to trust
        raise PathFault(place, "path_refused", found=type(error).__name__) from None
    finally:
        _library_lock.release()


def _validate_policies(path: Sequence[ParsedCertificate], request: PathRequest, deadline: Deadline) -> tuple[str, ...]:
    anchor, *between, target = path
    trust_anchor = CertTrustAnchor(anchor.asn1)
    context = ValidationContext(
        trust_manager=SimpleTrustManager.build([trust_anchor]),
        revinfo_policy=_ELSEWHERE,
        moment=request.at,
        time_tolerance=timedelta(0),
        algorithm_usage_policy=AllowedAlgorithms(),
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
    run_now(async_validate_path(context, validated, parameters))
    deadline.check()
    found = {policy.user_domain_policy_id for policy in validated.qualified_policies() or ()}
    return tuple(sorted(ANY_POLICY if policy == "any_policy" else policy for policy in found))


def _fault(error: PathValidationError, path: Sequence[ParsedCertificate], request: PathRequest) -> PathFault:
    """Return the library's finding in our words; our own checks having passed, it is about policies."""
    text = str(error)
    found = _PLACE.search(text)
    place = int(found.group(1)) if found else len(path) - 1
    if isinstance(error, DisallowedAlgorithmError):
        return PathFault(place, "algorithm_refused")
    if "valid set of policies" in text:
        return policy_fault(path, place, request)
    if "policy graph" in text:
        return PathFault(place, "too_complex")
    if "policy mapping" in text:
        return PathFault(place, "policy_mapping_invalid")
    return PathFault(place, "path_refused", found=text[:200])
