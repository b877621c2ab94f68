"""A developer of a department who registers a system over the protocol: an invitation, metadata, the access token that is told."""

from __future__ import annotations

import json
from typing import Any

from idp import endpoints
from idp.clients import invitations
from idp.dispatch import ENDPOINTS
from idp.ports import IdpDeps
from idp.wire import NOTHING, OAuthRequest, OAuthResponse, Parameters
from tests.support.idp import CALLBACK, MARKET, OPERATOR, json_of


def invite(deps: IdpDeps, *, department: str = MARKET, uses: int = 1, hours: int = 1) -> str:
    """Return an initial access token."""
    return invitations.invite(deps, department, uses=uses, hours=hours, actor=OPERATOR)


def metadata(**changes: Any) -> dict[str, Any]:
    """Return good client metadata with ``changes`` (None leaves a member out)."""
    good = {"redirect_uris": [CALLBACK], "client_name": "企业开办系统", **changes}
    return {name: value for name, value in good.items() if value is not None}


def send(
    deps: IdpDeps, method: str, token: str | None, document: object = None, *, client_id: str | None = None, body: bytes = b""
) -> OAuthResponse:
    """Send a request to the registration endpoint; ``client_id`` is the one of the registration_client_uri."""
    request = OAuthRequest(
        method,
        NOTHING if client_id is None else Parameters({"client_id": client_id}),
        authorization=None if token is None else f"Bearer {token}",
        body=body if document is None else json.dumps(document).encode(),
    )
    return ENDPOINTS[endpoints.REGISTER](deps, request)


def register(deps: IdpDeps, *, department: str = MARKET, **changes: Any) -> dict[str, Any]:
    """Register a system and return what it is told."""
    answer = send(deps, "POST", invite(deps, department=department), metadata(**changes))
    assert answer.status == 201, answer.body
    return json_of(answer)
