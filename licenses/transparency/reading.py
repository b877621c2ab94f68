"""What a peer's log says was issued, so that a licence of that node can be looked for in it without asking anybody.

A few pieces of the log at each visit, from where the last one ended, until its head:

1. The leaves come from the log's entry tiles, 256 at an address, the last piece as wide as the log is.
2. With the hashes of everything around them they must give the signed head: then they stand in the log at just these places.
3. The digests of the documents that were issued are kept, together with how far the log was read.

Left to others: the head, which was verified and followed (``witness``), what is made of it (``licenses.peers_log``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.errors import Refusal
from licenses.errors import PROOF_INVALID
from licenses.log import cover, leaf_hash, node_hash, parse_leaf, split, subtree
from licenses.log_ports import LogHashes, Witnessed
from licenses.ports import LicenseDeps
from licenses.transparency.tiles import WIDTH, Get, Tile, TileHashes

MAX_TILES = 32
"""In one visit."""

_MAX_LEAF = 1024
_PREFIX = 2


def read_on(deps: LicenseDeps, seen: Witnessed, get: Get) -> None:
    """Read on in the log whose newest head is ``seen``; ``Refusal(proof_invalid)`` when what comes is not the head's."""
    if seen.read >= seen.size:
        return
    # 1.
    first = seen.read - seen.read % WIDTH
    tiles = [
        Tile(None, index, min(WIDTH, seen.size - index * WIDTH))
        for index in range(first // WIDTH, -(-seen.size // WIDTH))[:MAX_TILES]
    ]
    leaves = [leaf for tile in tiles for leaf in _leaves(get(tile.path, tile.width * (_PREFIX + _MAX_LEAF)), tile.width)]
    # 2.
    piece = _Piece(first, [leaf_hash(leaf) for leaf in leaves], TileHashes(get, seen.size))
    if piece.hash_of(0, seen.size) != seen.root:
        raise Refusal(PROOF_INVALID, problem="the leaves are not those of the head")
    # 3.
    issued = {}
    for place, leaf in enumerate(leaves, first):
        try:
            said = parse_leaf(leaf)
        except Refusal:  # of a form that is not known here
            continue
        if said.event == "issued":
            issued[said.pdf_sha256] = place
    with deps.work.begin() as work:
        work.records.put_peers_issued(seen, issued, read=first + len(leaves))


@dataclass(frozen=True, slots=True)
class _Piece:
    """Leaves' hashes from ``first`` on, and where the hashes of all others come from."""

    first: int
    hashes: Sequence[bytes]
    around: LogHashes

    def hash_of(self, start: int, end: int) -> bytes:
        """Return the hash over a range of the tree (RFC 9162 2.1.1)."""
        if end <= self.first or start >= self.first + len(self.hashes):
            return subtree((start, end), self.around.get_log_nodes(list(cover((start, end)))))
        if end - start == 1:
            return self.hashes[start - self.first]
        middle = start + split(end - start)
        return node_hash(self.hash_of(start, middle), self.hash_of(middle, end))


def _leaves(data: bytes, count: int) -> list[bytes]:
    """Return the leaves in an entry tile: each behind its length in two octets."""
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) < count:
        length = int.from_bytes(data[at : at + _PREFIX], "big")
        leaf = data[at + _PREFIX : at + _PREFIX + length]
        at += _PREFIX + length
        found.append(leaf)
    if len(found) != count or at != len(data):
        raise Refusal(PROOF_INVALID, problem="a tile of leaves")
    return found
