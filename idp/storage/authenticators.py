"""Changes of authenticators, recovery codes, answered challenges and codes that were sent, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from idp.records import AccountRecord, Authenticator, Channel, CodeUse, SentCode
from idp.storage.connection import OnConnection
from idp.storage.people import read_authenticator
from idp.storage.tables import accounts, authenticators, challenges, code_uses, recovery_codes, sent_codes
from kernel.clock import from_micros, to_micros


class SqlAuthenticators(OnConnection):
    """``AuthenticatorRecords`` on one connection."""

    def lock_account(self, account_id: str) -> bool:
        """Make others who would change this account wait for the end of the transaction; False when there is none."""
        return self._change(accounts.update().where(accounts.c.id == account_id).values(updated_at=accounts.c.updated_at))

    def find_authenticator(self, lookup: bytes) -> Authenticator | None:
        """Return the authenticator that is found under ``lookup``."""
        row = self._first(sa.select(authenticators).where(authenticators.c.lookup == lookup))
        return None if row is None else read_authenticator(row)

    def rename_authenticator(self, authenticator_id: str, name: str) -> None:
        """Give it another name, which no other one of its kind may have."""
        self._change(authenticators.update().where(authenticators.c.id == authenticator_id).values(name=name))

    def put_password(self, authenticator_id: str, secret: bytes, *, alone: bool) -> None:
        """Exchange a password."""
        changed = authenticators.update().where(authenticators.c.id == authenticator_id)
        self._change(changed.values(secret=secret, alone=alone))

    def remove_authenticator(self, authenticator_id: str) -> bool:
        """Remove it with its recovery codes; False when it is gone already."""
        self._change(recovery_codes.delete().where(recovery_codes.c.authenticator_id == authenticator_id))
        return self._change(authenticators.delete().where(authenticators.c.id == authenticator_id))

    def add_recovery_codes(self, authenticator_id: str, digests: Sequence[bytes]) -> None:
        """Store a new set of codes."""
        rows = [{"authenticator_id": authenticator_id, "digest": digest, "used_at": None} for digest in digests]
        self._connection.execute(recovery_codes.insert(), rows)

    def take_recovery_code(self, authenticator_id: str, digest: bytes, at: datetime) -> bool:
        """Use a code; False when there is no such code or it was used before."""
        unused = (
            recovery_codes.c.authenticator_id == authenticator_id,
            recovery_codes.c.digest == digest,
            recovery_codes.c.used_at.is_(None),
        )
        return self._change(recovery_codes.update().where(*unused).values(used_at=to_micros(at)))

    def count_recovery_codes(self, authenticator_id: str) -> int:
        """Return how many codes are not used yet."""
        unused = (recovery_codes.c.authenticator_id == authenticator_id, recovery_codes.c.used_at.is_(None))
        query = sa.select(sa.func.count()).select_from(recovery_codes).where(*unused)
        return int(self._connection.execute(query).scalar_one())

    def put_sent_code(self, sent: SentCode) -> None:
        """Store a code; one that was sent to the account over this channel before is void."""
        self._put(sent_codes, asdict(sent) | {"expires_at": to_micros(sent.expires_at)})

    def take_sent_code(self, account_id: str, channel: CodeUse, digest: bytes, at: datetime) -> bytes | None:
        """Use a code up and return where it was sent; None when it is another one, over or was used before."""
        wanted = (
            sent_codes.c.account_id == account_id,
            sent_codes.c.channel == channel,
            sent_codes.c.digest == digest,
            sent_codes.c.expires_at > to_micros(at),
        )
        taken = self._connection.execute(sent_codes.delete().where(*wanted).returning(sent_codes.c.destination)).first()
        return None if taken is None else bytes(taken[0])

    def note_code_use(self, account_id: str, channel: Channel, at: datetime) -> None:
        """Remember when a code over this channel was last logged in with."""
        self._put(code_uses, {"account_id": account_id, "channel": channel, "used_at": to_micros(at)})

    def code_uses(self, account_id: str) -> Mapping[Channel, datetime]:
        """Return that for each channel over which it was done."""
        rows = self._all(sa.select(code_uses).where(code_uses.c.account_id == account_id))
        return {row["channel"]: from_micros(row["used_at"]) for row in rows}

    def forget_code_use(self, account_id: str, channel: Channel) -> None:
        """Forget it with the address."""
        self._change(code_uses.delete().where(code_uses.c.account_id == account_id, code_uses.c.channel == channel))

    def put_person(self, record: AccountRecord) -> None:
        """Exchange an account's personal data and the indexes over it."""
        values = {"person": record.person, "phone_index": record.phone_index, "email_index": record.email_index}
        changed = accounts.update().where(accounts.c.id == record.id)
        self._change(changed.values(**values, updated_at=to_micros(record.updated_at)))

    def take_challenge(self, digest: bytes, expires_at: datetime) -> bool:
        """Remember that a challenge was answered; False when it was before."""
        return self._add_once(challenges, {"digest": digest, "expires_at": to_micros(expires_at)})
