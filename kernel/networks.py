"""Networks by their addresses: what is written as one, and who stands in it. Left to others: whose address a request is from (``service.proxies``)."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


def is_network(text: str) -> bool:
    """Tell whether ``text`` is an address or a network (``10.1.0.0/16``) without surplus bits."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def stands_in(networks: tuple[str, ...], address: str) -> bool:
    """Tell whether ``address`` is in one of the ``networks``; what is no address is in none."""
    parsed = _address(address) if networks else None
    return parsed is not None and any(parsed in network for network in _parsed(networks))


@lru_cache(maxsize=1024)
def _address(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        return parsed.ipv4_mapped or parsed  # a dual-stack socket shows IPv4 peers so
    return parsed


@lru_cache(maxsize=1000)
def _parsed(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)
