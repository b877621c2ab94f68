"""The plan: what a change of the graph would make valid and what it would break, before a CA key signs anything.

1. the graph is cast into a shadow (``graph.shadow``), the proposed cross-certificate among it;
2. what is trusted of every place is asked of the engine without the change and with it (``graph.reach``);
3. what must not be trusted is tried as well (``graph.refusals``).

Left to others: who looks at it and approves (``agreements``), its form (``plan_format``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from cryptography import x509

from crosscert.constraints import template_of
from crosscert.errors import PLAN_NOT_KEPT
from crosscert.graph.edges import constraints_json, find_edge
from crosscert.graph.reach import Reach, reach
from crosscert.graph.refusals import Tried, try_lies
from crosscert.graph.shadow import Key, cast_shadow, with_proposed
from crosscert.graph.world import World, make_world, seen_from
from crosscert.material import gather
from crosscert.paths.certificates import parse_certificate
from crosscert.plan_format import Dependant, Kind, Plan, difference, reach_json
from crosscert.ports import CrosscertDeps
from crosscert.records import Constraints
from kernel.canonical import Json
from kernel.errors import Refusal, Text
from kernel.nodes import Node
from pki.cross_certificates import check_template


def plan_issue(
    deps: CrosscertDeps,
    constraints: Constraints,
    principal_der: bytes,
    at: datetime,
    *,
    offers: Iterable[bytes] = (),
    instead_of: str | None = None,
    peer: Node | None = None,
) -> Plan:
    """Return what certifying the other's principal CA (its self-signed certificate, DER) within the constraints would do.

    ``offers`` are certificates that the other node's description names: its issuing CAs, what it certified. ``instead_of`` is the
    serial or digest of the cross-certificate that the new one takes the place of: renewed, narrowed, re-keyed. ``peer`` is
    who the other is, so that the plan calls it as it will be called afterwards.
    ``Refusal(template_unsuitable)`` for constraints that the CA would refuse to sign.
    """
    material = gather(deps, at)
    check_template(
        template_of(constraints, x509.load_der_x509_certificate(principal_der)),
        material.anchor.x509,
        deps.policies.cross_certificates.max_validity_days,
    )
    principal = parse_certificate(principal_der)
    shadow = cast_shadow(material, [principal, *map(parse_certificate, offers)])
    proposed, cross = with_proposed(shadow, constraints, principal, at, deps.node)
    without = () if instead_of is None else (find_edge(material, instead_of),)
    principals = material.principals if peer is None else {**material.principals, principal.key.hex(): peer}
    before = make_world(deps, shadow, principals, at, complete=True)
    after = make_world(deps, proposed, principals, at, without=without, complete=True)
    edge: dict[str, Json] = {
        "issuer": material.anchor.subject_text,
        "subject": principal.subject_text,
        "principal": principal.sha256,
        "constraints": constraints_json(cross.certificate),
        "validity_days": constraints.validity_days,
        "instead_of": without[0].sha256 if without else None,
    }
    return _plan(deps, "issue", edge, (before, after), principal.key)


def plan_revoke(deps: CrosscertDeps, edge: str, at: datetime, *, also: Iterable[str] = ()) -> Plan:
    """Return what breaks when a cross-certificate of the graph (serial or SHA-256, hexadecimal) is revoked, by whomever issued it.

    ``also`` are those that are revoked together with it. ``Refusal(edge_unknown)`` when there is none.
    """
    material = gather(deps, at)
    found, *others = (find_edge(material, each) for each in (edge, *also))
    shadow = cast_shadow(material)
    before, after = (
        make_world(deps, shadow, material.principals, at, without=without, complete=True) for without in ((), (found, *others))
    )
    named: dict[str, Json] = {"issuer": found.issuer_text, "subject": found.subject_text, "certificate": found.sha256}
    if others:
        named["also"] = [each.sha256 for each in others]
    return _plan(deps, "revoke", named, (before, after), found.key)


def verify_after(deps: CrosscertDeps, plan: Plan, at: datetime) -> None:
    """Refuse when what is trusted now that the plan was carried out is not what was planned (``plan_not_kept``): tried anew, both ways."""
    material = gather(deps, at)
    world = make_world(deps, cast_shadow(material), material.principals, at, complete=True)
    states = tuple(reach(world))
    then = {each.key: reach_json(each) for each in plan.after}
    now = {each.key: reach_json(each) for each in states}
    names = {each.key: each.name for each in (*plan.after, *states)}
    differing = [names[key] for key in names if then.get(key) != now.get(key)]
    places = {each.place for each in plan.tried}
    tried = _try(world, states, {key for key, name in names.items() if name in places})
    # Which of several ways failed, and why, may differ; what is accepted may not.
    accepted = {(each.place, each.case, each.of) for each in plan.tried if each.reason is None}
    differing += [each.place for each in tried if each.reason is None and (each.place, each.case, each.of) not in accepted]
    if differing:
        raise Refusal(PLAN_NOT_KEPT, places=", ".join(dict.fromkeys(differing)))


def _plan(deps: CrosscertDeps, kind: Kind, edge: Mapping[str, Json], worlds: tuple[World, World], key: Key) -> Plan:
    """Return the plan for an edge to the root with ``key``; what is reached through it is lied about when it is to be issued."""
    before, after = worlds
    subject = after.owners.of(key)
    then, now = tuple(reach(before)), tuple(reach(after))
    over = _through(after, now, subject)
    names = {place.key: place.name for place in after.places}
    return Plan(
        kind=kind,
        edge=edge,
        before=then,
        after=now,
        tried=tuple(_try(after, now, over)) if kind == "issue" else (),
        dependants=tuple(_dependants(before, after, subject, over | _through(before, then, subject))),
        assumed=tuple(names[key] for key in names if key in after.assumed),
        type_names={each.code: Text(each.name, each.name_en) for each in deps.find_license_types()},
    )


def _through(world: World, states: Sequence[Reach], subject: Key) -> set[Key]:
    """Return the places that are reached by a certificate for ``subject``, itself among them."""
    digests = {digest for digest, each in world.by_digest.items() if each.is_cross and world.owners.of(each.subject) == subject}
    return {state.key for state in states if any(digests & set(each.edges) for each in state.accepted)}


def _dependants(before: World, after: World, subject: Key, through: AbstractSet[Key]) -> Iterator[Dependant]:
    """Yield the other nodes for which the trust in the edge's subject changes, with what changes of all that lies beyond it."""
    for place in before.places[1:]:
        then, now = seen_from(before, place), seen_from(after, place)
        if then is None or now is None or place.key == subject:
            continue
        first = difference(reach(then, {subject}), reach(now, {subject}))
        if first:
            beyond = through - {subject, place.key}
            yield Dependant(place.name, place.code, (*first, *difference(reach(then, beyond), reach(now, beyond))))


def _try(world: World, states: Sequence[Reach], keys: Collection[Key]) -> Sequence[Tried]:
    return [
        tried
        for place, state in zip(world.places, states, strict=True)
        if place.key in keys and state.accepted
        for tried in try_lies(world, place, state)
    ]
