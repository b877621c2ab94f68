"""The shape of tokens.toml: how long what is handed out lives, and what it is signed with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from policies.tables import Name, Seconds, Table

_MOST_ACTING = 60
"""A mandate that is revoked is refused within a minute, also by whoever only reads the token."""


class TokenPolicies(Table):
    """tokens.toml: lifetimes in seconds and how signing keys rotate (a new key is published before it signs).

    ``impersonating_clients`` may exchange others' tokens without standing in the new one (RFC 8693 1.1).
    """

    authorization_code_seconds: Seconds
    pushed_request_seconds: Seconds
    device_code_seconds: Seconds
    login_transaction_seconds: Seconds
    id_token_seconds: Seconds
    access_token_seconds: Seconds
    acting_token_seconds: Annotated[int, Field(gt=0, le=_MOST_ACTING)]
    refresh_token_seconds: Seconds
    logout_token_seconds: Seconds
    dpop_proof_seconds: Seconds
    dpop_nonce_seconds: Seconds
    dpop_nonce_required: bool
    client_certificate_level: Name
    signing_algorithms: Annotated[tuple[Literal["ES256", "RS256"], ...], Field(min_length=1)]
    key_published_ahead_seconds: Seconds
    key_signs_seconds: Seconds
    key_retired_kept_seconds: Seconds
    impersonating_clients: tuple[Name, ...] = ()
