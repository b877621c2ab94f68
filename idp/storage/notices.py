"""Notices, the browsers that accounts were used in, and cases in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import Case, Decision, Login, Notice
from idp.storage.connection import OnConnection, as_json, as_texts, as_values, micros, moment, texts
from idp.storage.tables import cases, devices, logins, notices
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Prepared, Row, put

_KEY: sa.BindParameter[Any] = sa.bindparam("key")
DEVICE = Prepared(sa.select(devices.c.seen_at).where(devices.c.account_id == sa.bindparam("account"), devices.c.device == _KEY))
_ACCOUNTS_OF_DEVICE = Prepared(sa.select(devices.c.account_id).where(devices.c.device == _KEY).limit(2))
_SEE_DEVICE = Prepared(lambda insert: put(insert(devices)))
_ADD_NOTICE = Prepared(lambda insert: insert(notices))
LAST_LOGINS = Prepared(
    sa.select(logins).where(logins.c.account_id == _KEY).order_by(logins.c.at.desc(), logins.c.code).limit(sa.bindparam("limit"))
)
_ADD_LOGIN = Prepared(lambda insert: insert(logins))


class SqlNotices(OnConnection):
    """``NoticeRecords`` on one connection."""

    def add_notice(self, notice: Notice) -> None:
        """Store what somebody is to be told."""
        moments = {"at": to_micros(notice.at), "sent_at": micros(notice.sent_at), "read_at": micros(notice.read_at)}
        self._put_off(_ADD_NOTICE, **as_values(notice) | moments | {"sent_over": as_texts(notice.sent_over)})

    def notices(self, account_id: str, *, limit: int = 20) -> Sequence[Notice]:
        """Return what somebody was told, newest first."""
        query = sa.select(notices).where(notices.c.account_id == account_id).order_by(notices.c.at.desc(), notices.c.id)
        return [_read(row) for row in self._all(query.limit(limit))]

    def count_unread(self, account_id: str) -> int:
        """Return how many notices of somebody's they have not read yet."""
        unread = (notices.c.account_id == account_id, notices.c.read_at.is_(None))
        return self._connection.execute(sa.select(sa.func.count()).where(*unread)).scalar_one()

    def mark_read(self, account_id: str, at: datetime) -> bool:
        """Remember that somebody has read what they were told until now; False when nothing was new."""
        unread = (notices.c.account_id == account_id, notices.c.read_at.is_(None), notices.c.at <= to_micros(at))
        return self._change(notices.update().where(*unread).values(read_at=to_micros(at)))

    def find_notice(self, notice_id: str) -> Notice | None:
        """Return a notice."""
        row = self._first(sa.select(notices).where(notices.c.id == notice_id))
        return None if row is None else _read(row)

    def unsent_notices(self, *, since: datetime, limit: int, account_id: str | None = None) -> Sequence[Notice]:
        """Return the newest notices (of one account) from ``since`` on that did not go everywhere yet, oldest first."""
        query = sa.select(notices).where(notices.c.sent_at.is_(None), notices.c.at >= to_micros(since))
        if account_id is not None:
            query = query.where(notices.c.account_id == account_id)
        newest = self._all(
            query.order_by(notices.c.at.desc(), notices.c.id).limit(limit)
        )  # what fails all day blocks no later one
        return [_read(row) for row in reversed(newest)]

    def mark_sent(self, notice_id: str, channels: Sequence[str], at: datetime | None) -> None:
        """Remember over which channels it has gone, and when it had gone over all."""
        sent = {"sent_over": as_json(list(channels)), "sent_at": micros(at)}
        self._change(notices.update().where(notices.c.id == notice_id).values(sent))

    def see_device(self, account_id: str, device: bytes, at: datetime) -> None:
        """Remember that an account was used in a browser."""
        self._put_off(_SEE_DEVICE, account_id=account_id, device=device, seen_at=to_micros(at))

    def knows_device(self, account_id: str, device: bytes) -> bool:
        """Tell whether an account was used in a browser."""
        return self._find(DEVICE, account=account_id, key=device) is not None

    def is_shared(self, device: bytes) -> bool:
        """Tell whether several accounts were used in a browser."""
        return len(self._find_all(_ACCOUNTS_OF_DEVICE, key=device)) > 1

    def add_case(self, case: Case) -> bool:
        """Store a case; False when its notice or login has one."""
        moments = {"opened_at": to_micros(case.opened_at), "decided_at": micros(case.decided_at)}
        return self._add_once(cases, asdict(case) | moments)

    def find_case(self, case_id: str) -> Case | None:
        """Return a case."""
        row = self._first(sa.select(cases).where(cases.c.id == case_id))
        return None if row is None else _read_case(row)

    def cases(self, *, decided: bool, limit: int = 100) -> Sequence[Case]:
        """Return cases that are decided or not, newest first."""
        state = cases.c.decided_at.is_not(None) if decided else cases.c.decided_at.is_(None)
        query = sa.select(cases).where(state).order_by(cases.c.opened_at.desc(), cases.c.id).limit(limit)
        return [_read_case(row) for row in self._all(query)]

    def decide_case(self, case_id: str, decision: Decision, actor: str, at: datetime) -> bool:
        """Decide a case; False when it was decided before."""
        decided = {"decision": decision, "decided_by": actor, "decided_at": to_micros(at)}
        return self._change(cases.update().where(cases.c.id == case_id, cases.c.decided_at.is_(None)).values(decided))

    def reopen_case(self, case_id: str) -> bool:
        """Take back the decision of a case; False when there is none."""
        open_again = {"decision": None, "decided_by": None, "decided_at": None}
        return self._change(cases.update().where(cases.c.id == case_id, cases.c.decided_at.is_not(None)).values(open_again))

    def add_login(self, login: Login) -> None:
        """Remember under which code somebody logged in."""
        self._put_off(_ADD_LOGIN, **(as_values(login) | {"at": to_micros(login.at)}))

    def find_login(self, code: str) -> Login | None:
        """Return the login of this code."""
        row = self._first(sa.select(logins).where(logins.c.code == code))
        return None if row is None else _read_login(row)

    def last_logins(self, account_id: str, *, limit: int) -> Iterator[Login]:
        """Return an account's logins, newest first, each read when it is asked for."""
        return map(_read_login, self._find_all(LAST_LOGINS, key=account_id, limit=limit))

    def login_codes(self, account_id: str) -> Mapping[str, str]:
        """Return the code of the last login of each of an account's sessions."""
        query = sa.select(logins.c.session_id, logins.c.code).where(logins.c.account_id == account_id).order_by(logins.c.at)
        return {row["session_id"]: row["code"] for row in self._all(query)}


def _read(row: sa.RowMapping) -> Notice:
    return Notice(
        id=row["id"],
        account_id=row["account_id"],
        at=from_micros(row["at"]),
        what=row["what"],
        details=bytes(row["details"]),
        sent_at=moment(row["sent_at"]),
        sent_over=texts(row["sent_over"]),
        read_at=moment(row["read_at"]),
    )


def _read_login(row: Row | sa.RowMapping) -> Login:
    return Login(**dict(row) | {"at": from_micros(row["at"]), "device": bytes(row["device"])})


def _read_case(row: sa.RowMapping) -> Case:
    opened_at, decided_at = from_micros(row["opened_at"]), moment(row["decided_at"])
    return Case(**dict(row) | {"opened_at": opened_at, "decided_at": decided_at, "words": bytes(row["words"])})
