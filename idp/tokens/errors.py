"""What is refused about the keys that tokens are bound to, and about how the person behind a token logged in."""

from __future__ import annotations

from idp.oauth_errors import oauth_error

DPOP_PROOF = oauth_error(
    "oauth_dpop_proof",
    "invalid_dpop_proof",
    zh="DPoP 证明不可用（{problem}）。",
    en="The DPoP proof is not acceptable ({problem}).",
)
DPOP_MISSING = oauth_error(
    "oauth_dpop_missing",
    "invalid_request",
    zh="该系统的令牌须与密钥绑定，请求中没有 DPoP 证明。",
    en="Tokens of this client are bound to a key, and the request has no DPoP proof.",
    remedy_zh="请在请求头 DPoP 中附上证明（RFC 9449）。",
    remedy_en="Send a proof in the header DPoP (RFC 9449).",
)
DPOP_NONCE = oauth_error(
    "oauth_dpop_nonce",
    "use_dpop_nonce",
    zh="DPoP 证明须含有本站刚给出的 nonce。",
    en="The DPoP proof must hold the nonce that was just given.",
    remedy_zh="请用应答头 DPoP-Nonce 的值重新签名后再试一次。",
    remedy_en="Sign a new proof with the value of the header DPoP-Nonce and try once more.",
)
CERTIFICATE_MISSING = oauth_error(
    "oauth_certificate_missing",
    "invalid_request",
    zh="该系统的令牌须与 TLS 客户端证书绑定，请求中没有证书。",
    en="Tokens of this client are bound to its TLS certificate, and none was shown.",
    remedy_zh="请通过双向 TLS 的地址（mtls_endpoint_aliases）发送请求。",
    remedy_en="Send the request over mutual TLS (mtls_endpoint_aliases).",
)
CODE_KEY = oauth_error(
    "oauth_code_key",
    "invalid_grant",
    zh="授权码绑定的密钥（dpop_jkt）与 DPoP 证明的不同。",
    en="The code is bound to another key (dpop_jkt) than that of the DPoP proof.",
)
REFRESH_KEY = oauth_error(
    "oauth_refresh_key",
    "invalid_grant",
    zh="没有证明持有刷新令牌绑定的密钥。",
    en="The key that the refresh token is bound to was not proven.",
)
TOKEN_SCHEME = oauth_error(
    "oauth_token_scheme",
    "invalid_token",
    status=401,
    zh="与密钥绑定的令牌须以 DPoP 方式出示，未绑定的须以 Bearer 方式出示。",
    en="A token that is bound to a key is shown by the scheme DPoP, any other by Bearer.",
)
TOKEN_CERTIFICATE = oauth_error(
    "oauth_token_certificate",
    "invalid_token",
    status=401,
    zh="没有出示访问令牌绑定的 TLS 客户端证书。",
    en="The TLS certificate that the access token is bound to was not shown.",
)
LEVEL_INSUFFICIENT = oauth_error(
    "oauth_level_insufficient",
    "insufficient_user_authentication",
    status=401,
    zh="这里要求用户以更高的认证等级登录。",
    en="A login of a higher assurance level is required here.",
    remedy_zh="请带上应答中的 acr_values 重新发起登录。",
    remedy_en="Send the user to log in again with the acr_values that the answer names.",
)
