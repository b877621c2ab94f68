"""What can go wrong between nodes: unreadable certificates and lists, agreements, descriptions, peers.

Why a *path* is not valid is not an error but a verdict's reason: those codes are in ``paths.explain``.
"""

from __future__ import annotations

from kernel.errors import define

CERTIFICATE_UNREADABLE = define(
    "certificate_unreadable",
    zh="无法读取证书：{problem}。",
    en="The certificate cannot be read: {problem}.",
    remedy_zh="请提供 DER、PEM 或 PKCS#7（.p7b、.p7c）格式的 X.509 证书。",
    remedy_en="Supply an X.509 certificate as DER, PEM or PKCS#7 (.p7b, .p7c).",
)
CRL_UNREADABLE = define(
    "crl_unreadable",
    zh="无法读取证书吊销列表：{problem}。",
    en="The revocation list cannot be read: {problem}.",
    remedy_zh="请提供 DER 或 PEM 格式的 X.509 证书吊销列表。",
    remedy_en="Supply an X.509 certificate revocation list as DER or PEM.",
)
CRL_NOT_GENUINE = define(
    "crl_not_genuine",
    zh="证书吊销列表不可信：{problem}。",
    en="The revocation list is not genuine: {problem}.",
    remedy_zh="请从签发机构公布的地址重新获取；若再次出现，请联系对方节点。",
    remedy_en="Fetch it again from where its issuer publishes it; if this happens again, ask the other node.",
)
