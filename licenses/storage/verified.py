"""What was verified for other nodes to hear, in SQL. Numbers are taken from a counter, which makes whoever takes one wait: none comes late.

It is never behind the clock (microseconds since 1970): where the counter is of yesterday, after a power cut or from a backup, no number comes again
that a node has heard, for what bears one is taken for told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from kernel.clock import from_micros, to_micros
from licenses.storage.shelves import SqlShelves
from licenses.storage.tables import metadata
from licenses.verified_records import Untold

_INTERNAL = {"sensitivity": "internal"}
_COUNTER = "verified"

untold = sa.Table(
    "licenses_untold",
    metadata,
    sa.Column("node_code", sa.String(6), primary_key=True, info=_INTERNAL),
    sa.Column("target", sa.String(120), primary_key=True, info=_INTERNAL),
    sa.Column("number", sa.BigInteger, nullable=False, info=_INTERNAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=_INTERNAL),
)

heard = sa.Table(
    "licenses_heard",
    metadata,
    sa.Column("node_code", sa.String(6), primary_key=True, info=_INTERNAL),
    sa.Column("until", sa.BigInteger, nullable=False, info=_INTERNAL),
)


class SqlVerified(SqlShelves):
    """``licenses.verified_records.VerifiedRecords``."""

    def keep_untold(self, node_code: str, targets: Collection[str], at: datetime) -> None:
        """Keep that licences of a node were verified; one that the node has not heard of yet is kept as it is."""
        first = self.take_counter(_COUNTER, len(targets), at_least=to_micros(at))
        rows = [
            {"node_code": node_code, "target": target, "number": number, "at": to_micros(at)}
            for number, target in enumerate(targets, first)
        ]
        self._connection.execute(self._insert(untold).on_conflict_do_nothing(), rows)

    def untold(self, node_code: str, *, after: int, limit: int) -> Sequence[Untold]:
        """Return what a node has not heard, in order, numbered above ``after``."""
        query = sa.select(untold).where(untold.c.node_code == node_code, untold.c.number > after)
        rows = self._connection.execute(query.order_by(untold.c.number).limit(limit))
        return [Untold(row.number, row.target, from_micros(row.at)) for row in rows]

    def drop_told(self, node_code: str, *, until: int) -> None:
        """Forget what a node has heard."""
        self._connection.execute(untold.delete().where(untold.c.node_code == node_code, untold.c.number <= until))

    def drop_untold(self, *, before: datetime) -> None:
        """Forget what no node came to hear."""
        self._connection.execute(untold.delete().where(untold.c.at < to_micros(before)))

    def heard_until(self, node_code: str) -> int:
        """Return the number up to which a node was heard, 0 at first."""
        found = self._connection.execute(sa.select(heard.c.until).where(heard.c.node_code == node_code)).scalar()
        return 0 if found is None else int(found)

    def note_heard_until(self, node_code: str, *, before: int, now: int) -> bool:
        """Move that number on; False when somebody else did meanwhile."""
        self._connection.execute(self._insert(heard).values(node_code=node_code, until=0).on_conflict_do_nothing())
        here = (heard.c.node_code == node_code, heard.c.until == before)
        return self._connection.execute(heard.update().where(*here).values(until=now)).rowcount > 0
