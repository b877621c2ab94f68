"""Departments' systems and what was agreed to for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from kernel.errors import Text

ClientAuthentication = Literal[
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
]
SigningAlgorithm = Literal["ES256", "RS256"]
SubjectType = Literal["public", "pairwise"]
Stage = Literal["test", "production"]


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret in use: its SHA-256, and since when."""

    hash: bytes = field(repr=False)
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Client:
    """A department's system. ``department`` is the unified social credit code that policies decide by.

    ``secrets`` are those in use, the older first (two while they rotate), ``jwks`` the public keys of private_key_jwt and of request
    objects (and self-signed certificates) or ``jwks_uri`` where they are published, ``request_uris`` where request objects may be
    fetched from. ``default_acr`` is the level registered for it, ``home_url`` where citizens enter it, ``origins`` where its browser
    code runs, ``addresses`` the networks that it calls from (none: any), ``resources`` the interfaces that it answers for (RFC 8707),
    ``hall`` where its kiosks stand, ``events_uri`` where account events are pushed to (RFC 8935), or ``POLLED``. ``names`` are its names in other languages, by language tag. ``version`` counts changes.
    """

    client_id: str
    name: str
    department: str
    token_endpoint_auth_method: ClientAuthentication = "client_secret_basic"  # noqa: S105 - a method's name
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid",)
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    secrets: tuple[ClientSecret, ...] = field(default=(), repr=False)
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
    stage: Stage = "test"
    addresses: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    contacts: tuple[str, ...] = ()
    jwks_uri: str | None = None
    subject_type: SubjectType = "public"
    sector_identifier_uri: str | None = None
    default_max_age: int | None = None
    default_acr_values: tuple[str, ...] = ()
    initiate_login_uri: str | None = None
    application_type: Literal["web", "native"] = "web"
    software_id: str | None = None
    software_version: str | None = None
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    events_uri: str | None = None
    registration_token: bytes | None = field(default=None, repr=False)
    version: int = 0
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    security_profile: Literal["fapi2"] | None = None
    resources: tuple[str, ...] = ()
    hall: str | None = None
    created_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def title(self) -> Text:
        """What people read it called, in their language."""
        return Text(self.names.get("zh-CN", self.name), self.names.get("en", self.name))

    @property
    def vetted(self) -> bool:
        """Tell whether an admin registered the client, or let it into production: somebody here has seen its addresses."""
        return self.registration_token is None or self.stage == "production"

    @property
    def public(self) -> bool:
        """Tell whether the client cannot keep a secret."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 - a method's name


@dataclass(frozen=True, slots=True)
class Invitation:
    """An initial access token (RFC 7591 3): whoever has it may register ``uses_left`` systems of a department, until it ends."""

    token_hash: bytes = field(repr=False)
    department: str
    uses_left: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is asked of somebody without a mandate from anybody before a client is answered, as it was found: their ``consent``."""

    consent: Consent | None


@dataclass(frozen=True, slots=True)
class Consent:
    """What a client knows of somebody: ``told``, ever and by whatever way; and what they agreed to when they were asked.

    ``scopes`` and ``claims`` were agreed to, ``declined`` are the scopes that were left out; ``granted_at`` is the last answer (or the
    first time, where nothing was asked), ``used_at`` the last login, ``subject`` the ``sub`` that the client was told.
    """

    account_id: str
    client_id: str
    granted_at: datetime
    used_at: datetime
    scopes: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    subject: str | None = None
