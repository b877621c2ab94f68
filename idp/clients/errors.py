"""The protocol's errors of dynamic registration (RFC 7591 3.2.2, RFC 7592 2, OpenID Connect Registration 1.0, 3.3)."""

from __future__ import annotations

from idp.oauth_errors import oauth_error

REGISTRATION_TOKEN = oauth_error(
    "registration_token",
    "invalid_token",
    status=401,
    zh="登记所用的访问令牌缺失、不存在、已过期或次数已用完。",
    en="The access token for registration is missing, unknown, expired or used up.",
    remedy_zh="请向安全管理员索取新的登记邀请。",
    remedy_en="Ask a security admin for a new invitation to register.",
)
REGISTRATION_FORBIDDEN = oauth_error(
    "registration_forbidden",
    "access_denied",
    status=403,
    zh="该系统已由管理员转为正式系统，只有管理员可以修改。",
    en="An admin let this client into production; only an admin changes it now.",
    remedy_zh="请联系安全管理员。",
    remedy_en="Ask a security admin.",
)
REGISTRATION_UNREADABLE = oauth_error(
    "registration_unreadable",
    "invalid_client_metadata",
    zh="登记信息不是可读的 JSON 对象：{problem}。",
    en="The metadata is no readable JSON object: {problem}.",
)
REGISTRATION_METADATA = oauth_error(
    "registration_metadata",
    "invalid_client_metadata",
    zh="登记信息中的 {name} 不能接受：{problem_zh}。",
    en="The metadata {name} is not acceptable: {problem_en}.",
)
REGISTRATION_REDIRECT_URI = oauth_error(
    "registration_redirect_uri",
    "invalid_redirect_uri",
    zh="登记信息中的 {name} 不能接受：{problem_zh}。",
    en="The metadata {name} is not acceptable: {problem_en}.",
)
