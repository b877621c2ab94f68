"""The transparency log: an RFC 9162 Merkle tree whose complete subtrees are stored, so that appending and proving take O(log n).

A leaf says that a licence was issued or that its status changed. Leaves are public, so a licence is named by the SHA-256 of its
document: who has the document finds its leaves, nobody else learns of it. Left to others: storing hashes (``storage``), signing the
tree's head (``checkpoint``), serving it (``tiles``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.canonical import canonical
from kernel.clock import rfc3339
from kernel.errors import Refusal
from licenses.errors import PROOF_INVALID
from licenses.log_ports import LogHashes, LogNodes
from licenses.registry_records import StatusCode

LEAF_VERSION = 2
EMPTY_ROOT = hashlib.sha256().digest()
_MAX_PROOF = 64
_DIGEST = re.compile(r"[0-9a-f]{64}")

Place = tuple[int, int]
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf says: what happened when to which licence of which issuer. ``event`` is ``issued`` or ``status``."""

    event: str
    issuer_uscc: str
    pdf_sha256: str
    status: StatusCode
    at: datetime

    def to_bytes(self) -> bytes:
        """Return the canonical form that is hashed."""
        return canonical(
            {
                "version": LEAF_VERSION,
                "event": self.event,
                "issuer": self.issuer_uscc,
                "pdf_sha256": self.pdf_sha256,
                "status": self.status,
                "at": rfc3339(self.at),
            }
        )


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That leaf ``index`` stands in the tree of ``size`` leaves: the hashes beside its path, from the leaf up."""

    index: int
    size: int
    hashes: tuple[bytes, ...]

    def as_json(self) -> dict[str, int | list[str]]:
        """Return the wire form, hashes in hexadecimal."""
        return {"index": self.index, "size": self.size, "hashes": [value.hex() for value in self.hashes]}


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(records: LogNodes, leaves: Sequence[bytes]) -> int:
    """Append ``leaves`` in the current transaction and return the index of the first."""
    first = records.take_log_places(len(leaves))
    known = dict(records.get_log_nodes(list(cover((0, first)))))
    new: dict[Place, bytes] = {}
    for index, leaf in enumerate(leaves, first):
        level, place, value = 0, index, leaf_hash(leaf)
        new[level, place] = known[level, place] = value
        while place & 1:  # a right child: its parent is complete
            value = node_hash(known[level, place - 1], value)
            level, place = level + 1, place >> 1
            new[level, place] = known[level, place] = value
    records.put_log_nodes(new)
    records.put_log_leaves(first, leaves)
    return first


def root(records: LogHashes, size: int) -> bytes:
    """Return the hash of the tree of the first ``size`` leaves."""
    return subtree((0, size), records.get_log_nodes(list(cover((0, size)))))


def inclusion_proof(records: LogHashes, index: int, size: int) -> InclusionProof:
    """Return the proof that leaf ``index`` is in the tree of the first ``size`` leaves; ``IndexError`` when it is not."""
    if not 0 <= index < size:
        message = f"no leaf {index} in a tree of {size}"
        raise IndexError(message)
    ranges = list(_beside(index, size))
    nodes = records.get_log_nodes([place for span in ranges for place in cover(span)])
    return InclusionProof(index, size, tuple(subtree(span, nodes) for span in ranges))


def verify_inclusion(leaf: bytes, proof: InclusionProof, root_hash: bytes) -> Leaf:
    """Return what ``leaf`` says when ``proof`` leads from it to ``root_hash`` (RFC 9162 2.1.3.2); ``Refusal`` otherwise."""
    if not 0 <= proof.index < proof.size or len(proof.hashes) > _MAX_PROOF:
        raise Refusal(PROOF_INVALID, problem="index and size")
    position, last, value = proof.index, proof.size - 1, leaf_hash(leaf)
    for beside in proof.hashes:
        if last == 0:
            raise Refusal(PROOF_INVALID, problem="too long")
        if position & 1 or position == last:
            value = node_hash(beside, value)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            value = node_hash(value, beside)
        position, last = position >> 1, last >> 1
    if last != 0 or value != root_hash:
        raise Refusal(PROOF_INVALID, problem="root")
    return parse_leaf(leaf)


def parse_leaf(leaf: bytes) -> Leaf:
    """Return what ``leaf`` says; ``Refusal`` when it is no leaf of version 2."""
    try:
        value = json.loads(leaf)
        said = Leaf(value["event"], value["issuer"], value["pdf_sha256"], value["status"], datetime.fromisoformat(value["at"]))
        if said.to_bytes() == leaf and _DIGEST.fullmatch(said.pdf_sha256):
            return said
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError, OverflowError):
        pass
    raise Refusal(PROOF_INVALID, problem="leaf")


def _beside(index: int, size: int) -> Iterator[Range]:
    """Return the ranges of leaves beside the path of ``index``, from the leaf up (RFC 9162 2.1.3.1)."""
    found: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return reversed(found)


def split(count: int) -> int:
    """Return the largest power of two smaller than ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def cover(span: Range) -> Iterator[Place]:
    """Return the complete subtrees that make up a range of the tree, from the left: largest first."""
    start, end = span
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def subtree(span: Range, nodes: Mapping[Place, bytes]) -> bytes:
    """Return the hash over a range: its complete subtrees folded from the right."""
    hashes = [nodes[place] for place in cover(span)]
    if not hashes:
        return EMPTY_ROOT
    value = hashes.pop()
    while hashes:
        value = node_hash(hashes.pop(), value)
    return value
