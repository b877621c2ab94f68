"""The records of the room: accounts, authenticators, clients, sessions, logins on their way, grants and what hangs on them.

Codes, tokens and cookies are held as SHA-256, personal data as the vault's ciphertext. Moments are aware and in UTC.
Left to others: what can be done with them (``ports``), SQL (``storage``), every decision (the operations).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from policies.models import AccountKind

AuthenticatorKind = Literal["password", "totp"]
ClientAuthentication = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
SigningAlgorithm = Literal["ES256", "RS256"]
ThrottleKey = tuple[Literal["account", "address"], bytes]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can log in, with their personal data in clear: only operations and pages of their own see it.

    ``id`` is the ``sub`` of tokens. ``resident_id`` or ``uscc`` is who they are in law, where known.
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
    real_name_level: int = 2
    organization: str | None = None
    department: str | None = None
    roles: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def holder_id(self) -> str | None:
        """Return the number under which licences are issued to them."""
        return self.resident_id or self.uscc


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as stored: ``person`` is the encrypted personal data, the indexes are keyed digests."""

    id: str
    username: str
    kind: AccountKind
    person: bytes = field(repr=False)
    holder_index: bytes | None
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
    """Something that proves who is there. ``secret``: an argon2 hash or the encrypted TOTP secret; ``counter``: last TOTP step."""

    id: str
    account_id: str
    kind: AuthenticatorKind
    name: str
    secret: bytes = field(repr=False)
    created_at: datetime
    counter: int = 0
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A department's system. ``department`` is the unified social credit code that policies decide by.

    ``secrets`` holds SHA-256 of the secrets in use (two while they rotate), ``jwks`` the public keys of private_key_jwt and of
    request objects, ``request_uris`` where those may be fetched from. ``default_acr`` is the level registered for it, ``home_url``
    where citizens enter it, ``origins`` where its browser code runs.
    """

    client_id: str
    name: str
    department: str
    token_endpoint_auth_method: ClientAuthentication
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid",)
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    jwks: Mapping[str, Any] | None = None
    require_pkce: bool = True
    require_consent: bool = False
    id_token_signed_response_alg: SigningAlgorithm = "ES256"  # noqa: S105 - a name
    default_acr: str | None = None
    home_url: str | None = None
    task: str | None = None
    origins: tuple[str, ...] = ()
    request_uris: tuple[str, ...] = ()
    require_pushed_authorization_requests: bool = False
    userinfo_signed_response_alg: SigningAlgorithm | None = None
    created_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def public(self) -> bool:
        """Tell whether the client cannot keep a secret."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 - a method's name


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which somebody is logged in (SSO). ``id`` is the ``sid`` of tokens; the cookie's value is stored hashed.

    ``ends_at`` is its absolute end, ``idle_seconds`` how long it may be left alone; ``device`` is encrypted.
    """

    id: str
    secret_hash: bytes = field(repr=False)
    account_id: str
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    idle_seconds: int
    device: bytes = field(default=b"", repr=False)
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A login on its way. Bound to the browser by the hash of its cookie (None: not yet seen, the first one takes it).

    ``request`` is the checked authorization request as JSON, None for a login without a client. ``account_id`` and ``passed``
    tell whose first factor was accepted here; ``authenticated_at`` when somebody logged in through this very transaction.
    """

    id: str
    browser_hash: bytes | None
    client_id: str | None
    request: Mapping[str, Any] | None
    created_at: datetime
    expires_at: datetime
    account_id: str | None = None
    passed: tuple[str, ...] = ()
    authenticated_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """An authorization request that a client left here before sending the browser (RFC 9126), checked already."""

    uri_hash: bytes = field(repr=False)
    client_id: str
    request: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Claims that were asked for by name (Core 5.5), beyond those of the scopes, by where they are to be told."""

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()


NO_CLAIMS = ClaimNames()
"""No claim was asked for by name."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted to a client at one login: the family of all tokens that follow from it."""

    id: str
    client_id: str
    account_id: str
    session_id: str
    scopes: tuple[str, ...]
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime
    created_at: datetime
    claims: ClaimNames = NO_CLAIMS
    revoked_at: datetime | None = None

    @property
    def offline(self) -> bool:
        """Tell whether refresh tokens outlive the session (Back-Channel Logout 1.0, 2.7)."""
        return "offline_access" in self.scopes


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, bound to everything that it was issued for."""

    code_hash: bytes = field(repr=False)
    grant_id: str
    client_id: str
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    created_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token of a grant's family."""

    token_hash: bytes = field(repr=False)
    grant_id: str
    client_id: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed that a client may learn."""

    account_id: str
    client_id: str
    scopes: tuple[str, ...]
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key for tokens: planned (no ``kid`` yet), then certified and published, signing from ``signs_from`` until a successor does.

    ``certificate`` (DER) is None for a key of before keys were certified; it gets one before it signs again.
    """

    algorithm: SigningAlgorithm
    sequence: int
    label: str
    signs_from: datetime
    created_at: datetime
    kid: str | None = None
    jwk: Mapping[str, str] | None = None
    certificate: bytes | None = field(default=None, repr=False)


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
