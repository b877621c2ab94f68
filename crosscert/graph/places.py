"""The nodes and outside CAs of a shadow: a place is a root, the domain below it, and the policies by which others lead into it.

Left to others: what is trusted of them (``reach``), how they stand and look in the graph (``view``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509

from crosscert.graph.probes import Hand, Wish, below, empty_list, hand_of, sign
from crosscert.graph.shadow import Cast, Key, Shadow
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import CrlSet
from crosscert.paths.index import Pool
from crosscert.ports import CrosscertDeps
from kernel.nodes import Node, is_area_code
from pki.names import is_within
from policies.certificates import policy_oid

MAX_ISSUERS = 4
"""How many issuing CAs of one place are tried; nodes have one, and two around a rollover."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node or an outside CA. ``code`` is None when no policy tells it. ``policies`` are those of its own domain that somebody maps to.

    ``subtree`` is the name below which it certifies, ``root`` a shadow certificate of its principal CA.
    """

    key: Key
    name: str
    code: str | None
    subtree: x509.Name
    policies: tuple[str, ...]
    root: ParsedCertificate
    issuers: tuple[Hand, ...]


@dataclass(frozen=True, slots=True)
class World:
    """One state of the graph in which the engine can be asked, as ``viewer`` sees it: from its root ``anchor``, on its levels.

    ``assumed``: the places of which something was taken for granted.
    """

    deps: CrosscertDeps
    shadow: Shadow
    at: datetime
    viewer: Place
    anchor: ParsedCertificate
    pool: Pool
    crls: CrlSet
    places: tuple[Place, ...]
    by_digest: Mapping[str, Cast]
    assumed: frozenset[Key]


def make_world(
    deps: CrosscertDeps,
    shadow: Shadow,
    nodes: Mapping[str, Node],
    at: datetime,
    *,
    without: ParsedCertificate | None = None,
    complete: bool,
) -> World:
    """Return the shadow's graph as it stands, without the real certificate ``without``.

    ``nodes`` names roots by key (hex). A place whose issuing CA was never fetched has one made for it. ``complete``: where a CA's list
    was never fetched it is taken for granted that there is one, as there will be once the two nodes talk.
    """
    casts = [each for each in shadow.casts if without is None or each.real != without]
    held = {(found.crl.issuer, found.issuer) for found in shadow.lists}
    certificates = [each.certificate for each in casts]
    lists = [found.crl for found in shadow.lists]
    assumed: set[Key] = set()
    places = []
    for root in _roots(shadow, casts):
        place, domain = _place(deps, shadow, nodes.get(root[0].hex()), root, casts)
        if not place.issuers:
            made = _assumed_issuer(shadow, place, at)
            certificates.append(made)
            domain.append((made, _assumed_key(place.key)))
            place = _with_issuers(shadow, place, [(made, _assumed_key(place.key))])
            assumed.add(place.key)
        for certificate, key in domain if complete else ():
            if (certificate.subject, key) not in held:
                lists.append(empty_list(hand_of(certificate, shadow.keys.of(key)), at))
                held.add((certificate.subject, key))
                assumed.add(place.key)
        places.append(place)
    places[1:] = sorted(places[1:], key=lambda place: (place.code or "", place.name, place.key))
    digests = {each.certificate.sha256: each for each in casts}
    return World(
        deps, shadow, at, places[0], shadow.anchor, Pool(certificates), CrlSet(lists), tuple(places), digests, frozenset(assumed)
    )


def seen_from(world: World, viewer: Place) -> World | None:
    """Return the same graph as another node sees it; None for one whose root or area code is not known."""
    found = (each.certificate for each in world.by_digest.values() if each.subject == each.issuer == viewer.key)
    anchor = next((each for each in found if each.self_issued), None)
    return None if anchor is None or viewer.code is None else replace(world, viewer=viewer, anchor=anchor)


def _roots(shadow: Shadow, casts: Iterable[Cast]) -> Iterable[tuple[Key, list[Cast]]]:
    """Yield the own root and then every root that a cross-certificate leads to, with those that do."""
    leading: dict[Key, list[Cast]] = {shadow.own: []}
    for each in casts:
        if each.is_cross:
            leading.setdefault(each.subject, []).append(each)
    return leading.items()


def _place(
    deps: CrosscertDeps, shadow: Shadow, node: Node | None, root: tuple[Key, list[Cast]], casts: Sequence[Cast]
) -> tuple[Place, list[tuple[ParsedCertificate, Key]]]:
    """Return the place, and every CA of its domain with its key."""
    key, leading = root
    policies = {pair["subject_domain_policy"].dotted for each in leading for pair in each.certificate.asn1.policy_mappings_value}
    if key == shadow.own:
        policies |= {policy_oid(deps.policies, deps.node.code, level) for level in deps.policies.levels}
        node = deps.node
    certificate = shadow.anchor if key == shadow.own else leading[0].certificate
    # A domain goes on through every CA certificate without policy mappings, links between two keys of one CA among them.
    domain: dict[Key, ParsedCertificate] = {key: certificate}
    inside: list[tuple[ParsedCertificate, Key]] = []
    for _ in range(len(casts)):
        more = [each for each in casts if not each.is_cross and each.issuer in domain and each.subject not in domain]
        if not more:
            break
        for each in more:
            domain[each.subject] = each.certificate
            if not each.certificate.self_issued:
                inside.append((each.certificate, each.subject))
    subtree = _subtree(certificate)
    code = node.code if node is not None else _code(deps, policies)
    name = node.name if node is not None else _name(subtree)
    place = Place(key, name, code, subtree, tuple(sorted(policies)), certificate, ())
    return _with_issuers(shadow, place, inside), [(found, of) for of, found in domain.items()]


def _with_issuers(shadow: Shadow, place: Place, found: Sequence[tuple[ParsedCertificate, Key]]) -> Place:
    hands = tuple(hand_of(certificate, shadow.keys.of(key)) for certificate, key in found[:MAX_ISSUERS])
    return Place(place.key, place.name, place.code, place.subtree, place.policies, place.root, hands)


def _subtree(certificate: ParsedCertificate) -> x509.Name:
    """Return the name below which a root certifies: its own without the common name, or what it is permitted if that lies elsewhere."""
    own = x509.Name(certificate.x509.subject.rdns[:-1])
    try:
        limits = certificate.x509.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return own
    permitted = [each.value for each in limits.permitted_subtrees or () if isinstance(each, x509.DirectoryName)]
    return own if not permitted or any(is_within(own, each) for each in permitted) else permitted[0]


def _name(subtree: x509.Name) -> str:
    attributes = [attribute for rdn in subtree.rdns for attribute in rdn]
    return str(attributes[-1].value) if attributes else ""


def _code(deps: CrosscertDeps, policies: Iterable[str]) -> str | None:
    """Return the area code of the domain that policies belong to, if it is a node's."""
    start = f"{deps.policies.arc}."
    codes = {oid.removeprefix(start).split(".")[0] for oid in policies if oid.startswith(start)}
    return codes.pop() if len(codes) == 1 and all(is_area_code(code) for code in codes) else None


def _assumed_key(key: Key) -> Key:
    return hashlib.sha256(b"assumed" + key).digest()


def _assumed_issuer(shadow: Shadow, place: Place, at: datetime) -> ParsedCertificate:
    """Return the issuing CA that a place will have: one level, for the policies of its domain."""
    wish = Wish(below(place.subtree, (("CN", "签发CA"),)), place.policies, is_ca=True, path_length=0)
    key = shadow.keys.of(_assumed_key(place.key)).public_key()
    return sign(wish, hand_of(place.root, shadow.keys.of(place.key)), key, at)
