"""A transparency log in memory, filled with made-up leaves, and its root reckoned as RFC 9162 writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from licenses import log
from licenses.log_ports import LogNodes

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class MemoryNodes:
    """``LogNodes`` in memory."""

    def __init__(self) -> None:
        self.size = 0
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.leaves: dict[int, bytes] = {}

    def log_size(self) -> int:
        return self.size

    def take_log_places(self, count: int) -> int:
        self.size += count
        return self.size - count

    def get_log_nodes(self, places: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        return {place: self.nodes[place] for place in places}

    def put_log_nodes(self, nodes: Mapping[tuple[int, int], bytes]) -> None:
        assert not self.nodes.keys() & nodes.keys()
        self.nodes |= nodes

    def put_log_leaves(self, first: int, leaves: Sequence[bytes]) -> None:
        self.leaves |= dict(enumerate(leaves, first))

    def find_log_leaf(self, index: int) -> bytes | None:
        return self.leaves.get(index)

    def log_leaves(self, first: int, count: int) -> Sequence[bytes]:
        return [self.leaves[index] for index in range(first, first + count) if index in self.leaves]


def leaf(number: int) -> bytes:
    return log.Leaf("issued", "11445122WBK871J86K", f"{number:064x}", "01", AT).to_bytes()


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 2.1.1, as it stands there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def filled(groups: Sequence[int], records: LogNodes | None = None) -> tuple[LogNodes, list[bytes]]:
    nodes = MemoryNodes() if records is None else records
    leaves: list[bytes] = []
    for group in groups:
        new = [leaf(len(leaves) + offset) for offset in range(group)]
        assert log.append(nodes, new) == len(leaves)
        leaves += new
    return nodes, leaves
