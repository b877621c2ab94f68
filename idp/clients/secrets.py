"""A client's secrets: drawn here, shown once, stored hashed. Two may be in use at a time, so that a system can change over.

Left to others: comparing one that is shown (``authentication``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from idp.clients import registry
from idp.errors import CLIENT_SECRETS
from idp.ports import IdpDeps
from idp.records import Client, ClientSecret
from kernel.errors import Refusal
from kernel.randomness import token

MOST = 2
_NOTED_EVERY = timedelta(minutes=10)
_MOST_NOTED = 10_000


def add(deps: IdpDeps, client_id: str, *, actor: str) -> str:
    """Draw a second secret beside the one in use and return it: it is not shown again."""
    secret = token()

    def with_it(client: Client, now: datetime) -> tuple[ClientSecret, ...]:
        if client.token_endpoint_auth_method not in registry.SECRET_METHODS:
            raise _refused(zh="该系统不用密钥", en="the client has no secrets")
        if len(client.secrets) >= MOST:
            raise _refused(zh=f"已有 {MOST} 个密钥", en=f"{MOST} are in use already")
        return (*client.secrets, ClientSecret(registry.hash_secret(secret), now))

    _change(deps, client_id, with_it, action="idp.add_client_secret", actor=actor)
    return secret


def drop(deps: IdpDeps, client_id: str, which: Literal["older", "newer"], *, actor: str) -> None:
    """Let one of two secrets not count any more."""

    def without_it(client: Client, _now: datetime) -> tuple[ClientSecret, ...]:
        if len(client.secrets) < MOST:
            raise _refused(zh="只有一个密钥，不能去掉", en="there is only one, which stays")
        return client.secrets[1:] if which == "older" else client.secrets[:1]

    _change(deps, client_id, without_it, action="idp.drop_client_secret", actor=actor)


def is_use_noted(deps: IdpDeps, secret_hash: bytes) -> bool:
    """Tell whether the use of a secret was noted lately: it is asked whether one is still in use, not how often."""
    last: datetime | None = deps.kept.setdefault("secret_uses", {}).get(secret_hash)
    return last is not None and deps.clock.now() - last < _NOTED_EVERY


def note_use(deps: IdpDeps, client: Client, secret_hash: bytes) -> None:
    """Remember that a secret was used, at most once in ten minutes."""
    if is_use_noted(deps, secret_hash):
        return
    noted, now = deps.kept["secret_uses"], deps.clock.now()
    if len(noted) >= _MOST_NOTED:
        noted.clear()
    noted[secret_hash] = now
    with deps.work.begin() as work:
        work.records.use_secret(client.client_id, secret_hash, now)


def _change(
    deps: IdpDeps,
    client_id: str,
    changed: Callable[[Client, datetime], tuple[ClientSecret, ...]],
    *,
    action: str,
    actor: str,
) -> None:
    now = deps.clock.now()
    client = registry.get(deps, client_id)
    client = replace(client, secrets=changed(client, now))
    with registry.changing(deps) as work:
        registry.replace_client(deps, work, client, actor=actor, action=action)


def _refused(*, zh: str, en: str) -> Refusal:
    return Refusal(CLIENT_SECRETS, field="client_id", problem_zh=zh, problem_en=en)
