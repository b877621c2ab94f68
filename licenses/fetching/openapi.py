"""The OpenAPI 3.1 description of fetching people's licences. Left to others: the endpoints (``views``)."""

from __future__ import annotations

from typing import Any, get_args

from licenses.data import HOLDER_ID_KINDS
from licenses.fetching.fetch import MAX_CAUSE
from licenses.registry_records import StatusCode

_TEXT = {"type": "string"}
_CAUSE = {"type": "string", "minLength": 1, "maxLength": MAX_CAUSE, "description": "For what; the holder reads it 事由"}
_DAY = {"type": "string", "format": "date"}
_SEARCH = {
    "type": "object",
    "required": ["certificateTypeCode", "certificateHolderCode", "useCause"],
    "additionalProperties": False,
    "properties": {
        "certificateTypeCode": {"type": "string", "pattern": "^[0-9A-Z]{21}$"},
        "certificateHolderCode": {"type": "string", "minLength": 1, "description": "Resident ID or unified social credit code"},
        "certificateHolderName": _TEXT,
        "certificateNumber": _TEXT,
        "useCause": _CAUSE,
    },
}
_DOCUMENT = {
    "type": "object",
    "required": ["certificateIdentifier", "useCause"],
    "additionalProperties": False,
    "properties": {"certificateIdentifier": {"type": "string", "minLength": 1}, "useCause": _CAUSE},
}
_CERTIFICATE = {
    "type": "object",
    "required": ["certificateIdentifier", "certificateNumber", "certificateHolder", "certificateStatus"],
    "properties": {
        **dict.fromkeys(
            (
                "certificateIdentifier", "certificateTypeCode", "certificateName", "certificateNumber", "certificateHolder",
                "certificateHolderCode", "issueDept", "issueDeptCode", "certificateAreaCode",
            ),
            _TEXT,
        ),
        "certificateHolderType": {"enum": list(HOLDER_ID_KINDS.values())},
        "issueDate": _DAY,
        "certificateValidateStart": _DAY,
        "certificateValidateEnd": {"type": ["string", "null"], "format": "date"},
        "certificateStatus": {"enum": list(get_args(StatusCode))},
        "certificateStatusAt": {"type": ["string", "null"], "format": "date-time"},
        "extensions": {"type": "object", "additionalProperties": _TEXT},
    },
}  # fmt: skip
SCHEMAS = {"FetchedLicense": _CERTIFICATE}
_FOUND = {
    "type": "object",
    "required": ["basis", "certificates"],
    "properties": {
        "basis": {
            "type": "object",
            "required": ["kind", "reference"],
            "properties": {"kind": {"enum": ["law", "consent"]}, "reference": _TEXT},
        },
        "certificates": {"type": "array", "items": {"$ref": "#/components/schemas/FetchedLicense"}},
    },
}
_WAITING = {
    "type": "object",
    "required": ["consent"],
    "properties": {
        "consent": {
            "type": "object",
            "required": ["id", "state", "asked_at"],
            "properties": {"id": _TEXT, "state": {"const": "waiting"}, "asked_at": {"type": "string", "format": "date-time"}},
        }
    },
}
_ABOUT = {400: "Not well formed", 401: "No access token, or one that does not count", 422: "No such type, or no purpose"}


def describe(refused: dict[str, Any]) -> dict[str, Any]:
    """Return the paths, with ``refused`` as the content of every refusal."""

    def operation(operation_id: str, summary: str, body: Any, answers: dict[int, Any]) -> dict[str, Any]:
        codes = {code: {"description": text, **refused} for code, text in _ABOUT.items()} | answers
        return {
            "post": {
                "operationId": operation_id,
                "summary": summary,
                "requestBody": {"required": True, **_json(body)},
                "responses": {str(code): answer for code, answer in sorted(codes.items())},
            }
        }

    found = {
        200: {"description": "What there is, and on what basis it is told", **_json(_FOUND)},
        202: {"description": "The holder has been asked for consent; ask again later", **_json(_WAITING)},
        403: {"description": "The scope is missing, or the holder said no", **refused},
    }
    pdf = {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}
    document = {
        200: {"description": "As it was issued", "content": pdf},
        403: {"description": "The scope is missing", **refused},
        404: {"description": "None there that this department may see", **refused},
    }
    return {
        "/api/v1/certificates/search": operation("fetchLicenses", "Fetch a person's licences 调取证照", _SEARCH, found),
        "/api/v1/certificates/document": operation("fetchDocument", "Fetch a licence's PDF 调取证照文件", _DOCUMENT, document),
    }


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
