"""Departments' systems as the console shows them: what they are, since when their secrets are, and what speaks against them.

Left to others: registering and changing them (``idp.clients``), words and looks (``templates``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from admin_ui.errors import DEPARTMENT_BEYOND
from idp.clients.checks import missing_for_production
from idp.errors import CLIENT_UNKNOWN
from idp.events import sending
from idp.ports import IdpDeps
from idp.records import Client
from kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class ClientState:
    """A system; ``secrets`` since when each is and when it was last used; ``missing`` what it needs for production."""

    client: Client
    secrets: Sequence[tuple[datetime, datetime | None]]
    missing: Sequence[str]

    @property
    def place(self) -> str:
        """Where it stands in the list."""
        return f"{self.client.department}/{self.client.client_id}"


def list_clients(
    deps: IdpDeps, departments: Collection[str] | None = None, *, after: str = "", limit: int = 100
) -> Sequence[ClientState]:
    """Return a page of the systems of these departments, or of all, by department; ``after`` is the ``place`` of the last one before."""
    department, _, client_id = after.partition("/")
    with deps.work.read() as work:
        shown = work.records.clients_of(departments, after=(department, client_id), limit=limit)
        uses = work.records.secret_uses([client.client_id for client in shown])
        return [_state(client, uses) for client in shown]


def get_client(deps: IdpDeps, client_id: str, departments: Collection[str] | None = None) -> ClientState:
    """Return one system of these departments, or of any; ``Refusal`` for one that is not registered there."""
    with deps.work.read() as work:
        client = work.records.find_client(client_id)  # a disabled one too
        if client is None or (departments is not None and client.department not in departments):
            raise Refusal(CLIENT_UNKNOWN, field="client_id", client_id=client_id)
        return _state(client, work.records.secret_uses([client_id]))


def list_untold(deps: IdpDeps) -> Sequence[tuple[Client, int]]:
    """Return the systems that did not take events about accounts, and how many."""
    untold = sending.find_untold(deps)
    with deps.work.read() as work:
        found = ((work.records.find_client(client_id), count) for client_id, count in sorted(untold.items()))
        return [(client, count) for client, count in found if client is not None]


def check_within(client: Client, departments: Collection[str] | None) -> None:
    """Refuse a new system for a department beyond these."""
    if departments is not None and client.department not in departments:
        raise Refusal(DEPARTMENT_BEYOND, field="department")


def _state(client: Client, uses: Mapping[bytes, datetime]) -> ClientState:
    secrets = [(secret.made_at, uses.get(secret.hash)) for secret in client.secrets]
    return ClientState(client, secrets, missing_for_production(client) if client.stage == "test" else ())
