"""What a cross-certificate from one node to another must contain (design: trust, 3). Pure: from two nodes and the rules.

Left to others: who agreed to it (``agreements``), the certificate's form (``pki.cross_certificates``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from cryptography import x509

from crosscert.errors import PEER_UNSUITABLE, WISH_TOO_WIDE
from crosscert.paths.names import prepare
from crosscert.records import Constraints, Wish
from kernel.errors import Refusal
from kernel.nodes import Node, area_contains, area_level, is_area_code
from pki.cross_certificates import CrossCertificateTemplate
from pki.names import check_names
from pki.records import Names
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


def everything(policies: CertificatePolicies, own: Node, issuer: Node) -> Wish:
    """Return the widest wish of ``own`` that ``issuer`` would grant under rules like this node's."""
    most = constraints_for(policies, issuer, own)
    levels = tuple(sorted(policies.levels, key=lambda name: policies.levels[name].number))
    return Wish(
        levels, most.path_length, most.permitted_names, most.permitted_dns, most.permitted_uris, validity_days=most.validity_days
    )


def narrowed(policies: CertificatePolicies, own: Node, peer: Node, wish: Wish, also: tuple[Names, ...] = ()) -> Constraints:
    """Return the constraints that ``peer`` wishes for; ``Refusal(wish_too_wide)`` for more than :func:`constraints_for` gives it.

    ``also`` are subtrees that ``own`` itself decides to permit a bridge beside the bridge's own: those of CAs that it reaches only
    through it. Without them nothing else than the bridge's area is trusted through a bridge.
    """
    rules = constraints_for(policies, own, peer)
    if set(wish.levels) - set(policies.levels):
        raise Refusal(WISH_TOO_WIDE, field="levels", problem="levels")
    asked = replace(
        rules,
        path_length=wish.path_length,
        permitted_names=wish.permitted_names,
        permitted_dns=wish.permitted_dns,
        permitted_uris=wish.permitted_uris,
        policies=tuple(policy_oid(policies, own.code, level) for level in wish.levels),
        mappings=tuple((policy_oid(policies, own.code, one), policy_oid(policies, peer.code, one)) for one in wish.levels),
        validity_days=wish.validity_days,
    )
    check_not_wider(asked, rules)
    if also and not is_bridge(own, peer):
        raise Refusal(WISH_TOO_WIDE, field="also", problem="further names, and the other node is no bridge")
    for names in also:
        check_outside_names(names, (own,))
    return replace(asked, permitted_names=(*asked.permitted_names, *also))


def check_not_wider(asked: Constraints, most: Constraints) -> None:
    """Refuse constraints that permit anything that ``most`` does not, or that leave a kind of name without a limit."""
    for problem, found in (
        ("path_length", not 0 <= asked.path_length <= most.path_length),
        ("permitted_names", not _all_below(asked.permitted_names, most.permitted_names)),
        (
            "permitted_dns",
            not asked.permitted_dns or any(not _host_below(one, most.permitted_dns) for one in asked.permitted_dns),
        ),
        ("permitted_uris", not asked.permitted_uris or not set(asked.permitted_uris) <= {*most.permitted_uris, _NOWHERE}),
        ("levels", not asked.policies or not set(asked.policies) <= set(most.policies)),
        ("levels", not asked.mappings or not set(asked.mappings) <= set(most.mappings)),
        ("inhibit_policy_mapping", asked.inhibit_policy_mapping > most.inhibit_policy_mapping),
        ("validity_days", not 0 < asked.validity_days <= most.validity_days),
    ):
        if found:
            raise Refusal(WISH_TOO_WIDE, field=problem, problem=problem)


def outside_constraints(
    policies: CertificatePolicies,
    own: Node,
    known: Sequence[Node],
    names: tuple[Names, ...],
    mappings: Sequence[tuple[str, str]],
    *,
    path_length: int,
    validity_days: int,
) -> Constraints:
    """Return the constraints for a CA that is no node: what it may name, and which of its policies count as which level here.

    ``mappings`` are pairs of a level's name and the CA's own policy OID. No subtree may hold a node's names or lie within them.
    """
    for one in names:
        check_outside_names(one, (own, *known))
    pairs = tuple((policy_oid(policies, own.code, level), theirs) for level, theirs in mappings)
    asked = Constraints(
        path_length=path_length,
        permitted_names=names,
        permitted_dns=(_NOWHERE,),
        permitted_uris=(_NOWHERE,),
        policies=tuple(dict.fromkeys(ours for ours, _ in pairs)),
        mappings=pairs,
        inhibit_policy_mapping=0,
        validity_days=validity_days,
    )
    check_not_wider(asked, replace(asked, validity_days=policies.cross_certificates.max_validity_days))
    return asked


def check_outside_names(names: Names, nodes: Sequence[Node]) -> None:
    """Refuse a subtree for a CA outside that touches the government's own names."""
    check_names(names)
    for problem, found in (
        ("a whole country", len(names) < 2),  # noqa: PLR2004 - a country alone
        ("names of nodes", any(_touch(names, node.names) for node in nodes)),
        # A county knows few of the others, but all of them lie within its city.
        ("names of nodes", any(_touch(node.names[:3], names) for node in nodes if len(node.names) > 3)),  # noqa: PLR2004
    ):
        if found:
            raise Refusal(PEER_UNSUITABLE, field="names", problem=problem)


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


def check_names_free(peer: Node, known: Sequence[Node]) -> None:
    """Refuse a node whose names another node has, or an outside CA may write: they nest as the areas do, and not otherwise.

    ``Refusal(peer_unsuitable)``: who asks in another county's name would be certified for what is that county's.
    """
    check_names(peer.names)
    for other in known:
        nested = len(peer.names) != len(other.names) and (
            area_contains(peer.code, other.code) if len(peer.names) < len(other.names) else area_contains(other.code, peer.code)
        )
        if peer.code != other.code and _touch(peer.names, other.names) and not nested:
            raise Refusal(PEER_UNSUITABLE, field="peer", problem=f"its names are those of {other.code}")


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


def _touch(one: Names, other: Names) -> bool:
    """Tell whether one of two subtrees lies within the other, as the path engine compares names: not by their spelling."""
    try:
        return all(
            (kind, prepare(name)) == (another, prepare(theirs))
            for (kind, name), (another, theirs) in zip(one, other, strict=False)
        )
    except ValueError:
        raise Refusal(PEER_UNSUITABLE, field="names", problem="names that nobody can compare") from None


def _all_below(names: tuple[Names, ...], tops: tuple[Names, ...]) -> bool:
    return bool(names) and all(any(_contains(top, one) for top in tops) for one in names)


def _host_below(host: str, tops: tuple[str, ...]) -> bool:
    return host == _NOWHERE or any(host == top or host.endswith(f".{top}") for top in tops)


def _host(url: str) -> str:
    host = urlsplit(url).hostname or _NOWHERE
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return _NOWHERE
