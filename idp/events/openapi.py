"""The OpenAPI description of the addresses at which departments set up the events that they get (OpenID SSF 1.0, 8.1)."""

from __future__ import annotations

from typing import Any

from idp import endpoints
from idp.events.stream_documents import POLL, PUSH

_TEXTS = {"type": "array", "items": {"type": "string"}}
_DELIVERY = {
    "type": "object",
    "required": ["method"],
    "properties": {
        "method": {"enum": [PUSH, POLL]},
        "endpoint_url": {
            "type": "string",
            "description": "Where events are pushed to; where they are fetched, this node says it",
        },
        "authorization_header": {"type": "string", "description": "Shown with every event; never told again"},
    },
}
_ID = {"type": "string", "description": "The system's client_id: there is one stream for each"}
_ASKED = {"events_requested": _TEXTS, "delivery": _DELIVERY, "description": {"type": "string"}}
_STREAM = {
    "type": "object",
    "required": ["stream_id", "iss", "aud", "events_supported", "events_delivered", "delivery"],
    "properties": {
        "stream_id": _ID,
        "iss": {"type": "string"},
        "aud": {"type": "string"},
        "events_supported": _TEXTS,
        "events_delivered": _TEXTS,
        "min_verification_interval": {"type": "integer"},
        **_ASKED,
    },
}
_STATUS: dict[str, Any] = {
    "type": "object",
    "required": ["stream_id", "status"],
    "properties": {"stream_id": _ID, "status": {"enum": ["enabled", "paused", "disabled"]}, "reason": {"type": "string"}},
}
_SUBJECT = {"type": "object", "required": ["format", "iss", "sub"], "properties": {"format": {"const": "iss_sub"}}}
_POLL = {
    "maxEvents": {"type": "integer", "minimum": 0},
    "returnImmediately": {"type": "boolean", "description": "Every answer comes at once"},
    "ack": _TEXTS,
    "setErrs": {"type": "object", "additionalProperties": {"type": "object"}},
}
_SETS = {
    "type": "object",
    "required": ["sets"],
    "properties": {
        "sets": {"type": "object", "additionalProperties": {"type": "string"}},
        "moreAvailable": {"type": "boolean"},
    },
}
_NAMED = {"name": "stream_id", "in": "query", "schema": _ID}


def describe(refused: dict[str, Any]) -> dict[str, Any]:
    """Return the paths, with ``refused`` as the content of every refusal."""
    known = _refusals(refused)
    changed = known | _refusals(refused, 409)
    naming = {"stream_id": _ID}
    whole = _body({**naming, **_ASKED}, "stream_id")
    subject = _body({**naming, "subject": _SUBJECT}, "stream_id", "subject")
    status = _body(_STATUS["properties"], "stream_id", "status")
    verification = _body({**naming, "state": {"type": "string"}}, "stream_id")
    one_or_all = {"oneOf": [_STREAM, {"type": "array", "items": _STREAM}]}
    answer, told = _told("The stream", _STREAM), _told("Whether events are sent", _STATUS)
    nothing = {"204": {"description": "Done"}}
    return {
        endpoints.EVENT_STREAM: {
            "post": _act("createEventStream", "Have a stream 建立事件流", {"201": answer["200"], **changed}, _body(_ASKED)),
            "get": _act("readEventStream", "The stream 查看事件流", _told("The stream, or all", one_or_all) | known, _NAMED),
            "patch": _act(
                "updateEventStream", "Change it 修改事件流", answer | changed, _body({**naming, **_ASKED}, "stream_id")
            ),
            "put": _act("replaceEventStream", "Replace it 重设事件流", answer | changed, whole),
            "delete": _act("deleteEventStream", "End it 删除事件流", nothing | changed, _NAMED),
        },
        endpoints.EVENT_STREAM_STATUS: {
            "get": _act("eventStreamStatus", "Whether events are sent 事件流状态", told | known, _NAMED),
            "post": _act("changeEventStreamStatus", "Hold events, or send them 暂停或恢复", told | known, status),
        },
        endpoints.EVENT_STREAM_ADD: {
            "post": _act("addEventSubject", "Hear of somebody again 恢复接收某人的事件", _done() | known, subject)
        },
        endpoints.EVENT_STREAM_REMOVE: {
            "post": _act("removeEventSubject", "Hear of somebody no more 不再接收某人的事件", nothing | known, subject)
        },
        endpoints.EVENT_STREAM_POLL: {
            "post": _act(
                "pollEvents", "Fetch events 来取事件", _told("Security event tokens by jti", _SETS) | changed, _body(_POLL)
            )
        },
        endpoints.EVENT_STREAM_VERIFY: {
            "post": _act(
                "verifyEventStream", "Ask for a verification 验证事件流", nothing | known | _refusals(refused, 429), verification
            )
        },
    }


def _act(operation: str, summary: str, answers: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    description = "With an access token of the system itself (client_credentials, scope ssf.manage)."
    said = {"requestBody": asked} if "content" in asked else {"parameters": [asked]}
    return {"operationId": operation, "summary": summary, "description": description, **said, "responses": answers}


def _body(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    schema = {"type": "object", "required": list(required), "properties": properties}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _told(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": description, "content": {"application/json": {"schema": schema}}}}


def _done() -> dict[str, Any]:
    return {"200": {"description": "Done"}}


def _refusals(refused: dict[str, Any], *more: int) -> dict[str, Any]:
    texts = {
        400: "What is said cannot be read or cannot be had",
        401: "No access token, or one that does not count",
        403: "The token is not the system's own or lacks the scope, or events may not go there",
        404: "No such stream, or nobody whom the system knows",
        409: "There is a stream already, the system was changed meanwhile, or its events are pushed",
        429: "It was verified just now",
    }
    return {str(one): {"description": texts[one], **refused} for one in (400, 401, 403, 404, *more)}
