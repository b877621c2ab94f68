"""The other nodes in SQL: who they are, and how fetching from them, pushing to them and looking at them went.

Left to others: what is held of them (``records``), every decision; transactions (``service.unit_of_work``), migrations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crosscert.records import Delivery, ListTag, Peer, ProbeResult
from crosscert.storage.connection import OnConnection
from crosscert.storage.rows import micros, moment, node_text, peer_of, texts
from crosscert.storage.tables import deliveries, list_tags, nodes, probes
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Prepared

_HEARD = Prepared(sa.select(nodes.c.last_ok_at).where(nodes.c.code == sa.bindparam("code"), nodes.c.last_ok_at.is_not(None)))


class SqlPeers(OnConnection):
    """The ``PeerRecords`` of one connection."""

    def put_peer(self, peer: Peer) -> None:
        """Insert or update what is known of a peer; how fetching went is left as it is."""
        values = {
            "code": peer.node.code,
            "node": node_text(peer.node),
            "relation": peer.relation,
            "learned_from": peer.learned_from,
            "principal_key": peer.principal_key,
            "crl_urls": texts(peer.crl_urls),
        }
        self._put(nodes, values, sa.or_(nodes.c.relation != "agreed", sa.literal(peer.relation) == "agreed"))

    def find_peer(self, code: str) -> Peer | None:
        """Return one peer."""
        row = self._connection.execute(sa.select(nodes).where(nodes.c.code == code)).one_or_none()
        return None if row is None else peer_of(row)

    def peers(self) -> Sequence[Peer]:
        """Return all peers: the agreed ones first ("agreed" < "member"), then by code."""
        rows = self._connection.execute(sa.select(nodes).order_by(nodes.c.relation, nodes.c.code))
        return [peer_of(row) for row in rows]

    def heard(self, codes: Collection[str]) -> Mapping[str, datetime]:
        """Return the moments by code."""
        rows = {code: self._find(_HEARD, code=code) for code in codes}
        return {code: from_micros(row["last_ok_at"]) for code, row in rows.items() if row is not None}

    def note_heard(self, code: str, *, at: datetime, full: bool = False) -> None:
        """Note a success, which ends every failure before it."""
        now = to_micros(at)
        values: dict[str, Any] = {"last_ok_at": now, "last_tried_at": now, "failures": 0}
        values |= dict.fromkeys(("last_error", "last_error_text", "failing_since", "next_try_at"))
        if full:
            values["full_at"] = now
        self._connection.execute(sa.update(nodes).where(nodes.c.code == code).values(values))

    def note_failed(self, code: str, *, at: datetime, error: str, text: str | None, next_try_at: datetime) -> None:
        """Note a failure; the first of a row of them says since when."""
        values: dict[str, Any] = {
            "last_tried_at": to_micros(at),
            "last_error": error,
            "last_error_text": text,
            "failing_since": sa.func.coalesce(nodes.c.failing_since, to_micros(at)),
            "failures": nodes.c.failures + 1,
            "next_try_at": to_micros(next_try_at),
        }
        self._connection.execute(sa.update(nodes).where(nodes.c.code == code).values(values))

    def list_tags(self, node_code: str) -> Sequence[ListTag]:
        """Return tags by address."""
        query = sa.select(list_tags).where(list_tags.c.node_code == node_code).order_by(list_tags.c.url)
        return [ListTag(row.node_code, row.url, row.etag) for row in self._connection.execute(query)]

    def drop_list_tags(self, node_code: str, *, but: Collection[str]) -> None:
        """Delete all others."""
        self._connection.execute(sa.delete(list_tags).where(list_tags.c.node_code == node_code, list_tags.c.url.not_in(but)))

    def put_list_tag(self, tag: ListTag) -> None:
        """Insert or replace."""
        self._put(list_tags, {"node_code": tag.node_code, "url": tag.url, "etag": tag.etag})

    def deliveries(self) -> Sequence[Delivery]:
        """Return deliveries by peer and CA."""
        return [
            Delivery(
                peer_code=row.peer_code,
                ca=row.ca,
                number=row.number,
                delivered_at=moment(row.delivered_at),
                tried_at=from_micros(row.tried_at),
                failures=row.failures,
                next_try_at=moment(row.next_try_at),
                error=row.error,
                error_text=row.error_text,
            )
            for row in self._connection.execute(sa.select(deliveries).order_by(deliveries.c.peer_code, deliveries.c.ca))
        ]

    def put_delivery(self, delivery: Delivery) -> None:
        """Insert, or update unless a higher number was taken meanwhile."""
        values = {
            "peer_code": delivery.peer_code,
            "ca": delivery.ca,
            "number": delivery.number,
            "delivered_at": micros(delivery.delivered_at),
            "tried_at": to_micros(delivery.tried_at),
            "failures": delivery.failures,
            "next_try_at": micros(delivery.next_try_at),
            "error": delivery.error,
            "error_text": delivery.error_text,
        }
        self._put(deliveries, values, deliveries.c.number <= delivery.number)

    def probes(self, node_code: str | None = None) -> Sequence[ProbeResult]:
        """Return results by peer and probe."""
        condition = sa.true() if node_code is None else probes.c.node_code == node_code
        rows = self._connection.execute(sa.select(probes).where(condition).order_by(probes.c.node_code, probes.c.probe))
        return [
            ProbeResult(row.node_code, row.probe, row.ok, row.detail, from_micros(row.at), from_micros(row.since)) for row in rows
        ]

    def put_probe(self, result: ProbeResult) -> None:
        """Insert or replace."""
        values = {
            "node_code": result.node_code,
            "probe": result.probe,
            "ok": result.ok,
            "detail": result.detail,
            "at": to_micros(result.at),
            "since": to_micros(result.since),
        }
        self._put(probes, values)
