"""Clients, consents and used client assertions in SQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import Client, Consent
from idp.storage.connection import OnConnection, as_json, micros, moment, texts
from idp.storage.tables import assertions, clients, consents, origins
from kernel.clock import from_micros, to_micros

_COLUMNS = frozenset({"client_id", "name", "department", "token_endpoint_auth_method", "secrets", "created_at", "disabled_at"})
"""What statements ask for; all other metadata of a client is one JSON document, so that more of it needs no more columns."""


class SqlClients(OnConnection):
    """``ClientRecords`` on one connection."""

    def add_client(self, client: Client) -> bool:
        """Store a client; False when the client_id is taken."""
        values = _client_values(client)
        if not self._add_once(clients, values):
            return False
        for origin in client.origins:
            self._add_once(origins, {"origin": origin, "client_id": client.client_id})
        return True

    def find_client(self, client_id: str) -> Client | None:
        """Return the client, disabled or not."""
        row = self._first(sa.select(clients).where(clients.c.client_id == client_id))
        return None if row is None else read_client(row)

    def disable_client(self, client_id: str, at: datetime) -> bool:
        """Disable a client; False when there is none or it is disabled already."""
        enabled = (clients.c.client_id == client_id, clients.c.disabled_at.is_(None))
        return self._change(clients.update().where(*enabled).values(disabled_at=to_micros(at)))

    def clients(self) -> Sequence[Client]:
        """Return all clients ordered by client_id."""
        return [read_client(row) for row in self._all(sa.select(clients).order_by(clients.c.client_id))]

    def is_origin(self, origin: str) -> bool:
        """Tell whether an enabled public client registered this origin."""
        query = (
            sa.select(origins.c.origin)
            .join(clients, clients.c.client_id == origins.c.client_id)
            .where(origins.c.origin == origin, clients.c.disabled_at.is_(None))
            .where(clients.c.token_endpoint_auth_method == "none")  # noqa: S105 - a method's name
            .limit(1)
        )
        return self._first(query) is not None

    def take_assertion(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """Remember a client assertion; False when its ``jti`` was used."""
        digest = hashlib.sha256(jti.encode()).digest()
        values = {"client_id": client_id, "jti_digest": digest, "expires_at": to_micros(expires_at)}
        return self._add_once(assertions, values)

    def find_consent(self, account_id: str, client_id: str) -> Consent | None:
        """Return what was agreed to."""
        query = sa.select(consents).where(consents.c.account_id == account_id, consents.c.client_id == client_id)
        row = self._first(query)
        if row is None:
            return None
        return Consent(row["account_id"], row["client_id"], texts(row["scopes"]), from_micros(row["granted_at"]))

    def put_consent(self, consent: Consent) -> None:
        """Store or replace what was agreed to."""
        values = asdict(consent) | {"scopes": as_json(consent.scopes), "granted_at": to_micros(consent.granted_at)}
        self._put(consents, values)


def read_client(row: sa.RowMapping) -> Client:
    """Return the client that a row holds."""
    metadata: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(row["metadata"]).items()
    }
    return Client(
        client_id=row["client_id"],
        name=row["name"],
        department=row["department"],
        token_endpoint_auth_method=row["token_endpoint_auth_method"],
        secrets=tuple(bytes.fromhex(secret) for secret in texts(row["secrets"])),
        created_at=moment(row["created_at"]),
        disabled_at=moment(row["disabled_at"]),
        **metadata,
    )


def _client_values(client: Client) -> dict[str, Any]:
    values = {name: getattr(client, name) for name in _COLUMNS}
    values["secrets"] = as_json([secret.hex() for secret in client.secrets])
    values |= {name: micros(values[name]) for name in ("created_at", "disabled_at")}
    rest = (one.name for one in fields(client) if one.name not in _COLUMNS)
    return values | {"metadata": as_json({name: getattr(client, name) for name in rest})}
