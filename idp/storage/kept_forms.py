"""Forms that wait for their sender to log in again, in SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from idp.records import KeptForm
from idp.storage.connection import OnConnection, as_values
from idp.storage.tables import kept_forms
from kernel.clock import from_micros, to_micros


class SqlKeptForms(OnConnection):
    """``KeptFormRecords`` on one connection."""

    def add_kept_form(self, form: KeptForm, *, most: int, now: datetime) -> bool:
        """Store a form; False when its sender has ``most`` of them that are not over."""
        theirs = (kept_forms.c.account_id == form.account_id, kept_forms.c.expires_at > to_micros(now))
        if self._connection.execute(sa.select(sa.func.count()).where(*theirs)).scalar_one() >= most:
            return False
        self._connection.execute(kept_forms.insert(), as_values(form) | {"expires_at": to_micros(form.expires_at)})
        return True

    def find_kept_form(self, form_id: str) -> KeptForm | None:
        """Return a form, over or not."""
        row = self._first(sa.select(kept_forms).where(kept_forms.c.id == form_id))
        if row is None:
            return None
        octets = {name: bytes(row[name]) for name in ("browser_hash", "content")}
        return KeptForm(**dict(row) | octets | {"expires_at": from_micros(row["expires_at"])})

    def remove_kept_form(self, form_id: str, account_id: str) -> bool:
        """Forget a form of somebody's; False when there is none."""
        return self._change(kept_forms.delete().where(kept_forms.c.id == form_id, kept_forms.c.account_id == account_id))
