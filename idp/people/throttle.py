"""Limits failed tries per account and per network address over all channels together (SP 800-63B-4 3.2.2).

A try is counted *before* it is made and uncounted when it did not fail: any number of tries at once stays within the limit,
and the costly password hash is never computed for a blocked one.
"""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from functools import lru_cache

from idp.errors import LOGIN_THROTTLED
from idp.ports import IdpDeps, IdpWork
from idp.records import ThrottleKey
from kernel.errors import Refusal

_IPV6_PREFIX = 64  # what one subscriber gets


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted."""

    account: ThrottleKey
    address: ThrottleKey

    def give_back(self, work: IdpWork) -> None:
        """Uncount it: it did not fail."""
        work.records.give_try_back(self.account)
        work.records.give_try_back(self.address)

    def forget(self, work: IdpWork) -> None:
        """Uncount it and all earlier failures of the account: its owner is in. The address keeps its own."""
        work.records.forget_tries(self.account)
        work.records.give_try_back(self.address)


def take(deps: IdpDeps, *, account: str, address: str) -> Try:
    """Count a try against ``account`` (an account's id, or the name typed where there is none) and ``address``.

    ``Refusal(login_throttled)`` when either has used up its tries; nothing is counted then.
    """
    rules = deps.policies.assurance.throttle
    attempt = Try(
        account=("account", deps.vault.digest(account, "idp.try.account")),
        address=("address", deps.vault.digest(subscriber(address), "idp.try.address")),
    )
    limits = ((attempt.account, rules.account_failures), (attempt.address, rules.address_failures))
    now = deps.clock.now()
    with deps.work.note() as work:
        for key, limit in limits:
            if not work.records.take_try(key, now=now, window_seconds=rules.window_seconds, limit=limit):
                raise Refusal(LOGIN_THROTTLED, minutes=math.ceil(rules.window_seconds / 60))
    return attempt


@lru_cache(maxsize=1024)
def subscriber(address: str) -> str:
    """Return whose a network address is: an IPv6 subscriber has a whole prefix."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed)
