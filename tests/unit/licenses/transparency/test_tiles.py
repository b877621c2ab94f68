"""Tiles lie where C2SP ``tlog-tiles`` has them, and hold what the log holds."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses import log
from licenses.transparency.tiles import Tile, TileHashes, parse_tile, read_tile
from tests.support.logs import filled, naive_root

TILES = st.builds(Tile, st.none() | st.integers(0, 63), st.integers(0, 10**15 - 1), st.integers(1, 256))


def test_addresses_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(2, 0, 1).path == "tile/2/000.p/1"
    assert Tile(None, 1000, 255).path == "tile/entries/x001/000.p/255"


@given(TILES)
def test_each_tile_has_one_address(tile: Tile) -> None:
    assert parse_tile(tile.path.removeprefix("tile/")) == tile


@pytest.mark.parametrize(
    "path",
    ["", "0", "0/", "0/0", "0/0000", "00/000", "64/000", "0/x000/000", "0/001/000", "0/000.p/0", "0/000.p/256", "0/000.p/01",
     "0/000.p/", "entries/000.p/999", "../../key", "0/000/", "0/x001", "0/" + "x001/" * 6 + "000", "0/٠٠٠", "x/000"],
)  # fmt: skip
def test_an_address_that_no_tile_has_is_refused(path: str) -> None:
    with pytest.raises(Refusal, match="log_tile_unknown"):
        parse_tile(path)


@given(st.text(max_size=60))
def test_only_refusals_come_out_of_arbitrary_addresses(path: str) -> None:
    with suppress(Refusal):
        assert parse_tile(path).path == f"tile/{path}"


def test_a_log_of_some_hundreds_is_one_whole_tile_and_the_beginnings_of_two() -> None:
    nodes, leaves = filled([300])
    whole = read_tile(nodes, Tile(0, 0))
    assert [whole[at : at + 32] for at in range(0, len(whole), 32)] == [log.leaf_hash(leaf) for leaf in leaves[:256]]
    assert len(read_tile(nodes, Tile(0, 1, 44))) == 44 * 32
    assert read_tile(nodes, Tile(1, 0, 1)) == naive_root(leaves[:256])
    entries = read_tile(nodes, Tile(None, 1, 44))
    assert entries == b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves[256:])


@pytest.mark.parametrize("tile", [Tile(0, 1), Tile(0, 1, 45), Tile(0, 2, 1), Tile(1, 0, 2), Tile(2, 0, 1), Tile(None, 1, 45)])
def test_what_the_log_has_not_reached_is_not_there(tile: Tile) -> None:
    nodes, _ = filled([300])
    with pytest.raises(Refusal, match="log_tile_unknown"):
        read_tile(nodes, tile)


def test_the_root_is_reckoned_from_the_tiles_and_a_short_one_is_noticed() -> None:
    nodes, leaves = filled([300])
    tiles = TileHashes(lambda path, _most: read_tile(nodes, parse_tile(path.removeprefix("tile/"))), 300)
    assert log.root(tiles, 300) == log.root(nodes, 300)
    for cut in (b"", bytes(32 * 44 - 1)):
        with pytest.raises(Refusal, match="proof_invalid"):
            log.root(TileHashes(lambda _path, _most, cut=cut: cut, 300), 300)  # type: ignore[misc]
    assert hashlib.sha256(leaves[0]).digest() != log.leaf_hash(leaves[0])
