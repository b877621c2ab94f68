"""Departments' systems and what was agreed to for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

ClientAuthentication = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
SigningAlgorithm = Literal["ES256", "RS256"]


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
    token_endpoint_auth_method: ClientAuthentication = "client_secret_basic"  # noqa: S105 - a method's name
    redirect_uris: tuple[str, ...] = ()
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
class Consent:
    """What somebody agreed that a client may learn."""

    account_id: str
    client_id: str
    scopes: tuple[str, ...]
    granted_at: datetime
