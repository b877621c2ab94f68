"""What departments are told when something happens to an account that they know, in the words of OpenID RISC Profile 1.0.

Stored with the change that it tells of. Only clients that were told of this person are told of that, and nothing but that it happened.
Left to others: sending (``events.sending``), what happened (the operations).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from idp.ports import IdpWork
from idp.records import EventDelivery
from kernel.randomness import token

PREFIX = "https://schemas.openid.net/secevent/risc/event-type/"
Event = Literal[
    "account-disabled", "account-enabled", "credential-compromise", "recovery-activated", "recovery-information-changed"
]


def owe(work: IdpWork, account_id: str, event: Event, now: datetime) -> None:
    """Owe ``event`` to every client that knows the account and wants to be told."""
    for client, _ in work.records.consents(account_id):
        if client.events_uri is not None and client.disabled_at is None:
            work.records.owe_event(EventDelivery(token(16), client.client_id, account_id, event, now, next_try_at=now))
