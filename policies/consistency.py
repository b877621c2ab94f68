"""What the shapes cannot say: entries of the documents that contradict each other. Each finding names document, key and problem.

Left to others: the shapes themselves (``models``), files and lines (``loader``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import get_args

from kernel.errors import Text
from policies import role_consistency
from policies.assurance_consistency import ASSURANCE
from policies.claim_models import Release
from policies.claims import ALWAYS_ASKED
from policies.findings import Finding, repeated
from policies.lines import Path
from policies.models import ArchiveAlgorithm, KeyAlgorithm, LicenseType, Policies, Profile

PROFILES = ("principal_ca", "issuing_ca", "department_seal", "token_signer", "ocsp", "tsa")
"""Profiles that a node cannot run without."""

_SIGNING: dict[str, tuple[KeyAlgorithm, ...]] = {
    "token_signer": ("P-256", "RSA-3072"),  # ES256 or RS256
    "department_seal": ("P-256", "P-384", "RSA-3072"),  # what readers of PDF verify
    "tsa": ("P-256", "P-384", "RSA-3072"),
}
_USAGES: dict[str, tuple[KeyAlgorithm, ...]] = {  # RFC 3279 2.3.1, RFC 5480 3, RFC 8410 5
    "key_encipherment": ("RSA-3072",),
    "key_agreement": ("P-256", "P-384"),
}
_MOST_DAYS_UNCHECKED = 120
"""A responder's certificate with id-pkix-ocsp-nocheck is not revoked but outlived (RFC 6960 4.2.2.2.1)."""

_NO_PATTERN = Text("不是正则表达式", "it is no regular expression")
_UNASKED = Text("离线访问必须征得本人同意", "nobody's data are used in their absence unasked")


def find_contradictions(policies: Policies) -> Iterator[Finding]:
    """Yield every contradiction in the order of the documents."""
    for check in (
        _profiles,
        _algorithms,
        _asking,
        _levels,
        _revocation,
        _alarms,
        *ASSURANCE,
        _tokens,
        _claims,
        _clients,
        _acts,
        _archive,
        _types,
        _legal_bases,
        role_consistency.find_contradictions,
    ):
        yield from check(policies)


def _profiles(policies: Policies) -> Iterator[Finding]:
    documents = policies.certificates
    for name in PROFILES:
        if name not in documents.profiles:
            yield "certificates", ("profiles",), Text(f"缺少模板 {name}", f"the profile {name} is missing")
    for name, profile in documents.profiles.items():
        where = ("profiles", name)
        signs = "key_cert_sign" in profile.key_usage
        if signs is (profile.kind == "end_entity"):
            yield (
                "certificates",
                (*where, "key_usage"),
                Text("key_cert_sign 只属于 CA", "key_cert_sign is for CAs and only for them"),
            )
        if profile.kind == "end_entity" and profile.path_length is not None:
            yield "certificates", (*where, "path_length"), Text("只有 CA 才有路径长度", "only a CA has a path length")
        if profile.level != "all" and profile.level not in documents.levels:
            yield "certificates", (*where, "level"), Text(f"没有等级 {profile.level}", f"there is no level {profile.level}")
        if profile.no_check and profile.validity_days > _MOST_DAYS_UNCHECKED:
            problem = Text(
                f"无法查询状态的证书最长 {_MOST_DAYS_UNCHECKED} 天",
                f"what nobody can ask about lives {_MOST_DAYS_UNCHECKED} days at most",
            )
            yield "certificates", (*where, "validity_days"), problem
        if profile.level == "all" and profile.kind == "end_entity":
            yield "certificates", (*where, "level"), Text("终端证书要写明等级", "an end entity's certificate has one level")


def _algorithms(policies: Policies) -> Iterator[Finding]:
    for name, profile in policies.certificates.profiles.items():
        where = ("profiles", name)
        wanted = _SIGNING.get(name)
        if wanted is not None and profile.key_algorithm not in wanted:
            names = ", ".join(wanted)
            yield (
                "certificates",
                (*where, "key_algorithm"),
                Text(f"这种签名只用 {names}", f"its signatures are made with {names}"),
            )
        for usage, algorithms in _USAGES.items():
            if usage in profile.key_usage and profile.key_algorithm not in algorithms:
                yield (
                    "certificates",
                    (*where, "key_usage"),
                    Text(f"{profile.key_algorithm} 密钥不能用于 {usage}", f"a {profile.key_algorithm} key does no {usage}"),
                )


