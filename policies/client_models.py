"""The shape of clients.toml: what departments' systems may be, and what those may that register themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from policies.tables import Names, Table


class RegistrationRules(Table):
    """What a system may be that registers itself. ``without_pkce``: in the test stage, confidential ones may leave PKCE out.

    ``max_uses`` and ``max_hours`` bound the initial access tokens that admins hand out.
    """

    stage: Literal["test", "production"]
    token_endpoint_auth_methods: Names
    grant_types: Names
    without_pkce: bool
    max_uses: Annotated[int, Field(gt=0, le=10_000)]
    max_hours: Annotated[int, Field(gt=0, le=24 * 400)]


class ClientPolicies(Table):
    """clients.toml. ``subject_type`` is that of systems that name none (OpenID Connect Core 8)."""

    subject_type: Literal["public", "pairwise"]
    registration: RegistrationRules
