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


def count(work: IdpWork, deps: IdpDeps, *, account: str, destination: str, address: str, now: datetime) -> None:
    """Count a message before it is sent; ``Refusal(sending_throttled)`` when account, destination or network address had enough."""
    rules = deps.policies.assurance.sent_codes
    counted = (
        ("send_account", account, rules.account_sends),
        ("send_destination", destination, rules.destination_sends),
        ("send_address", throttle.subscriber(address), rules.address_sends),
    )
    for what, value, limit in counted:
        key = (what, deps.vault.index(value, f"idp.{what}"))
        if not work.records.take_try(key, now=now, window_seconds=rules.window_seconds, limit=limit):
            raise Refusal(SENDING_THROTTLED, minutes=-(-rules.window_seconds // 60))
