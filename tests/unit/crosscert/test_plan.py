"""The plan: what it says before a CA key signs is what the engine says afterwards of real certificates, and what is given away is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from crosscert import agreements
from crosscert.constraints import constraints_for, template_of
from crosscert.errors import EDGE_UNKNOWN, PLAN_NOT_KEPT
from crosscert.paths.certificates import from_x509
from crosscert.plan import plan_issue, plan_revoke, verify_after
from crosscert.plan_format import Change, Plan
from crosscert.records import Constraints, StoredCertificate
from kernel.errors import Refusal
from pki import authority, cross_certificates
from pki.certificates import Issuer, sign
from pki.errors import TEMPLATE_UNSUITABLE
from pki.keyfiles import generate
from policies.certificates import policy_oid
from tests.support.pki import CITY, COUNTY
from tests.support.three_nodes import Federation, Member, certify
from tests.unit.crosscert.test_two_hops import forged, seal_names

LEVELS = ("basic", "substantial", "high")


def usual(own: Member, peer: Member) -> Constraints:
    return constraints_for(own.deps.policies, own.node, peer.node)


def plan(own: Member, peer: Member, constraints: Constraints | None = None, instead_of: str | None = None) -> Plan:
    """What certifying the peer would do, its description at hand."""
    offers = [each.der for each in peer.introduce().description.certificates]
    principal = authority.get_principal(peer.deps.pki).der
    at = own.deps.clock.now()
    return plan_issue(own.deps, constraints or usual(own, peer), principal, at, offers=offers, instead_of=instead_of)


def only(own: Member, peer: Member, *levels: str) -> Constraints:
    """The usual constraints with these levels alone."""
    policies = own.deps.policies
    pairs = [(policy_oid(policies, own.node.code, level), policy_oid(policies, peer.node.code, level)) for level in levels]
    return replace(usual(own, peer), policies=tuple(ours for ours, _ in pairs), mappings=tuple(pairs))


def issue(own: Member, constraints: Constraints, peer: Member) -> None:
    """Sign what was planned, without an agreement."""
    principal = x509.load_der_x509_certificate(authority.get_principal(peer.deps.pki).der)
    authority.issue_cross_certificate(own.deps.pki, template_of(constraints, principal))
    with own.deps.work.begin() as work:
        work.records.raise_generation()


def edge(own: Member, peer: Member) -> str:
    found = agreements.find_live(own.deps, peer.node.code)
    assert found is not None
    assert found.serial is not None
    return found.serial


def changed(changes: tuple[Change, ...] | list[Change]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {each.name: (each.gained, each.lost) for each in changes}


def trusted(nodes: Federation, own: Member) -> dict[str, set[str]]:
    """Of each node the levels on which a real leaf of that very level is trusted, signed by the node's real issuing CA."""
    found: dict[str, set[str]] = {}
    for member in nodes.members:
        for level in LEVELS:
            oid = policy_oid(own.deps.policies, member.node.code, level)
            leaf = forged(nodes, seal_names(member), policies=(oid,), by=member)
            if own.trust.path(leaf, at=nodes.clock.now(), levels=level).valid:
                found.setdefault(member.node.name, set()).add(level)
    return found


def planned(found: Plan) -> dict[str, set[str]]:
    return {each.name: set(each.levels) for each in found.after if each.levels}


def test_what_was_planned_is_what_real_certificates_get_afterwards(nodes: Federation) -> None:
    """The county gives its agreement with the city up, and plans it anew."""
    agreements.revoke(nodes.county.deps, edge_agreement(nodes.county, nodes.city), actor="account:li")
    nodes.sync()
    assert trusted(nodes, nodes.county) == {"饶平县": set(LEVELS)}
    before = plan(nodes.county, nodes.city)
    assert changed(list(before.changes)) == {"潮州市": (LEVELS, ()), "潮安区": (LEVELS, ())}
    assert {each.name: each.after for each in before.changes} == {
        "潮州市": ("饶平县", "潮州市"),
        "潮安区": ("饶平县", "潮州市", "潮安区"),
    }
    assert before.faults == []
    certify(nodes.county, nodes.city)
    nodes.sync(nodes.county)
    nodes.sync(nodes.county)
    assert trusted(nodes, nodes.county) == planned(before)
    verify_after(nodes.county.deps, before, nodes.clock.now())


def edge_agreement(own: Member, peer: Member) -> str:
    found = agreements.find_live(own.deps, peer.node.code)
    assert found is not None
    return found.identifier


