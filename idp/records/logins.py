"""Sessions, and logins on their way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which somebody is logged in (SSO). ``id`` is the ``sid`` of tokens; the cookie's value is stored hashed.

    ``ends_at`` is its absolute end, ``idle_seconds`` how long it may be left alone; ``device`` is encrypted. ``lent``: it is at a kiosk.
    """

    id: str
    secret_hash: bytes = field(repr=False)
    account_id: str
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    idle_seconds: int
    device: bytes = field(default=b"", repr=False)
    ended_at: datetime | None = None
    lent: bool = False


@dataclass(frozen=True, slots=True)
class Transaction:
    """A login on its way. Bound to the browser by the hash of its cookie (None: not yet seen, the first one takes it).

    ``request`` is the checked authorization request as JSON, None for a login without a client. ``account_id`` and ``passed``
    tell whose first factor was accepted here; ``authenticated_at`` when somebody logged in through this very transaction. ``acting`` is the
    mandate by which they chose to act, empty for themselves, None until they chose.
    """

    id: str
    browser_hash: bytes | None
    client_id: str | None
    request: Mapping[str, Any] | None
    created_at: datetime
    expires_at: datetime
    account_id: str | None = None
    passed: tuple[str, ...] = ()
    authenticated_at: datetime | None = None
    acting: str | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """An authorization request that a client left here before sending the browser (RFC 9126), checked already."""

    uri_hash: bytes = field(repr=False)
    client_id: str
    request: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime
