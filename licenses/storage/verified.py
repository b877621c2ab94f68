"""What was verified for other nodes to hear, in SQL. It is numbered when a node asks, so that whoever verifies waits for nobody.

Each node has a counter, which makes whoever numbers for it wait: what is committed later has a greater number, however long it took. It is never
behind what the node says that it heard: where the counter is of yesterday, from a backup, no number comes again that stands for told.
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

untold = sa.Table(
    "licenses_untold",
    metadata,
    sa.Column("node_code", sa.String(6), primary_key=True, info=_INTERNAL),
    sa.Column("target", sa.String(120), primary_key=True, info=_INTERNAL),
    sa.Column("number", sa.BigInteger, info=_INTERNAL),
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
        # In one order for everybody: of two who keep the same, one waits for the other and not each for each.
        rows = [{"node_code": node_code, "target": target, "at": to_micros(at)} for target in sorted(targets)]
        self._connection.execute(self._insert(untold).on_conflict_do_nothing(), rows)

    def number_untold(self, node_code: str, *, after: int, limit: int) -> None:
        """Give numbers to what a node is told next, by the moment, above ``after`` and all it was told; whoever does waits for whoever does."""
        first = self.take_counter(f"verified:{node_code}", limit, at_least=after)  # before anything is read
        mine = (untold.c.node_code == node_code, untold.c.number.is_(None))
        query = sa.select(untold.c.target).where(*mine).order_by(untold.c.at, untold.c.target).limit(limit)
        rows = [
            {"which": target, "given": number} for number, target in enumerate(self._connection.execute(query).scalars(), first)
        ]
        if rows:
            which = (untold.c.node_code == node_code, untold.c.target == sa.bindparam("which"))
            self._connection.execute(untold.update().where(*which).values(number=sa.bindparam("given")), rows)

    def untold(self, node_code: str, *, after: int, limit: int) -> Sequence[Untold]:
        """Return what is numbered above ``after`` for a node, in order."""
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