def test_fewer_levels_are_planned_and_kept_as_fewer(synced: Federation) -> None:
    levels = ("basic", "high")
    narrow = only(synced.county, synced.city, *levels)
    found = plan(synced.county, synced.city, narrow, instead_of=edge(synced.county, synced.city))
    lost = tuple(level for level in LEVELS if level not in levels)
    assert changed(list(found.changes)) == {"潮州市": ((), lost), "潮安区": ((), lost)}
    with pytest.raises(Refusal) as refused:
        verify_after(synced.county.deps, found, synced.clock.now())
    assert refused.value.error is PLAN_NOT_KEPT
    agreements.revoke(synced.county.deps, edge_agreement(synced.county, synced.city), actor="account:li")
    issue(synced.county, narrow, synced.city)
    verify_after(synced.county.deps, found, synced.clock.now())
    assert trusted(synced, synced.county) == planned(found)


def test_licence_types_follow_from_the_levels(synced: Federation) -> None:
    types = {each.code: each.seal_level for each in synced.county.deps.find_license_types()}
    found = plan(synced.county, synced.city, only(synced.county, synced.city, "basic"), edge(synced.county, synced.city))
    lost = next(each.types_lost for each in found.changes if each.name == "潮州市")
    assert set(lost) == {code for code, level in types.items() if level != "basic"}
    assert lost
    text = found.as_text()
    assert all((each.name in text) == (each.code in lost) for each in synced.county.deps.find_license_types())


def test_what_must_not_become_valid_is_tried_and_told(synced: Federation) -> None:
    found = plan(synced.county, synced.city, instead_of=edge(synced.county, synced.city))
    tried = {(each.place, each.case): each.reason for each in found.tried}
    expected = {
        "outside_name": "name_not_permitted",
        "other_name": "name_not_permitted",
        "outside_host": "name_not_permitted",
        "unmapped_policy": "policy_not_accepted",
        "any_policy": "any_policy_inhibited",
        "no_policy": "policy_not_accepted",
        "weaker_level": "policy_not_accepted",
        "expired": "certificate_expired",
        "longer_path": "path_too_long",
        "stranger_outside": "path_too_long",
        "stranger_inside": "path_too_long",
    }
    assert {case: reason for (place, case), reason in tried.items() if place == "潮安区"} == expected
    assert tried["潮州市", "longer_path"] == "path_too_long"
    assert tried["潮州市", "stranger_outside"] == "name_not_permitted"
    # What a bridge is for is told as what it is.
    assert [(each.place, each.case, each.of) for each in found.openings] == [
        ("潮州市", "stranger_inside", ""),
        ("潮州市", "own_name", "饶平县"),
    ]
    assert found.faults == []


def test_a_name_constraint_that_is_too_wide_is_a_fault(synced: Federation) -> None:
    """The city would let a county speak for all of the city."""
    wide = replace(usual(synced.city, synced.county), permitted_names=(CITY.names,))
    found = plan(synced.city, synced.county, wide, instead_of=edge(synced.city, synced.county))
    assert {(each.case, each.of) for each in found.faults} == {("other_name", "潮州市"), ("other_name", "潮安区")}
    assert "accepted and must not be" in found.as_text()
    lie = forged(
        synced, seal_names(synced.other), policies=(policy_oid(synced.city.deps.policies, COUNTY.code, "high"),), by=synced.county
    )
    assert not synced.city.trust.path(lie, at=synced.clock.now(), levels="high").valid
    issue(synced.city, wide, synced.county)
    assert synced.city.trust.path(lie, at=synced.clock.now(), levels="high").valid  # the shadow was right


def test_without_a_host_constraint_and_with_longer_paths_the_plan_says_so(synced: Federation) -> None:
    wide = replace(usual(synced.city, synced.county), permitted_dns=(), path_length=2, inhibit_policy_mapping=1)
    found = plan(synced.city, synced.county, wide, instead_of=edge(synced.city, synced.county))
    assert {each.case for each in found.faults} == {"outside_host"}
    assert [each.case for each in found.openings] == ["stranger_inside"]


def test_constraints_that_the_ca_would_not_sign_are_refused_as_there(synced: Federation) -> None:
    with pytest.raises(Refusal) as refused:
        plan(synced.county, synced.city, replace(usual(synced.county, synced.city), permitted_names=()))
    assert refused.value.error is TEMPLATE_UNSUITABLE