def _asking(policies: Policies) -> Iterator[Finding]:
    for name, profile in policies.certificates.profiles.items():
        yield from _asking_for(profile, ("profiles", name))


def _asking_for(profile: Profile, where: Path) -> Iterator[Finding]:
    # What the node renews by itself it would renew again and again; a holder may be let renew at any time.
    if profile.renewal_days > profile.validity_days or (
        profile.renewal_days == profile.validity_days and "node" in profile.requested_by
    ):
        yield "certificates", (*where, "renewal_days"), Text("不短于有效期", "it is not shorter than the validity")
    if "CN" not in profile.subject_attributes:
        yield "certificates", (*where, "subject_attributes"), Text("缺少 CN", "CN is missing")
    if "server_auth" in profile.extended_key_usage and "dns" not in profile.alternative_names:
        yield "certificates", (*where, "alternative_names"), Text("服务器证书要有 dns", "a server's certificate needs dns")
    for index in repeated((profile.key_algorithm, *profile.also_accepted)):
        yield "certificates", (*where, "also_accepted", index - 1), Text("重复", "it is listed twice")


def _levels(policies: Policies) -> Iterator[Finding]:
    documents = policies.certificates
    numbers = [level.number for level in documents.levels.values()]
    for name, level in documents.levels.items():
        if numbers.count(level.number) > 1:
            yield "certificates", ("levels", name, "number"), Text("两个等级同号", "two levels have this number")
    if documents.time_stamps.policy_number in numbers:
        yield (
            "certificates",
            ("time_stamps", "policy_number"),
            Text("与一个证书等级同号", "a certificate level has this number"),
        )


def _alarms(policies: Policies) -> Iterator[Finding]:
    days = policies.certificates.alarms.days_before_end
    if list(days) != sorted(set(days), reverse=True):
        yield "certificates", ("alarms", "days_before_end"), Text("要从多到少排列", "the longest first, each once")


def _revocation(policies: Policies) -> Iterator[Finding]:
    rules = policies.certificates.revocation
    late = Text("下一份发布之前就已过期", "it runs out before the next one is published")
    if rules.ca_crl_valid_seconds <= rules.ca_crl_every_seconds:
        yield "certificates", ("revocation", "ca_crl_valid_seconds"), late
    if rules.crl_valid_seconds <= rules.crl_every_seconds:
        yield "certificates", ("revocation", "crl_valid_seconds"), late


def _tokens(policies: Policies) -> Iterator[Finding]:
    algorithms = policies.tokens.signing_algorithms
    for index in repeated(algorithms):
        yield "tokens", ("signing_algorithms", index), Text("重复", "it is listed twice")
    level = policies.tokens.client_certificate_level
    if level not in policies.certificates.levels:
        yield "tokens", ("client_certificate_level",), Text(f"没有等级 {level}", f"there is no level {level}")


def _claims(policies: Policies) -> Iterator[Finding]:
    documents = policies.claims
    if "openid" not in documents.scopes:
        yield "claims", ("scopes",), Text("缺少 openid", "openid is missing")
    if ALWAYS_ASKED in documents.scopes and documents.scopes[ALWAYS_ASKED].consent == "never":
        yield "claims", ("scopes", ALWAYS_ASKED, "consent"), _UNASKED
    yield from _release(policies, ("default",), documents.default)
    for uscc, release in documents.departments.items():
        yield from _release(policies, ("departments", uscc), release)


def _clients(policies: Policies) -> Iterator[Finding]:
    rules = policies.clients.registration
    if rules.without_pkce and rules.stage == "production":
        yield "clients", ("registration", "without_pkce"), Text("只用于测试阶段", "it is for the test stage only")


def _release(policies: Policies, where: Path, release: Release) -> Iterator[Finding]:
    scopes = policies.claims.scopes
    askable = {claim for name in release.scopes if name in scopes for claim in scopes[name].claims}
    for index, name in enumerate(release.scopes):
        if name not in scopes:
            yield "claims", (*where, "scopes", index), Text(f"没有授权范围 {name}", f"there is no scope {name}")
    for index, claim in enumerate(release.claims):
        if claim not in askable:
            yield (
                "claims",
                (*where, "claims", index),
                Text(f"所列授权范围都不含 {claim}", f"none of the scopes listed asks for {claim}"),
            )
    yield from _refinements(where, release)


