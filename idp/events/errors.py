"""What can go wrong with an event that a department sends."""

from __future__ import annotations

from kernel.errors import ErrorCode, define

EVENT_FORM = define(
    "event_form",
    status=400,
    zh="事件的格式、内容或对象不对。",
    en="The event is not well formed, not one that is taken here, or about nobody whom this system knows.",
    remedy_zh="请核对部门接入说明中的账号事件一节。",
    remedy_en="See the section on account events in the guide for departments.",
)
EVENT_KEY = define(
    "event_key",
    status=400,
    zh="事件没有用已登记系统自己的密钥签名。",
    en="The event is not signed by the registered key of a system.",
    remedy_zh="请用登记的 jwks 或 jwks_uri 中的密钥签名，iss 写 client_id，typ 写 secevent+jwt。",
    remedy_en="Sign with a key of the registered jwks or jwks_uri, with iss the client_id and typ secevent+jwt.",
)
EVENT_AUDIENCE = define(
    "event_audience",
    status=400,
    zh="事件不是发给本节点的。",
    en="The event is meant for somebody else.",
    remedy_zh="aud 须是本节点的 issuer，且只有这一个。",
    remedy_en="aud must be this node's issuer and nothing else.",
)

CODES: dict[ErrorCode, str] = {EVENT_FORM: "invalid_request", EVENT_KEY: "invalid_key", EVENT_AUDIENCE: "invalid_audience"}
"""The errors' names of RFC 8935 2.4."""
