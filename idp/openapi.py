"""The OpenAPI 3.1 description of this room's addresses for departments' systems, beside OpenID Connect, which has a discovery of its own.

Left to others: the endpoints (``views``), the document around it.
"""

from __future__ import annotations

from typing import Any

from idp.enterprises.documents import ADDRESS
from idp.events import openapi as events

_MOMENT = {"type": "string", "format": "date-time"}
_MANDATE = {
    "type": "object",
    "required": ["id", "active", "status", "checked_at"],
    "properties": {
        "id": {"type": "string"},
        "active": {"type": "boolean", "description": "Let the agent act only if this is true"},
        "status": {"enum": ["active", "pending", "expired", "revoked", "disabled", "altered"]},
        "checked_at": _MOMENT,
        "organization": {"type": "object", "properties": {name: {"type": "string"} for name in ("sub", "name", "uscc")}},
        "agent": {"type": "object", "properties": {name: {"type": "string"} for name in ("sub", "name")}},
        "powers": {"type": "array", "items": {"type": "string"}},
        "valid_from": _MOMENT,
        "valid_until": _MOMENT,
        "revoked_at": {"type": ["string", "null"], "format": "date-time"},
        "record": {"type": "string", "description": "The mandate as it was signed: a JWS of type mandate+jwt"},
        "certificates": {"type": "array", "items": {"type": "string"}, "description": "Of the key that signed it, as in x5c"},
    },
}


def describe(refused: dict[str, Any]) -> dict[str, Any]:
    """Return the paths, with ``refused`` as the content of every refusal."""
    return {
        f"{ADDRESS}{{mandate_id}}": {
            "get": {
                "operationId": "checkMandate",
                "summary": "How a mandate stands 核验授权",
                "description": "With an access token of the system itself (client_credentials, scope mandates).",
                "parameters": [
                    {
                        "name": "mandate_id",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,60}$"},
                        "description": "The claim mandate_id of a token",
                    }
                ],
                "responses": {
                    "200": {"description": "How it stands", "content": {"application/json": {"schema": _MANDATE}}},
                    "401": {"description": "No access token, or one that does not count", **refused},
                    "403": {"description": "The token is not the system's own, or lacks the scope", **refused},
                    "404": {"description": "No mandate towards the system's department", **refused},
                },
            }
        },
        **events.describe(refused),
    }
