"""What a cross-certificate from one node to another must contain (design: trust, 3). Pure: from two nodes and the rules.

Left to others: who agreed to it (``agreements``), the certificate's form (``pki.cross_certificates``).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from cryptography import x509

from crosscert.errors import PEER_UNSUITABLE
from crosscert.records import Constraints
from kernel.errors import Refusal
from kernel.nodes import Node, area_contains, area_level, is_area_code
from pki.cross_certificates import CrossCertificateTemplate
from policies.certificates import policy_oid
from policies.models import CertificatePolicies

_NOWHERE = "invalid"
"""RFC 2606: a host that never exists. A subtree of it permits no host at all, where leaving it out would permit every one."""


def is_bridge(own: Node, peer: Node) -> bool:
    """Tell whether ``peer`` is the node through which ``own`` reaches others: one whose area contains its own."""
    return own.code != peer.code and area_contains(peer.code, own.code)


def constraints_for(policies: CertificatePolicies, own: Node, peer: Node) -> Constraints:
    """Return the constraints of the cross-certificate from ``own`` to ``peer``: as narrow as the peer's place allows.

    Toward a bridge one hop further is left open and its subtree holds the members'; to any other node only what is its own.
    ``Refusal(peer_unsuitable)`` for this node itself, a name outside of every county's place, or an area code of another level.
    """
    check_peer(own, peer)
    rules = policies.cross_certificates
    bridge = is_bridge(own, peer)
    levels = sorted(policies.levels, key=lambda name: policies.levels[name].number)
    ours = tuple(policy_oid(policies, own.code, level) for level in levels)
    theirs = tuple(policy_oid(policies, peer.code, level) for level in levels)
    host = _host(peer.url)
    return Constraints(
        path_length=rules.path_length_toward_bridge if bridge else rules.path_length_beyond_bridge,
        permitted_names=(peer.names,),
        permitted_dns=(host,),
        permitted_uris=(host,),
        policies=ours,
        mappings=tuple(zip(ours, theirs, strict=True)),
        inhibit_policy_mapping=(
            rules.inhibit_policy_mapping_toward_bridge if bridge else rules.inhibit_policy_mapping_beyond_bridge
        ),
        validity_days=rules.max_validity_days,
    )


def check_peer(own: Node, peer: Node) -> None:
    """Refuse a node that cannot be certified by this one."""
    for problem, found in (
        ("area code", not is_area_code(peer.code) or area_level(peer.code) != peer.level),
        ("this node itself", peer.code == own.code),
        ("no names", len(peer.names) < 2),  # noqa: PLR2004 - a country alone is nobody's subtree
        (
            "its names contain this node's without its area doing so",
            _contains(peer.names, own.names) and not is_bridge(own, peer),
        ),
        ("address", urlsplit(peer.url).scheme not in {"http", "https"} or not urlsplit(peer.url).hostname),
    ):
        if found:
            raise Refusal(PEER_UNSUITABLE, field="peer", problem=problem)


def template_of(constraints: Constraints, principal: x509.Certificate) -> CrossCertificateTemplate:
    """Return what the CA is to sign."""
    return CrossCertificateTemplate(
        certificate=principal,
        path_length=constraints.path_length,
        permitted_names=constraints.permitted_names,
        policies=constraints.policies,
        mappings=constraints.mappings,
        inhibit_policy_mapping=constraints.inhibit_policy_mapping,
        validity_days=constraints.validity_days,
        permitted_dns=constraints.permitted_dns,
        permitted_uris=constraints.permitted_uris,
    )


def _contains(outer: tuple[tuple[str, str], ...], inner: tuple[tuple[str, str], ...]) -> bool:
    return inner[: len(outer)] == outer


def _host(url: str) -> str:
    host = urlsplit(url).hostname or _NOWHERE
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return _NOWHERE
