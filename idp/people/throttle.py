"""Limits failed tries per account and per network address over all channels together (SP 800-63B-4 3.2.2).

A try is counted *before* it is made and uncounted when it did not fail: any number of tries at once stays within the limit,
and the costly password hash is never computed for whom is told that they are blocked.

One account may be tried by several names: a username, a telephone number, an address. All of these tries count against the account. But
only the tries by one name are told to be too many; else whoever spent them by one name would learn by which others the same person is known.

In a service hall hundreds stand behind one address, and some of them mistype: more of their tries may fail together, but no more of one account.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from idp.errors import LOGIN_THROTTLED
from idp.ports import IdpDeps, IdpWork
from idp.records import ThrottleKey
from kernel.errors import Refusal
from kernel.networks import stands_in
from kernel.work import Conflict

_IPV6_PREFIX = 64  # what one subscriber gets


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted. ``spent``: the account had none left, so that it must fail like any other, whatever was typed."""

    account: ThrottleKey
    address: ThrottleKey
    name: ThrottleKey | None = None
    spent: bool = False

    def give_back(self, work: IdpWork) -> None:
        """Uncount it: it did not fail."""
        for key in (self.name, None if self.spent else self.account, self.address):
            if key is not None:
                work.records.give_try_back(key)

    def forget(self, work: IdpWork) -> None:
        """Uncount it and all earlier failures of the account: its owner is in. The address keeps its own."""
        self.forget_name(work)
        work.records.forget_tries(self.account)
        work.records.give_try_back(self.address)

    def forget_name(self, work: IdpWork) -> None:
        """Uncount the failures of the name: what belongs to it was right, whatever else the account still asks for."""
        if self.name is not None:
            work.records.forget_tries(self.name)


def take(deps: IdpDeps, *, account: str, address: str, name: str | None = None) -> Try:
    """Count a try against ``account`` (an account's id, or what stands for one where there is none) and ``address``.

    ``Refusal(login_throttled)`` when either has used up its tries; nothing is counted then. Where the account was found by a ``name`` that
    was typed, only that name's own tries are refused; when others have used up the account's, the try is ``spent``.
    """
    rules, now = deps.policies.assurance.throttle, deps.clock.now()
    window, most = rules.window_seconds, rules.account_failures
    of_account = ("account", deps.vault.digest(account, "idp.try.account"))
    of_name = None if name is None else _of_name(deps, name)
    of_address = ("address", deps.vault.digest(subscriber(address), "idp.try.address"))
    of_address_most = rules.hall_failures if stands_in(rules.halls, address) else rules.address_failures
    is_account_left = None
    try:
        # In one order everywhere, so that no two tries wait for each other's rows. Who is refused has taken none of them.
        with deps.work.note() as work:
            if of_name is None:
                work.records.need_try(of_account, now=now, window_seconds=window, limit=most)
            else:
                work.records.need_try(of_name, now=now, window_seconds=window, limit=most)
                is_account_left = work.records.want_try(of_account, now=now, window_seconds=window, limit=most)
            work.records.need_try(of_address, now=now, window_seconds=window, limit=of_address_most)
    except Conflict:
        raise Refusal(LOGIN_THROTTLED, minutes=math.ceil(window / 60)) from None
    return Try(of_account, of_address, of_name, spent=is_account_left is not None and not is_account_left())


def forget_names(work: IdpWork, deps: IdpDeps, names: Iterable[str]) -> None:
    """Uncount the failures of all names of an account that its owner has got back."""
    for name in names:
        work.records.forget_tries(_of_name(deps, name))


def _of_name(deps: IdpDeps, name: str) -> ThrottleKey:
    return "account", deps.vault.digest(name, "idp.try.name")


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
