"""What can go wrong with an event that a department sends, and with what it says of those that it gets."""

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
STREAM_FORM = define(
    "stream_form",
    status=400,
    zh="事件流的设置不对：{name}{problem_zh}。",
    en="The stream cannot be set up so: {name} is {problem_en}.",
    remedy_zh="请核对部门接入说明中的账号事件一节。",
    remedy_en="See the section on account events in the guide for departments.",
)
STREAM_UNKNOWN = define(
    "stream_unknown",
    status=404,
    zh="该系统没有这个事件流。",
    en="The system has no such stream.",
    remedy_zh="请先建立事件流；stream_id 以建立时的答复为准。",
    remedy_en="Create the stream first; its stream_id is the one in the answer to that.",
)
STREAM_PUSHED = define(
    "stream_pushed",
    status=409,
    zh="该系统的事件是推送的，不能来取。",
    en="The events of this system are pushed to it, not fetched.",
    remedy_zh="请先把事件流的 delivery.method 改为 urn:ietf:rfc:8936。",
    remedy_en="First change the stream's delivery.method to urn:ietf:rfc:8936.",
)
STREAM_EXISTS = define(
    "stream_exists",
    status=409,
    zh="该系统已有事件流，一个系统只有一个。",
    en="The system has its stream already; there is one for each.",
    remedy_zh="请改用 PATCH 或 PUT 修改。",
    remedy_en="Change it by PATCH or PUT.",
)
STREAM_ADDRESS = define(
    "stream_address",
    status=403,
    zh="已上线系统的事件只能发到该系统登记过的主机。",
    en="Events of a system in production go only to a host that is registered for it.",
    remedy_zh="请管理员先登记新的地址；要改为来取，登记 urn:ietf:rfc:8936。",
    remedy_en="Ask an administrator to register the new address first, or urn:ietf:rfc:8936 where you want to fetch them.",
)
STREAM_SUBJECT = define(
    "stream_subject",
    status=404,
    zh="该系统不知道有这个人。",
    en="The system was told of nobody by that identifier.",
    remedy_zh="subject 的格式是 iss_sub，sub 用 ID 令牌里的。",
    remedy_en="The subject is of the format iss_sub, with the sub of an ID token.",
)
STREAM_VERIFIED = define(
    "stream_verified",
    status=429,
    zh="刚刚验证过，请 {seconds} 秒后再试。",
    en="It was verified just now; try again in {seconds} seconds.",
    remedy_zh="两次验证至少相隔 min_verification_interval 秒。",
    remedy_en="Leave min_verification_interval seconds between two of them.",
)

CODES: dict[ErrorCode, str] = {EVENT_FORM: "invalid_request", EVENT_KEY: "invalid_key", EVENT_AUDIENCE: "invalid_audience"}
"""The errors' names of RFC 8935 2.4."""