def test_a_node_of_which_nothing_was_fetched_is_planned_for_and_named(nodes: Federation) -> None:
    principal = authority.get_principal(nodes.other.deps.pki).der
    own = nodes.county
    found = plan_issue(own.deps, usual(own, nodes.other), principal, nodes.clock.now())
    assert changed(list(found.changes))["潮安区"] == (LEVELS, ())
    assert "潮安区" in found.assumed
    assert "taken for granted" in found.as_text()


def test_the_digest_tells_one_plan_from_another_and_not_one_moment_from_another(synced: Federation) -> None:
    own, peer = synced.county, synced.city
    first = plan(own, peer)
    told = json.dumps(first.as_json())
    assert set(json.loads(told)) == {
        "version", "kind", "edge", "changes", "after", "refused", "left_open", "faults", "dependants", "assumed"
    }  # fmt: skip
    assert not re.search(r"20\d\d-\d\d", told)
    synced.clock.advance(timedelta(hours=2))
    assert plan(own, peer).digest == first.digest
    others = [
        plan(own, peer, only(own, peer, "high")),
        plan(own, peer, replace(usual(own, peer), validity_days=30)),
    ]
    assert len({first.digest, *(each.digest for each in others)}) == 3


def test_a_forged_certificate_in_the_store_does_not_enter_the_shadow(synced: Federation) -> None:
    """In the county's own name, for the other county, signed by an attacker: it would be a shorter way."""
    own, peer = synced.county, synced.other
    principal = x509.load_der_x509_certificate(authority.get_principal(peer.deps.pki).der)
    issuer = Issuer("principal", generate("P-256"), x509.load_der_x509_certificate(authority.get_principal(own.deps.pki).der))
    at = synced.clock.now()
    fake = from_x509(
        sign(cross_certificates.build(template_of(usual(own, peer), principal), issuer, 7, at, own.node), issuer.key)
    )
    with own.deps.work.begin() as work:
        work.records.add_certificate(StoredCertificate(fake.sha256, "cross", CITY.code, fake.der, at))
        work.records.raise_generation()
    found = plan(own, synced.city)
    assert next(each for each in found.after if each.name == "潮安区").accepted[0].via == ("饶平县", "潮州市", "潮安区")
    with pytest.raises(Refusal) as refused:
        plan_revoke(own.deps, fake.sha256, at)
    assert refused.value.error is EDGE_UNKNOWN


def test_what_breaks_is_told_for_this_node_and_for_those_beyond_the_bridge(synced: Federation) -> None:
    city = synced.city
    found = plan_revoke(city.deps, edge(city, synced.other), synced.clock.now())
    assert changed(list(found.changes)) == {"潮安区": ((), LEVELS)}
    assert [(each.name, changed(list(each.changes))) for each in found.dependants] == [("饶平县", {"潮安区": ((), LEVELS)})]
    assert trusted(synced, city) == {"潮州市": set(LEVELS), "饶平县": set(LEVELS), "潮安区": set(LEVELS)}  # nothing was changed
    agreements.revoke(city.deps, edge_agreement(city, synced.other), actor="account:li")
    assert trusted(synced, city) == planned(found)
    synced.sync(synced.county)
    assert set(trusted(synced, synced.county)) == {"潮州市", "饶平县"}


def test_what_is_still_reached_another_way_does_not_break(synced: Federation) -> None:
    certify(synced.county, synced.other)
    at = synced.clock.now()
    found = plan_revoke(synced.county.deps, edge(synced.county, synced.other), at)
    assert [(each.name, each.before, each.after, each.is_way_only) for each in found.changes] == [
        ("潮安区", ("饶平县", "潮安区"), ("饶平县", "潮州市", "潮安区"), True)
    ]
    assert "goes another way" in found.as_text()
    assert "breaks" not in found.as_text()
    both = plan_revoke(synced.county.deps, edge(synced.county, synced.city), at)
    assert changed(list(both.changes)) == {"潮州市": ((), LEVELS)}


def test_an_edge_of_others_can_be_asked_about_and_an_unknown_one_is_refused(synced: Federation) -> None:
    at = synced.clock.now()
    found = plan_revoke(synced.county.deps, edge(synced.city, synced.other).upper(), at)
    assert changed(list(found.changes)) == {"潮安区": ((), LEVELS)}
    for unknown in ("", "ff", authority.get_principal(synced.county.deps.pki).serial):
        with pytest.raises(Refusal) as refused:
            plan_revoke(synced.county.deps, unknown, at)
        assert refused.value.error is EDGE_UNKNOWN
