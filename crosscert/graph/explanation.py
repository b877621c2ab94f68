"""Why a node or a certificate is trusted, or why not: the level, the way, what each cross-certificate on it permits, or the reason.

A certificate is judged as it is, by the real graph; of a node it is told what would count of what it issues. Left to others: the rules
(``crosscert.paths``), words for a terminal (the command).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crosscert.errors import PEER_UNKNOWN
from crosscert.graph.edges import constraints_json, is_cross
from crosscert.graph.reach import reach
from crosscert.graph.shadow import cast_shadow
from crosscert.graph.view import real_edges
from crosscert.graph.world import make_world
from crosscert.material import gather
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.records import PathRequest, PathVerdict, Reason
from crosscert.ports import CrosscertDeps
from crosscert.trust import find, with_more
from kernel.canonical import Json
from kernel.errors import Refusal
from policies.certificates import levels_at_least, policy_oid


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether ``name`` is trusted: ``levels`` are this node's that it counts as, ``way`` the certificates that lead there."""

    name: str
    levels: tuple[str, ...]
    way: tuple[ParsedCertificate, ...]
    reason: Reason | None

    @property
    def is_trusted(self) -> bool:
        """Whether it counts as anything."""
        return bool(self.levels)

    def as_json(self) -> dict[str, Json]:
        """Return the JSON form: of each cross-certificate on the way what it permits."""
        return {
            "target": self.name,
            "trusted": self.is_trusted,
            "levels": list(self.levels),
            "way": [{**each.as_json(), "constraints": constraints_json(each) if is_cross(each) else None} for each in self.way],
            "reason": None if self.reason is None else self.reason.as_json(),
        }


def explain_node(deps: CrosscertDeps, code: str, at: datetime) -> Explanation:
    """Return why the node with this area code is trusted or not; ``Refusal(peer_unknown)`` when the graph does not have it."""
    material = gather(deps, at)
    world = make_world(deps, cast_shadow(material), material.principals, at, complete=False)
    place = next((each for each in world.places if each.code == code), None)
    if place is None:
        raise Refusal(PEER_UNKNOWN, field="code", code=code)
    found = reach(world, {place.key})[0]
    way = tuple(real_edges(world, found.accepted[-1])) if found.accepted else ()
    return Explanation(f"{code} {place.name}", found.levels, way, found.reason)


def explain_certificate(
    deps: CrosscertDeps, certificate: ParsedCertificate, at: datetime, offers: Sequence[ParsedCertificate] = ()
) -> Explanation:
    """Return why a certificate is trusted or not, its issuers among ``offers`` or held."""
    levels = sorted(deps.policies.levels, key=lambda name: -deps.policies.levels[name].number)
    reason = None
    for level in levels:
        verdict = _verdict(deps, certificate, at, level, offers)
        if verdict.valid:
            return Explanation(certificate.subject_text, (level,), verdict.certificates, None)
        reason = verdict.reason
    return Explanation(certificate.subject_text, (), verdict.certificates, reason)


def _verdict(
    deps: CrosscertDeps, certificate: ParsedCertificate, at: datetime, level: str, offers: Sequence[ParsedCertificate]
) -> PathVerdict:
    wanted = frozenset(policy_oid(deps.policies, deps.node.code, name) for name in levels_at_least(deps.policies, level))
    return find(with_more(gather(deps, at), offers, ()), certificate, PathRequest(at, wanted))
