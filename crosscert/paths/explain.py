"""Why a path is not valid: every code with its words and the section of the standard behind it, and which failure to tell.

Left to others: finding the fault (``checks``, ``validation``, ``discovery``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.records import ANY_POLICY, PathRequest, Reason
from kernel.errors import Text

TEXTS: dict[str, Text] = {
    "issuer_not_found": Text(
        "找不到这张证书的签发者：给出的证书中没有 {issuer}，无法连到信任锚（RFC 5280 6.1）。",
        "The issuer of this certificate, {issuer}, is not among the certificates given, so nothing leads to the anchor (RFC 5280 6.1).",
    ),
    "untrusted_root": Text(
        "证书链终止于另一个根 {issuer}，它既不是信任锚，也没有从信任锚到它的交叉证书（RFC 5280 6.1）。",
        "The chain ends at another root, {issuer}, which is not the anchor, and no cross-certificate leads to it (RFC 5280 6.1).",
    ),
    "no_path": Text(
        "在限定的长度内没有从信任锚到这张证书的证书链（RFC 5280 6.1）。",
        "No chain within the permitted length leads from the anchor to this certificate (RFC 5280 6.1).",
    ),
    "signature_invalid": Text(
        "证书的签名不是其签发者的（RFC 5280 6.1.3 (a)(1)）。",
        "The certificate's signature is not its issuer's (RFC 5280 6.1.3 (a)(1)).",
    ),
    "algorithm_refused": Text(
        "证书的签名算法或密钥长度不被接受（RFC 5280 6.1.3 (a)(1)）。",
        "The certificate's signature algorithm or key length is not accepted (RFC 5280 6.1.3 (a)(1)).",
    ),
    "algorithms_disagree": Text(
        "证书内外写着两种不同的签名算法（RFC 5280 4.1.1.2）。",
        "The certificate names two different signature algorithms (RFC 5280 4.1.1.2).",
    ),
    "certificate_expired": Text(
        "证书已于 {moment} 过期（RFC 5280 6.1.3 (a)(2)）。",
        "The certificate expired at {moment} (RFC 5280 6.1.3 (a)(2)).",
    ),
    "certificate_not_yet_valid": Text(
        "证书在 {moment} 之前还没有生效（RFC 5280 6.1.3 (a)(2)）。",
        "The certificate is not valid before {moment} (RFC 5280 6.1.3 (a)(2)).",
    ),
    "certificate_revoked": Text(
        "证书已于 {moment} 被吊销，原因：{why}（RFC 5280 6.1.3 (a)(3)）。",
        "The certificate was revoked at {moment}, reason: {why} (RFC 5280 6.1.3 (a)(3)).",
    ),
    "revocation_unknown": Text(
        "没有能说明这张证书是否被吊销的吊销列表（RFC 5280 6.1.3 (a)(3)、6.3.3）。",
        "No revocation list tells whether this certificate was revoked (RFC 5280 6.1.3 (a)(3), 6.3.3).",
    ),
    "revocation_stale": Text(
        "说明这张证书的吊销列表已经过期（RFC 5280 6.3.3 (a)(1)）。",
        "The revocation list for this certificate is out of date (RFC 5280 6.3.3 (a)(1)).",
    ),
    "revocation_too_new": Text(
        "说明这张证书的吊销列表晚于所问的时刻（RFC 5280 5.1.2.4）。",
        "The revocation list for this certificate is later than the moment asked about (RFC 5280 5.1.2.4).",
    ),
    "revocation_forged": Text(
        "以这张证书签发者的名义给出的吊销列表，签名都不是签发者的（RFC 5280 6.3.3 (g)）。",
        "The revocation lists in the name of this certificate's issuer were not signed by it (RFC 5280 6.3.3 (g)).",
    ),
    "revocation_malformed": Text(
        "说明这张证书的吊销列表虽由签发者签名，其条目却不合规范，无法采信（RFC 5280 5.1.2.6）。",
        "The revocation list for this certificate is signed by its issuer, but its entries are malformed (RFC 5280 5.1.2.6).",
    ),
    "issuer_name_mismatch": Text(
        "证书写的签发者名称与上一级证书的主体名称不一致（RFC 5280 6.1.3 (a)(4)）。",
        "The certificate's issuer name is not the subject of the certificate above it (RFC 5280 6.1.3 (a)(4)).",
    ),
    "name_not_permitted": Text(
        "证书中的名称 {name} 不在上级允许的名称范围内（RFC 5280 6.1.3 (b)）。",
        "The name {name} in the certificate lies outside of the permitted subtrees (RFC 5280 6.1.3 (b)).",
    ),
    "name_excluded": Text(
        "证书中的名称 {name} 在上级排除的名称范围内（RFC 5280 6.1.3 (c)）。",
        "The name {name} in the certificate lies within an excluded subtree (RFC 5280 6.1.3 (c)).",
    ),
    "name_unjudgeable": Text(
        "名称约束（{name}）无法判定，按不允许处理（RFC 5280 4.2.1.10）。",
        "A name constraint ({name}) cannot be judged and so does not permit (RFC 5280 4.2.1.10).",
    ),
    "policy_not_accepted": Text(
        "证书声明的策略（{found}）经各级映射后不属于所要求的策略（RFC 5280 6.1.3 (d)–(f)、6.1.5 (g)）。",
        "The policies of the certificate ({found}), through all mappings, are none of those required (RFC 5280 6.1.3 (d)-(f), 6.1.5 (g)).",
    ),
    "any_policy_inhibited": Text(
        "证书只声明了 anyPolicy，而上级不允许使用它（RFC 5280 6.1.3 (d)(2)、4.2.1.14）。",
        "The certificate asserts nothing but anyPolicy, which is inhibited above it (RFC 5280 6.1.3 (d)(2), 4.2.1.14).",
    ),
    "policy_mapping_inhibited": Text(
        "证书做了策略映射，而上级不允许在此处再映射（RFC 5280 6.1.4 (b)(2)、4.2.1.11）。",
        "The certificate maps policies where mapping is inhibited from above (RFC 5280 6.1.4 (b)(2), 4.2.1.11).",
    ),
    "policy_mapping_invalid": Text(
        "证书的策略映射涉及 anyPolicy（RFC 5280 6.1.4 (a)）。",
        "The certificate's policy mappings involve anyPolicy (RFC 5280 6.1.4 (a)).",
    ),
    "not_a_ca": Text(
        "这张证书不是证书机构的，却签发了下一级证书（RFC 5280 6.1.4 (k)）。",
        "This certificate is no CA's, yet it issued the next one (RFC 5280 6.1.4 (k)).",
    ),
    "may_not_sign_certificates": Text(
        "这张证书的密钥用途不含签发证书（RFC 5280 6.1.4 (n)）。",
        "The key usage of this certificate does not include signing certificates (RFC 5280 6.1.4 (n)).",
    ),
    "may_not_sign_crls": Text(
        "这张证书的密钥用途不含签发吊销列表，它的吊销列表不能采信（RFC 5280 6.3.3 (f)）。",
        "The key usage of this certificate does not include signing revocation lists, so its lists tell nothing (RFC 5280 6.3.3 (f)).",
    ),
    "path_too_long": Text(
        "证书链超过了上级证书允许的长度（RFC 5280 6.1.4 (l)、(m)）。",
        "The path is longer than a certificate above permits (RFC 5280 6.1.4 (l), (m)).",
    ),
    "unknown_critical_extension": Text(
        "证书含有不能识别的关键扩展：{found}（RFC 5280 6.1.4 (o)、6.1.5 (f)）。",
        "The certificate has a critical extension that is not understood: {found} (RFC 5280 6.1.4 (o), 6.1.5 (f)).",
    ),
    "serial_repeated": Text(
        "链中有两张不同的证书使用同一签发者和序列号（RFC 5280 4.1.2.2）。",
        "Two different certificates of the path share one issuer and serial number (RFC 5280 4.1.2.2).",
    ),
    "too_complex": Text(
        "证书的约束过于复杂，停止处理（RFC 5280 4.2.1.10、RFC 9618）。",
        "The constraints of the certificates are too complex; processing stopped (RFC 5280 4.2.1.10, RFC 9618).",
    ),
    "out_of_time": Text(
        "在限定的时间内没有判定完毕，按不可信处理。",
        "The judgement did not end within its time budget, which counts as not trusted.",
    ),
    "path_refused": Text(
        "证书链没有通过校验（{found}）。",
        "The path did not pass validation ({found}).",
    ),
}

LOCAL = frozenset(
    {
        "signature_invalid",
        "algorithm_refused",
        "algorithms_disagree",
        "certificate_expired",
        "certificate_not_yet_valid",
        "certificate_revoked",
        "revocation_unknown",
        "revocation_stale",
        "revocation_too_new",
        "revocation_forged",
        "revocation_malformed",
        "not_a_ca",
        "may_not_sign_certificates",
        "may_not_sign_crls",
        "unknown_critical_extension",
    }
)
"""Faults that a certificate keeps in every path in which the same key issued it."""


class PathFault(Exception):  # noqa: N818 - an answer, turned into a verdict's reason
    """A path is not valid: which rule, and at which certificate (its place, the anchor's being 0)."""

    def __init__(self, place: int, code: str, **details: Any) -> None:
        self.code = code
        self.place = place
        self.details = details
        super().__init__(f"{code} at {place}")


def reason(code: str, certificate: ParsedCertificate | None = None, **details: Any) -> Reason:
    """Return the reason with its words filled in."""
    return Reason(code, TEXTS[code].fill(details), certificate, {name: str(value) for name, value in details.items()})


def reason_of(fault: PathFault, path: Sequence[ParsedCertificate]) -> Reason:
    """Return the reason of a fault in a path."""
    return reason(fault.code, path[fault.place] if 0 <= fault.place < len(path) else None, **fault.details)


def policy_fault(path: Sequence[ParsedCertificate], place: int, request: PathRequest) -> PathFault:
    """Say which rule took the last policy away: mapping inhibited on the way, anyPolicy inhibited, or simply another policy."""
    mapping = 0 if request.inhibit_policy_mapping else len(path)
    any_policy = 0 if request.inhibit_any_policy else len(path)
    for here in range(1, place + 1):
        certificate = path[here]
        asserted = _policies(certificate)
        if asserted == [ANY_POLICY] and any_policy == 0:
            return PathFault(here, "any_policy_inhibited")
        if here == place:
            break
        if certificate.asn1.policy_mappings_value is not None and mapping == 0:
            return PathFault(here, "policy_mapping_inhibited")
        # RFC 5280 6.1.4 (h), (i), (j)
        if not certificate.self_issued:
            mapping, any_policy = max(0, mapping - 1), max(0, any_policy - 1)
        mapping = min(mapping, _limit(certificate.asn1.policy_constraints_value, "inhibit_policy_mapping", mapping))
        inhibit = certificate.asn1.inhibit_any_policy_value
        any_policy = any_policy if inhibit is None else min(any_policy, inhibit.native)
    return PathFault(place, "policy_not_accepted", found=", ".join(_policies(path[place])) or "—")


def _limit(constraints: Any, name: str, otherwise: int) -> int:
    value = None if constraints is None else constraints[name].native
    return otherwise if value is None else int(value)


def _policies(certificate: ParsedCertificate) -> list[str]:
    value = certificate.asn1.certificate_policies_value
    return [] if value is None else [policy["policy_identifier"].dotted for policy in value]
