"""The nodes that a bridge certified, as its description tells of them: their root and names from its cross-certificate.

Left to others: fetching and judging the description (``visits``).
"""

from __future__ import annotations

from collections.abc import Iterable

from crosscert.description_format import UnverifiedDescription, names_of
from crosscert.paths.certificates import ParsedCertificate
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import Peer
from kernel.nodes import Node
from policies.certificates import policy_oid


def store_members(deps: CrosscertDeps, records: CrosscertRecords, bridge: Peer, description: UnverifiedDescription) -> bool:
    """Take up the nodes that a bridge certified: their root and names from its cross-certificate, their address from its word."""
    if bridge.relation != "agreed":
        return False
    changed = False
    for member in description.members:
        if member.code == deps.node.code:
            continue
        certificate = _certificate_for(deps, member, description.issued)
        if certificate is None:
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
    wanted = {policy_oid(deps.policies, member.code, level) for level in deps.policies.levels}
    for certificate in issued:
        mappings = certificate.asn1.policy_mappings_value or ()
        if {pair["subject_domain_policy"].dotted for pair in mappings} == wanted:
            return certificate
    return None
