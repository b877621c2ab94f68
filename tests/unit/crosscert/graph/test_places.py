"""Nodes whose root rolled over, and outside CAs that are no nodes: each is one place of the graph."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from crosscert import agreements
from crosscert.constraints import template_of
from crosscert.directory.certificate_pair import parse_pair
from crosscert.directory.publication import entries
from crosscert.graph.view import see
from crosscert.paths.certificates import from_x509
from crosscert.plan import plan_issue, plan_revoke, verify_after
from crosscert.records import Constraints, StoredCertificate
from kernel.nodes import Node
from pki import authority, rollover
from pki.certificates import Draft, Issuer, build, sign
from pki.names import x509_name
from policies.certificates import get_profile, policy_oid
from tests.support.three_nodes import Federation, Member
from tests.unit.crosscert.forge import NOW

LEVELS = ("basic", "substantial", "high")


def roll_over(nodes: Federation, member: Member) -> None:
    """The principal CA gets a new key, and everybody hears of it."""
    asked = rollover.request(member.deps.pki, "principal", "account:chen")
    for admin in ("account:wang", "account:li"):
        rollover.approve(member.deps.pki, asked.ca, admin)
    nodes.publish_lists()
    nodes.clock.advance(timedelta(minutes=20))
    for each in nodes.members:
        nodes.sync(each)


def test_a_root_that_rolled_over_is_still_one_node_and_its_edges_still_lead_to_it(synced: Federation) -> None:
    roll_over(synced, synced.city)
    at = synced.clock.now()
    for member in synced.members:
        graph = see(member.deps, at)
        names = {each.key: each.name for each in graph.nodes}
        assert sorted(names.values()) == sorted(["潮州市", "饶平县", "潮安区"])
        assert all(each.reach is not None and each.reach.levels == LEVELS for each in graph.nodes)
        assert {(names[each.issuer], names[each.subject]) for each in graph.edges} == {
            ("饶平县", "潮州市"),
            ("潮州市", "饶平县"),
            ("潮安区", "潮州市"),
            ("潮州市", "潮安区"),
        }
    agreement = agreements.find_live(synced.county.deps, synced.city.node.code)
    assert agreement is not None
    assert agreement.serial is not None
    assert {each.name for each in plan_revoke(synced.county.deps, agreement.serial, at).changes} == {"潮州市", "潮安区"}


def test_both_keys_of_a_root_are_published_with_their_links_and_lists(synced: Federation) -> None:
    roll_over(synced, synced.city)
    principal = entries(synced.city.deps)[0].attributes
    assert len(principal["cACertificate;binary"]) == 4  # both roots, and each certified by the other
    assert len(principal["authorityRevocationList;binary"]) == 2
    pairs = [parse_pair(value) for value in principal["crossCertificatePair;binary"]]
    assert len(pairs) == 2
    assert all(pair.forward and pair.reverse for pair in pairs)


def outside_ca(at_names: tuple[tuple[str, str], ...], nodes: Federation) -> x509.Certificate:
    """The root of a certification authority with a tree of names, a policy and an RSA key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    policies = nodes.city.deps.policies
    profile = get_profile(policies, "principal_ca").model_copy(update={"key_algorithm": "RSA-3072"})
    node = Node("440000", "某CA", "province", "https://ca.example", at_names)
    draft = Draft("principal_ca", profile, x509_name((*at_names, ("CN", "某电子认证根"))), key.public_key())
    return sign(build(draft, Issuer("principal", key, None), 5, NOW, node=node, policies=policies), key)


def test_an_outside_ca_is_planned_for_by_what_its_certificate_permits(synced: Federation) -> None:
    """Its one policy counts as the middle level, its leaves stand below names of its own."""
    city = synced.city
    names = (("C", "CN"), ("O", "某电子认证公司"))
    root = outside_ca(names, synced)
    ours = policy_oid(city.deps.policies, city.node.code, "substantial")
    constraints = Constraints(1, (names,), ("ca.example",), ("ca.example",), (ours,), ((ours, "2.999.7.1"),), 0, 365)
    found = plan_issue(city.deps, constraints, from_x509(root).der, synced.clock.now())
    change = next(each for each in found.changes if each.name == "某电子认证公司")
    assert (change.code, change.gained, change.after) == (None, ("substantial",), ("潮州市", "某电子认证公司"))
    # The counties let nobody in through the city who is outside of its area.
    assert [each for each in found.dependants if each.changes] == []
    assert found.faults == []
    assert found.assumed == ("某电子认证公司",)
    authority.issue_cross_certificate(city.deps.pki, template_of(constraints, root))
    with city.deps.work.begin() as work:
        work.records.add_certificate(StoredCertificate(from_x509(root).sha256, "principal", "440000", from_x509(root).der, NOW))
        work.records.raise_generation()
    verify_after(city.deps, found, synced.clock.now())
    node = next(each for each in see(city.deps, synced.clock.now()).nodes if each.relation == "outside")
    assert (node.name, node.is_failing) == ("某电子认证公司", True)  # nothing was fetched of it yet
