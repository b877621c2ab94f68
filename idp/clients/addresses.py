"""From which network addresses a client calls (G4): a stolen secret is of no use elsewhere."""

from __future__ import annotations

from idp.records import Client
from kernel.networks import stands_in


def may_call_from(client: Client, address: str) -> bool:
    """Tell whether ``client`` may call from ``address``; one without registered addresses from anywhere."""
    return not client.addresses or stands_in(client.addresses, address)
