"""Whether a login looks like somebody else's: signs of it, and the rule that weighs them. Pure.

Another rule takes this one's place by ``IdpDeps.risk``. Left to others: finding the signs and telling the owner (``notices.devices``),
asking for more (``interaction.login``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Protocol

_LOCAL = timezone(timedelta(hours=8))  # all of the country keeps Beijing's time
_NIGHT = range(6)
_IPV4_NETWORK, _IPV6_NETWORK = 24, 48


@dataclass(frozen=True, slots=True)
class Signs:
    """What is unlike the account's earlier logins: the browser, the network, an hour of the night at which nobody ever came."""

    new_device: bool
    new_network: bool
    strange_hour: bool


class RiskRule(Protocol):
    """Weighs signs."""

    def is_suspicious(self, signs: Signs) -> bool:
        """Tell whether more is to be asked for, and the owner told in any case."""
        ...


class AllSigns:
    """The rule that a node comes with: suspicious is what is strange in every way. One sign alone is a new phone, a journey, a night shift."""

    def is_suspicious(self, signs: Signs) -> bool:
        """Tell whether all signs are there."""
        return signs.new_device and signs.new_network and signs.strange_hour


def compare(now: datetime, address: str, earlier: Iterable[tuple[datetime, Callable[[], str]]], *, new_device: bool) -> Signs:
    """Return the signs of a login from ``address`` against the moments and addresses of ``earlier`` ones.

    No more of them are looked at, and no more addresses, than it takes. The first login of all has no signs but its device.
    """
    network = _network(address)
    signs = Signs(new_device, new_network=False, strange_hour=False)
    new_network, strange_hour = True, _hour(now) in _NIGHT
    for at, from_address in earlier:
        new_network = new_network and _network(from_address()) != network
        strange_hour = strange_hour and _hour(at) not in _NIGHT
        signs = Signs(new_device, new_network, strange_hour)
        if not (new_network or strange_hour):
            break
    return signs


def _hour(moment: datetime) -> int:
    return moment.astimezone(_LOCAL).hour


@lru_cache(maxsize=1024)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    length = _IPV4_NETWORK if parsed.version == 4 else _IPV6_NETWORK  # noqa: PLR2004 - the protocol's own number
    return str(ipaddress.ip_network((parsed, length), strict=False))
