"""What people are told about their own account, and what they report of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to an account. ``what`` names the sentence, ``details`` (encrypted) is what stands in it.

    ``sent_over``: the channels over which it has gone; ``sent_at``: when it had gone over all that it must; ``read_at``: when its
    reader saw it among their messages.
    """

    id: str
    account_id: str
    at: datetime
    what: str
    details: bytes = field(default=b"", repr=False)
    sent_at: datetime | None = None
    sent_over: tuple[str, ...] = ()
    read_at: datetime | None = None


Decision = Literal["confirmed", "unfounded"]


@dataclass(frozen=True, slots=True)
class Login:
    """A login as it can be named by anybody who has its code. ``device`` is encrypted as in its session."""

    code: str
    account_id: str
    session_id: str
    at: datetime
    acr: str
    device: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """What staff look into: an owner said of a notice that it was not them, or anybody reported the login with this code.

    ``words`` (encrypted) is what the reporter wrote. One of ``notice_id`` and ``login_code`` is there.
    """

    id: str
    account_id: str
    opened_at: datetime
    notice_id: str | None = None
    login_code: str | None = None
    words: bytes = field(default=b"", repr=False)
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """A way to log in that is switched off: ``authenticator:totp``, ``directory:scjg``; ``reason`` is shown to whoever wants to use it."""

    what: str
    reason: str
    actor: str
    at: datetime
