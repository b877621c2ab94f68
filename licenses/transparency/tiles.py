"""The log as tiles (C2SP ``tlog-tiles``): 256 hashes of one level, or 256 leaves, at an address that is never written twice.

Left to others: the signed head that says how large the log is (``licenses.checkpoint``), HTTP (``views``, the caller's ``Get``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kernel.errors import Refusal
from licenses.errors import LOG_TILE_UNKNOWN, PROOF_INVALID
from licenses.log import Place, node_hash
from licenses.log_ports import LogNodes

ENTRIES = "entries"
WIDTH = 256
_HEIGHT = 8
_HASH = 32
_ADDRESS = re.compile(r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x\d{3}/){0,4}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)

Get = Callable[[str, int], bytes]
"""Fetches what is at an address below the log's, of so many octets at most."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile's place: its level (None: the leaves themselves), its index in it, how many hashes wide."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Return its address below the log's."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        kind = ENTRIES if self.level is None else str(self.level)
        return f"tile/{kind}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")


def parse_tile(path: str) -> Tile:
    """Return the tile at ``path`` (behind ``tile/``); ``Refusal(log_tile_unknown)`` for an address that none has."""
    match = _ADDRESS.fullmatch(path)
    if match is None:
        raise Refusal(LOG_TILE_UNKNOWN)
    kind, number, width = match.groups()
    tile = Tile(
        None if kind == ENTRIES else int(kind), int(number.replace("/", "").replace("x", "")), int(width) if width else WIDTH
    )
    if tile.width > WIDTH or tile.path != f"tile/{path}":  # one address for each
        raise Refusal(LOG_TILE_UNKNOWN)
    return tile


def read_tile(records: LogNodes, tile: Tile) -> bytes:
    """Return what is in ``tile``; ``Refusal(log_tile_unknown)`` when the log has not come so far."""
    level = _HEIGHT * (tile.level or 0)
    first = tile.index * WIDTH
    if first + tile.width > records.log_size() >> level:
        raise Refusal(LOG_TILE_UNKNOWN)
    if tile.level is None:
        return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in records.log_leaves(first, tile.width))
    places = [(level, place) for place in range(first, first + tile.width)]
    nodes = records.get_log_nodes(places)
    return b"".join(nodes[place] for place in places)


@dataclass(slots=True)
class TileHashes:
    """``LogHashes`` of a log of ``size`` leaves that is read from its tiles. Nothing that comes is believed: a proof must hold."""

    get: Get
    size: int
    _read: dict[tuple[int, int], Sequence[bytes]] = field(default_factory=dict)

    def get_log_nodes(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """Return the hashes at ``places``, put together from the tiles below them."""
        return {place: self._node(*place) for place in places}

    def _node(self, level: int, index: int) -> bytes:
        tile_level, above = divmod(level, _HEIGHT)
        first = index << above
        hashes = self._tile(tile_level, first // WIDTH)[first % WIDTH : first % WIDTH + (1 << above)]
        if len(hashes) != 1 << above:
            raise Refusal(PROOF_INVALID, problem="a tile is too small")
        while len(hashes) > 1:
            hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    def _tile(self, level: int, index: int) -> Sequence[bytes]:
        found = self._read.get((level, index))
        if found is None:
            width = min(WIDTH, (self.size >> _HEIGHT * level) - index * WIDTH)
            data = self.get(Tile(level, index, width).path, width * _HASH)
            if len(data) != width * _HASH:
                raise Refusal(PROOF_INVALID, problem="a tile is too small")
            found = [data[at : at + _HASH] for at in range(0, len(data), _HASH)]
            self._read[level, index] = found
        return found
