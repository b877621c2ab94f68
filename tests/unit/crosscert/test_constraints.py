"""Name constraints, all kinds; names compared as one reads them; policies through two domains."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.paths.certificates import parse_certificate
from crosscert.paths.names import prepare
from crosscert.paths.records import PathVerdict
from kernel.errors import Refusal
from tests.unit.crosscert.forge import NOW, Signer, judge, oid, reason, signer, subtree

ROOT, SUB = signer("root"), signer("sub")
ANCHOR = ROOT.root()
COMMON_NAME = x509.NameOID.COMMON_NAME
dns, mail, uri = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier


def ip(text: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))


def limited(permitted: list[x509.GeneralName] | None, excluded: list[x509.GeneralName] | None, **leaf: Any) -> PathVerdict:
    names = x509.NameConstraints(permitted, excluded)
    alternatives = leaf.pop("names", None)
    more = [(x509.SubjectAlternativeName(alternatives), False)] if alternatives else []
    ca = ROOT.ca(SUB, more=[(names, True)])
    return judge(SUB.leaf("seal", more=more, **leaf), ANCHOR, [ca])


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        (dns("example.cn"), dns("example.cn"), dns("example.com")),
        (dns("example.cn"), dns("a.b.EXAMPLE.cn"), dns("notexample.cn")),
        (dns("example.cn"), dns("*.example.cn"), dns("*.cn")),
        (dns("a.example.cn"), dns("a.example.cn."), dns("*.example.cn")),
        (ip("10.1.0.0/16"), ip("10.1.255.9"), ip("10.2.0.1")),
        (ip("10.1.0.0/16"), ip("10.1.0.0"), ip("::1")),
        (ip("fd00::/8"), ip("fd12::1"), ip("fe80::1")),
        (mail("gov.example.cn"), mail("li@gov.example.cn"), mail("li@a.gov.example.cn")),
        (mail(".example.cn"), mail("li@gov.example.cn"), mail("li@example.cn")),
        (mail("li@example.cn"), mail("li@EXAMPLE.cn"), mail("wang@example.cn")),
        (uri("example.cn"), uri("https://example.cn:8443/a?b"), uri("https://a.example.cn/")),
        (uri(".example.cn"), uri("https://a.example.cn/"), uri("https://10.0.0.1/")),
        (uri("example.cn"), uri("https://user@example.cn/"), uri("urn:example.cn")),
    ],
)
def test_permitted_names_of_every_kind(constraint: x509.GeneralName, good: x509.GeneralName, bad: x509.GeneralName) -> None:
    assert limited([constraint], None, names=[good]).valid
    assert reason(limited([constraint], None, names=[bad]))[0] == "name_not_permitted"
    assert reason(limited([constraint], None, names=[good, bad]))[0] == "name_not_permitted"


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        (dns("example.cn"), dns("example.com"), dns("a.example.cn")),
        (dns(".example.cn"), dns("example.com"), dns("a.example.cn")),
        (dns("secret.example.cn"), dns("open.example.cn"), dns("*.example.cn")),
        (dns("secret.example.cn"), dns("*.example.com"), dns("*.secret.example.cn")),
        (dns("example.cn"), dns("example.com"), dns("bad..example")),
        (ip("10.1.0.0/16"), ip("10.2.0.1"), ip("10.1.2.3")),
        (mail("example.cn"), mail("li@example.com"), mail("li@example.cn")),
        (mail(".example.cn"), mail("li@example.cn"), mail("li@a.example.cn")),
        (mail("li@example.cn"), mail("wang@example.cn"), mail("LI@example.cn")),
        (uri("example.cn"), uri("https://a.example.cn/"), uri("https://example.cn/")),
        (uri(".example.cn"), uri("https://example.cn/"), uri("https://a.example.cn/")),
    ],
)
def test_excluded_names_of_every_kind(constraint: x509.GeneralName, good: x509.GeneralName, bad: x509.GeneralName) -> None:
    assert limited(None, [constraint], names=[good]).valid
    assert reason(limited(None, [constraint], names=[bad]))[0] == "name_excluded"


def test_a_kind_of_name_that_is_not_constrained_is_free() -> None:
    assert limited([dns("example.cn")], None, names=[uri("https://elsewhere.cn/"), mail("li@elsewhere.cn")]).valid


def test_names_that_cannot_be_judged_are_refused_where_they_are_constrained() -> None:
    other = x509.OtherName(x509.ObjectIdentifier("1.2.3"), core.UTF8String("a").dump())
    assert limited([dns("example.cn")], None, names=[other, dns("example.cn")]).valid
    assert reason(limited([other], None, names=[other]))[0] == "name_unjudgeable"
    assert reason(limited(None, [other], names=[other]))[0] == "name_unjudgeable"
    registered = [x509.RegisteredID(x509.ObjectIdentifier("1.2"))]
    assert reason(limited(registered, None, names=registered))[0] == "name_unjudgeable"  # type: ignore[arg-type]


def test_directory_names_nest_part_by_part() -> None:
    for permitted, subject, good in (
        (("潮州市",), ("潮州市", "饶平县", "印章"), True),
        (("潮州市", "饶平县"), ("潮州市", "饶平县", "印章"), True),
        (("潮州市", "饶平县"), ("潮州市", "潮安区", "印章"), False),
        (("潮州市", "饶平县"), ("潮州市", "印章"), False),
        (("饶平县",), ("潮州市", "饶平县", "印章"), False),
        (("ＡＢＣ　局",), ("abc  局", "印章"), True),
    ):
        ca = ROOT.ca(SUB, more=[(x509.NameConstraints([subtree(*permitted)], None), True)])
        verdict = judge(SUB.leaf(*subject), ANCHOR, [ca])
        assert verdict.valid == good, (permitted, subject, verdict.as_json())
        if not good:
            assert reason(verdict) == ("name_not_permitted", "印章")
            assert "印章" in verdict.reason.message.zh  # type: ignore[union-attr]


def test_constraints_of_every_certificate_above_add_up_and_of_the_anchor_too() -> None:
    low = signer("潮州市", "low")
    outer = x509.NameConstraints([subtree("潮州市")], None)
    inner = x509.NameConstraints([subtree("潮州市", "饶平县")], [subtree("潮州市", "饶平县", "撤销")])
    chain = [ROOT.ca(signer("潮州市", "mid"), more=[(outer, True)]), signer("潮州市", "mid").ca(low, more=[(inner, True)])]
    assert judge(low.leaf("潮州市", "饶平县", "印章"), ANCHOR, chain).valid
    assert reason(judge(low.leaf("潮州市", "印章"), ANCHOR, chain))[0] == "name_not_permitted"
    assert reason(judge(low.leaf("潮州市", "饶平县", "撤销", "印章"), ANCHOR, chain))[0] == "name_excluded"
    anchor = ROOT.root(more=[(x509.NameConstraints([subtree("揭阳市")], None), True)])
    assert reason(judge(ROOT.leaf("潮州市", "印章"), anchor))[0] == "name_not_permitted"
    assert judge(ROOT.leaf("揭阳市", "印章"), anchor).valid


def test_a_ca_outside_of_its_subtree_is_refused_itself() -> None:
    ca = ROOT.ca(SUB, more=[(x509.NameConstraints([subtree("潮州市")], None), True)])
    stranger = signer("揭阳市", "ca")
    assert reason(judge(stranger.leaf("潮州市", "印章"), ANCHOR, [ca, SUB.ca(stranger)])) == ("name_not_permitted", "ca")


def test_an_enormous_number_of_constraints_is_refused_quickly() -> None:
    many = [dns(f"host{n}.example.cn") for n in range(800)]
    names = [dns(f"host{n}.example.com") for n in range(400)]
    assert reason(limited(None, many, names=names))[0] == "too_complex"


def test_minimum_and_maximum_are_refused() -> None:
    value = asn1.NameConstraints({"permitted_subtrees": [{"base": asn1.GeneralName("dns_name", "example.cn"), "minimum": 1}]})
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), value.dump())
    ca = ROOT.ca(SUB, more=[(extension, True)])
    assert reason(judge(SUB.leaf("seal"), ANCHOR, [ca]))[0] == "name_unjudgeable"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("饶平县", "饶平县 "),
        ("ABC", "abc"),
        ("ＡＢＣ", "abc"),
        ("a  b", "A b"),
        ("a\u00adb", "ab"),
        ("a\u3000b", "a b"),
        ("㈱", "(株)"),
    ],
)
def test_names_that_read_alike_are_alike(one: str, other: str) -> None:
    assert prepare(one) == prepare(other)


def test_names_that_differ_stay_different_also_in_rare_characters() -> None:
    rare = ["𫟅", "𪨊", "鿏", "龙", "龍", "\ufe30", "a", "ɑ"]
    assert len({prepare(text) for text in rare}) == len(rare)
    leaf = SUB.leaf("𫖯堂", "王𬸦")
    assert judge(leaf, ANCHOR, [ROOT.ca(SUB)]).valid


@pytest.mark.parametrize("text", ["\ue000", "\U0010ffff", "\u0378", "\ufffd"])
def test_characters_that_mean_nothing_to_others_are_refused_in_names(text: str) -> None:
    with pytest.raises(ValueError, match="U\\+"):
        prepare(text)
    with pytest.raises(Refusal) as raised:
        SUB.leaf(f"a{text}")
    assert raised.value.error is CERTIFICATE_UNREADABLE


@given(st.text(max_size=40))
def test_preparing_a_name_twice_changes_nothing(text: str) -> None:
    try:
        once = prepare(text)
    except ValueError:
        return
    assert prepare(once) == once
    assert prepare(text.upper()) == prepare(text.upper().lower())


def test_an_attribute_twice_in_one_part_and_an_extension_twice_are_refused() -> None:
    twice = Signer(x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(COMMON_NAME, each) for each in "ab"])]), "root")
    with pytest.raises(Refusal):
        twice.root()
    certificate = asn1.Certificate.load(ANCHOR.der)
    extensions = certificate["tbs_certificate"]["extensions"]
    extensions.append(extensions[0])
    with pytest.raises(Refusal) as raised:
        parse_certificate(certificate.dump(force=True))
    assert "2.5.29.19" in raised.value.text.en


# Policies through two domains: A is the anchor's, B the other's; arcs are named so.


def two_domains(leaf_policies: list[str], **cross: Any) -> PathVerdict:
    other = signer("other")
    limits = [(x509.PolicyConstraints(0, cross.pop("inhibit_mapping", 0)), True), (x509.InhibitAnyPolicy(0), True)]
    cross_certificate = ROOT.ca(other, policies=["1"], mappings=[("1", "2")], more=limits, **cross)
    leaf = other.leaf("seal", policies=leaf_policies)
    return judge(leaf, ANCHOR, [cross_certificate], policies=frozenset({oid("1")}), explicit_policy=True)


def test_a_mapped_policy_is_accepted_and_told_in_the_anchors_domain() -> None:
    verdict = two_domains(["2"])
    assert verdict.valid
    assert verdict.policies == (oid("1"),)


def test_unmapped_policies_any_policy_and_none_at_all_are_refused() -> None:
    assert reason(two_domains(["3"])) == ("policy_not_accepted", "seal")
    assert reason(two_domains(["1"])) == ("policy_not_accepted", "seal")
    assert reason(two_domains(["any"])) == ("any_policy_inhibited", "seal")
    assert reason(two_domains([])) == ("policy_not_accepted", "seal")


def test_a_second_mapping_needs_leave_from_the_first_certificate() -> None:
    middle, end = signer("middle"), signer("end")
    for leave, good in ((1, True), (0, False)):
        limits = [(x509.PolicyConstraints(0, leave), True)]
        chain = [
            ROOT.ca(middle, policies=["1"], mappings=[("1", "2")], more=limits),
            middle.ca(end, policies=["2"], mappings=[("2", "3")]),
        ]
        verdict = judge(end.leaf("seal", policies=["3"]), ANCHOR, chain, policies=frozenset({oid("1")}), explicit_policy=True)
        assert verdict.valid == good
        if not good:
            assert reason(verdict) == ("policy_mapping_inhibited", "end")


def test_the_validity_of_a_policy_is_that_of_the_moment() -> None:
    assert two_domains(["2"], not_after=NOW + timedelta(days=1)).valid
    assert reason(two_domains(["2"], not_after=NOW - timedelta(days=1))) == ("certificate_expired", "other")
