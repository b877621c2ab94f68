"""Ways to log in that are switched off, and the sessions that came in by them, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import Session, Switch
from idp.storage.connection import OnConnection
from idp.storage.logins import read_session
from idp.storage.tables import accounts, sessions, switches
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Prepared, Row

_SWITCHES = Prepared(sa.select(switches).order_by(switches.c.what))


class SqlSwitches(OnConnection):
    """``SwitchRecords`` on one connection."""

    def switch_off(self, switch: Switch) -> bool:
        """Store a switch; False when that is off already."""
        return self._add_once(switches, asdict(switch) | {"at": to_micros(switch.at)})

    def switch_on(self, what: str) -> bool:
        """Remove a switch; False when that is on already."""
        return self._change(switches.delete().where(switches.c.what == what))

    def switches(self) -> Sequence[Switch]:
        """Return what is switched off."""
        return [read_switch(row) for row in self._find_all(_SWITCHES)]

    def living_sessions(
        self, at: datetime, *, method: str = "", ending: str = "", after: str = "", limit: int
    ) -> Sequence[Session]:
        """Return sessions that were not ended, by their identifiers beyond ``after``: with ``method`` in ``amr``, of usernames with ``ending``."""
        alive = (sessions.c.id > after, sessions.c.ended_at.is_(None), sessions.c.ends_at > to_micros(at))
        query: sa.Select[Any] = sa.select(sessions).where(*alive).order_by(sessions.c.id).limit(limit)
        if method:
            query = query.where(sessions.c.amr.contains(f'"{method}"', autoescape=True))
        if ending:
            query = query.join(accounts, accounts.c.id == sessions.c.account_id)
            query = query.where(accounts.c.username.endswith(ending, autoescape=True))
        return [read_session(row) for row in self._all(query)]


def read_switch(row: Row, prefix: str = "") -> Switch:
    """Return the switch that a row holds."""
    return Switch(row[prefix + "what"], row[prefix + "reason"], row[prefix + "actor"], from_micros(row[prefix + "at"]))