def _refinements(where: Path, release: Release) -> Iterator[Finding]:
    for owner, names in release.resources.items():
        for index, name in enumerate(names):
            if name not in release.scopes:
                yield (
                    "claims",
                    (*where, "resources", owner, index),
                    Text(f"该部门不能请求 {name}", f"the department may not ask for {name}"),
                )
    for name in ("verified", "optional", "consent"):
        listed: Iterable[str] = getattr(release, name)
        allowed = release.claims if name == "verified" else release.scopes
        for index, one in enumerate(listed):
            if one not in allowed or (name == "optional" and one == "openid"):
                where_in = (*where, name, one if name == "consent" else index)
                yield (
                    "claims",
                    where_in,
                    Text(f"该部门得不到 {one}，或不能缺少它", f"the department has no {one}, or cannot be without"),
                )
    if release.consent.get(ALWAYS_ASKED) == "never":
        yield "claims", (*where, "consent", ALWAYS_ASKED), _UNASKED


def _acts(policies: Policies) -> Iterator[Finding]:
    for name, rules in policies.licenses.acts.items():
        for index in repeated(reason.code for reason in rules.reasons):
            yield "licenses", ("acts", name, "reasons", index, "code"), Text("两个理由同码", "two reasons have this code")


def _archive(policies: Policies) -> Iterator[Finding]:
    named = policies.licenses.archive.trusted_until
    for algorithm in get_args(ArchiveAlgorithm):
        if algorithm not in named:
            problem = Text(f"没有写明 {algorithm} 的日期", f"it does not say until when {algorithm} is trusted")
            yield "licenses", ("archive", "trusted_until"), problem


def _types(policies: Policies) -> Iterator[Finding]:
    types = policies.licenses.types
    for index in repeated((kind.code, kind.version) for kind in types):
        yield "licenses", ("types", index, "code"), Text("两种证照同码同版本", "two licence types have this code and version")
    for index, kind in enumerate(types):
        if any(other.code == kind.code and other.holder_kind != kind.holder_kind for other in types):
            yield "licenses", ("types", index, "holder_kind"), Text("各版本的持证者类别不同", "another version has other holders")
        if kind.seal_level not in policies.certificates.levels:
            yield (
                "licenses",
                ("types", index, "seal_level"),
                Text(f"没有证书等级 {kind.seal_level}", f"there is no certificate level {kind.seal_level}"),
            )
        if kind.number_pattern is not None and not _is_pattern(kind.number_pattern):
            yield "licenses", ("types", index, "number_pattern"), _NO_PATTERN
        yield from _fields(kind, ("types", index, "fields"))


def _legal_bases(policies: Policies) -> Iterator[Finding]:
    known = {kind.code for kind in policies.licenses.types}
    for index, basis in enumerate(policies.licenses.legal_bases):
        for place, code in enumerate(basis.types):
            if code not in known:
                problem = Text(f"没有证照类型 {code}", f"there is no licence type {code}")
                yield "licenses", ("legal_bases", index, "types", place), problem


def _fields(kind: LicenseType, where: Path) -> Iterator[Finding]:
    for second in (*repeated(field.key for field in kind.fields), *repeated(field.name for field in kind.fields)):
        yield "licenses", (*where, second), Text("两个栏目同名", "two fields have this name")
    for place, field in enumerate(kind.fields):
        if (field.kind == "choice") is not bool(field.choices):
            problem = Text("选项只属于 choice 栏目", "choices belong to fields of the kind choice and to those only")
            yield "licenses", (*where, place, "choices"), problem
        if field.key.startswith("JZ_") or field.key.startswith("ZZ") or field.key.startswith("CZZT"):
            yield "licenses", (*where, place, "key"), Text("是标准的栏目", "it is a field of the standard's own")
        if field.pattern is not None and not _is_pattern(field.pattern):
            yield "licenses", (*where, place, "pattern"), _NO_PATTERN


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError):
        return False
    return True
