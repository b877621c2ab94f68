"""Staff of directories in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from idp.records import AccountRecord, DirectoryPerson, DirectoryState
from idp.storage.connection import as_json, micros, moment
from idp.storage.indexes import OnIndexes
from idp.storage.people import read_account
from idp.storage.tables import accounts, directories, directory_people
from kernel.clock import to_micros

_MOMENTS = ("tried_at", "heard_at", "full_at")
_OF_PERSON = "person_"
_KEPT = ("id", "created_at", "disabled_at")


class SqlDirectories(OnIndexes):
    """``DirectoryRecords`` on one connection."""

    def replace_account(self, record: AccountRecord) -> bool:
        """Store what is known of an account anew, but for when it was made and whether it is disabled; False when it is not there."""
        values = {name: value for name, value in asdict(record).items() if name not in _KEPT}
        values |= {"roles": as_json(record.roles), "updated_at": to_micros(record.updated_at)}
        self._bring_forward(record.holder_index)
        return self._change(accounts.update().where(accounts.c.id == record.id).values(values))

    def directory_people(self, directory: str, entry_ids: Sequence[str]) -> Mapping[str, tuple[DirectoryPerson, AccountRecord]]:
        """Return those of the entries that have accounts, by entry."""
        columns = [column.label(_OF_PERSON + column.name) for column in directory_people.c]
        query = (
            sa.select(accounts, *columns)
            .join_from(directory_people, accounts, accounts.c.id == directory_people.c.account_id)
            .where(directory_people.c.directory == directory, directory_people.c.entry_id.in_(entry_ids))
        )
        return {row[_OF_PERSON + "entry_id"]: (_read_person(row), read_account(row)) for row in self._all(query)}

    def directory_entries(self, directory: str) -> Sequence[str]:
        """Return all entries that have accounts, but for those that are gone."""
        there = sa.or_(directory_people.c.lock.is_(None), directory_people.c.lock != "gone")
        query = sa.select(directory_people.c.entry_id).where(directory_people.c.directory == directory, there)
        return [row["entry_id"] for row in self._all(query.order_by(directory_people.c.entry_id))]

    def expired_entries(self, directory: str, now: datetime) -> Sequence[str]:
        """Return the entries whose time is over and which are not locked yet."""
        over = (directory_people.c.expires_at <= to_micros(now), directory_people.c.lock.is_(None))
        query = sa.select(directory_people.c.entry_id).where(directory_people.c.directory == directory, *over)
        return [row["entry_id"] for row in self._all(query)]

    def put_directory_person(self, person: DirectoryPerson) -> None:
        """Store whose account an entry is, or what is new of it."""
        self._put(directory_people, asdict(person) | {"expires_at": micros(person.expires_at)})

    def keep_disabled(self, account_id: str) -> bool:
        """Let an account that its directory disabled stay so whatever the directory says; False when it did not disable it."""
        by_directory = (directory_people.c.account_id == account_id, directory_people.c.locked_here.is_(True))
        return self._change(directory_people.update().where(*by_directory).values(locked_here=False))

    def find_directory(self, name: str) -> DirectoryState | None:
        """Return how a directory stands; None: nothing was tried yet."""
        row = self._first(sa.select(directories).where(directories.c.name == name))
        if row is None:
            return None
        moments = {each: moment(row[each]) for each in _MOMENTS}
        return DirectoryState(**{**row, **moments, "groups": bytes(row["groups"])})

    def put_directory(self, state: DirectoryState) -> None:
        """Store how a directory stands."""
        self._put(directories, asdict(state) | {each: micros(getattr(state, each)) for each in _MOMENTS})


def _read_person(row: sa.RowMapping) -> DirectoryPerson:
    values = {column.name: row[_OF_PERSON + column.name] for column in directory_people.c}
    return DirectoryPerson(**values | {"digest": bytes(values["digest"]), "expires_at": moment(values["expires_at"])})
