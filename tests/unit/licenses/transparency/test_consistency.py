"""That a log only grew is proven for each pair of its heads, and for no others."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses.transparency.consistency import consistency_proof, verify_consistency
from licenses.transparency.tiles import TileHashes, parse_tile, read_tile
from tests.support.logs import filled, leaf, naive_root


def test_each_earlier_head_is_proven_from_the_tiles_alone() -> None:
    nodes, leaves = filled([40])
    for size in range(41):
        tiles = TileHashes(lambda path, _most: read_tile(nodes, parse_tile(path.removeprefix("tile/"))), size)
        for first in range(size + 1):
            proof = consistency_proof(tiles, first, size)
            assert proof == consistency_proof(nodes, first, size)
            verify_consistency(first, naive_root(leaves[:first]), size, naive_root(leaves[:size]), proof)


@given(st.data())
def test_no_other_head_is(data: st.DataObject) -> None:
    nodes, leaves = filled([33])
    size = data.draw(st.integers(2, 33))
    first = data.draw(st.integers(1, size - 1))
    changed = [*leaves]
    changed[data.draw(st.integers(0, first - 1))] = leaf(1000)
    proof, root, head = consistency_proof(nodes, first, size), naive_root(leaves[:first]), naive_root(leaves[:size])
    other = hashlib.sha256(root).digest()
    forgeries = [
        (first, naive_root(changed[:first]), size, head, proof),
        (first, root, size, naive_root(changed[:size]), proof),
        (first, root, size, head, proof[:-1]),
        (first, root, size, head, (*proof, other)),
        (first, root, size, head, (other, *proof[1:])),
        (first - 1, root, size, head, proof),
        (size, root, first, head, proof),
        (first, root, first, head, ()),
    ]
    for forged in forgeries:
        with pytest.raises(Refusal, match="proof_invalid"):
            verify_consistency(*forged)


@given(st.integers(-1, 70), st.integers(-1, 70), st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_only_refusals_come_out_of_arbitrary_proofs(first: int, size: int, proof: list[bytes]) -> None:
    root, head = bytes(32), bytes([1]) * 32
    with pytest.raises(Refusal):
        verify_consistency(first, root, size, head, proof)


def test_there_is_no_proof_that_a_log_shrank() -> None:
    nodes, _ = filled([5])
    with pytest.raises(IndexError):
        consistency_proof(nodes, 6, 5)
