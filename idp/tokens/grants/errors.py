"""What the newer grant types refuse: token exchange (RFC 8693 2.2.2), device codes (RFC 8628 3.5)."""

from __future__ import annotations

from idp.oauth_errors import oauth_error

EXCHANGE_TYPE = oauth_error(
    "oauth_exchange_type",
    "invalid_request",
    zh="令牌类型不支持：只能用访问令牌换取访问令牌，或代表单位办事。",
    en="This type of token is not supported: an access token is had for an access token, or on behalf of an organisation.",
)
EXCHANGE_SUBJECT = oauth_error(
    "oauth_exchange_subject",
    "invalid_request",
    zh="subject_token 无效、已过期、已撤销，或不是发给该系统的。",
    en="The subject_token is invalid, expired, revoked, or neither issued to this client nor meant for it.",
)
EXCHANGE_ACTOR = oauth_error(
    "oauth_exchange_actor",
    "invalid_request",
    zh="actor_token 无效，或其主体不得代表 subject_token 的主体。",
    en="The actor_token is invalid, or its subject may not act for that of the subject_token.",
)
EXCHANGE_MANDATE = oauth_error(
    "oauth_exchange_mandate",
    "invalid_request",
    zh="没有这个单位，或它没有授权该经办人向该部门办理这些事项。",
    en="There is no such organisation, or it has not mandated this agent towards this department for what is asked.",
    remedy_zh="请单位先授权经办人。",
    remedy_en="The organisation has to mandate the agent first.",
)
EXCHANGE_DEPTH = oauth_error(
    "oauth_exchange_depth",
    "invalid_request",
    zh="转交的层数太多。",
    en="The token was handed on too many times.",
)
MANDATE_OVER = oauth_error(
    "oauth_mandate_over",
    "invalid_grant",
    zh="代表单位办理的授权已撤销或到期。",
    en="The mandate by which the agent acted was revoked or is over.",
    remedy_zh="请让用户重新登录；仍需代表单位时，由单位重新授权。",
    remedy_en="Send the person to log in again; to go on acting, the organisation has to give a new mandate.",
)
EXCHANGE_KEY = oauth_error(
    "oauth_exchange_key",
    "invalid_request",
    zh="subject_token 与密钥绑定，只能换取同样绑定的令牌。",
    en="The subject_token is bound to a key, and is exchanged for a bound one only.",
    remedy_zh="请附上本系统密钥的 DPoP 证明，或用登记的 TLS 证书发送请求。",
    remedy_en="Prove a key of your own, by DPoP or the registered TLS certificate.",
)
DEVICE_INVALID = oauth_error(
    "oauth_device_code_invalid",
    "invalid_grant",
    zh="设备码不存在、已使用，或不是发给该系统的。",
    en="The device code is unknown, used already, or was issued to another client.",
)
DEVICE_PENDING = oauth_error(
    "oauth_device_pending",
    "authorization_pending",
    zh="用户还没有在手机上确认。",
    en="The user has not decided yet.",
)
DEVICE_TOO_FAST = oauth_error(
    "oauth_device_too_fast",
    "slow_down",
    zh="查询太快，请把间隔延长 5 秒。",
    en="Polling too fast: wait five seconds longer from now on.",
)
DEVICE_DENIED = oauth_error(
    "oauth_device_denied",
    "access_denied",
    zh="用户在手机上拒绝了。",
    en="The user refused on the phone.",
)
DEVICE_EXPIRED = oauth_error(
    "oauth_device_expired",
    "expired_token",
    zh="设备码已过期，请重新开始。",
    en="The device code has expired; begin again.",
)
