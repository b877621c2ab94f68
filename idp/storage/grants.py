"""Grants, codes, refresh tokens, revoked access tokens and signing keys in SQL; and the removal of what is over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import NO_CLAIMS, Code, Grant, RefreshToken, SigningKey, Use, read_claim_names
from idp.storage.connection import OnConnection, as_json, as_texts, as_values, micros, moment, texts
from idp.storage.tables import (
    assertions,
    challenges,
    codes,
    device_requests,
    devices,
    event_deliveries,
    grants,
    invitations,
    kept_forms,
    logins,
    mandate_offers,
    notices,
    proofs,
    pushed_requests,
    recoveries,
    refresh_tokens,
    revoked_tokens,
    sent_codes,
    session_clients,
    sessions,
    signing_keys,
    transactions,
    tries,
    window_codes,
)
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Prepared, Row

_KNOWN_MICROS = 400 * 86400 * 1_000_000  # as long as a browser keeps its cookie
_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_AT: sa.BindParameter[Any] = sa.bindparam("at")
_ADD_GRANT = Prepared(lambda insert: insert(grants))
_GRANT = Prepared(sa.select(grants).where(grants.c.id == _KEY))
_ADD_CODE = Prepared(lambda insert: insert(codes))
_REDEEM_CODE = Prepared(
    codes.update().where(codes.c.code_hash == _KEY, codes.c.redeemed_at.is_(None)).values(redeemed_at=_AT).returning(codes)
)
_GRANT_OF_CODE = Prepared(sa.select(grants).join(codes, codes.c.grant_id == grants.c.id).where(codes.c.code_hash == _KEY))
_ADD_REFRESH_TOKEN = Prepared(lambda insert: insert(refresh_tokens))
_REFRESH_TOKEN = Prepared(sa.select(refresh_tokens).where(refresh_tokens.c.token_hash == _KEY))
_USE_REFRESH_TOKEN = Prepared(
    refresh_tokens.update()
    .where(
        refresh_tokens.c.token_hash == _KEY,
        refresh_tokens.c.used_at.is_(None),
        sa.exists().where(grants.c.id == refresh_tokens.c.grant_id, grants.c.revoked_at.is_(None)),
    )
    .values(used_at=_AT, asked=sa.bindparam("asked"))
)
_USED_NOW = refresh_tokens.alias()
_ADD_SUCCESSOR = Prepared(
    lambda insert: insert(refresh_tokens).values(
        # Of a token that was not used by the statement before there is no grant here, and without one no row and no commit.
        {column.name: sa.bindparam(column.name) for column in refresh_tokens.c}
        | {
            "grant_id": sa.select(_USED_NOW.c.grant_id)
            .where(_USED_NOW.c.token_hash == _KEY, _USED_NOW.c.used_at == _AT)
            .scalar_subquery()
        }
    )
)


class SqlGrants(OnConnection):
    """``GrantRecords`` on one connection."""

    def add_grant(self, grant: Grant) -> None:
        """Store a grant."""
        values = as_values(grant) | {
            "scopes": as_texts(grant.scopes),
            "offline": grant.offline,
            "amr": as_texts(grant.amr),
            "auth_time": to_micros(grant.auth_time),
            "created_at": to_micros(grant.created_at),
            "claims": None if grant.claims == NO_CLAIMS else as_json(grant.claims.as_json()),
            "resources": as_json(grant.resources) if grant.resources else None,
            "revoked_at": micros(grant.revoked_at),
        }
        self._put_off(_ADD_GRANT, **values)

    def find_grant(self, grant_id: str) -> Grant | None:
        """Return a grant, revoked or not."""
        row = self._find(_GRANT, key=grant_id)
        return None if row is None else read_grant(row)

    def revoke_grant(self, grant_id: str, at: datetime) -> bool:
        """Revoke a grant and with it every token of its family; False when it was revoked before."""
        unrevoked = (grants.c.id == grant_id, grants.c.revoked_at.is_(None))
        return self._change(grants.update().where(*unrevoked).values(revoked_at=to_micros(at)))

    def revoke_grants(self, account_id: str, client_id: str, at: datetime) -> int:
        """Revoke all grants of somebody to a client, with every token; return how many."""
        unrevoked = (grants.c.account_id == account_id, grants.c.client_id == client_id, grants.c.revoked_at.is_(None))
        return self._connection.execute(grants.update().where(*unrevoked).values(revoked_at=to_micros(at))).rowcount

    def add_code(self, code: Code) -> None:
        """Store a code."""
        values = as_values(code)
        values |= {name: micros(values[name]) for name in ("created_at", "expires_at", "redeemed_at")}
        self._put_off(_ADD_CODE, **values)

    def redeem_code(self, code_hash: bytes, at: datetime) -> tuple[Code, Grant] | None:
        """Consume a code and return it with its grant, revoked or not; None when it is unknown or was consumed before."""
        consumed = {"key": code_hash, "at": to_micros(at)}
        _REDEEM_CODE.expect(self._connection, consumed)  # goes with the next, and before it
        grant = self._find(_GRANT_OF_CODE, key=code_hash)
        code = self._find(_REDEEM_CODE, **consumed)
        return None if code is None or grant is None else (_read_code(code), read_grant(grant))

    def find_code(self, code_hash: bytes) -> Code | None:
        """Return a code, consumed or not."""
        row = self._first(sa.select(codes).where(codes.c.code_hash == code_hash))
        return None if row is None else _read_code(row)

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Store a refresh token."""
        self._put_off(_ADD_REFRESH_TOKEN, **_refresh_token_values(token))

    def rotate_refresh_token(self, token_hash: bytes, successor: RefreshToken, use: Use) -> None:
        """Mark a refresh token as used and store its successor.

        ``Conflict``, at the latest when the transaction is to be committed, where it was used before or its grant does not stand.
        """
        used = {"key": token_hash, "at": to_micros(use.at)}
        self._put_off(_USE_REFRESH_TOKEN, **used, asked=use.asked)
        self._put_off(_ADD_SUCCESSOR, **used, **_refresh_token_values(successor))

    def find_refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        """Return a refresh token, used or not."""
        row = self._find(_REFRESH_TOKEN, key=token_hash)
        return None if row is None else read_refresh_token(row)

    def revoke_access_token(self, jti: str, expires_at: datetime) -> None:
        """Remember, until it expires, that one access token does not count any more."""
        self._add_once(revoked_tokens, {"jti": jti, "expires_at": to_micros(expires_at)})

    def take_proof(self, jkt: str, jti: str, expires_at: datetime) -> bool:
        """Remember a DPoP proof; False when this key's ``jti`` was used."""
        digest = hashlib.sha256(f"{jkt}.{jti}".encode()).digest()
        return self._add_once(proofs, {"digest": digest, "expires_at": to_micros(expires_at)})

    def signing_keys(self) -> Sequence[SigningKey]:
        """Return all signing keys by algorithm and sequence."""
        query = sa.select(signing_keys).order_by(signing_keys.c.algorithm, signing_keys.c.sequence)
        return [
            SigningKey(
                algorithm=row["algorithm"],
                sequence=row["sequence"],
                label=row["label"],
                signs_from=from_micros(row["signs_from"]),
                created_at=from_micros(row["created_at"]),
                kid=row["kid"],
                jwk=None if row["jwk"] is None else json.loads(row["jwk"]),
                certificate=row["certificate"],
            )
            for row in self._all(query)
        ]

    def plan_signing_key(self, key: SigningKey) -> bool:
        """Record that a key is about to be made; False when another process has."""
        values = asdict(key) | {"signs_from": to_micros(key.signs_from), "created_at": to_micros(key.created_at)}
        return self._add_once(signing_keys, values)

    def publish_signing_key(self, key: SigningKey) -> None:
        """Record the public half and the certificate of a planned key, or the certificate of one that has none."""
        planned = (
            signing_keys.c.algorithm == key.algorithm,
            signing_keys.c.sequence == key.sequence,
            signing_keys.c.certificate.is_(None),
        )
        jwk = None if key.jwk is None else as_json(key.jwk)
        values = {"kid": key.kid, "jwk": jwk, "certificate": key.certificate}
        self._change(signing_keys.update().where(*planned).values(values))

    def clean_up(self, now: datetime, *, kept_seconds: int, login_seconds: int) -> int:
        """Remove what is over and, where replays must still be known, ``kept_seconds`` past; return how many rows.

        Pushed requests stay for ``login_seconds`` more, in which somebody who came with them may still log in.
        """
        moment_now = to_micros(now)
        past = moment_now - kept_seconds * 1_000_000
        # NOT EXISTS over an index: NOT IN a million tokens would take PostgreSQL hours.
        has_tokens = sa.exists().where(refresh_tokens.c.grant_id == grants.c.id)
        over = (
            transactions.delete().where(transactions.c.expires_at < moment_now),
            pushed_requests.delete().where(pushed_requests.c.expires_at < moment_now - login_seconds * 1_000_000),
            assertions.delete().where(assertions.c.expires_at < moment_now),
            challenges.delete().where(challenges.c.expires_at < moment_now),
            mandate_offers.delete().where(mandate_offers.c.expires_at < moment_now),
            sent_codes.delete().where(sent_codes.c.expires_at < moment_now),
            recoveries.delete().where(recoveries.c.expires_at < moment_now),
            kept_forms.delete().where(kept_forms.c.expires_at < moment_now),
            window_codes.delete().where(window_codes.c.expires_at < moment_now),
            revoked_tokens.delete().where(revoked_tokens.c.expires_at < moment_now),
            invitations.delete().where(invitations.c.expires_at < past),
            proofs.delete().where(proofs.c.expires_at < moment_now),
            devices.delete().where(devices.c.seen_at < moment_now - _KNOWN_MICROS),
            notices.delete().where(notices.c.at < moment_now - _KNOWN_MICROS),
            event_deliveries.delete().where(event_deliveries.c.at < past, event_deliveries.c.next_try_at.is_(None)),
            logins.delete().where(logins.c.at < moment_now - _KNOWN_MICROS),
            tries.delete().where(tries.c.since < past),
            codes.delete().where(codes.c.expires_at < past),
            device_requests.delete().where(device_requests.c.expires_at < past),
            refresh_tokens.delete().where(refresh_tokens.c.expires_at < past),
            grants.delete().where(grants.c.created_at < past, ~has_tokens),
            session_clients.delete().where(
                session_clients.c.session_id.in_(sa.select(sessions.c.id).where(sessions.c.ends_at < past))
            ),
            sessions.delete().where(sessions.c.ends_at < past),
        )
        return sum(self._connection.execute(statement).rowcount for statement in over)


