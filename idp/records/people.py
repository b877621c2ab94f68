"""Accounts, authenticators, the counting of tries, and who visits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from policies.role_models import AccountKind

AuthenticatorKind = Literal["password", "totp", "recovery", "passkey", "certificate"]
Channel = Literal["email", "phone"]
CodeUse = Literal["email", "phone", "login"]
"""What a code that was sent is for: to confirm this contact, or to log in."""
ThrottleKey = tuple[str, bytes]
"""What is counted (an account's tries, an address's, messages sent to a number) and a keyed digest of whose."""


PROVEN = 3
"""From this real-name level on, somebody else than the person has said that the number is theirs. One account alone has it then."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can log in, with their personal data in clear: only operations and pages of their own see it.

    ``id`` is the ``sub`` of tokens. ``resident_id`` or ``uscc`` is who they are in law, where known; at level 2 a resident ID is only what
    somebody said. ``confirmed`` tells at which of ``email`` and ``phone`` they were reached.
    """

    id: str
    username: str
    kind: AccountKind
    name: str = field(repr=False)
    resident_id: str | None = field(default=None, repr=False)
    uscc: str | None = None
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    confirmed: tuple[str, ...] = ()
    real_name_level: int = 2
    organization: str | None = None
    department: str | None = None
    roles: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def holder_id(self) -> str | None:
        """Return the number under which licences are issued to them; None for one that nobody but they themselves vouches for."""
        return self.uscc or (self.resident_id if self.real_name_level >= PROVEN else None)


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as stored: ``person`` is the encrypted personal data, the indexes are keyed digests.

    ``holder_index`` is of the number that is theirs, ``number_index`` of what they said as well, which several may say.
    """

    id: str
    username: str
    kind: AccountKind
    person: bytes = field(repr=False)
    holder_index: bytes | None
    number_index: bytes | None
    phone_index: bytes | None
    email_index: bytes | None
    real_name_level: int
    organization: str | None
    department: str | None
    roles: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Something that proves who is there, under the name that its owner gave it.

    ``secret``: an argon2 hash, the encrypted TOTP secret, a passkey's public key, what a certificate counts as. ``counter``: the last TOTP
    step, a passkey's count of signatures. ``alone``: a password long enough to be the only factor. ``lookup``: SHA-256 of a passkey's
    identifier or of a certificate.
    """

    id: str
    account_id: str
    kind: AuthenticatorKind
    name: str
    secret: bytes = field(repr=False)
    created_at: datetime
    counter: int = 0
    last_used_at: datetime | None = None
    alone: bool = False
    lookup: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code that was sent to an address or number (encrypted), as a keyed digest."""

    account_id: str
    channel: CodeUse
    digest: bytes = field(repr=False)
    destination: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Verification:
    """The evidence behind a real-name level: by which method of ``assurance.toml`` it was reached, when, by whom, for which claims.

    ``document``: what a clerk was shown, if it was at a window.
    """

    id: str
    account_id: str
    level: int
    method: str
    claims: tuple[str, ...]
    verified_at: datetime
    actor: str
    document: str | None = None


@dataclass(frozen=True, slots=True)
class WindowCode:
    """A code that somebody shows at a service window, so that the clerk finds their account; as a keyed digest."""

    account_id: str
    digest: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is logged in in the present request."""

    account_id: str
    username: str
    kind: AccountKind
    name: str = field(repr=False)
    holder_id: str | None = field(repr=False)
    roles: tuple[str, ...]
    real_name_level: int
    session_id: str
    acr: str
    auth_time: datetime
    organization: str | None = None
