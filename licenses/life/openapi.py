"""The OpenAPI 3.1 description of the licence interfaces for departments' systems. Left to others: the endpoints (``views``)."""

from __future__ import annotations

from typing import Any, get_args

from licenses.applications import COLUMNS
from licenses.life.transitions import TRANSITIONS
from licenses.registry_records import StatusCode

_TEXT = {"type": "string"}
_OR_NULL = {"type": ["string", "null"]}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_COLUMNS = {"type": "object", "additionalProperties": _TEXT, "maxProperties": 20}
_WORDS = {
    "reason": {"type": "string", "description": "A code of licenses.toml"},
    "note": {"type": "string", "maxLength": 500},
    "basis": {"type": "string", "maxLength": 100, "description": "依据文号"},
}
_ACT_NAMES = list(TRANSITIONS)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "Asked again with it, the answer is the first one's; another request with it is refused",
}
_ACT = {
    "type": "object",
    "required": ["id", "act", "state", "identifier", "reason", "asked_by", "asked_at", "result"],
    "properties": {
        "id": _TEXT,
        "act": {"enum": ["issue", *_ACT_NAMES]},
        "state": {
            "enum": ["waiting", "agreed", "done", "rejected", "failed"],
            "description": "waiting: another officer has to agree",
        },
        "identifier": _OR_NULL,
        "number": _OR_NULL,
        **dict.fromkeys(("reason", "note", "basis", "asked_by"), _TEXT),
        "asked_at": _MOMENT,
        "decided_by": _OR_NULL,
        "decided_at": _MOMENT,
        "result": {"type": ["string", "null"], "description": "The identifier of what it made, or the SHA-256 of a copy"},
        "failure": _OR_NULL,
    },
}
_LICENSE = {
    "type": "object",
    "required": ["identifier", "number", "version", "status", "data"],
    "properties": {
        **dict.fromkeys(("identifier", "number", "version", "type_code"), _TEXT),
        "replaces": _OR_NULL,
        "replaced_by": _OR_NULL,
        "status": {
            "type": "object",
            "required": ["code", "at", "reason"],
            "properties": {"code": {"enum": list(get_args(StatusCode))}, "at": _MOMENT, "reason": _TEXT},
        },
        "issued_at": _MOMENT,
        "sha256": _OR_NULL,
        "log_index": {"type": ["integer", "null"]},
        "data": {"type": "object", "description": "What the licence says, by the keys of GB/T 36903"},
        "acts": {"type": "array", "items": {"$ref": "#/components/schemas/LicenseAct"}},
    },
}
SCHEMAS = {"LicenseAct": _ACT, "License": _LICENSE}
_DONE = {
    "type": "object",
    "required": ["act", "license"],
    "properties": {
        "act": {"$ref": "#/components/schemas/LicenseAct"},
        "license": {"anyOf": [{"$ref": "#/components/schemas/License"}, {"type": "null"}]},
    },
}
_APPLICATION = {
    "type": "object",
    "required": ["application"],
    "additionalProperties": False,
    "properties": {
        "application": {
            "type": "object",
            "required": ["type_code", "holder_name", "holder_id", "issue_date", "valid_from"],
            "properties": {
                **dict.fromkeys(COLUMNS.required, _TEXT),
                "extra": {"anyOf": [_TEXT, _COLUMNS], "description": "The type's own fields by name"},
            },
        },
        **_WORDS,
    },
}
_ASKED = {
    "type": "object",
    "required": ["act", "reason"],
    "additionalProperties": False,
    "properties": {
        "act": {"enum": _ACT_NAMES},
        "columns": {**_COLUMNS, "description": "What a new version changes; of annotate purpose, receiver and until"},
        **_WORDS,
    },
}
_WANTED = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "holder_id": _TEXT,
        "type_code": _TEXT,
        "number": _TEXT,
        "status": {"enum": list(get_args(StatusCode))},
    },
}
_LIST = {
    "type": "object",
    "required": ["licenses", "next"],
    "properties": {
        "licenses": {"type": "array", "items": {"$ref": "#/components/schemas/License"}},
        "next": {"type": ["integer", "null"], "description": "Continue with ?before= this"},
    },
}
_COUNT = {"type": "integer"}
_BATCH = {
    "type": "object",
    "required": ["id", "state", "rows", "done", "finished", "issued", "already", "refused"],
    "properties": {
        "id": _TEXT,
        "name": _TEXT,
        "state": {
            "type": "string",
            "enum": ["waiting", "released", "dropped"],
            "description": "waiting: for an officer at the console to have it issued",
        },
        "finished": {"type": "boolean"},
        **dict.fromkeys(("rows", "done", "issued", "already", "refused"), _COUNT),
    },
}
_CSV = {"type": "string", "description": "The columns of an applications file, UTF-8"}
_LINES = {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
_NOTE = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_ABOUT = {
    400: "Not well formed",
    401: "No access token, or one that does not count",
    403: "Not this system's to do",
    404: "None there",
}


def describe(refused: dict[str, Any]) -> dict[str, Any]:
    """Return the paths, with ``refused`` as the content of every refusal."""
    root, pdf = "/api/v1/licenses", {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}

    def operation(
        operation_id: str, summary: str, answers: dict[int, Any], *, path: str = "", body: Any = None, more: Any = ()
    ) -> dict[str, Any]:
        codes = {code: {"description": text, **refused} for code, text in _ABOUT.items() if code != 400 or body}  # noqa: PLR2004
        if body:
            codes |= {409: {"description": "Not as things are", **refused}, 422: {"description": "A column is wrong", **refused}}
        named = [{"name": path, "in": "path", "required": True, "schema": {**_TEXT, "pattern": "^[0-9A-Za-z._-]{1,120}$"}}]
        found: dict[str, Any] = {
            "operationId": operation_id,
            "summary": summary,
            "parameters": [*(named if path else []), *more],
            "responses": {str(code): answer for code, answer in sorted((codes | answers).items())},
        }
        content = {"content": {"text/csv": {"schema": body}}} if body is _CSV else _json(body)
        return found | ({"requestBody": {"required": True, **content}} if body else {})

    done = {201: {"description": "Done", **_json(_DONE)}, 202: {"description": "A second officer has to agree", **_json(_DONE)}}
    after = {"name": "before", "in": "query", "schema": {"type": "integer", "minimum": 0}}
    return {
        root: {"post": operation("issueLicense", "Issue a licence 签发", done, body=_APPLICATION, more=[_KEY])},
        f"{root}/search": {
            "post": operation(
                "searchLicenses",
                "Look licences up 查询",
                {200: {"description": "Up to 50", **_json(_LIST)}},
                body=_WANTED,
                more=[after],
            )
        },
        f"{root}/{{name}}": {"get": operation("showLicense", "One licence 证照", _good(SCHEMAS["License"]), path="name")},
        f"{root}/{{name}}/document": {
            "get": operation("getDocument", "Its PDF", {200: {"description": "As it was issued", **pdf}}, path="name")
        },
        f"{root}/{{name}}/receipt": {
            "get": operation(
                "getReceipt",
                "That the transparency log has it 日志凭证",
                {200: {"description": "C2SP tlog-proof", **_NOTE}},
                path="name",
            )
        },
        f"{root}/{{identifier}}/acts": {
            "post": operation("act", "Suspend, renew, cancel … 办理", done, path="identifier", body=_ASKED, more=[_KEY])
        },
        f"{root}/acts/{{act_id}}": {"get": operation("showAct", "What came of an act", _good(_ACT), path="act_id")},
        f"{root}/batches": {
            "post": operation(
                "takeBatch",
                "Have a CSV of applications issued 批量签发",
                {202: {"description": "Taken", **_json(_BATCH)}},
                body=_CSV,
            )
        },
        f"{root}/batches/{{batch_id}}": {"get": operation("showBatch", "How far a batch is", _good(_BATCH), path="batch_id")},
        f"{root}/batches/{{batch_id}}/rows": {
            "get": operation(
                "listRows", "What became of its rows so far", {200: {"description": "Lines of JSON", **_LINES}}, path="batch_id"
            )
        },
        f"{root}/copies/{{sha256}}": {
            "get": operation("getCopy", "An annotated copy 加注件", {200: {"description": "Its PDF", **pdf}}, path="sha256")
        },
    }


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _good(schema: Any) -> dict[int, Any]:
    return {200: {"description": "Found", **_json(schema)}}
