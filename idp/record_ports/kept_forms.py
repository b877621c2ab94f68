"""Stored forms that wait for their sender to log in again."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from idp.records import KeptForm


class KeptFormRecords(Protocol):
    """Forms that were sent without a login that counts."""

    def add_kept_form(self, form: KeptForm, *, most: int, now: datetime) -> bool:
        """Store a form; False when its sender has ``most`` of them that are not over at ``now``."""
        ...

    def find_kept_form(self, form_id: str) -> KeptForm | None:
        """Return a form, over or not."""
        ...

    def remove_kept_form(self, form_id: str, account_id: str) -> bool:
        """Forget a form of somebody's; False when there is none."""
        ...
