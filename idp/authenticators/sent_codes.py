"""Codes by e-mail and SMS: what they look like, and how many are sent for an account, to a destination and from an address.

Left to others: what a code is for, storing and comparing it (``contacts``, ``recovery``), carrying messages (``connectors``).
"""

from __future__ import annotations

from datetime import datetime

from idp.authenticators.errors import SENDING_THROTTLED
from idp.people import throttle
from idp.ports import IdpDeps, IdpWork
from kernel.errors import Refusal
from kernel.randomness import digits

SUBJECT = "验证码 / verification code"
_DIGITS = 6
_TEXT = "【{name}】验证码 {code}，{minutes}分钟内有效，只能用一次。请勿告诉任何人。 / {code} is your code; it works once, within {minutes} minutes. Tell it to nobody."


def new() -> str:
    """Return a new code."""
    return digits(_DIGITS)


def text(deps: IdpDeps, code: str) -> str:
    """Return the message that carries a code."""
    return _TEXT.format(name=deps.node.name, code=code, minutes=-(-deps.policies.assurance.sent_codes.seconds // 60))


def read(typed: str) -> str:
    """Return the code that somebody typed, however they spaced it."""
    return "".join(typed.split())


def count(work: IdpWork, deps: IdpDeps, *, account: str, destination: str, address: str, now: datetime) -> bool:
    """Count a message before it is sent, and tell whether it may be: not when its destination had enough, whatever it had them for.

    ``Refusal(sending_throttled)`` when ``account`` (whoever asks, as they call themselves) or the network address had enough. That a destination
    had is not for strangers: by asking once for a number and once for a contact they would learn that both are one person's.
    """
    rules = deps.policies.assurance.sent_codes

    def take(what: str, value: str, limit: int) -> bool:
        key = (what, deps.vault.digest(value, f"idp.{what}"))
        return work.records.take_try(key, now=now, window_seconds=rules.window_seconds, limit=limit)

    told = take("send_account", account, rules.account_sends)
    if not (told and take("send_address", throttle.subscriber(address), rules.address_sends)):
        raise _throttled(deps)
    return take("send_destination", destination, rules.destination_sends)


def count_own(work: IdpWork, deps: IdpDeps, *, account: str, destination: str, address: str, now: datetime) -> None:
    """Count a message to somebody who has proven that account and destination are theirs; they are told when it had enough."""
    if not count(work, deps, account=account, destination=destination, address=address, now=now):
        raise _throttled(deps)


def _throttled(deps: IdpDeps) -> Refusal:
    return Refusal(SENDING_THROTTLED, minutes=-(-deps.policies.assurance.sent_codes.window_seconds // 60))
