"""The OpenAPI 3.1 description of what departments ask here. Left to others: the endpoints (``views``), the paths of the room of trust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import crosscert.openapi
from licenses.fetching import openapi as fetching
from licenses.life import openapi as life
from licenses.verdict import LEVELS

Describe: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Returns a room's paths, given the content of every refusal."""

_TEXT = {
    "type": "object",
    "required": ["zh", "en"],
    "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
}
_CHECK = {
    "type": "object",
    "required": ["id", "result", "evidence"],
    "properties": {
        "id": {"type": "string"},
        "result": {"enum": ["passed", "failed", "indeterminate", "not_checked"]},
        "evidence": {"type": "object"},
        "text": {"$ref": "#/components/schemas/Text"},
    },
}
_CERTIFICATE = {
    "type": "object",
    "required": ["subject", "issuer", "serial", "sha256"],
    "properties": {key: {"type": "string"} for key in ("subject", "issuer", "serial", "sha256")},
}
_VERDICT = {
    "type": "object",
    "required": [
        "indication", "subindication", "level", "best_signature_time", "signer", "path", "checks", "changes", "status",
        "registry", "log", "message",
    ],
    "properties": {
        "indication": {
            "enum": ["TOTAL_PASSED", "INDETERMINATE", "TOTAL_FAILED"],
            "description": "ETSI EN 319 102-1. Rely on the licence only at TOTAL_PASSED with status.code 01.",
        },
        "subindication": {"type": ["string", "null"]},
        "level": {"enum": [*LEVELS, None]},
        "best_signature_time": {"type": ["string", "null"], "format": "date-time"},
        "signer": {"type": "object"},
        "path": {"type": "array", "items": {"$ref": "#/components/schemas/Certificate"}},
        "checks": {"type": "array", "items": {"$ref": "#/components/schemas/Check"}},
        "changes": {"type": "array", "items": {"type": "object"}},
        "status": {
            "type": "object",
            "required": ["code", "at", "reason"],
            "properties": {
                "code": {"type": ["string", "null"], "enum": ["01", "02", "03", "04", "05", "06", "07", "99", None]},
                "at": {"type": ["string", "null"], "format": "date-time"},
                "reason": {"type": ["string", "null"]},
            },
        },
        "registry": {"type": "object"},
        "log": {"type": "object"},
        "message": {"$ref": "#/components/schemas/Text"},
    },
}  # fmt: skip
_BATCH_LINE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "sha256": {"type": "string"},
        "verdict": {"$ref": "#/components/schemas/Verdict"},
        "problem": {"type": "object", "description": "why there is no verdict: code, message, remedy"},
        "summary": {"type": "object", "description": "in the last line alone: how many there were of each indication"},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "message", "remedy"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "message": {"$ref": "#/components/schemas/Text"},
        "remedy": {"$ref": "#/components/schemas/Text"},
        "instance": {"type": "string"},
        "field": {"type": "string"},
    },
}


def describe(server_url: str, others: Describe) -> dict[str, Any]:
    """Return the description for a node served at ``server_url``, with the paths of ``others`` that are no rooms below this one."""
    refused = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    pdf = {"type": "string", "format": "binary"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "潮信 Chaoxin", "version": "1", "summary": "Is this licence genuine? 证照验证"},
        "servers": [{"url": server_url}],
        "paths": {
            **crosscert.openapi.describe(refused),
            **others(refused),
            **life.describe(refused),
            **fetching.describe(refused),
            "/api/v1/verifications/batch": _batch(refused, pdf),
            "/api/v1/verifications": {
                "post": {
                    "operationId": "verifyLicense",
                    "summary": "Verify a licence's PDF 验证证照",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "multipart/form-data": {
                                "schema": {"type": "object", "required": ["file"], "properties": {"file": pdf}}
                            },
                            "application/pdf": {"schema": pdf},
                        },
                    },
                    "responses": {
                        "200": {
                            "description": "The verdict, whatever it is; by Accept also signed (JWS) or sealed (PDF) by the node, or with all evidence",
                            "content": {
                                "application/json": {"schema": {"$ref": "#/components/schemas/Verdict"}},
                                "application/jose": {"schema": {"type": "string"}},
                                "application/pdf": {"schema": pdf},
                                "application/zip": {"schema": pdf},
                            },
                        },
                        "400": {"description": "No file", **refused},
                        "413": {"description": "The file is too large", **refused},
                        "415": {"description": "Not a PDF", **refused},
                        "429": {"description": "Too many requests from this address; see Retry-After", **refused},
                        "503": {"description": "Too many files are being taken apart; see Retry-After", **refused},
                    },
                }
            },
        },
        "components": {
            "schemas": {
                "Text": _TEXT,
                "BatchLine": _BATCH_LINE,
                "Check": _CHECK,
                "Certificate": _CERTIFICATE,
                "Verdict": _VERDICT,
                "Problem": _PROBLEM,
                **life.SCHEMAS,
                **fetching.SCHEMAS,
            }
        },
    }


def _batch(refused: dict[str, Any], pdf: dict[str, Any]) -> dict[str, Any]:
    files = {"type": "object", "required": ["file"], "properties": {"file": {"type": "array", "items": pdf}}}
    lines = {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/BatchLine"}}}
    return {
        "post": {
            "operationId": "verifyLicenses",
            "summary": "Verify many licences: PDFs and zips of them 批量验证证照",
            "description": "With a token of scope licenses.read: as many as a batch may have. Without: each file counts as a request.",
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": files}, "application/zip": {"schema": pdf}},
            },
            "responses": {
                "200": {"description": "One line for each file, in their order, and a summary", "content": lines},
                "400": {"description": "No file", **refused},
                "401": {"description": "The token does not count", **refused},
                "413": {"description": "Too many files, or too large", **refused},
                "422": {"description": "A zip that cannot be read", **refused},
            },
        }
    }
