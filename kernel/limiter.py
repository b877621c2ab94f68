"""How often one network address may ask for something dear: a sliding window behind a port.

Left to others: how many are allowed (policies, ``views``). The limiter here counts in one process; several
processes share a limit by another implementation of :class:`Limiter`.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

WINDOW = timedelta(minutes=1)
MAX_ADDRESSES = 10_000


class Limiter(Protocol):
    """Counts requests by address."""

    def take(self, address: str, at: datetime) -> int:
        """Count one request; return 0 when it may go on, else the seconds to wait (that request is not counted)."""
        ...


class SlidingWindow:
    """At most ``allowed`` requests within any minute from one address. Addresses that were quiet longest are forgotten first."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def take(self, address: str, at: datetime) -> int:
        """Count one request as the protocol says."""
        with self._lock:
            moments = self._seen.setdefault(address, deque())
            self._seen.move_to_end(address)
            while len(self._seen) > MAX_ADDRESSES:
                self._seen.popitem(last=False)
            while moments and moments[0] <= at - WINDOW:
                moments.popleft()
            if moments and moments[0] > at + WINDOW:  # the clock was set back
                moments.clear()
            if len(moments) < self._allowed:
                moments.append(at)
                return 0
            return max(1, math.ceil((moments[0] + WINDOW - at).total_seconds()))


def counted_as(address: str) -> str:
    """Return what is counted as one address: of IPv6 the network, since a customer has 2^64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:  # noqa: PLR2004 - the protocol's own number
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address
