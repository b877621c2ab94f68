"""The nodes that a bridge certified, as its description tells of them: their root and names from its cross-certificate.

Left to others: fetching and judging the description (``visits``).
"""

from __future__ import annotations

from collections.abc import Iterable

from crosscert.belongings import own_certificates
from crosscert.constraints import is_bridge
from crosscert.description_format import UnverifiedDescription, names_of
from crosscert.paths.certificates import ParsedCertificate
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import Peer
from kernel.nodes import Node, area_contains
from policies.certificates import policy_oid


def store_members(deps: CrosscertDeps, records: CrosscertRecords, bridge: Peer, description: UnverifiedDescription) -> bool:
    """Take up the nodes that a bridge certified: their root and names from its cross-certificate, their address from its word.

    Whoever is no bridge for this node tells it of nobody, and a bridge of nobody beyond its area. A root that is another known node's
    is not taken from that one.
    """
    if bridge.relation != "agreed" or not is_bridge(deps.node, bridge.node):
        return False
    issued = [each for kind, each in own_certificates(description) if kind == "cross"]
    owners = {peer.principal_key: peer.node.code for peer in records.peers()}
    changed = False
    for member in description.members:
        if member.code == deps.node.code or not area_contains(bridge.node.code, member.code):
            continue
        certificate = _certificate_for(deps, member, issued)
        if certificate is None or owners.setdefault(certificate.key.hex(), member.code) != member.code:
            continue
        node = Node(member.code, member.name, member.level, member.url, names_of(certificate))
        known = records.find_peer(member.code)
        fresh = Peer(node, "member", bridge.node.code, certificate.key.hex())
        if known is None or (known.relation == "member" and (known.node, known.principal_key) != (node, fresh.principal_key)):
            records.put_peer(fresh)
            changed = True
    return changed


def _certificate_for(deps: CrosscertDeps, member: Node, issued: Iterable[ParsedCertificate]) -> ParsedCertificate | None:
    """Return the cross-certificate by which the bridge maps its policies to the member's: the mapping names whose root it is."""
    theirs = {policy_oid(deps.policies, member.code, level) for level in deps.policies.levels}
    for certificate in issued:
        mappings = certificate.asn1.policy_mappings_value or ()
        mapped = {pair["subject_domain_policy"].dotted for pair in mappings}
        if mapped and mapped <= theirs:  # an agreement may give fewer levels
            return certificate
    return None
