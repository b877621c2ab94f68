"""Ten thousand living sessions and a million refresh tokens, put into a node's database as rows, to see whether it is slower."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from idp.storage.tables import grants, refresh_tokens, sessions
from kernel.clock import SystemClock, to_micros
from kernel.randomness import random_bytes

SESSIONS = 10_000
REFRESH_TOKENS = 1_000_000
_GRANTS = 100_000
_BATCH = 10_000


def fill(engine: sa.Engine) -> None:
    """Store them, older than a day and with months to live."""
    now = SystemClock().now()
    since, until = to_micros(now - timedelta(hours=25)), to_micros(now + timedelta(days=60))
    kinds: Mapping[sa.Table, tuple[int, Callable[[int, int, int], dict[str, Any]]]] = {
        sessions: (SESSIONS, _session),
        grants: (_GRANTS, _grant),
        refresh_tokens: (REFRESH_TOKENS, _token),
    }
    for table, (total, make) in kinds.items():
        for first in range(0, total, _BATCH):
            with engine.begin() as connection:
                connection.execute(table.insert(), [make(number, since, until) for number in range(first, first + _BATCH)])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _session(number: int, since: int, until: int) -> dict[str, Any]:
    return {
        "id": f"stored-{number}",
        "secret_hash": random_bytes(),
        "account_id": f"sub.stored-{number}",
        "acr": "urn:chaoxin:acr:1",
        "amr": '["pwd"]',
        "auth_time": since,
        "created_at": since,
        "seen_at": since,
        "ends_at": until,
        "idle_seconds": 86400,
        "device": b"",
    }


def _grant(number: int, since: int, _: int) -> dict[str, Any]:
    return {
        "id": f"stored-{number}",
        "client_id": "site",
        "account_id": f"sub.stored-{number % SESSIONS}",
        "session_id": f"stored-{number % SESSIONS}",
        "scopes": '["openid","offline_access"]',
        "offline": True,
        "acr": "urn:chaoxin:acr:1",
        "amr": '["pwd"]',
        "auth_time": since,
        "created_at": since,
    }


def _token(number: int, since: int, until: int) -> dict[str, Any]:
    return {
        "token_hash": random_bytes(),
        "grant_id": f"stored-{number % _GRANTS}",
        "client_id": "site",
        "created_at": since,
        "expires_at": until,
        "used_at": since if number >= _GRANTS else None,
    }
