"""What a peer's log says was issued, so that a licence of that node can be looked for in it without asking anybody.

A few tiles of the log at each visit, from where the last one ended, until its head or as far as policy lets one log be read. What was read
is kept tile by tile: however slow a peer is, the next visit goes on behind the last tile that came.

1. The leaves come from one of the log's entry tiles, 256 at an address, the last one as wide as the log is.
2. With the hashes of everything around them they must give the signed head: then they stand in the log at just these places.
3. The digests of the documents that were issued are kept, together with how far the log was read.

Left to others: the head, which was verified and followed (``witness``), what is made of it (``licenses.peers_log``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from kernel.errors import Refusal
from licenses.errors import PROOF_INVALID
from licenses.log import cover, leaf_hash, node_hash, parse_leaf, split, subtree
from licenses.log_ports import LogHashes, Witnessed
from licenses.ports import LicenseDeps
from licenses.transparency.tiles import WIDTH, Get, Tile, TileHashes

MAX_TILES = 32
"""In one visit."""

Progress = Literal["read", "reading", "full"]
"""``full``: the log has more leaves than policy lets be read; what it says of later ones is not known here, until an operator allows more."""

_MAX_LEAF = 1024
_PREFIX = 2


def read_on(deps: LicenseDeps, seen: Witnessed, get: Get) -> None:
    """Read on in the log whose newest head is ``seen``; ``Refusal(proof_invalid)`` when what comes is not the head's."""
    around = TileHashes(get, seen.size)
    end = min(seen.size, _most(deps))
    for _ in range(MAX_TILES):
        if seen.read >= end:
            return
        # 1.
        first = seen.read - seen.read % WIDTH
        tile = Tile(None, first // WIDTH, min(WIDTH, seen.size - first))
        leaves = _leaves(get(tile.path, tile.width * (_PREFIX + _MAX_LEAF)), tile.width)
        # 2.
        piece = _Piece(first, [leaf_hash(leaf) for leaf in leaves], around)
        if piece.hash_of(0, seen.size) != seen.root:
            raise Refusal(PROOF_INVALID, problem="the leaves are not those of the head")
        # 3.
        read = min(end, first + len(leaves))
        with deps.work.begin() as work:
            if not work.records.put_peers_issued(seen, _issued(leaves[: read - first], first), read=read):
                return  # another visit is at it
        seen = replace(seen, read=read)


def progress_of(deps: LicenseDeps, seen: Witnessed) -> Progress:
    """Return how far a log was read."""
    if seen.read >= seen.size:
        return "read"
    return "full" if seen.read >= _most(deps) else "reading"


def list_full(deps: LicenseDeps) -> Sequence[Witnessed]:
    """Return the logs that have more leaves than are read of them, by area code."""
    with deps.work.read() as work:
        return [seen for seen in work.records.witnessed() if progress_of(deps, seen) == "full"]


def _most(deps: LicenseDeps) -> int:
    return deps.policies.licenses.verification.max_peer_log_leaves


def _issued(leaves: Sequence[bytes], first: int) -> Mapping[str, int]:
    """Return where the issuing of which documents stands, by their digests."""
    found: dict[str, int] = {}
    for place, leaf in enumerate(leaves, first):
        with suppress(Refusal):  # of a form that is not known here
            said = parse_leaf(leaf)
            if said.event == "issued":
                found[said.pdf_sha256] = place
    return found


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
