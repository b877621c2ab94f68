"""Shares and looks in SQL. What people wrote is encrypted; holders are found by the keyed index by which their licences are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kernel.canonical import canonical
from kernel.clock import from_micros, to_micros
from licenses.storage.registry import HOLDER_ID
from licenses.storage.shelves import OnConnection
from licenses.storage.wallet_tables import looks, shares
from licenses.wallet_records import Look, Share
from pki.vault import Index

_SHARE, _LOOK = "licenses.share", "licenses.look"
_PLAIN = ("id", "token_hash", "identifier", "most_uses", "uses")


class SqlWallet(OnConnection):
    """``licenses.wallet_records.WalletRecords``."""

    def add_share(self, share: Share) -> None:
        """Store a share."""
        words = canonical({"holder_id": share.holder_id, "purpose": share.purpose})
        values = {
            **{name: getattr(share, name) for name in _PLAIN},
            "holder_index": self._holder(share.holder_id),
            "words": self._vault.encrypt_bytes(words, _SHARE),
            "shown": canonical(share.shown).decode(),
            "made_at": to_micros(share.made_at),
            "ends_at": to_micros(share.ends_at),
        }
        self._connection.execute(shares.insert().values(values))

    def use_share(self, token_hash: bytes, at: datetime) -> Share | None:
        """Count one use of the share with this token; None when there is none that is open."""
        statement = (
            shares.update()
            .where(shares.c.token_hash == token_hash, *_open(at))
            .values(uses=shares.c.uses + 1)
            .returning(*shares.c)
        )
        row = self._connection.execute(statement).first()
        return None if row is None else self._share(row)

    def revoke_share(self, share_id: str, holder_id: str, at: datetime) -> Share | None:
        """End a share of this holder; None when they have none of this id that is not revoked yet."""
        mine = (shares.c.id == share_id, shares.c.holder_index.in_(self._holder(holder_id).both), shares.c.revoked_at.is_(None))
        statement = shares.update().where(*mine).values(revoked_at=to_micros(at)).returning(*shares.c)
        row = self._connection.execute(statement).first()
        return None if row is None else self._share(row)

    def shares(self, identifier: str, *, limit: int = 50) -> Sequence[Share]:
        """Return the shares of a licence, the newest first."""
        query = sa.select(shares).where(shares.c.identifier == identifier).order_by(shares.c.made_at.desc()).limit(limit)
        return [self._share(row) for row in self._connection.execute(query)]

    def count_open_shares(self, holder_id: str, at: datetime) -> int:
        """Return how many shares of a holder can still be used."""
        query = sa.select(sa.func.count()).where(shares.c.holder_index.in_(self._holder(holder_id).both), *_open(at))
        return int(self._connection.execute(query).scalar_one())

    def add_look(self, look: Look) -> None:
        """Store that somebody saw a licence."""
        values = {
            "identifier": look.identifier,
            "way": look.way,
            "reference": look.reference,
            "words": self._vault.encrypt_bytes(canonical({"who": look.who, "purpose": look.purpose}), _LOOK),
            "at": to_micros(look.at),
        }
        self._connection.execute(looks.insert().values(values))

    def looks(self, identifier: str, *, limit: int = 50) -> Sequence[Look]:
        """Return who saw a licence, the latest first."""
        query = sa.select(looks).where(looks.c.identifier == identifier).order_by(looks.c.id.desc()).limit(limit)
        return [self._look(row) for row in self._connection.execute(query)]

    def _look(self, row: Any) -> Look:
        words = json.loads(self._vault.decrypt_bytes(bytes(row.words), _LOOK))
        return Look(row.identifier, row.way, row.reference, words["who"], words["purpose"], from_micros(row.at))

    def _share(self, row: Any) -> Share:
        words = json.loads(self._vault.decrypt_bytes(bytes(row.words), _SHARE))
        return Share(
            **{name: getattr(row, name) for name in _PLAIN},
            **words,
            shown=tuple(json.loads(row.shown)),
            made_at=from_micros(row.made_at),
            ends_at=from_micros(row.ends_at),
            revoked_at=None if row.revoked_at is None else from_micros(row.revoked_at),
        )

    def _holder(self, holder_id: str) -> Index:
        return self._vault.index(holder_id, HOLDER_ID)


def _open(at: datetime) -> Sequence[sa.ColumnElement[bool]]:
    uses_left = sa.or_(shares.c.most_uses.is_(None), shares.c.uses < shares.c.most_uses)
    return (shares.c.revoked_at.is_(None), shares.c.ends_at > to_micros(at), uses_left)
