"""Clients, initial access tokens, consents and used client assertions in SQL."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from idp.records import Client, ClientSecret, Consent, Invitation
from idp.storage.connection import OnConnection, as_json, micros, moment, texts
from idp.storage.tables import assertions, clients, consents, invitations, origins, resources, secret_uses
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Prepared, Provided, Row, put

_COLUMNS = frozenset(
    {
        "client_id",
        "name",
        "department",
        "token_endpoint_auth_method",
        "secrets",
        "registration_token",
        "version",
        "created_at",
        "disabled_at",
    }
)
"""What statements ask for; all other metadata of a client is one JSON document, so that more of it needs no more columns."""

_OF_CONSENT = "consent_"
_LISTS_OF_CONSENT = ("scopes", "claims", "declined", "told")
_NAMES = tuple(column.name for column in clients.c)
_CLIENT = Prepared(sa.select(clients).where(clients.c.client_id == sa.bindparam("key")))
STANDS_AS = sa.exists().where(
    clients.c.client_id == sa.bindparam("known_client"),
    clients.c.version == sa.bindparam("known_version"),
    clients.c.disabled_at.is_(None),
)
_RESOURCE = Prepared(
    sa.select(clients)
    .join(resources, resources.c.client_id == clients.c.client_id)
    .where(resources.c.resource == sa.bindparam("key"))
)
_CONSENT = Prepared(
    sa.select(consents).where(consents.c.account_id == sa.bindparam("account"), consents.c.client_id == sa.bindparam("client"))
)
_PUT_CONSENT = Prepared(lambda insert: put(insert(consents)))


class SqlClients(OnConnection):
    """``ClientRecords`` on one connection."""

    def add_client(self, client: Client) -> bool:
        """Store a client; False when the client_id is taken."""
        values = _client_values(client)
        if not self._add_once(clients, values):
            return False
        self._add_origins(client)
        return True

    def update_client(self, client: Client) -> bool:
        """Store what is registered of a client from now on; False when it was changed or disabled since ``client`` was read."""
        same = (clients.c.client_id == client.client_id, clients.c.version == client.version, clients.c.disabled_at.is_(None))
        values = _client_values(client) | {"version": client.version + 1}
        if not self._change(clients.update().where(*same).values(values)):
            return False
        self._change(origins.delete().where(origins.c.client_id == client.client_id))
        dropped = secret_uses.c.secret_hash.not_in([secret.hash for secret in client.secrets])
        self._change(secret_uses.delete().where(secret_uses.c.client_id == client.client_id, dropped))
        self._add_origins(client)
        return True

    def find_client(self, client_id: str) -> Client | None:
        """Return the client, disabled or not."""
        row = self._find(_CLIENT, key=client_id)
        return None if row is None else read_client(row)

    def stands_as(self, client: Client) -> Provided:
        """Return the condition that a client is enabled, and registered as it was when ``client`` was read."""
        return Provided(STANDS_AS, as_it_was(client))

    def disable_client(self, client_id: str, at: datetime) -> bool:
        """Disable a client; False when there is none or it is disabled already."""
        enabled = (clients.c.client_id == client_id, clients.c.disabled_at.is_(None))
        return self._change(clients.update().where(*enabled).values(disabled_at=to_micros(at)))

    def enable_client(self, client_id: str) -> bool:
        """Enable a client again; False when there is none or it is not disabled."""
        disabled = (clients.c.client_id == client_id, clients.c.disabled_at.is_not(None))
        return self._change(clients.update().where(*disabled).values(disabled_at=None))

    def clients(self) -> Sequence[Client]:
        """Return all clients ordered by client_id."""
        return [read_client(row) for row in self._all(sa.select(clients).order_by(clients.c.client_id))]

    def clients_of(self, departments: Collection[str] | None, *, after: tuple[str, str], limit: int) -> Sequence[Client]:
        """Return clients of these departments, or of any, by department and client_id, starting beyond ``after``, which is both."""
        department, client_id = after
        beyond = sa.and_(clients.c.department == department, clients.c.client_id > client_id)
        query = sa.select(clients).where(sa.or_(clients.c.department > department, beyond))
        if departments is not None:
            query = query.where(clients.c.department.in_(departments))
        return [read_client(row) for row in self._all(query.order_by(clients.c.department, clients.c.client_id).limit(limit))]

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

    def use_secret(self, client_id: str, secret_hash: bytes, at: datetime) -> None:
        """Remember when a secret was last used."""
        self._put(secret_uses, {"client_id": client_id, "secret_hash": secret_hash, "used_at": to_micros(at)})

    def secret_uses(self, client_ids: Collection[str]) -> Mapping[bytes, datetime]:
        """Return when each secret of these clients, by its hash, was last used; those never used are missing."""
        rows = self._all(sa.select(secret_uses).where(secret_uses.c.client_id.in_(client_ids)))
        return {bytes(row["secret_hash"]): from_micros(row["used_at"]) for row in rows}

    def add_invitation(self, invitation: Invitation) -> None:
        """Store an initial access token."""
        values = asdict(invitation) | {name: to_micros(getattr(invitation, name)) for name in ("created_at", "expires_at")}
        self._add_once(invitations, values)

    def find_invitation(self, token_hash: bytes, at: datetime) -> Invitation | None:
        """Return an initial access token that may still be used at ``at``."""
        row = self._first(sa.select(invitations).where(invitations.c.token_hash == token_hash, *_usable(at)))
        return None if row is None else _read_invitation(row)

    def invitations(self, at: datetime) -> Sequence[Invitation]:
        """Return the initial access tokens that may still be used at ``at``, oldest first."""
        query = sa.select(invitations).where(*_usable(at)).order_by(invitations.c.created_at, invitations.c.token_hash)
        return [_read_invitation(row) for row in self._all(query)]

    def end_invitation(self, token_hash: bytes, at: datetime) -> bool:
        """Let an initial access token not count any more; False when it does not already."""
        usable = (invitations.c.token_hash == token_hash, *_usable(at))
        return self._change(invitations.update().where(*usable).values(expires_at=to_micros(at)))

    def use_invitation(self, token_hash: bytes, at: datetime) -> bool:
        """Take one use of it; False when none is left or it is over."""
        return self._change(
            invitations.update()
            .where(invitations.c.token_hash == token_hash, *_usable(at))
            .values(uses_left=invitations.c.uses_left - 1)
        )

    def put_resources(self, client_id: str, answers_for: Sequence[str]) -> bool:
        """Let a client answer for these resources and no others; False when another one does for any of them."""
        self._change(resources.delete().where(resources.c.client_id == client_id))
        return all(self._add_once(resources, {"resource": one, "client_id": client_id}) for one in answers_for)

    def find_resource(self, resource: str) -> Client | None:
        """Return the client that answers for a resource, disabled or not."""
        row = self._find(_RESOURCE, key=resource)
        return None if row is None else read_client(row)

    def take_assertion(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """Remember a client assertion; False when its ``jti`` was used."""
        digest = hashlib.sha256(jti.encode()).digest()
        values = {"client_id": client_id, "jti_digest": digest, "expires_at": to_micros(expires_at)}
        return self._add_once(assertions, values)

    def find_consent(self, account_id: str, client_id: str) -> Consent | None:
        """Return what the client was told, and what was agreed to."""
        row = self._find(_CONSENT, account=account_id, client=client_id)
        return None if row is None else read_consent(row)

    def find_consent_of(self, client_id: str, subject: str) -> Consent | None:
        """Return what the client was told of whom it knows as ``subject``."""
        row = self._first(sa.select(consents).where(consents.c.client_id == client_id, consents.c.subject == subject))
        return None if row is None else read_consent(row)

    def put_consent(self, consent: Consent) -> None:
        """Store or replace what was told and agreed to."""
        lists = {name: as_json(getattr(consent, name)) for name in _LISTS_OF_CONSENT}
        moments = {"granted_at": to_micros(consent.granted_at), "used_at": to_micros(consent.used_at)}
        whose = {name: getattr(consent, name) for name in ("account_id", "client_id", "subject")}
        self._put_off(_PUT_CONSENT, **whose, **moments, **lists)

    def consents(self, account_id: str) -> Sequence[tuple[Client, Consent]]:
        """Return the clients that were told of somebody, the last one used first."""
        columns = [column.label(_OF_CONSENT + column.name) for column in consents.c]
        query = (
            sa.select(clients, *columns)
            .join_from(consents, clients, clients.c.client_id == consents.c.client_id)
            .where(consents.c.account_id == account_id)
            .order_by(consents.c.used_at.desc(), clients.c.client_id)
        )
        return [(read_client(row), read_consent(row, _OF_CONSENT)) for row in self._all(query)]

    def remove_consent(self, account_id: str, client_id: str) -> bool:
        """Forget what was told and agreed to; False when there was nothing."""
        return self._change(consents.delete().where(*_between(account_id, client_id)))

    def _add_origins(self, client: Client) -> None:
        for origin in client.origins:
            self._add_once(origins, {"origin": origin, "client_id": client.client_id})


def as_it_was(client: Client) -> dict[str, Any]:
    """Return the values of :data:`STANDS_AS`."""
    return {"known_client": client.client_id, "known_version": client.version}


def _between(account_id: str, client_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return consents.c.account_id == account_id, consents.c.client_id == client_id


def read_consent(row: Row | sa.RowMapping, prefix: str = "") -> Consent:
    """Return the consent that a row holds in columns whose names begin so."""
    return Consent(
        account_id=row[prefix + "account_id"],
        client_id=row[prefix + "client_id"],
        granted_at=from_micros(row[prefix + "granted_at"]),
        used_at=from_micros(row[prefix + "used_at"]),
        subject=row[prefix + "subject"],
        **{name: texts(row[prefix + name]) for name in _LISTS_OF_CONSENT},
    )


def read_client(row: Row | sa.RowMapping, prefix: str = "") -> Client:
    """Return the client that a row holds. Rows are alike again and again, so what they hold is not worked out anew each time."""
    return _client(_columns(prefix)(row))


@functools.cache
def _columns(prefix: str) -> itemgetter[tuple[Any, ...]]:
    return itemgetter(*(prefix + name for name in _NAMES))


@functools.lru_cache(maxsize=2048)
def _client(values: tuple[Any, ...]) -> Client:
    row = dict(zip(_NAMES, values, strict=True))
    metadata: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(row["metadata"]).items()
    }
    return Client(
        client_id=row["client_id"],
        name=row["name"],
        department=row["department"],
        token_endpoint_auth_method=row["token_endpoint_auth_method"],
        secrets=tuple(ClientSecret(bytes.fromhex(digest), from_micros(at)) for digest, at in json.loads(row["secrets"])),
        registration_token=None if row["registration_token"] is None else bytes(row["registration_token"]),
        version=row["version"],
        created_at=moment(row["created_at"]),
        disabled_at=moment(row["disabled_at"]),
        **metadata,
    )


def _client_values(client: Client) -> dict[str, Any]:
    values = {name: getattr(client, name) for name in _COLUMNS}
    values["secrets"] = as_json([[secret.hash.hex(), to_micros(secret.made_at)] for secret in client.secrets])
    values |= {name: micros(values[name]) for name in ("created_at", "disabled_at")}
    rest = (one.name for one in fields(client) if one.name not in _COLUMNS)
    return values | {"metadata": as_json({name: getattr(client, name) for name in rest})}


def _usable(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return invitations.c.expires_at > to_micros(at), invitations.c.uses_left > 0


def _read_invitation(row: sa.RowMapping) -> Invitation:
    moments = {name: from_micros(row[name]) for name in ("created_at", "expires_at")}
    return Invitation(bytes(row["token_hash"]), row["department"], row["uses_left"], **moments)
