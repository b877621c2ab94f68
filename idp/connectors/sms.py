"""SMS through a gateway over HTTP. The contract, for whoever runs one, is this.

``POST`` to the configured address, ``application/json``: ``{"key": …, "to": …, "text": …}``. Any 2xx means taken; anything else, or
no answer within five seconds, means not sent. Left to others: what is written and to whom (the operations).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from crosscert.ports import Fetcher
from idp.errors import MESSAGE_UNDELIVERED
from kernel.errors import Refusal

_SECONDS = 5.0
_MAX_ANSWER = 4096


@dataclass(frozen=True, slots=True)
class SmsMessenger:
    """A ``Messenger`` on an SMS gateway. The subject is left out: a message has none."""

    fetch: Fetcher
    url: str
    key: str = field(repr=False)

    def send(self, address: str, subject: str, text: str) -> None:  # noqa: ARG002 - an e-mail has a subject
        """Hand the message to the gateway; ``Refusal(message_undelivered)`` when it does not take it."""
        body = json.dumps({"key": self.key, "to": address, "text": text}, ensure_ascii=False).encode()
        above = self.url.rpartition("/")[0]
        try:
            self.fetch.post(self.url, body, "application/json", below=above, max_bytes=_MAX_ANSWER, timeout=_SECONDS)
        except Refusal as refusal:
            raise Refusal(MESSAGE_UNDELIVERED) from refusal
