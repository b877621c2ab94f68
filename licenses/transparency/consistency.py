"""That a log only grew: the proof that a tree's first leaves are those of an earlier head (RFC 9162 2.1.4).

Left to others: hashes (``licenses.log``), whose heads they are (``witness``, ``witnessed``).
"""

from __future__ import annotations

from collections.abc import Sequence

from kernel.errors import Refusal
from licenses.errors import PROOF_INVALID
from licenses.log import EMPTY_ROOT, Range, cover, node_hash, split, subtree
from licenses.log_ports import LogHashes

_MAX_PROOF = 65


def consistency_proof(records: LogHashes, first: int, size: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of ``first`` leaves is the beginning of that of ``size``; ``IndexError`` when it cannot be."""
    if not 0 <= first <= size:
        message = f"no {first} leaves in a tree of {size}"
        raise IndexError(message)
    if first in {0, size}:
        return ()
    ranges = _ranges(first, size)
    nodes = records.get_log_nodes([place for span in ranges for place in cover(span)])
    return tuple(subtree(span, nodes) for span in ranges)


def verify_consistency(first: int, first_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Refuse (``proof_invalid``) a ``proof`` that does not lead from the head of ``first`` leaves to that of ``size``."""
    if not 0 <= first <= size or len(proof) > _MAX_PROOF:
        raise Refusal(PROOF_INVALID, problem="sizes")
    if first in {0, size}:
        holds = not proof and first_root == (EMPTY_ROOT if first == 0 else root)
    else:
        # RFC 9162 2.1.4.2: an earlier tree that is complete stands in the later one as it is.
        path = list(proof) if first & (first - 1) else [first_root, *proof]
        holds = bool(path) and _heads(first, size, path) == (first_root, root)
    if not holds:
        raise Refusal(PROOF_INVALID, problem="root")


def _heads(first: int, size: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the two heads that ``path`` leads to; None when it is of the wrong length."""
    position, last = first - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    before = after = path[0]
    for beside in path[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            before, after = node_hash(beside, before), node_hash(beside, after)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            after = node_hash(after, beside)
        position, last = position >> 1, last >> 1
    return (before, after) if last == 0 else None


def _ranges(first: int, size: int) -> list[Range]:
    """Return the ranges of leaves whose hashes make up the proof (RFC 9162 2.1.4.1), in its order."""
    found: list[Range] = []
    start, end, whole = 0, size, True
    while first != end - start:
        middle = start + split(end - start)
        if first <= middle - start:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            first -= middle - start
            start, whole = middle, False
    if not whole:
        found.append((start, end))
    return found[::-1]
