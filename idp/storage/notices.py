"""Notices, the browsers that accounts were used in, and cases in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from idp.records import Case, Notice
from idp.storage.connection import OnConnection, as_json, micros, moment, texts
from idp.storage.tables import cases, devices, notices
from kernel.clock import from_micros, to_micros


class SqlNotices(OnConnection):
    """``NoticeRecords`` on one connection."""

    def add_notice(self, notice: Notice) -> None:
        """Store what somebody is to be told."""
        values = asdict(notice) | {"at": to_micros(notice.at), "sent_at": micros(notice.sent_at)}
        values["sent_over"] = as_json(notice.sent_over)
        self._connection.execute(notices.insert(), values)

    def notices(self, account_id: str, *, limit: int = 20) -> Sequence[Notice]:
        """Return what somebody was told, newest first."""
        query = sa.select(notices).where(notices.c.account_id == account_id).order_by(notices.c.at.desc(), notices.c.id)
        return [_read(row) for row in self._all(query.limit(limit))]

    def find_notice(self, notice_id: str) -> Notice | None:
        """Return a notice."""
        row = self._first(sa.select(notices).where(notices.c.id == notice_id))
        return None if row is None else _read(row)

    def unsent_notices(self, *, since: datetime, limit: int) -> Sequence[Notice]:
        """Return notices from ``since`` on that were not sent anywhere, oldest first."""
        waiting = (notices.c.sent_at.is_(None), notices.c.at >= to_micros(since))
        return [_read(row) for row in self._all(sa.select(notices).where(*waiting).order_by(notices.c.at).limit(limit))]

    def mark_sent(self, notice_id: str, channels: Sequence[str], at: datetime | None) -> None:
        """Remember over which channels it has gone, and when it had gone over all."""
        sent = {"sent_over": as_json(list(channels)), "sent_at": micros(at)}
        self._change(notices.update().where(notices.c.id == notice_id).values(sent))

    def see_device(self, account_id: str, device: bytes, at: datetime) -> bool:
        """Remember that an account was used in a browser; True when it was before."""
        values = {"account_id": account_id, "device": device, "seen_at": to_micros(at)}
        if self._add_once(devices, values):
            return False
        known = (devices.c.account_id == account_id, devices.c.device == device)
        return self._change(devices.update().where(*known).values(seen_at=to_micros(at)))

    def is_shared(self, device: bytes) -> bool:
        """Tell whether several accounts were used in a browser."""
        query = sa.select(devices.c.account_id).where(devices.c.device == device).limit(2)
        return len(self._all(query)) > 1

    def add_case(self, case: Case) -> bool:
        """Store a case; False when its notice has one."""
        return self._add_once(cases, asdict(case) | {"opened_at": to_micros(case.opened_at)})


def _read(row: sa.RowMapping) -> Notice:
    return Notice(
        id=row["id"],
        account_id=row["account_id"],
        at=from_micros(row["at"]),
        what=row["what"],
        details=bytes(row["details"]),
        sent_at=moment(row["sent_at"]),
        sent_over=texts(row["sent_over"]),
    )
