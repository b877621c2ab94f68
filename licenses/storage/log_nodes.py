"""The transparency log's hashes. The tree itself is in ``licenses.log``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from licenses.storage.shelves import SqlShelves
from licenses.storage.tables import log_leaves, log_nodes
from pki.storage.prepared import Prepared

_SIZE = "log"
# Pairs in an IN list have SQLite read the whole table. Either of these looks each of them up in the primary key.
_NODE = {"level": sa.SmallInteger, "place": sa.BigInteger, "hash": sa.LargeBinary}
_FIND_BY_JSON = Prepared(
    sa.text(
        "SELECT n.level, n.place, n.hash FROM json_each(:places) AS wanted CROSS JOIN licenses_log_nodes AS n"
        " WHERE n.level = json_extract(wanted.value, '$[0]') AND n.place = json_extract(wanted.value, '$[1]')"
    ).columns(**_NODE)
)
_FIND_BY_ARRAYS = Prepared(
    sa.text(
        "SELECT n.level, n.place, n.hash FROM unnest(CAST(:levels AS smallint[]), CAST(:indexes AS bigint[])) AS wanted (level, place)"
        " JOIN licenses_log_nodes AS n ON n.level = wanted.level AND n.place = wanted.place"
    ).columns(**_NODE)
)
_FIND_LEAF = Prepared(sa.select(log_leaves.c.leaf).where(log_leaves.c.place == sa.bindparam("index")))


class SqlLogNodes(SqlShelves):
    """``licenses.log_ports.LogNodes``."""

    def log_size(self) -> int:
        """Return the number of leaves."""
        return self.counter(_SIZE)

    def take_log_places(self, count: int) -> int:
        """Move the size on by ``count`` and return the old one; the counter's row stays locked until the transaction ends."""
        return self.take_counter(_SIZE, count) - 1

    def get_log_nodes(self, places: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Return the hashes at ``places``; ``LookupError`` when one is missing."""
        if not places:
            return {}
        if self._connection.dialect.name == "sqlite":
            rows = self._find_all(_FIND_BY_JSON, places=json.dumps(list(places)))
        else:
            levels, indexes = zip(*places, strict=True)
            rows = self._find_all(_FIND_BY_ARRAYS, levels=list(levels), indexes=list(indexes))
        found = {(row["level"], row["place"]): bytes(row["hash"]) for row in rows}
        for place in places:
            if place not in found:
                message = f"the log lacks the node at {place}"
                raise LookupError(message)
        return found

    def put_log_nodes(self, nodes: Mapping[tuple[int, int], bytes]) -> None:
        """Store hashes; the primary key refuses to write one twice."""
        rows = [{"level": level, "place": place, "hash": value} for (level, place), value in nodes.items()]
        if rows:
            self._connection.execute(log_nodes.insert(), rows)

    def put_log_leaves(self, first: int, leaves: Sequence[bytes]) -> None:
        """Store what the leaves from index ``first`` say."""
        rows = [{"place": first + offset, "leaf": leaf} for offset, leaf in enumerate(leaves)]
        if rows:
            self._connection.execute(log_leaves.insert(), rows)

    def find_log_leaf(self, index: int) -> bytes | None:
        """Return what leaf ``index`` says."""
        row = self._find(_FIND_LEAF, index=index)
        return None if row is None else bytes(row["leaf"])

    def log_leaves(self, first: int, count: int) -> Sequence[bytes]:
        """Return what up to ``count`` leaves from index ``first`` say, in order."""
        query = (
            sa.select(log_leaves.c.leaf).where(log_leaves.c.place.between(first, first + count - 1)).order_by(log_leaves.c.place)
        )
        return [bytes(leaf) for leaf in self._connection.execute(query).scalars()]
