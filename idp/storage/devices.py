"""Device authorization requests in SQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from idp.records import DeviceRequest
from idp.storage.connection import OnConnection, as_json, micros, moment, texts
from idp.storage.tables import device_requests as table
from kernel.clock import from_micros, to_micros

SLOWER_SECONDS = 5  # RFC 8628 3.5: slow_down adds five seconds, for this and all later polls
_MOMENTS = ("created_at", "expires_at", "polled_at", "decided_at", "consumed_at")


class SqlDevices(OnConnection):
    """``DeviceRecords`` on one connection."""

    def add_device_request(self, request: DeviceRequest) -> bool:
        """Store a request; False when its user code is another's."""
        values = asdict(request) | {"scopes": as_json(request.scopes), "resources": as_json(request.resources)}
        return self._add_once(table, values | {name: micros(values[name]) for name in _MOMENTS})

    def find_device_request(self, request_id: str) -> DeviceRequest | None:
        """Return a request, whatever became of it."""
        return self._find_one(table.c.id == request_id)

    def find_device_code(self, device_code_hash: bytes) -> DeviceRequest | None:
        """Return the request of a device code, whatever became of it."""
        return self._find_one(table.c.device_code_hash == device_code_hash)

    def find_user_code(self, user_code_index: bytes) -> DeviceRequest | None:
        """Return the request of a user code, whatever became of it."""
        return self._find_one(table.c.user_code_index == user_code_index)

    def decide_device_request(self, request_id: str, grant_id: str | None, at: datetime) -> bool:
        """Approve with a grant or refuse with None; False when it was decided before or is over."""
        waiting = (table.c.id == request_id, table.c.decided_at.is_(None), table.c.expires_at > to_micros(at))
        return self._change(table.update().where(*waiting).values(decided_at=to_micros(at), grant_id=grant_id))

    def poll_device_request(self, request_id: str, at: datetime) -> bool:
        """Count a poll; False when the one before was less than the interval ago, which is longer from now on."""
        now = to_micros(at)
        interval = sa.cast(table.c.interval_seconds, sa.BigInteger) * 1_000_000
        in_time = sa.or_(table.c.polled_at.is_(None), table.c.polled_at + interval <= now)
        if self._change(table.update().where(table.c.id == request_id, in_time).values(polled_at=now)):
            return True
        slower = {"polled_at": now, "interval_seconds": table.c.interval_seconds + SLOWER_SECONDS}
        self._change(table.update().where(table.c.id == request_id).values(slower))
        return False

    def consume_device_request(self, request_id: str, at: datetime, session_id: str | None = None) -> bool:
        """Consume an approved request, for the session that is lent; False when it is not approved, over, or was consumed before."""
        approved = (table.c.id == request_id, table.c.grant_id.is_not(None), table.c.expires_at > to_micros(at))
        unused = table.c.consumed_at.is_(None)
        return self._change(table.update().where(*approved, unused).values(consumed_at=to_micros(at), session_id=session_id))

    def _find_one(self, which: sa.ColumnElement[bool]) -> DeviceRequest | None:
        row = self._first(sa.select(table).where(which))
        if row is None:
            return None
        return DeviceRequest(
            id=row["id"],
            device_code_hash=bytes(row["device_code_hash"]),
            user_code_index=bytes(row["user_code_index"]),
            user_code=bytes(row["user_code"]),
            client_id=row["client_id"],
            scopes=texts(row["scopes"]),
            resources=texts(row["resources"]),
            interval_seconds=row["interval_seconds"],
            created_at=from_micros(row["created_at"]),
            expires_at=from_micros(row["expires_at"]),
            polled_at=moment(row["polled_at"]),
            decided_at=moment(row["decided_at"]),
            grant_id=row["grant_id"],
            consumed_at=moment(row["consumed_at"]),
            own_page=row["own_page"],
            session_id=row["session_id"],
        )
