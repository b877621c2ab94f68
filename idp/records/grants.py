"""Grants and what hangs on them: codes, refresh tokens; and the keys that sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from idp.records.clients import SigningAlgorithm


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Claims that were asked for by name (Core 5.5), beyond those of the scopes, by where they are to be told.

    ``id_token_verified`` and ``userinfo_verified`` are the requests for claims with evidence (Identity Assurance), as
    ``claims.verified_request`` checked them.
    """

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()
    id_token_verified: tuple[Mapping[str, Any], ...] = ()
    userinfo_verified: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return {name: list(getattr(self, name)) for name in _PLACES}


def read_claim_names(stored: Mapping[str, Any]) -> ClaimNames:
    """Return what :meth:`ClaimNames.as_json` wrote, also before there were requests with evidence."""
    return ClaimNames(*(tuple(stored.get(name, ())) for name in _PLACES))


_PLACES = tuple(one.name for one in fields(ClaimNames))
NO_CLAIMS = ClaimNames()
"""No claim was asked for by name."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted to a client at one login: the family of all tokens that follow from it.

    ``resources`` are those that its access tokens may be for (RFC 8707), each for one; empty: our own endpoints. With ``mandate_id`` the
    account is the agent's, and the tokens are the organisation's for which they act.
    """

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
    resources: tuple[str, ...] = ()
    mandate_id: str | None = None
    revoked_at: datetime | None = None

    @property
    def offline(self) -> bool:
        """Tell whether refresh tokens outlive the session (Back-Channel Logout 1.0, 2.7)."""
        return "offline_access" in self.scopes


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, bound to everything that it was issued for.

    ``redemption`` is drawn by whoever redeems it at once, and tells this from what another request did in the same microsecond.
    """

    code_hash: bytes = field(repr=False)
    grant_id: str
    client_id: str
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    created_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None = None
    dpop_jkt: str | None = None
    redemption: bytes | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """When a refresh token was exchanged, and a digest of what was asked for by it."""

    at: datetime
    asked: bytes


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token of a grant's family. ``cnf`` are the thumbprints of the keys that it is bound to, None where it is not."""

    token_hash: bytes = field(repr=False)
    grant_id: str
    client_id: str
    created_at: datetime
    expires_at: datetime
    use: Use | None = None
    cnf: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Heir:
    """The refresh token that follows from what is used up for it, a code or a refresh token: of the same client and grant."""

    token_hash: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshFamily:
    """A refresh token, used or not, with its grant, revoked or not, and whether the account behind it stands."""

    token: RefreshToken
    grant: Grant
    account_stands: bool


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
