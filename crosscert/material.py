"""What this node builds paths of and judges them by: its anchor, its own and its peers' stored certificates and lists.

Read in one go and kept in memory under the store's generation and the numbers of the node's own lists, so that a judgement reads a
few small rows and parses nothing twice.

Left to others: judging (``trust``), filling the store (``agreements``, ``federation.sync``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crosscert.linked import linked_keys
from crosscert.paths.answers import ParsedAnswer
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import CrlSet, ParsedCrl, find_signer, parse_crl
from crosscert.paths.index import Pool
from crosscert.ports import CrosscertDeps
from crosscert.records import Peer, StoredCrl
from kernel.errors import Misuse
from kernel.nodes import Node
from pki.cross_certificates import PROFILE
from pki.errors import AUTHORITY_MISSING
from pki.links import PROFILE as LINK
from pki.ports import PkiRecords
from pki.records import CrlRecord, RoleRecord, ca_role

_PARSED_KEPT = 500
_ANCHOR_SETTLED = timedelta(minutes=10)
"""A new root counts from when it certainly had its first list; until then the one before it does as well."""


@dataclass(frozen=True, slots=True)
class Material:
    """One consistent view. ``principals`` tells whose root a key (SHA-256, hex) is: this node's or a peer's.

    ``anchors`` are the node's own principal CAs: ``anchor``, which serves, and those that served before a rollover.
    ``certificates`` and ``lists`` are what ``pool`` and ``crls`` index, for those who look at all of them. ``answers`` are never stored
    ones: they come with what is judged.
    """

    anchor: ParsedCertificate
    anchors: tuple[ParsedCertificate, ...]
    pool: Pool
    crls: CrlSet
    newest: datetime
    principals: Mapping[str, Node]
    certificates: Sequence[ParsedCertificate]
    lists: Sequence[ParsedCrl]
    answers: tuple[ParsedAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class _Own:
    """What the CA knows that paths depend on: its CAs, the principal one in service first, and the digests of their lists."""

    cas: tuple[RoleRecord, ...]
    crls: tuple[str, ...]


def gather(deps: CrosscertDeps, at: datetime) -> Material:
    """Return what counts at the moment ``at``: for a past one the lists that were in force then come first.

    ``Misuse(authority_missing)`` before the node's CA is set up: without an anchor nothing is trusted.
    """
    material = _present(deps)
    if at >= material.newest:
        return material
    with deps.pki.work.read() as work:
        own = [found for ca in _read_cas(work.records) if (found := work.records.find_crl(ca.key_label, at=at)) is not None]
    with deps.work.read() as work_here:
        others = work_here.records.crls(at=at)
    then = [_parsed(deps, found) for found in _lists(own, others)]
    return replace(material, anchor=_anchor_at(material, at), crls=material.crls.with_more(then), lists=(*material.lists, *then))


def _anchor_at(material: Material, at: datetime) -> ParsedCertificate:
    """Return the root that the node had at a moment before now."""
    first, *later = sorted(material.anchors, key=lambda each: each.not_before)
    since = [first, *(each for each in later if each.not_before + _ANCHOR_SETTLED <= at)]
    return material.anchor if material.anchor in since else since[-1]


def _present(deps: CrosscertDeps) -> Material:
    # Neither part of the key comes back once it has changed: whoever finds both as they were may have looked at them one after the other.
    with deps.pki.work.look() as work:
        own = _read_own(work.records)
    with deps.work.look() as work_here:
        generation = work_here.records.generation()
    kept: tuple[object, Material] | None = deps.kept.get("material")
    return kept[1] if kept is not None and kept[0] == (generation, own) else _read(deps)


def _read(deps: CrosscertDeps) -> Material:
    with deps.pki.work.read() as work:
        own = _read_own(work.records)
    with deps.work.read() as work_here:
        key = (work_here.records.generation(), own)
        stored = [found for found in work_here.records.certificates() if found.kind != "token_signer"]
        others = work_here.records.crls()
        peers = work_here.records.peers()
    with deps.pki.work.read() as work:
        own_crls = [each for ca in own.cas if (each := work.records.find_crl(ca.key_label)) is not None]
        mine = [parse_certificate(found.der) for ca in own.cas if (found := work.records.find_certificate(ca.serial))]
        issued = [record.der for profile in (PROFILE, LINK) for record in work.records.certificates(profile=profile)]
    anchors = tuple(each for each, ca in zip(mine, own.cas, strict=True) if ca_role(ca.role) == "principal")
    lists = [_parsed(deps, found) for found in _lists(own_crls, others)]
    links = [(found.node_code, parse_certificate(found.der)) for found in stored if found.kind == "link"]
    certificates = [*mine, *(parse_certificate(der) for der in (*issued, *(found.der for found in stored)))]
    material = Material(
        anchor=anchors[0],
        anchors=anchors,
        pool=Pool(certificates),
        crls=CrlSet(lists),
        newest=max((found.this_update for found in lists), default=anchors[0].not_before),
        principals=_principals(peers, links) | {each.key.hex(): deps.node for each in anchors},
        certificates=certificates,
        lists=lists,
    )
    deps.kept["material"] = (key, material)
    return material


def _read_own(records: PkiRecords) -> _Own:
    cas, digests = _read_cas(records), records.crl_digests()
    return _Own(cas, tuple(digests[ca.key_label] for ca in cas if ca.key_label in digests))


def _read_cas(records: PkiRecords) -> tuple[RoleRecord, ...]:
    """Return the node's CAs, the principal one in service first."""
    found: dict[str, RoleRecord] = {}
    for row in sorted(records.authorities(), key=lambda row: (ca_role(row.role) != "principal", row.role)):
        found.setdefault(row.key_label, row)
    cas = tuple(found.values())
    if not cas or cas[0].role != "principal":
        raise Misuse(AUTHORITY_MISSING, role="principal")
    return cas


