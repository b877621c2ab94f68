"""Whether a login looks like somebody else's: signs of it, and the rule that weighs them. Pure.

Another rule takes this one's place by ``IdpDeps.risk``. Left to others: finding the signs and telling the owner (``notices.devices``),
asking for more (``interaction.login``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from functools import cached_property, lru_cache
from itertools import tee
from typing import Protocol

_LOCAL = timezone(timedelta(hours=8))  # all of the country keeps Beijing's time
_NIGHT = range(6)
_IPV4_NETWORK, _IPV6_NETWORK = 24, 48


class Signs:
    """What is unlike the account's earlier logins: the browser, the network, an hour of the night at which nobody ever came.

    Each sign is looked for when it is asked about, and no further than it takes: an address has to be decrypted. The first login of all has
    no sign but its device.
    """

    def __init__(
        self, now: datetime, address: str, earlier: Iterable[tuple[datetime, Callable[[], str]]], *, new_device: bool
    ) -> None:
        """Return the signs of a login from ``address`` against the moments and addresses of ``earlier`` ones."""
        self.new_device = new_device
        self._now, self._address = now, address
        self._hours, self._networks = tee(earlier)

    @cached_property
    def new_network(self) -> bool:
        """Nobody ever came from this network."""
        network = _network(self._address)
        return _is_new(network, (_network(address()) for _, address in self._networks))

    @cached_property
    def strange_hour(self) -> bool:
        """It is night, and nobody ever came at night."""
        return is_night(self._now) and _is_new(True, (is_night(at) for at, _ in self._hours))  # noqa: FBT003 - a value to be found


class RiskRule(Protocol):
    """Weighs signs."""

    def is_suspicious(self, signs: Signs) -> bool:
        """Tell whether more is to be asked for, and the owner told in any case."""
        ...


class AllSigns:
    """The rule that a node comes with: suspicious is what is strange in every way. One sign alone is a new phone, a journey, a night shift."""

    def is_suspicious(self, signs: Signs) -> bool:
        """Tell whether all signs are there."""
        return signs.new_device and signs.strange_hour and signs.new_network


def _is_new(value: object, earlier: Iterable[object]) -> bool:
    """Tell whether there are earlier values, and this is none of them."""
    any_earlier = False
    for one in earlier:
        if one == value:
            return False
        any_earlier = True
    return any_earlier


def is_night(moment: datetime) -> bool:
    """Tell whether a moment is one of the night here."""
    return moment.astimezone(_LOCAL).hour in _NIGHT


@lru_cache(maxsize=1024)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    length = _IPV4_NETWORK if parsed.version == 4 else _IPV6_NETWORK  # noqa: PLR2004 - the protocol's own number
    return str(ipaddress.ip_network((parsed, length), strict=False))
