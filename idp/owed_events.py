"""What departments are told when something happens to an account that they know, in the words of OpenID RISC Profile 1.0.

Stored with the change that it tells of. Only clients that were told of this person are told of that, and nothing but that it happened;
what they do not want to hear (``events.streams``) they are not owed. Left to others: sending (``events.sending``), what happened (the operations).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal, get_args

from idp.ports import IdpWork
from idp.records import Client, EventDelivery, EventStream
from kernel.randomness import token

PREFIX = "https://schemas.openid.net/secevent/risc/event-type/"
Event = Literal[
    "account-disabled",
    "account-enabled",
    "credential-compromise",
    "identifier-changed",
    "recovery-activated",
    "recovery-information-changed",
]
SUPPORTED = tuple(PREFIX + event for event in get_args(Event))
"""The event types that are sent, by their addresses."""


def owe(work: IdpWork, account_id: str, event: Event, now: datetime, *, of: Collection[str] | None = None) -> None:
    """Owe ``event`` to every client that knows the account and wants to be told; ``of``: that was told one of these claims."""
    for client, consent in work.records.consents(account_id):
        knows = of is None or not frozenset(of).isdisjoint(consent.told)
        if knows and client.events_uri is not None and client.disabled_at is None and _is_wanted(work, client, account_id, event):
            work.records.owe_event(EventDelivery(token(16), client.client_id, account_id, event, now, next_try_at=now))


def delivered(stream: EventStream) -> tuple[str, ...]:
    """Return the types of which a stream tells: those that were asked for, or all (SSF 1.0, 8.1.1)."""
    return SUPPORTED if stream.requested is None else tuple(event for event in SUPPORTED if event in stream.requested)


def _is_wanted(work: IdpWork, client: Client, account_id: str, event: Event) -> bool:
    stream = work.records.find_event_stream(client.client_id)
    if stream is not None and (stream.status == "disabled" or PREFIX + event not in delivered(stream)):
        return False
    return not work.records.are_events_muted(client.client_id, account_id)
