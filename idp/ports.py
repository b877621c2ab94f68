"""What the room holds (records) and what it needs from outside (Protocols, dependencies).

Left to others: SQL (``storage``), every decision (the operations). Moments are aware and in UTC. Codes, tokens and cookies are held
as SHA-256, personal data as the vault's ciphertext.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol, TypeAlias

from kernel.clock import Clock
from kernel.nodes import Node
from kernel.work import UnitOfWork, Work
from pki.ports import KeyStore, PkiDeps
from pki.vault import Vault
from policies.models import AccountKind, Policies

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

    ``secrets`` holds SHA-256 of the secrets in use (two while they rotate), ``jwks`` the public keys of private_key_jwt.
    ``default_acr`` is the level registered for it, ``home_url`` where citizens enter it, ``origins`` where its browser code runs.
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
    """A key for tokens: planned (no ``kid`` yet), then published, signing from ``signs_from`` until a successor does."""

    algorithm: SigningAlgorithm
    sequence: int
    label: str
    signs_from: datetime
    created_at: datetime
    kid: str | None = None
    jwk: Mapping[str, str] | None = None


class AccountRecords(Protocol):
    """Accounts, authenticators and the counting of tries. A bool tells whether the one conditional statement took effect."""

    def add_account(self, record: AccountRecord) -> bool:
        """Store an account; False when its username or holder is taken."""
        ...

    def find_account(self, account_id: str) -> AccountRecord | None:
        """Return the account with this identifier."""
        ...

    def find_username(self, username: str) -> AccountRecord | None:
        """Return the account with this username (in its normal form)."""
        ...

    def find_holder(self, holder_index: bytes) -> AccountRecord | None:
        """Return the account of this resident ID or credit code."""
        ...

    def accounts(self, *, after: str = "", kind: AccountKind | None = None, limit: int = 100) -> Sequence[AccountRecord]:
        """Return accounts ordered by username, starting beyond ``after``."""
        ...

    def set_disabled(self, account_id: str, at: datetime | None) -> bool:
        """Disable (or with None enable again); False when it is so already."""
        ...

    def add_authenticator(self, authenticator: Authenticator) -> bool:
        """Store an authenticator; False when the account has one of this kind and name."""
        ...

    def authenticators(self, account_id: str) -> Sequence[Authenticator]:
        """Return all authenticators of an account, oldest first."""
        ...

    def replace_secret(self, authenticator_id: str, secret: bytes, *, instead_of: bytes) -> bool:
        """Exchange an authenticator's secret; False when it is another one by now."""
        ...

    def use_authenticator(self, authenticator_id: str, at: datetime) -> None:
        """Remember when it was last used."""
        ...

    def take_step(self, authenticator_id: str, step: int, at: datetime) -> bool:
        """Accept a TOTP time step; False when it or a later one was accepted before."""
        ...

    def take_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> bool:
        """Count a try before it is made; False when the window's tries are used up."""
        ...

    def give_try_back(self, key: ThrottleKey) -> None:
        """Uncount one try, which did not fail."""
        ...

    def forget_tries(self, key: ThrottleKey) -> None:
        """Uncount all tries."""
        ...


