"""What was seen of logs, by this node and of its own, and the faults. What is to be kept is decided in ``licenses.transparency``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import sqlalchemy as sa

from kernel.clock import from_micros, to_micros
from licenses.log_ports import Cosigned, LogFault, Witnessed
from licenses.storage.shelves import OnConnection
from licenses.storage.tables import log_cosigned, log_faults, log_witnessed, peers_issued
from pki.storage.prepared import Prepared, Row

_FIND_WITNESSED = Prepared(sa.select(log_witnessed).where(log_witnessed.c.node_code == sa.bindparam("node_code")))
_FIND_ISSUED = Prepared(
    sa.select(peers_issued.c.place).where(
        peers_issued.c.node_code == sa.bindparam("node_code"), peers_issued.c.pdf_sha256 == sa.bindparam("pdf_sha256")
    )
)


class SqlLogWitnesses(OnConnection):
    """``licenses.log_ports.LogWitnessRecords``."""

    def find_witnessed(self, node_code: str) -> Witnessed | None:
        """Return what this node last saw of another node's log."""
        row = self._find(_FIND_WITNESSED, node_code=node_code)
        return None if row is None else _witnessed(row)

    def witnessed(self) -> Sequence[Witnessed]:
        """Return what this node last saw of each log, by area code."""
        query = sa.select(log_witnessed).order_by(log_witnessed.c.node_code)
        return [_witnessed(row) for row in self._connection.execute(query).mappings()]

    def put_witnessed(self, seen: Witnessed) -> bool:
        """Store what was seen, unless a larger head of the same log is there already: then False."""
        values = {
            "verifier_key": seen.verifier_key,
            "size": seen.size,
            "root": seen.root,
            "note": seen.note,
            "seen_at": to_micros(seen.seen_at),
        }
        statement = self._insert(log_witnessed).values(node_code=seen.node_code, **values)
        grown = sa.and_(
            log_witnessed.c.verifier_key == seen.verifier_key,
            sa.or_(
                log_witnessed.c.size < seen.size, sa.and_(log_witnessed.c.size == seen.size, log_witnessed.c.root == seen.root)
            ),
        )
        statement = statement.on_conflict_do_update(index_elements=["node_code"], set_=values, where=grown)
        return self._connection.execute(statement.returning(log_witnessed.c.node_code)).first() is not None

    def drop_witnessed(self, node_code: str) -> None:
        """Forget what was seen of a log, and what was read of it."""
        for table in (peers_issued, log_witnessed):
            self._connection.execute(table.delete().where(table.c.node_code == node_code))

    def put_peers_issued(self, seen: Witnessed, issued: Mapping[str, int], *, read: int) -> bool:
        """Store what a log says was issued and how far it was read; False when it was read on, or begun anew, meanwhile."""
        same = (
            log_witnessed.c.node_code == seen.node_code,
            log_witnessed.c.verifier_key == seen.verifier_key,
            log_witnessed.c.read == seen.read,
        )
        if not self._connection.execute(log_witnessed.update().where(*same).values(read=read)).rowcount:
            return False
        rows = [{"node_code": seen.node_code, "pdf_sha256": sha256, "place": place} for sha256, place in issued.items()]
        if rows:
            self._connection.execute(self._insert(peers_issued).on_conflict_do_nothing(), rows)
        return True

    def find_peers_issued(self, node_code: str, pdf_sha256: str) -> int | None:
        """Return the place in a node's log where the issuing of a document stands, of what was read of it."""
        row = self._find(_FIND_ISSUED, node_code=node_code, pdf_sha256=pdf_sha256)
        return None if row is None else int(row["place"])

    def cosigned(self) -> Sequence[Cosigned]:
        """Return the heads of this node's log that others cosigned, by area code."""
        query = sa.select(log_cosigned).order_by(log_cosigned.c.witness_code)
        return [
            Cosigned(row.witness_code, row.verifier_key, row.size, row.note, from_micros(row.at))
            for row in self._connection.execute(query)
        ]

    def put_cosigned(self, seen: Cosigned) -> None:
        """Store a cosigned head in place of an older one of the same witness."""
        values = {"verifier_key": seen.verifier_key, "size": seen.size, "note": seen.note, "at": to_micros(seen.at)}
        statement = self._insert(log_cosigned).values(witness_code=seen.witness_code, **values)
        older = log_cosigned.c.at <= to_micros(seen.at)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["witness_code"], set_=values, where=older))

    def log_faults(self) -> Sequence[LogFault]:
        """Return all faults that were ever found, the newest first."""
        query = sa.select(log_faults).order_by(log_faults.c.id.desc())
        return [
            LogFault(row.node_code, row.kind, row.held, row.shown, from_micros(row.found_at), row.found_by, row.settled_by)
            for row in self._connection.execute(query)
        ]

    def add_log_fault(self, fault: LogFault) -> bool:
        """Keep a fault; False when one of the same kind against the same head is kept already."""
        values = {
            "node_code": fault.node_code,
            "kind": fault.kind,
            "held_sha256": sha256(fault.held.encode()).hexdigest(),
            "held": fault.held,
            "shown": fault.shown,
            "found_at": to_micros(fault.found_at),
            "found_by": fault.found_by,
        }
        statement = self._insert(log_faults).values(**values).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(log_faults.c.id)).first() is not None

    def settle_log_faults(self, node_code: str, *, by: str) -> int:
        """Note that ``by`` looked over the open faults of a node's log, and return how many there were."""
        open_ones = (log_faults.c.node_code == node_code, log_faults.c.settled_by.is_(None))
        return self._connection.execute(log_faults.update().where(*open_ones).values(settled_by=by)).rowcount


def _witnessed(row: Row | sa.RowMapping) -> Witnessed:
    return Witnessed(
        row["node_code"],
        row["verifier_key"],
        row["size"],
        bytes(row["root"]),
        row["note"],
        from_micros(row["seen_at"]),
        row["read"],
    )
