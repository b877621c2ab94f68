"""What this node builds paths of and judges them by: its anchor, its own and its peers' stored certificates and lists.

Read in one go and kept in memory under the store's generation and the numbers of the node's own lists, so that a judgement reads a
few small rows and parses nothing twice.

Left to others: judging (``trust``), filling the store (``agreements``, ``sync``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import CrlSet, ParsedCrl, parse_crl
from crosscert.paths.index import Pool
from crosscert.ports import CrosscertDeps
from crosscert.records import StoredCrl
from kernel.errors import Misuse
from kernel.nodes import Node
from pki.cross_certificates import PROFILE
from pki.errors import AUTHORITY_MISSING
from pki.ports import PkiRecords
from pki.records import CaName, CrlRecord

_CAS: tuple[CaName, ...] = ("principal", "issuing")
_PARSED_KEPT = 500


@dataclass(frozen=True, slots=True)
class Material:
    """One consistent view. ``principals`` tells whose root a key (SHA-256, hex) is: this node's or a peer's."""

    anchor: ParsedCertificate
    pool: Pool
    crls: CrlSet
    newest: datetime
    principals: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class _Own:
    """What the CA knows that paths depend on."""

    serials: tuple[str, ...]
    crls: tuple[CrlRecord, ...]


def gather(deps: CrosscertDeps, at: datetime) -> Material:
    """Return what counts at the moment ``at``: for a past one the lists that were in force then come first.

    ``Misuse(authority_missing)`` before the node's CA is set up: without an anchor nothing is trusted.
    """
    material = _present(deps)
    if at >= material.newest:
        return material
    with deps.pki.work.read() as work:
        own = [found for ca in _CAS if (found := work.records.find_crl(ca, at=at)) is not None]
    with deps.work.read() as work_here:
        others = work_here.records.crls(at=at)
    then = [_parsed(deps, found) for found in _lists(own, others)]
    return Material(material.anchor, material.pool, material.crls.with_more(then), material.newest, material.principals)


def _present(deps: CrosscertDeps) -> Material:
    with deps.pki.work.read() as work:
        own = _read_own(work.records)
    with deps.work.read() as work_here:
        generation = work_here.records.generation()
        key = (generation, own.serials, tuple(found.sha256 for found in own.crls))
        kept: tuple[object, Material] | None = deps.kept.get("material")
        if kept is not None and kept[0] == key:
            return kept[1]
        stored = work_here.records.certificates()
        others = work_here.records.crls()
        peers = work_here.records.peers()
    with deps.pki.work.read() as work:
        mine = [found.der for serial in own.serials if (found := work.records.find_certificate(serial)) is not None]
        issued = [record.der for record in work.records.certificates(profile=PROFILE)]
    anchor = parse_certificate(mine[0])
    lists = [_parsed(deps, found) for found in _lists(own.crls, others)]
    principals = {peer.principal_key: peer.node for peer in peers if peer.principal_key is not None}
    material = Material(
        anchor=anchor,
        pool=Pool(parse_certificate(der) for der in (*mine, *issued, *(found.der for found in stored))),
        crls=CrlSet(lists),
        newest=max((found.this_update for found in lists), default=anchor.not_before),
        principals={**principals, anchor.key.hex(): deps.node},
    )
    deps.kept["material"] = (key, material)
    return material


def _read_own(records: PkiRecords) -> _Own:
    roles = [records.find_role(ca) for ca in _CAS]
    if roles[0] is None:
        raise Misuse(AUTHORITY_MISSING, role="principal")
    crls = tuple(found for ca in _CAS if (found := records.find_crl(ca)) is not None)
    return _Own(tuple(role.serial for role in roles if role is not None), crls)


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
