"""The protocol's errors: our codes, and the one map from a code to the OAuth error that goes over the wire.

The English message becomes ``error_description``, so it keeps to the characters of RFC 6749 5.2 (no quotes, no backslash).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kernel.errors import ErrorCode, Refusal, define

_names: dict[str, str] = {}
OAUTH_NAMES: Mapping[str, str] = MappingProxyType(_names)
"""The OAuth ``error`` of each of our codes (RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, OpenID Connect Core 3.1.2.6)."""


def oauth_error(
    code: str, error: str, *, status: int = 400, zh: str, en: str, remedy_zh: str = "", remedy_en: str = ""
) -> ErrorCode:
    """Define an error of the protocol: ``error`` is the OAuth name of it; rooms define their own beside what they refuse."""
    _names[code] = error
    return define(
        code,
        status=status,
        zh=zh,
        en=en,
        remedy_zh=remedy_zh or "请开发人员对照接口文档改正请求。",
        remedy_en=remedy_en or "Developers: correct the request as the documentation describes.",
    )


def oauth_name(refusal: Refusal) -> str:
    """Return the OAuth ``error`` of a refusal; one that is not the protocol's own is an ``invalid_request``."""
    return _names.get(refusal.code, "invalid_request")


REQUEST_UNREADABLE = oauth_error(
    "oauth_request_unreadable",
    "invalid_request",
    zh="请求不可读：{problem_zh}。",
    en="The request cannot be read: {problem_en}.",
)
REQUEST_METHOD = oauth_error(
    "oauth_request_method",
    "invalid_request",
    status=405,
    zh="这个地址不接受 {method} 请求。",
    en="This endpoint does not take {method}.",
)
PARAMETER_DOUBLED = oauth_error(
    "oauth_parameter_doubled",
    "invalid_request",
    zh="参数 {parameter} 出现了不止一次。",
    en="The parameter {parameter} appears more than once.",
)
PARAMETER_MISSING = oauth_error(
    "oauth_parameter_missing",
    "invalid_request",
    zh="缺少参数 {parameter}。",
    en="The parameter {parameter} is missing.",
)
PARAMETER_WRONG = oauth_error(
    "oauth_parameter_wrong",
    "invalid_request",
    zh="参数 {parameter} 不正确：{problem_zh}。",
    en="The parameter {parameter} is wrong: {problem_en}.",
)
PARAMETER_IN_QUERY = oauth_error(
    "oauth_parameter_in_query",
    "invalid_request",
    zh="参数 {parameter} 必须放在请求正文中，不能放在网址中。",
    en="The parameter {parameter} belongs into the body, not into the address.",
)
RESPONSE_TYPE = oauth_error(
    "oauth_response_type",
    "unsupported_response_type",
    zh="只支持 response_type=code。",
    en="Only response_type=code is supported.",
)
SCOPE_WITHOUT_OPENID = oauth_error(
    "oauth_scope_without_openid",
    "invalid_scope",
    zh="scope 必须包含 openid，且该系统登记了它。",
    en="The scope must contain openid, and the client must be registered for it.",
)
SCOPE_WIDER = oauth_error(
    "oauth_scope_wider",
    "invalid_scope",
    zh="请求的 scope 超出了允许的范围。",
    en="The scope asked for is more than was granted or registered.",
)
RESOURCE = oauth_error(
    "oauth_resource",
    "invalid_target",
    zh="resource 没有登记、该系统不能使用、超出了授权，或没有指明唯一的一个。",
    en="The resource is not registered, not for this client, more than was granted, or not exactly one.",
)
REQUEST_OBJECT = oauth_error(
    "oauth_request_object_invalid",
    "invalid_request_object",
    zh="请求对象（request）不能接受：{problem}。",
    en="The request object cannot be accepted: {problem}.",
)
REQUEST_UNSIGNED = oauth_error(
    "oauth_request_object_unsigned",
    "request_not_supported",
    zh="不支持未签名的请求对象。",
    en="Request objects that are not signed are not supported.",
)
REQUEST_URI = oauth_error(
    "oauth_request_uri_invalid",
    "invalid_request_uri",
    zh="request_uri 没有登记，或那里没有请求对象。",
    en="The request_uri is not registered, or there is no request object to be had from it.",
)
REQUEST_URI_BUSY = oauth_error(
    "oauth_request_uri_busy",
    "temporarily_unavailable",
    status=503,
    zh="正在读取的文件太多，请稍后再试。",
    en="Too many documents are being fetched; try again shortly.",
)
REQUEST_URI_OVER = oauth_error(
    "oauth_request_uri_over",
    "invalid_request_uri",
    zh="推送的请求不存在、已使用、已过期，或不是该系统的。",
    en="The pushed request is unknown, used already, expired, or of another client.",
)
PUSHED_REQUIRED = oauth_error(
    "oauth_pushed_required",
    "invalid_request",
    zh="该系统必须先推送授权请求（PAR）。",
    en="This client has to push its authorization requests (PAR).",
)
CLAIMS_PARAMETER = oauth_error(
    "oauth_claims_parameter",
    "invalid_request",
    zh="参数 claims 不正确：{problem}。",
    en="The parameter claims is wrong: {problem}.",
)
REGISTRATION = oauth_error(
    "oauth_registration",
    "registration_not_supported",
    zh="不支持 registration 参数。",
    en="The registration parameter is not supported.",
)
PKCE_MISSING = oauth_error(
    "oauth_pkce_missing",
    "invalid_request",
    zh="缺少 code_challenge；必须使用 PKCE（S256）。",
    en="The parameter code_challenge is missing; PKCE with S256 is required.",
)
PKCE_METHOD = oauth_error(
    "oauth_pkce_method",
    "invalid_request",
    zh="code_challenge_method 必须是 S256。",
    en="The code_challenge_method must be S256.",
)
LOGIN_REQUIRED = oauth_error(
    "oauth_login_required",
    "login_required",
    zh="用户没有登录，或登录的不是所指的用户。",
    en="The user is not logged in, or not as the one who was asked for.",
)
CONSENT_REQUIRED = oauth_error(
    "oauth_consent_required",
    "consent_required",
    zh="需要用户同意。",
    en="The user has to consent first.",
)
INTERACTION_REQUIRED = oauth_error(
    "oauth_interaction_required",
    "interaction_required",
    zh="需要用户再次验证身份。",
    en="The user has to authenticate further.",
)
LEVEL_UNREACHABLE = oauth_error(
    "oauth_level_unreachable",
    "unmet_authentication_requirements",
    zh="用户无法达到所要求的认证等级。",
    en="The user cannot reach the assurance level that is required.",
)
ACCESS_DENIED = oauth_error(
    "oauth_access_denied",
    "access_denied",
    zh="用户拒绝或取消了登录。",
    en="The user refused or cancelled.",
)
CLIENT_AUTHENTICATION = oauth_error(
    "oauth_client_authentication",
    "invalid_client",
    status=401,
    zh="系统身份验证失败：client_id、密钥或验证方式不正确。",
    en="Client authentication failed: client_id, secret or method is wrong.",
)
CLIENT_METHODS = oauth_error(
    "oauth_client_methods",
    "invalid_request",
    zh="一个请求中使用了不止一种系统身份验证方式。",
    en="More than one method of client authentication was used.",
)
GRANT_TYPE = oauth_error(
    "oauth_grant_type",
    "unsupported_grant_type",
    zh="不支持这种 grant_type。",
    en="This grant_type is not supported.",
)
GRANT_TYPE_FORBIDDEN = oauth_error(
    "oauth_grant_type_forbidden",
    "unauthorized_client",
    zh="该系统不能使用这种 grant_type。",
    en="The client may not use this grant_type.",
)
CODE_INVALID = oauth_error(
    "oauth_code_invalid",
    "invalid_grant",
    zh="授权码不存在、已过期、已使用，或不是发给该系统的。",
    en="The code is unknown, expired, used already, or was issued to another client.",
    remedy_zh="请让用户重新登录。",
    remedy_en="Send the user to log in again.",
)
CODE_REDIRECT_URI = oauth_error(
    "oauth_code_redirect_uri",
    "invalid_grant",
    zh="redirect_uri 与取得授权码时的不一致。",
    en="The redirect_uri is not the one that the code was issued for.",
)
CODE_VERIFIER = oauth_error(
    "oauth_code_verifier",
    "invalid_grant",
    zh="code_verifier 与 code_challenge 不符。",
    en="The code_verifier does not match the code_challenge.",
)
CODE_VERIFIER_UNEXPECTED = oauth_error(
    "oauth_code_verifier_unexpected",
    "invalid_grant",
    zh="取得授权码时没有 code_challenge，却给出了 code_verifier。",
    en="A code_verifier was sent although the code was issued without a code_challenge.",
)
REFRESH_INVALID = oauth_error(
    "oauth_refresh_invalid",
    "invalid_grant",
    zh="刷新令牌不存在、已过期、已使用、已撤销，或不是发给该系统的。",
    en="The refresh token is unknown, expired, used already, revoked, or was issued to another client.",
    remedy_zh="请让用户重新登录。",
    remedy_en="Send the user to log in again.",
)
REFRESH_OTHERWISE = oauth_error(
    "oauth_refresh_otherwise",
    "invalid_request",  # nothing of the login is lost, as invalid_grant would say
    zh="这个刷新令牌刚刚已用于换取另一种令牌；一个刷新令牌只换一组令牌。",
    en="This refresh token was exchanged a moment ago for other tokens; it gives one set.",
    remedy_zh="请使用换得的新刷新令牌。",
    remedy_en="Use the refresh token that came with that set.",
)
REVOKE_ANOTHERS = oauth_error(
    "oauth_revoke_anothers",
    "invalid_request",
    zh="这个令牌不是发给该系统的，不能由它撤销。",
    en="The token was issued to another client, which alone may revoke it.",
)
TOKEN_INVALID = oauth_error(
    "oauth_token_invalid",
    "invalid_token",
    status=401,
    zh="访问令牌无效、已过期或已撤销。",
    en="The access token is invalid, expired or revoked.",
)
TOKEN_SCOPE = oauth_error(
    "oauth_token_scope",
    "insufficient_scope",
    status=403,
    zh="访问令牌的 scope 不够。",
    en="The access token lacks the scope that is needed here.",
)
TOKEN_TWICE = oauth_error(
    "oauth_token_twice",
    "invalid_request",
    zh="访问令牌用了不止一种方式发送。",
    en="The access token was sent in more than one way.",
)
TOKEN_MISSING = oauth_error(
    "oauth_token_missing",
    "invalid_token",
    status=401,
    zh="没有访问令牌。",
    en="There is no access token.",
)
