"""Accounts under either of two index keys: whoever is to be found or to be kept apart is, whichever key their row stands under.

Left to others: the keys (``pki.vault``), making all rows anew (``service.indexed``).
"""

from __future__ import annotations

from idp.storage.connection import OnConnection
from idp.storage.tables import accounts
from kernel.errors import Refusal
from pki.errors import INDEX_KEY_CHANGED
from pki.storage import index_keys
from pki.vault import Index


class OnIndexes(OnConnection):
    """A part of the records that stores whose a number is."""

    def _bring_forward(self, *indexes: bytes | None) -> None:
        """Before accounts are stored under ``indexes``: bring those that have the same numbers under the key before to the present one."""
        present = sorted(one for one in indexes if isinstance(one, Index))  # in one order: two imports wait for each other
        keys = {one.key for one in present}
        if len(keys) > 1:  # it was replaced between two of them
            raise Refusal(INDEX_KEY_CHANGED)
        for key in keys:
            index_keys.hold(self._connection, key)
        for one in present:
            if one.earlier is not None:
                self._change(accounts.update().where(accounts.c.holder_index == one.earlier).values(holder_index=bytes(one)))
