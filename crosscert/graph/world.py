"""One state of the graph in which the engine can be asked: as it is, with a proposed cross-certificate, or without one that stands.

Left to others: the shadow that it is made of (``shadow``), the questions (``reach``, ``refusals``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from crosscert.graph.places import Owners, Place, find_places, owners_of
from crosscert.graph.probes import Wish, below, empty_list, hand_of, sign
from crosscert.graph.shadow import Cast, Key, Shadow
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import CrlSet
from crosscert.paths.index import Pool
from crosscert.ports import CrosscertDeps
from kernel.nodes import Node


@dataclass(frozen=True, slots=True)
class World:
    """A state of the graph as ``viewer`` sees it: from its root ``anchor``, on its levels. This node's own place comes first.

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
    owners: Owners
    assumed: frozenset[Key]


def make_world(
    deps: CrosscertDeps,
    shadow: Shadow,
    nodes: Mapping[str, Node],
    at: datetime,
    *,
    without: Collection[ParsedCertificate] = (),
    complete: bool,
) -> World:
    """Return the shadow's graph as it stands, without the real certificates ``without``.

    ``nodes`` names roots by key (hex). A place whose issuing CA was never fetched has one made for it. ``complete``: where a CA's list
    was never fetched it is taken for granted that there is one, as there will be once the two nodes talk.
    """
    casts = [each for each in shadow.casts if each.real not in without]
    owners = owners_of(nodes, shadow.own)
    own, *others = find_places(deps, shadow, casts, nodes, owners)
    places = [own, *sorted(others, key=lambda place: (place.code or "", place.name, place.key))]
    certificates = [each.certificate for each in casts]
    assumed = set()
    for number, place in enumerate(places):
        if not place.issuers:
            made, places[number] = _with_issuer(shadow, place, at)
            certificates.append(made)
            assumed.add(place.key)
    held = {(found.crl.issuer, found.issuer) for found in shadow.lists}
    lists = [found.crl for found in shadow.lists]
    for place in places if complete else ():
        for certificate, key in place.domain:
            if (certificate.subject, key) not in held:
                lists.append(empty_list(hand_of(certificate, shadow.keys.of(key)), at))
                assumed.add(place.key)
    return World(
        deps=deps,
        shadow=shadow,
        at=at,
        viewer=places[0],
        anchor=shadow.anchor,
        pool=Pool(certificates),
        crls=CrlSet(lists),
        places=tuple(places),
        by_digest={each.certificate.sha256: each for each in casts},
        owners=owners,
        assumed=frozenset(assumed),
    )


def seen_from(world: World, viewer: Place) -> World | None:
    """Return the same graph as another node sees it; None for one whose root or area code is not known."""
    roots = [
        each.certificate
        for each in world.by_digest.values()
        if each.subject == each.issuer and each.certificate.self_issued and world.owners.of(each.subject) == viewer.key
    ]
    if not roots or viewer.code is None:
        return None
    return replace(world, viewer=viewer, anchor=max(roots, key=lambda root: root.not_before))


def _with_issuer(shadow: Shadow, place: Place, at: datetime) -> tuple[ParsedCertificate, Place]:
    """Return the issuing CA that a place will have, one level below its root for all policies of its domain, and the place with it."""
    key = hashlib.sha256(b"issuing" + place.key).digest()
    wish = Wish(below(place.subtree, (("CN", "签发CA"),)), place.policies, is_ca=True, path_length=0)
    made = sign(wish, place.root, shadow.keys.of(key).public_key(), at)
    hand = hand_of(made, shadow.keys.of(key))
    return made, replace(place, issuers=(hand,), domain=(*place.domain, (made, key)))
