"""Federations in the shapes that cross-certification takes, of any size: bridge, mesh, ring, tree, hierarchical federation.

Every node is a principal CA with a key of its own, certified by its neighbours; the first node is whose view is taken. Each shape has a
few leaves of the node that is farthest away within reach, and the same expired.

Left to others: what the path engine says of them (``tests.unit.crosscert``, ``benchmarks.paths``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_BEGIN, _END = AT - timedelta(days=30), AT + timedelta(days=300)
_LEAVES = 12
_PARTNERS = 2
"""How many others each node of a mesh seeks; they answer, so it has about twice as many."""
_HOPS = 5
"""How far away the leaf of a mesh or ring is: within the longest path that is looked for."""
_SIGNERS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Topology:
    """The DER of everything: the first node's own root, all cross-certificates, a list of each CA, and two leaves."""

    anchor: bytes
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    leaves: tuple[bytes, ...]
    expired: tuple[bytes, ...]
    steps: int
    """The least number of cross-certificates between the anchor and the leaves."""


@cache
def bridge(nodes: int) -> Topology:
    """A hub that has certified every node, and every node it."""
    return _topology([(0, node) for node in range(1, nodes)], at=nodes - 1, view=1)


@cache
def mesh(nodes: int) -> Topology:
    """Every node certified both ways with some others, as if by chance: loops of every length, no centre."""
    chosen = {(node, (node + 1) % nodes) for node in range(nodes)}
    chance = 1
    for node in range(nodes):
        for _ in range(_PARTNERS - 1):
            chance = chance * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1  # Knuth's, for the same mesh each time
            chosen.add((node, (chance >> 33) % nodes))
    return _topology([pair for pair in chosen if pair[0] != pair[1]])


@cache
def ring(nodes: int) -> Topology:
    """Every node certified both ways with the two beside it."""
    return _topology([(node, (node + 1) % nodes) for node in range(nodes)])


@cache
def tree(nodes: int, width: int = 8) -> Topology:
    """Every node certified both ways with the one above it and those below it."""
    return _topology([((node - 1) // width, node) for node in range(1, nodes)], view=nodes - 1, at=nodes // 2)


@cache
def federation(nodes: int) -> Topology:
    """Cities with their counties around each, the cities certified both ways in a ring and with the province at the centre."""
    cities = max(3, int(nodes**0.5))
    pairs = [(0, city) for city in range(1, cities + 1)]
    pairs += [*pairwise(range(1, cities + 1)), (cities, 1)]
    pairs += [(1 + county % cities, county) for county in range(cities + 1, nodes)]
    return _topology(pairs, view=nodes - 1, at=nodes - 2)


SHAPES: dict[str, Callable[[int], Topology]] = {
    "bridge": bridge,
    "mesh": mesh,
    "ring": ring,
    "tree": tree,
    "federation": federation,
}


class _Node:
    def __init__(self, number: int) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public_key = self.key.public_key()
        self.name = x509.Name(
            [
                x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, f"节点{number}"),
            ]
        )
        self.identifier = x509.SubjectKeyIdentifier.from_public_key(self.public_key)
        self.issued = 0

    def certify(self, other: _Node, *, ca: bool = True, not_after: datetime = _END) -> bytes:
        self.issued += 1
        builder = (
            x509.CertificateBuilder(issuer_name=self.name, subject_name=other.name, public_key=other.public_key)
            .serial_number(self.issued)
            .not_valid_before(_BEGIN)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(other.identifier, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier(self.identifier.digest, None, None), critical=False)
        )
        if ca:
            builder = builder.add_extension(_SIGNERS, critical=True)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def crl(self) -> bytes:
        builder = x509.CertificateRevocationListBuilder(self.name, AT - timedelta(hours=1), AT + timedelta(days=7))
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _topology(pairs: Iterable[tuple[int, int]], view: int = 0, at: int | None = None) -> Topology:
    both = sorted({(a, b) for pair in pairs for a, b in (pair, pair[::-1])})
    distances = _distances(both, view)
    if at is None:
        within = [node for node, distance in distances.items() if distance <= _HOPS]
        at = within[-1]
    nodes = [_Node(number) for number in range(max(distances) + 1)]
    leaf = _Node(len(nodes))
    return Topology(
        anchor=nodes[view].certify(nodes[view]),
        certificates=tuple(nodes[a].certify(nodes[b]) for a, b in both),
        crls=tuple(node.crl() for node in nodes),
        leaves=tuple(nodes[at].certify(leaf, ca=False) for _ in range(_LEAVES)),
        expired=tuple(nodes[at].certify(leaf, ca=False, not_after=AT - timedelta(days=1)) for _ in range(_LEAVES)),
        steps=distances[at],
    )


def _distances(both: Iterable[tuple[int, int]], view: int) -> dict[int, int]:
    neighbours: dict[int, list[int]] = {}
    for a, b in both:
        neighbours.setdefault(a, []).append(b)
    distances = {view: 0}
    row, far = [view], 0
    while row:
        far += 1
        row = list(dict.fromkeys(b for a in row for b in neighbours[a] if b not in distances))
        distances.update(dict.fromkeys(row, far))
    return distances
