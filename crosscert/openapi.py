"""The OpenAPI 3.1 description of this room's one address for departments. Left to others: the endpoint (``views``), the document around it."""

from __future__ import annotations

from typing import Any

TOKENS_PATH = "/api/v1/tokens/verifications"

_FORM = {
    "type": "object",
    "required": ["token"],
    "properties": {
        "token": {"type": "string", "maxLength": 16384, "description": "An ID token or access token of any node"},
        "audience": {"type": "string", "description": "For whom the token must be meant"},
    },
}
_VERDICT = {
    "type": "object",
    "required": ["valid", "node", "claims", "path", "policies", "relied_until", "reason"],
    "properties": {
        "valid": {"type": "boolean"},
        "node": {"type": ["object", "null"], "description": "Whose token it is"},
        "claims": {"type": "object", "description": "Empty unless the token is valid"},
        "path": {"type": "array", "items": {"$ref": "#/components/schemas/Certificate"}},
        "policies": {"type": "array", "items": {"type": "string"}},
        "relied_until": {"type": ["string", "null"], "format": "date-time"},
        "reason": {"type": ["object", "null"]},
    },
}


def describe(refused: dict[str, Any]) -> dict[str, Any]:
    """Return the paths, with ``refused`` as the content of every refusal."""
    return {
        TOKENS_PATH: {
            "post": {
                "operationId": "verifyToken",
                "summary": "Verify a token of this node or another 核验令牌",
                "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": _FORM}}},
                "responses": {
                    "200": {"description": "The verdict, whatever it is", "content": {"application/json": {"schema": _VERDICT}}},
                    "413": {"description": "The form is too large", **refused},
                    "429": {"description": "Too many requests from this address; see Retry-After", **refused},
                },
            }
        }
    }