def read_grant(row: Row, prefix: str = "") -> Grant:
    """Return the grant that a row holds in columns whose names begin so."""
    claims, resources = row[prefix + "claims"], row[prefix + "resources"]
    return Grant(
        id=row[prefix + "id"],
        client_id=row[prefix + "client_id"],
        account_id=row[prefix + "account_id"],
        session_id=row[prefix + "session_id"],
        scopes=texts(row[prefix + "scopes"]),
        acr=row[prefix + "acr"],
        amr=texts(row[prefix + "amr"]),
        auth_time=from_micros(row[prefix + "auth_time"]),
        created_at=from_micros(row[prefix + "created_at"]),
        claims=NO_CLAIMS if claims is None else read_claim_names(json.loads(claims)),
        resources=() if resources is None else texts(resources),
        mandate_id=row[prefix + "mandate_id"],
        revoked_at=moment(row[prefix + "revoked_at"]),
    )


def _read_code(row: Row | sa.RowMapping) -> Code:
    return Code(
        code_hash=bytes(row["code_hash"]),
        grant_id=row["grant_id"],
        client_id=row["client_id"],
        redirect_uri=row["redirect_uri"],
        code_challenge=row["code_challenge"],
        nonce=row["nonce"],
        created_at=from_micros(row["created_at"]),
        expires_at=from_micros(row["expires_at"]),
        redeemed_at=moment(row["redeemed_at"]),
        dpop_jkt=row["dpop_jkt"],
        redemption=row["redemption"],
    )


def _refresh_token_values(token: RefreshToken) -> dict[str, Any]:
    return {
        "token_hash": token.token_hash,
        "grant_id": token.grant_id,
        "client_id": token.client_id,
        "created_at": to_micros(token.created_at),
        "expires_at": to_micros(token.expires_at),
        "used_at": None if token.use is None else to_micros(token.use.at),
        "asked": None if token.use is None else token.use.asked,
        "cnf": None if token.cnf is None else as_json(token.cnf),
    }


def read_refresh_token(row: Row, prefix: str = "") -> RefreshToken:
    """Return the refresh token that a row holds in columns whose names begin so."""
    used_at = row[prefix + "used_at"]
    return RefreshToken(
        token_hash=bytes(row[prefix + "token_hash"]),
        grant_id=row[prefix + "grant_id"],
        client_id=row[prefix + "client_id"],
        created_at=from_micros(row[prefix + "created_at"]),
        expires_at=from_micros(row[prefix + "expires_at"]),
        use=None if used_at is None else Use(from_micros(used_at), bytes(row[prefix + "asked"] or b"")),
        cnf=None if row[prefix + "cnf"] is None else json.loads(row[prefix + "cnf"]),
    )
