"""Ways back into an account whose owner lost what they log in with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from idp.records.people import Channel

RecoveryStep = Literal["code", "proof", "waiting", "window", "done", "cancelled"]
"""What is asked for next: the code that was sent, the second proof, time and a new password; a service window's code; nothing any more."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery on its way. ``account_id`` None: nobody's, stored so that strangers cannot tell who is here.

    ``token_hash`` is that of the cookie that only the browser has which went through the step before, another one for each step.
    ``tried_as`` (encrypted) is against whom wrong tries count. ``code_digest`` is the code's that counts now, until ``code_until``.
    """

    id: str
    account_id: str | None
    step: RecoveryStep
    channel: Channel | None
    browser_hash: bytes = field(repr=False)
    token_hash: bytes = field(repr=False)
    tried_as: bytes = field(repr=False)
    code_digest: bytes = field(repr=False)
    code_until: datetime
    created_at: datetime
    expires_at: datetime
    due_at: datetime | None = None
    proofs: tuple[str, ...] = ()
