"""Under which key indexes are written now, so that whatever must be there once stays so while they are made anew (``pki.vault.Index``).

Writers of one moment write under one key, which a unique constraint then holds apart. The first one under a new key waits here for those
that are on their way under the one before; who comes later under that one is refused, and with the next try has the new key.
Left to others: the keys (``pki.vault``), the rows that are not made anew yet (whoever writes brings those forward that it must meet).
"""

from __future__ import annotations

import sqlalchemy as sa

from kernel.errors import Refusal
from pki.errors import INDEX_KEY_CHANGED
from pki.storage.prepared import INSERTS

metadata = sa.MetaData()
"""Of a table of its own: it stands with those of any room that writes indexes."""

table = sa.Table(
    "pki_index_keys",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, info={"sensitivity": "internal"}),
    sa.Column("number", sa.Integer, nullable=False, info={"sensitivity": "internal"}),
)
_ONLY = 1


def hold(connection: sa.Connection, number: int) -> None:
    """Keep others from writing under a newer key than ``number`` until this transaction is over; ``Refusal`` when somebody did."""
    # Not locked where it is so already: many may write at once.
    connection.execute(table.update().where(table.c.id == _ONLY, table.c.number < number).values(number=number))
    held = sa.select(table.c.number).where(table.c.id == _ONLY).with_for_update(read=True)
    found = connection.execute(held).scalar()
    if found is None:
        connection.execute(INSERTS[connection.dialect.name](table).values(id=_ONLY, number=number).on_conflict_do_nothing())
        found = connection.execute(held).scalar_one()
    if found != number:
        raise Refusal(INDEX_KEY_CHANGED)
