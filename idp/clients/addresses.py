"""From which network addresses a client calls (G4): a stolen secret is of no use elsewhere."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from idp.records import Client


def is_network(text: str) -> bool:
    """Tell whether ``text`` is an address or a network (``10.1.0.0/16``) without surplus bits."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def may_call_from(client: Client, address: str) -> bool:
    """Tell whether ``client`` may call from ``address``; one without registered addresses from anywhere."""
    if not client.addresses:
        return True
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or parsed  # a dual-stack socket shows IPv4 peers so
    return any(parsed in network for network in _networks(client.addresses))


@lru_cache(maxsize=1000)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)