class ClientRecords(Protocol):
    """Registered clients, what was agreed to for them, and the client assertions that were used."""

    def add_client(self, client: Client) -> bool:
        """Store a client; False when the client_id is taken."""
        ...

    def find_client(self, client_id: str) -> Client | None:
        """Return the client, disabled or not."""
        ...

    def clients(self) -> Sequence[Client]:
        """Return all clients ordered by client_id."""
        ...

    def is_origin(self, origin: str) -> bool:
        """Tell whether an enabled public client registered this origin."""
        ...

    def take_assertion(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """Remember a client assertion; False when its ``jti`` was used."""
        ...

    def find_consent(self, account_id: str, client_id: str) -> Consent | None:
        """Return what was agreed to."""
        ...

    def put_consent(self, consent: Consent) -> None:
        """Store or replace what was agreed to."""
        ...


class SessionRecords(Protocol):
    """Sessions and logins on their way."""

    def add_session(self, session: Session) -> None:
        """Store a session."""
        ...

    def find_session(self, session_id: str) -> Session | None:
        """Return the session with this identifier."""
        ...

    def find_session_by_secret(self, secret_hash: bytes) -> tuple[Session, AccountRecord] | None:
        """Return the session whose cookie has this hash, with its account."""
        ...

    def sessions(self, account_id: str) -> Sequence[Session]:
        """Return the sessions of an account that were not ended, newest first."""
        ...

    def see_session(self, session_id: str, at: datetime) -> None:
        """Move on the moment at which it was last used."""
        ...

    def raise_session(self, session: Session) -> bool:
        """Store a new level, methods, lifetime and cookie hash; False when the session was ended meanwhile."""
        ...

    def end_session(self, session_id: str, at: datetime) -> bool:
        """End a session and revoke its grants that don't outlive it; False when it was ended before."""
        ...

    def end_sessions(self, account_id: str, at: datetime) -> int:
        """End all sessions of an account and revoke *all* its grants; return how many sessions were ended."""
        ...

    def put_session_client(self, session_id: str, client_id: str, at: datetime) -> None:
        """Remember that a client was told of this session."""
        ...

    def session_clients(self, session_id: str) -> Sequence[tuple[Client, datetime]]:
        """Return the clients that were told of this session, with the moment of the last time."""
        ...

    def add_transaction(self, transaction: Transaction) -> None:
        """Store a login on its way."""
        ...

    def find_transaction(self, transaction_id: str) -> Transaction | None:
        """Return a login on its way, or finished."""
        ...

    def bind_transaction(self, transaction_id: str, browser_hash: bytes) -> bool:
        """Bind it to the first browser that shows it; False when one has it."""
        ...

    def pass_factor(self, transaction_id: str, account_id: str, passed: tuple[str, ...]) -> bool:
        """Remember the factors passed; False when it was finished meanwhile."""
        ...

    def authenticate_transaction(self, transaction_id: str, account_id: str, at: datetime) -> bool:
        """Remember that somebody logged in through it; False when it was finished meanwhile."""
        ...

    def finish_transaction(self, transaction_id: str, at: datetime) -> bool:
        """Finish it; False when it was finished before."""
        ...


class GrantRecords(Protocol):
    """Grants, codes, refresh tokens, revoked access tokens, signing keys."""

    def add_grant(self, grant: Grant) -> None:
        """Store a grant."""
        ...

    def find_grant(self, grant_id: str) -> Grant | None:
        """Return a grant, revoked or not."""
        ...

    def revoke_grant(self, grant_id: str, at: datetime) -> bool:
        """Revoke a grant and with it every token of its family; False when it was revoked before."""
        ...

    def add_code(self, code: Code) -> None:
        """Store a code."""
        ...

    def redeem_code(self, code_hash: bytes, at: datetime) -> Code | None:
        """Consume a code and return it; None when it is unknown or was consumed before."""
        ...

    def find_code(self, code_hash: bytes) -> Code | None:
        """Return a code, consumed or not."""
        ...

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Store a refresh token."""
        ...

    def use_refresh_token(self, token_hash: bytes, at: datetime) -> RefreshToken | None:
        """Mark a refresh token as used and return it; None when it is unknown or was used before."""
        ...

    def find_refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        """Return a refresh token, used or not."""
        ...

    def revoke_access_token(self, jti: str, expires_at: datetime) -> None:
        """Remember, until it expires, that one access token does not count any more."""
        ...

    def is_access_token_revoked(self, jti: str) -> bool:
        """Tell whether one access token was revoked by itself."""
        ...

    def signing_keys(self) -> Sequence[SigningKey]:
        """Return all signing keys by algorithm and sequence."""
        ...

    def plan_signing_key(self, key: SigningKey) -> bool:
        """Record that a key is about to be made; False when another process has."""
        ...

    def publish_signing_key(self, key: SigningKey) -> None:
        """Record the public half of a planned key."""
        ...

    def clean_up(self, now: datetime, *, kept_seconds: int) -> int:
        """Remove what is over and, where replays must still be known, ``kept_seconds`` past; return how many rows."""
        ...


class IdpRecords(AccountRecords, ClientRecords, SessionRecords, GrantRecords, Protocol):
    """Everything that the room stores, in one transaction."""


IdpWork: TypeAlias = Work[IdpRecords]


@dataclass(frozen=True, slots=True)
class HeldLicense:
    """A licence as a card on its holder's page. ``accent`` is the type's colour, ``url`` where the holder takes the document."""

    type_name: str
    type_name_en: str
    number: str
    identifier: str
    issuer_name: str
    valid_to: date | None
    status: str
    url: str
    accent: str


class HolderLicenses(Protocol):
    """Knows who holds which licences; filled by the licence room in ``service/wiring``."""

    def of(self, holder_id: str) -> Sequence[HeldLicense]:
        """Return the licences of a resident ID or credit code, newest first."""
        ...


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


@dataclass(frozen=True, slots=True)
class IdpDeps:
    """Everything that the operations of this room are given.

    ``kept`` holds parsed forms of what is stored (signing keys), so that the hot paths don't build them again; it is no state.
    """

    node: Node
    policies: Policies
    keys: KeyStore
    pki: PkiDeps
    vault: Vault
    clock: Clock
    work: UnitOfWork[IdpRecords]
    holder_licenses: HolderLicenses
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def issuer(self) -> str:
        """The issuer identifier (Discovery 1.0, 3): the node's configured URL, never the Host header."""
        return self.node.url
