"""Every column whose values are encrypted under the data key, and encrypting them anew under the newest one.

Values are taken page by page, each page in a transaction; one that changed meanwhile is left to whoever changed it. It may be stopped and begun
again at any time. What lives for hours only (sessions' devices, codes on their way) keeps its key: old keys still decrypt.
Left to others: the keys (``pki.vault``), what the values mean (the rooms), the indexes by which people are found (``indexed``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from idp.storage import tables as idp_tables
from licenses.storage import tables as license_tables
from licenses.storage import wallet_tables
from pki.vault import Vault
from service.renewal import renew_rows, same_row


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of values, each encrypted for what ``context`` says of its row; ``only`` are the rows that have one."""

    column: sa.Column[bytes]
    context: Callable[[sa.RowMapping], str]
    only: sa.ColumnElement[bool] | None = None

    @property
    def name(self) -> str:
        """How it is called in reports."""
        return f"{self.column.table.name}.{self.column.name}"


def _of(column: sa.Column[bytes], prefix: str, named_by: str = "id", only: sa.ColumnElement[bool] | None = None) -> Sealed:
    return Sealed(column, lambda row: f"{prefix}:{row[named_by]}", only)


def _as(column: sa.Column[bytes], context: str) -> Sealed:
    return Sealed(column, lambda _row: context)


COLUMNS: Sequence[Sealed] = (
    _of(idp_tables.accounts.c.person, "idp.person"),
    _of(idp_tables.authenticators.c.secret, "idp.totp", "account_id", idp_tables.authenticators.c.kind == "totp"),
    _of(idp_tables.mandates.c.document, "idp.mandate"),
    _of(idp_tables.mandate_offers.c.agent, "idp.mandate_offer"),
    _of(idp_tables.notices.c.details, "idp.notice"),
    _of(idp_tables.cases.c.words, "idp.case", only=idp_tables.cases.c.words.is_not(None)),
    _of(idp_tables.logins.c.device, "idp.device", "session_id"),
    _of(
        idp_tables.event_streams.c.authorization,
        "idp.event_stream",
        "client_id",
        idp_tables.event_streams.c.authorization.is_not(None),
    ),
    _as(license_tables.licenses.c.holder_name, "licenses.holder_name"),
    _as(license_tables.licenses.c.holder_id, "licenses.holder_id"),
    _as(license_tables.licenses.c.fields, "licenses.fields"),
    _as(license_tables.documents.c.pdf, "licenses.document"),
    _as(license_tables.readings.c.reading, "licenses.reading"),
    _as(license_tables.acts.c.words, "licenses.act"),
    _as(license_tables.chunks.c.content, "licenses.batch"),
    _as(license_tables.copies.c.purpose, "licenses.copy"),
    _as(license_tables.copies.c.pdf, "licenses.document"),
    _as(wallet_tables.shares.c.words, "licenses.share"),
    _as(wallet_tables.looks.c.words, "licenses.look"),
    _as(wallet_tables.consents.c.words, "licenses.consent"),
)


def count_old(engine: sa.Engine, vault: Vault) -> dict[str, int]:
    """Return how many values of each column wait to be encrypted under the newest key."""
    with engine.connect() as connection:
        return {
            each.name: connection.execute(sa.select(sa.func.count()).where(_old(each, vault))).scalar_one() for each in COLUMNS
        }


def renew(engine: sa.Engine, vault: Vault) -> Iterator[int]:
    """Encrypt what is under older keys anew; yield after each page how many values were looked at."""
    for each in COLUMNS:
        yield from renew_rows(engine, each.column.table, _old(each, vault), partial(_renew, vault, each))


def _renew(vault: Vault, sealed: Sealed, connection: sa.Connection, row: sa.RowMapping) -> None:
    context, old = sealed.context(row), bytes(row[sealed.column.name])
    new = vault.encrypt_bytes(vault.decrypt_bytes(old, context), context)
    table = sealed.column.table
    connection.execute(table.update().where(same_row(table, row), sealed.column == old).values({sealed.column.name: new}))


def _old(sealed: Sealed, vault: Vault) -> sa.ColumnElement[bool]:
    header = vault.header
    older = sa.func.substr(sealed.column, 1, len(header)) != sa.bindparam(None, header, sa.LargeBinary)
    return older if sealed.only is None else older & sealed.only