def _principals(peers: Sequence[Peer], links: Sequence[tuple[str, ParsedCertificate]]) -> dict[str, Node]:
    """Return whose root each key is: the ones that were certified, and those that a peer rolled over from or to."""
    known = [(peer, peer.principal_key) for peer in peers if peer.principal_key is not None]
    rolled = {
        key: peer.node
        for peer, principal_key in known
        for key in linked_keys(principal_key, [link for code, link in links if code == peer.node.code])
    }
    # The agreed ones come first among the peers, and what was agreed here goes before what a bridge says.
    return rolled | {principal_key: peer.node for peer, principal_key in reversed(known)}


def _lists(own: Sequence[CrlRecord], others: Sequence[StoredCrl]) -> list[CrlRecord | StoredCrl]:
    return [*own, *others]


def _parsed(deps: CrosscertDeps, found: CrlRecord | StoredCrl) -> ParsedCrl:
    """Return the parsed list; those of the last moments are kept."""
    kept: dict[str, ParsedCrl] = deps.kept.setdefault("crls", {})
    parsed = kept.get(found.sha256)
    if parsed is None:
        parsed = parse_crl(found.der)
        parsed.entries.prepare()
        while len(kept) >= _PARSED_KEPT:
            kept.pop(next(iter(kept)), None)
        kept[found.sha256] = parsed
    return parsed


def node_of(material: Material, path: Sequence[ParsedCertificate]) -> Node | None:
    """Return the node whose CA issued the last certificate of a *valid* path, None when it is no known one.

    The last cross-certificate on the way says whose domain it ends in: without policy mappings no path leaves a domain.
    """
    for place in range(len(path) - 1, -1, -1):
        certificate = path[place]
        if place == 0 or certificate.asn1.policy_mappings_value is not None:
            return material.principals.get(certificate.key.hex())
    return None


def nodes_of(material: Material, path: Sequence[ParsedCertificate]) -> list[Node]:
    """Return the nodes whose domains a *valid* path goes through, this node's own first; outside CAs that are no nodes are left out."""
    keys = [each.key.hex() for place, each in enumerate(path) if place == 0 or each.asn1.policy_mappings_value is not None]
    return [material.principals[key] for key in keys if key in material.principals]


def lists_until(material: Material, path: Sequence[ParsedCertificate]) -> datetime | None:
    """Return when the first of the held lists ends that the CAs of a path below its anchor signed."""
    ends = []
    for ca in path[1:-1]:
        signed = (found for found in material.crls.named(ca.subject) if find_signer(found, [ca]) is not None)
        ends.append(max((found.next_update for found in signed if found.next_update is not None), default=None))
    return min((end for end in ends if end is not None), default=None)
