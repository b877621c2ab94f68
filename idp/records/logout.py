"""What clients are told of the end of a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LogoutOutcome = Literal["delivered", "refused", "given_up", "no_address"]


@dataclass(frozen=True, slots=True)
class LogoutDelivery:
    """That a client is to be told of the end of a session (Back-Channel Logout 1.0), and what came of it.

    The intent is stored with the end of the session. ``next_try_at`` is when it is due (None: no more), ``outcome`` how it ended
    (None: it has not), ``error`` what the last try met with. ``client_name`` is kept for when the client is gone. ``acting``: the client
    was told of an organisation, for which the session's owner acted.
    """

    session_id: str
    client_id: str
    client_name: str
    account_id: str
    owed_at: datetime
    next_try_at: datetime | None
    tries: int = 0
    tried_at: datetime | None = None
    outcome: LogoutOutcome | None = None
    error: str | None = None
    acting: bool = False


@dataclass(frozen=True, slots=True)
class LogoutBacklog:
    """What one client has not been told although it was tried: how many are still tried (``waiting``), how many not any more."""

    client_id: str
    client_name: str
    waiting: int
    failed: int
    since: datetime
    tried_at: datetime | None
    error: str | None
