"""Test and production: what a system must have before citizens meet it, and letting it in (G1)."""

from __future__ import annotations

from dataclasses import replace

from idp.clients import registry
from idp.clients.checks import missing_for_production
from idp.errors import CLIENT_NOT_READY
from idp.ports import IdpDeps
from idp.records import Client
from kernel.errors import Refusal


def verify_ready(client: Client) -> Client:
    """Return the client as a production one; ``Refusal(client_not_ready)`` names what it lacks."""
    missing = missing_for_production(client)
    if missing:
        raise Refusal(CLIENT_NOT_READY, field=missing[0], missing=", ".join(missing))
    # A system that registered itself may have left PKCE out for a test; an admin's own waiver stays.
    require_pkce = client.require_pkce or client.registration_token is not None
    return replace(client, stage="production", require_pkce=require_pkce)


def promote(deps: IdpDeps, client_id: str, *, actor: str) -> Client:
    """Let a system into production."""
    client = verify_ready(registry.get(deps, client_id))
    with registry.changing(deps) as work:
        registry.replace_client(deps, work, client, actor=actor, action="idp.promote_client")
    return client
