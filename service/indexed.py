"""Every keyed index by which people and licences are found, and making them anew under the newest key.

Rows are taken page by page, each page in a transaction; one that changed meanwhile is left to whoever changed it. It may be stopped and begun again at
any time: until all are made anew, both keys are looked under, and writers bring forward the rows that theirs must meet (``idp.storage.indexes``).
Left to others: the keys (``pki.vault``), encryption (``sealed``). Digests of codes and marks stay under the first key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from idp.people import accounts
from idp.ports import IdpDeps
from idp.storage import people
from idp.storage import tables as idp_tables
from licenses.storage import registry, wallet_tables
from licenses.storage import tables as license_tables
from pki.storage import index_keys
from pki.vault import Vault, index_header
from service.renewal import renew_rows, same_row

_LENGTH = 32
"""Octets of an index of the first key, which names no key."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A table's columns of indexes, the encrypted one that they are made of, and how."""

    columns: tuple[sa.Column[bytes], ...]
    source: sa.Column[bytes]
    make: Callable[[IdpDeps, sa.RowMapping], Mapping[str, bytes | None]]

    @property
    def table(self) -> sa.Table:
        """Which table it is."""
        return self.source.table


def _of_account(deps: IdpDeps, row: sa.RowMapping) -> Mapping[str, bytes | None]:
    record = people.read_account(row)
    made = accounts.seal(deps, accounts.open_record(deps, record), record.updated_at)
    return {name: getattr(made, name) for name in ("holder_index", "number_index", "phone_index", "email_index")}


def _of_offer(deps: IdpDeps, row: sa.RowMapping) -> Mapping[str, bytes]:
    agent = json.loads(deps.vault.decrypt(bytes(row["agent"]), f"idp.mandate_offer:{row['id']}"))
    return {"agent_index": deps.vault.index(agent["number"], "idp.holder")}


def _of_license(deps: IdpDeps, row: sa.RowMapping) -> Mapping[str, bytes]:
    contexts = {"holder_name": "licenses.holder_name", "holder_id": registry.HOLDER_ID}
    return {f"{name}_index": deps.vault.index(deps.vault.decrypt(bytes(row[name]), of), of) for name, of in contexts.items()}


def _of_words(context: str) -> Callable[[IdpDeps, sa.RowMapping], Mapping[str, bytes]]:
    def make(deps: IdpDeps, row: sa.RowMapping) -> Mapping[str, bytes]:
        words = json.loads(deps.vault.decrypt_bytes(bytes(row["words"]), context))
        return {"holder_index": deps.vault.index(words["holder_id"], registry.HOLDER_ID)}

    return make


_people, _offers, _licenses = idp_tables.accounts.c, idp_tables.mandate_offers.c, license_tables.licenses.c
_shares, _consents = wallet_tables.shares.c, wallet_tables.consents.c
COLUMNS: Sequence[Indexed] = (
    Indexed((_people.holder_index, _people.number_index, _people.phone_index, _people.email_index), _people.person, _of_account),
    Indexed((_offers.agent_index,), _offers.agent, _of_offer),
    Indexed((_licenses.holder_id_index, _licenses.holder_name_index), _licenses.holder_id, _of_license),
    Indexed((_shares.holder_index,), _shares.words, _of_words("licenses.share")),
    Indexed((_consents.holder_index,), _consents.words, _of_words("licenses.consent")),
)


def count_old(engine: sa.Engine, vault: Vault) -> dict[str, int]:
    """Return in how many rows of each table an index is under an older key."""
    number = vault.index_current
    with engine.connect() as connection:
        return {
            each.table.name: connection.execute(
                sa.select(sa.func.count()).select_from(each.table).where(_old(each, number))
            ).scalar_one()
            for each in COLUMNS
        }


def renew(engine: sa.Engine, deps: IdpDeps) -> Iterator[int]:
    """Make what is under older keys anew; yield after each page how many rows were looked at."""
    number = deps.vault.index_current
    for each in COLUMNS:
        # Like every writer: those on their way under the key before are waited for, and none comes after.
        hold = partial(index_keys.hold, number=number)
        yield from renew_rows(engine, each.table, _old(each, number), partial(_renew, deps, each), hold)


def _renew(deps: IdpDeps, indexed: Indexed, connection: sa.Connection, row: sa.RowMapping) -> None:
    made = {name: value if value is None else bytes(value) for name, value in indexed.make(deps, row).items()}
    same = (same_row(indexed.table, row), indexed.source == bytes(row[indexed.source.name]))
    connection.execute(indexed.table.update().where(*same).values(made))


def _old(indexed: Indexed, number: int) -> sa.ColumnElement[bool]:
    header = index_header(number)
    older = (
        sa.or_(
            sa.func.length(column) == _LENGTH,
            sa.func.substr(column, 1, len(header)) != sa.bindparam(None, header, sa.LargeBinary),
        )
        for column in indexed.columns
    )
    return sa.or_(*older) if header else sa.false()
