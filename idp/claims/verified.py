"""Claims with the evidence behind them (OpenID Identity Assurance 1.0): told from stored evidence, or not at all.

A set is told whole: where one thing that was insisted on is not so, nothing of the set is told. Left to others: reading what is asked
(``verified_request``), writing evidence down (``people.proofing``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from idp.claims import verified_request
from idp.claims.told import obtainable
from idp.claims.values import values
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, Client, Verification
from kernel.clock import parse_rfc3339, rfc3339
from policies.assurance_models import Proofing
from policies.claims import release_for
from policies.models import AssurancePolicies

_NOTHING = object()


class _UnmetError(Exception):
    """Something that was insisted on is not so."""


def answer(
    work: IdpWork, deps: IdpDeps, client: Client, account: Account, requests: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return ``verified_claims`` for what was asked, or nothing at all where no evidence answers it."""
    if not requests:
        return {}
    evidence = work.records.verifications(account.id)
    may = obtainable(deps, client).intersection(release_for(deps.policies.claims, client.department).verified)
    now = deps.clock.now()
    known = {name: value for name, value in values(account).items() if name in may and value is not None}
    found = [_first_fitting(deps.policies.assurance, request, evidence, known, now) for request in requests]
    told = [one for one in found if one is not None]
    return {verified_request.MEMBER: told[0] if len(told) == 1 else told} if told else {}


def names(answered: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that an answer tells, for the page that shows them."""
    told = answered.get(verified_request.MEMBER, [])
    return {name: value for one in (told if isinstance(told, list) else [told]) for name, value in one["claims"].items()}


def verification(policies: AssurancePolicies, evidence: Verification) -> dict[str, Any] | None:
    """Return what is said of how a level was reached; None where policies don't know the method (any more)."""
    proofing = policies.proofing.get(evidence.method)
    if proofing is None or proofing.evidence is None:
        return None
    checks = [{"check_method": method, "time": rfc3339(evidence.verified_at)} for method in proofing.check_methods]
    return {
        "trust_framework": policies.trust_framework,
        "assurance_level": str(evidence.level),
        "time": rfc3339(evidence.verified_at),
        "evidence": [{"type": proofing.evidence, **_details(proofing), "check_details": checks}],
    }


def _details(proofing: Proofing) -> dict[str, Any]:
    if proofing.evidence == "document":
        return {"document_details": {"type": proofing.kind}}
    if proofing.evidence == "electronic_record":
        return {"record": {"type": proofing.kind}}
    return {"signature_type": proofing.kind}


def _first_fitting(
    policies: AssurancePolicies,
    request: Mapping[str, Any],
    evidence: Sequence[Verification],
    known: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any] | None:
    for one in evidence:
        said = verification(policies, one)
        if said is None:
            continue
        proven = {name: value for name, value in known.items() if name in one.claims}
        try:
            claims = _take(request["claims"], proven, now)
            told = _take({"trust_framework": None, **request["verification"]}, said, now)
        except _UnmetError:
            continue
        if claims:
            return {"verification": told, "claims": claims}
    return None


def _take(asked: Any, actual: Any, now: datetime) -> Any:
    """Return the part of ``actual`` that is asked for, ``_UnmetError`` where a constraint is not met; each of a list must be met."""
    if asked is None:
        return actual
    if isinstance(asked, list):
        found = [_take_any(one, actual, now) for one in asked]
        return [one for index, one in enumerate(found) if one not in found[:index]]
    if verified_request.is_constraint(asked):
        return _constrained(asked, actual, now)
    if actual is not _NOTHING and not isinstance(actual, Mapping):
        return actual  # what is not understood of a request is ignored (Core 5.5.1)
    within: Mapping[str, Any] = actual if isinstance(actual, Mapping) else {}
    taken = {name: _take(one, within.get(name, _NOTHING), now) for name, one in asked.items() if name != verified_request.IGNORED}
    return {name: value for name, value in taken.items() if value is not _NOTHING and value != {}}


def _take_any(asked: Any, actual: Any, now: datetime) -> Any:
    for one in actual if isinstance(actual, list) else ():
        try:
            return _take(asked, one, now)
        except _UnmetError:
            continue
    raise _UnmetError


def _constrained(asked: Mapping[str, Any], actual: Any, now: datetime) -> Any:
    if actual is _NOTHING:
        if asked.keys() - {"essential"} or asked.get("essential"):
            raise _UnmetError
        return actual
    wanted = [asked["value"]] if "value" in asked else asked.get("values", [actual])
    if not any(type(one) is type(actual) and one == actual for one in wanted):
        raise _UnmetError
    if "max_age" in asked and not _is_fresh(actual, asked["max_age"], now):
        raise _UnmetError
    return actual


def _is_fresh(moment: object, max_age: int, now: datetime) -> bool:
    try:
        return isinstance(moment, str) and (now - parse_rfc3339(moment)).total_seconds() <= max_age
    except ValueError:
        return False
