"""What the shapes of assurance.toml cannot say: its entries that contradict each other. Left to others: the other documents (``consistency``)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from kernel.errors import Text
from kernel.networks import is_network
from policies.assurance import level_reached
from policies.claims import NO_POWERS
from policies.findings import Finding, repeated
from policies.models import Policies

_COUNTER = "counter"
"""The method of proofing at a service window."""

_ON_SMARTPHONES = frozenset({"otp", "sms", "swk"})
"""Methods (RFC 8176) that many have on a smartphone only; a password, a USB key and its PIN need none."""


_WIDEST_HALL = {4: 2**16, 6: 2**80}
"""Addresses in the widest network of a hall, by version: with all addresses in one, nobody would be limited as others are."""


def _assurance(policies: Policies) -> Iterator[Finding]:
    documents = policies.assurance
    for index in repeated(level.acr for level in documents.levels):
        yield "assurance", ("levels", index, "acr"), Text("两个等级同名", "two levels have this name")
    for index in repeated(level.rank for level in documents.levels):
        yield "assurance", ("levels", index, "rank"), Text("两个等级同序", "two levels have this rank")
    for index, level in enumerate(documents.levels):
        if level.idle_seconds > level.absolute_seconds:
            yield "assurance", ("levels", index, "idle_seconds"), Text("比绝对时限长", "it is longer than the absolute limit")
    if documents.default_acr not in {level.acr for level in documents.levels}:
        yield "assurance", ("default_acr",), Text("没有这个等级", "there is no such level")
    for index in repeated(level.number for level in documents.real_name_levels):
        yield "assurance", ("real_name_levels", index, "number"), Text("两个等级同号", "two levels have this number")
    for index, channel in enumerate(documents.sent_codes.login):
        method = "sms" if channel == "phone" else channel
        if level_reached(documents, frozenset({"pwd", method})) == level_reached(documents, frozenset({"pwd"})):
            problem = Text(f"没有等级的 combinations 含 {method}", f"no level's combinations have {method}")
            yield "assurance", ("sent_codes", "login", index), problem
    password = documents.password
    if not password.min_length <= password.min_length_alone <= password.max_length:
        yield "assurance", ("password", "min_length_alone"), Text("不在最短与最长之间", "it is not between the two limits")


def _throttle(policies: Policies) -> Iterator[Finding]:
    for index, text in enumerate(policies.assurance.throttle.halls):
        hall = ip_network(text) if is_network(text) else None
        if hall is None:
            yield "assurance", ("throttle", "halls", index), Text("不是网段", "it is no network")
        elif hall.num_addresses > _WIDEST_HALL[hall.version]:
            yield "assurance", ("throttle", "halls", index), Text("比任何大厅都大", "it is wider than any hall")


def _person_certificates(policies: Policies) -> Iterator[Finding]:
    documents = policies.assurance
    for index, rule in enumerate(documents.certificates):
        if rule.level not in policies.certificates.levels:
            problem = Text(f"没有证书等级 {rule.level}", f"there is no certificate level {rule.level}")
            yield "assurance", ("certificates", index, "level"), problem
        if level_reached(documents, frozenset(rule.amr)) is None:
            yield "assurance", ("certificates", index, "amr"), Text("达不到任何等级", "it reaches no level")


def _proofing(policies: Policies) -> Iterator[Finding]:
    documents = policies.assurance
    for index, level in enumerate(documents.real_name_levels):
        for place, method in enumerate(level.methods):
            if method not in documents.proofing:
                problem = Text(f"没有核验方式 {method}", f"there is no method of proofing {method}")
                yield "assurance", ("real_name_levels", index, "methods", place), problem
    for method, proofing in documents.proofing.items():
        if (proofing.evidence is None) is bool(proofing.kind and proofing.check_methods and proofing.claims):
            problem = Text(
                "凭据、种类、核验方法和所证明的信息要么都有，要么都没有", "evidence, kind, check methods and claims go together"
            )
            yield "assurance", ("proofing", method), problem


def _organizations(policies: Policies) -> Iterator[Finding]:
    documents = policies.assurance
    known = {level.number for level in documents.real_name_levels}
    for name in ("representative_level", "agent_level"):
        if getattr(documents.organizations, name) not in known:
            yield "assurance", ("organizations", name), Text("没有这个实名等级", "there is no such real-name level")
    powers = policies.claims.scopes.keys() - NO_POWERS
    for index, name in enumerate(documents.organizations.powers):
        if name not in powers:
            problem = Text(f"{name} 不是可以授权的范围", f"{name} is no scope that a mandate can give")
            yield "assurance", ("organizations", "powers", index), problem


def _without_a_smartphone(policies: Policies) -> Iterator[Finding]:
    """Let nobody need a smartphone: a service window leads to every real-name level, and to each level of login there is a way without one."""
    documents = policies.assurance
    highest = max(documents.real_name_levels, key=lambda level: level.number)
    if _COUNTER not in highest.methods:
        problem = Text("服务窗口达不到最高的实名等级", "a service window does not lead to the highest level")
        yield "assurance", ("real_name_levels", documents.real_name_levels.index(highest), "methods"), problem
    for index, level in enumerate(documents.levels):
        if not any(_ON_SMARTPHONES.isdisjoint(methods) for methods in level.combinations):
            problem = Text("每种办法都离不开智能手机", "each way needs a smartphone")
            yield "assurance", ("levels", index, "combinations"), problem


ASSURANCE = (_assurance, _throttle, _without_a_smartphone, _person_certificates, _proofing, _organizations)
