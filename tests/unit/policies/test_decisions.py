"""What the packaged documents allow, and that everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Misuse
from policies.assurance import (
    find_level,
    find_password_fault,
    find_real_name_level,
    get_level,
    level_reached,
    needs_second_factor,
    registered_level,
)
from policies.certificates import get_level as get_certificate_level
from policies.certificates import get_profile, levels_at_least, policy_oid, tsa_policy_oid
from policies.claims import OF_SYSTEMS, allowed_scopes, consent_rule, release_for, released_claims
from policies.licenses import find_type, may_issue, may_take
from policies.loader import load
from policies.models import Policies
from policies.resources import scopes_at
from policies.roles import permits

MARKET = "114451008W15P11PMR"
LABOUR = "114451006B39GGDTXW"
OTHER = "114451000J1YHB156K"
LOADED = load(None)
T1 = LOADED.licenses.types[0].model_copy(update={"code": "T1"})


# certificates


def test_each_node_is_a_policy_domain_of_its_own(defaults: Policies) -> None:
    arc = defaults.certificates.arc
    assert policy_oid(defaults.certificates, "445122", "substantial") == f"{arc}.445122.2"
    assert policy_oid(defaults.certificates, "445100", "high") == f"{arc}.445100.3"
    assert tsa_policy_oid(defaults.certificates, "445100") == f"{arc}.445100.20"
    oids = {
        policy_oid(defaults.certificates, area, level)
        for area in ("445100", "445122")
        for level in ("basic", "substantial", "high")
    }
    assert len(oids) == 6


def test_levels_at_least_are_those_as_strong_or_stronger(defaults: Policies) -> None:
    assert levels_at_least(defaults.certificates, "basic") == ("basic", "substantial", "high")
    assert levels_at_least(defaults.certificates, "substantial") == ("substantial", "high")
    assert levels_at_least(defaults.certificates, "high") == ("high",)


def test_an_unknown_level_or_profile_or_area_is_never_guessed(defaults: Policies) -> None:
    with pytest.raises(Misuse, match="unknown_level"):
        levels_at_least(defaults.certificates, "supreme")
    with pytest.raises(Misuse, match="unknown_level"):
        get_certificate_level(defaults.certificates, "")
    with pytest.raises(Misuse, match=r"unknown_profile.*department_seal"):
        get_profile(defaults.certificates, "anything")
    with pytest.raises(ValueError, match="GB/T 2260"):
        policy_oid(defaults.certificates, "4451", "high")


def test_profiles_keep_the_promises_of_the_trust_model(defaults: Policies) -> None:
    assert get_profile(defaults.certificates, "principal_ca").kind == "principal_ca"
    assert get_profile(defaults.certificates, "issuing_ca").path_length == 0
    stamp = get_profile(defaults.certificates, "tsa")  # RFC 3161 2.3
    assert stamp.extended_key_usage == ("time_stamping",)
    assert stamp.extended_key_usage_critical
    assert get_profile(defaults.certificates, "ocsp").no_check  # RFC 6960 4.2.2.2.1


# assurance


@pytest.mark.parametrize(
    ("amr", "reached"),
    [
        ({"pwd"}, "urn:chaoxin:aal:1"),
        ({"pwd", "otp"}, "urn:chaoxin:aal:2"),
        ({"pwd", "otp", "mfa"}, "urn:chaoxin:aal:2"),
        ({"otp"}, None),
        (set(), None),
    ],
)
def test_the_level_reached_is_the_highest_whose_methods_were_all_used(
    defaults: Policies, amr: set[str], reached: str | None
) -> None:
    level = level_reached(defaults.assurance, frozenset(amr))
    assert (level.acr if level else None) == reached


@given(st.frozensets(st.sampled_from(["pwd", "otp", "hwk", "sms"])), st.frozensets(st.sampled_from(["pwd", "otp", "hwk", "sms"])))
def test_more_methods_never_reach_less(some: frozenset[str], more: frozenset[str]) -> None:
    low, high = level_reached(LOADED.assurance, some), level_reached(LOADED.assurance, some | more)
    assert (low.rank if low else 0) <= (high.rank if high else 0)


def test_levels_are_found_by_their_acr_only(defaults: Policies) -> None:
    assert get_level(defaults.assurance, "urn:chaoxin:aal:2").rank == 2
    assert find_level(defaults.assurance, "urn:chaoxin:aal:9") is None
    with pytest.raises(LookupError):
        get_level(defaults.assurance, "")


def test_staff_and_security_admins_need_a_second_factor(defaults: Policies) -> None:
    assert needs_second_factor(defaults.assurance, "security_admin")
    assert needs_second_factor(defaults.assurance, "staff")
    assert not needs_second_factor(defaults.assurance, "citizen")


@pytest.mark.parametrize(
    ("password", "second", "fault"),
    [
        ("a" * 14, False, "too_short"),
        ("潮州古城夜色如画灯火万家一江春水", False, None),
        ("abcdefg", True, "too_short"),
        ("xkcd-936", True, None),
        ("xkcd-936", False, "too_short"),
        ("潮起潮落" + "x" * 252, True, None),
        ("x" * 257, True, "too_long"),
        ("Password", True, "blocked"),
        ("sunshine", True, "blocked"),
        ("ｓｕｎｓｈｉｎｅ", True, "blocked"),
        ("password1234567", False, "blocked"),
        ("123456789012345", False, "blocked"),
        ("abcabcabcabcabc", False, "blocked"),
        ("chaozhouchaozhou", False, "blocked"),
        ("潮州潮州潮州潮州潮州潮州潮州潮州", False, "blocked"),
        ("Chaoxin-20261126", False, "blocked"),
        ("monkey-8492738492", False, None),
        ("correct horse battery staple", False, None),
        ("PASSWORDPASSWORD", False, "blocked"),
        ("e\u0301" * 10, False, "too_short"),  # ten characters, though twenty code points as typed
    ],
)
def test_requirement_23_a_new_password_is_long_enough_and_not_a_known_one(
    defaults: Policies, password: str, second: bool, fault: str | None
) -> None:
    assert find_password_fault(defaults.assurance, password, second) == fault


@pytest.mark.parametrize(
    ("password", "names"),
    [
        ("chenxiaochao1988", ["chenxiaochao"]),
        ("陈晓潮 1988-06-12 1988", ["陈晓潮"]),
        ("xiaochao1988061288", ["xiaochao@example.cn"]),
        ("13800000001", ["+86 138 0000 0001"]),
        ("2026饶平2026", ["饶平县"]),
    ],
)
def test_nobodys_password_is_made_of_a_name_of_theirs(defaults: Policies, password: str, names: list[str]) -> None:
    assert find_password_fault(defaults.assurance, password, True, names) == "blocked"
    assert find_password_fault(defaults.assurance, password, True) is None


# claims


def test_a_department_gets_what_its_own_entry_says_and_others_the_default(defaults: Policies) -> None:
    assert "resident_id" in released_claims(defaults.claims, MARKET, ["openid", "identity"])
    assert released_claims(defaults.claims, LABOUR, ["openid", "identity"]) == {"sub", "resident_id"}
    assert released_claims(defaults.claims, OTHER, ["openid", "identity"]) == {"sub"}
    assert release_for(defaults.claims, OTHER) == release_for(defaults.claims, "") == defaults.claims.default


def test_scopes_keep_their_order_once_each_and_unknown_ones_fall_away(defaults: Policies) -> None:
    assert allowed_scopes(defaults.claims, MARKET, ["phone", "openid", "root", "phone", "email"]) == ("phone", "openid")
    assert allowed_scopes(defaults.claims, MARKET, []) == ()


def test_a_department_uses_its_own_interfaces_and_of_others_only_what_is_listed(defaults: Policies) -> None:
    listed = defaults.claims.departments[MARKET].model_copy(update={"resources": {LABOUR: ("identity",)}})
    policies = defaults.claims.model_copy(update={"departments": {**defaults.claims.departments, MARKET: listed}})
    assert scopes_at(policies, MARKET, MARKET) == frozenset(listed.scopes)
    assert scopes_at(policies, MARKET, LABOUR) == {"identity"}
    for uscc, owner in ((MARKET, OTHER), (LABOUR, MARKET), (OTHER, MARKET)):
        assert scopes_at(policies, uscc, owner) == frozenset()


@given(
    st.sampled_from([MARKET, LABOUR, OTHER, "unknown"]),
    st.lists(st.sampled_from([*LOADED.claims.scopes, "admin", ""])),
)
def test_no_combination_of_scopes_releases_what_the_department_may_not_have(uscc: str, scopes: list[str]) -> None:
    released = released_claims(LOADED.claims, uscc, scopes)
    assert released <= set(release_for(LOADED.claims, uscc).claims)
    asked = {claim for scope in scopes if scope in LOADED.claims.scopes for claim in LOADED.claims.scopes[scope].claims}
    assert released <= asked


# licences


def test_a_type_is_found_by_its_exact_code(defaults: Policies) -> None:
    found = find_type(defaults.licenses, "114400000069405550001")
    assert found is not None
    assert found.name == "残疾人证"
    assert find_type(defaults.licenses, "114400000069405550002") is None
    assert find_type(defaults.licenses, "") is None


@pytest.mark.parametrize(
    ("node", "area", "takes"),
    [
        ("445100", "445100", True),
        ("445100", "445122", True),
        ("445122", "445122", True),
        ("445122", "445100", False),
        ("445122", "445103", False),
    ],
)
def test_a_node_takes_files_for_its_own_area_and_those_below(defaults: Policies, node: str, area: str, takes: bool) -> None:
    assert may_take(defaults.licenses, node, area) is takes


def test_a_node_whose_document_says_own_takes_its_own_area_only(defaults: Policies) -> None:
    issuing = defaults.licenses.issuing.model_copy(update={"node_areas": "own"})
    narrow = defaults.licenses.model_copy(update={"issuing": issuing})
    assert may_take(narrow, "445100", "445100")
    assert not may_take(narrow, "445100", "445122")


@pytest.mark.parametrize(
    ("types", "area", "answer"),
    [
        (("T1",), "445122", "ok"),
        ((), "445122", "not_its_type"),
        (("T2",), "445122", "not_its_type"),
        (("T1",), "445100", "not_its_area"),
        (("T1",), "445103", "not_its_area"),
        (("T2",), "445103", "not_its_type"),
    ],
)
def test_a_department_issues_its_types_in_its_own_area(types: tuple[str, ...], area: str, answer: str) -> None:
    assert may_issue("U1", "445122", types, T1, area) == answer


def test_a_type_may_be_kept_to_some_issuers_and_levels_of_area() -> None:
    kept = T1.model_copy(update={"issuers": ("U2",), "area_levels": ("city",)})
    assert may_issue("U1", "445100", ("T1",), kept, "445100") == "not_its_type"
    assert may_issue("U2", "445122", ("T1",), kept, "445122") == "not_its_level"
    assert may_issue("U2", "445100", ("T1",), kept, "445100") == "ok"


def test_a_city_department_does_not_issue_for_a_county() -> None:
    assert may_issue("U1", "445100", ("T1",), T1, "445122") == "not_its_area"
    assert may_issue("U1", "", ("T1",), T1, "") == "not_its_area"


# roles


def test_roles_grant_what_they_list_and_nothing_else(defaults: Policies) -> None:
    assert permits(defaults.roles, ["auditor"], "audit.read")
    assert not permits(defaults.roles, ["auditor"], "agreements.approve")
    assert permits(defaults.roles, ["clerk", "security_admin"], "agreements.approve")
    assert not permits(defaults.roles, [], "audit.read")
    assert not permits(defaults.roles, ["root", "admin", ""], "audit.read")
    assert not permits(defaults.roles, ["security_admin"], "")


def test_a_departments_own_rule_of_asking_comes_before_the_scopes(defaults: Policies) -> None:
    claims = defaults.claims
    assert (consent_rule(claims, MARKET, "phone"), consent_rule(claims, OTHER, "offline_access")) == ("never", "once")
    stricter = claims.departments[MARKET].model_copy(update={"consent": {"phone": "always"}})
    changed = claims.model_copy(update={"departments": claims.departments | {MARKET: stricter}})
    assert (consent_rule(changed, MARKET, "phone"), consent_rule(changed, OTHER, "phone")) == ("always", "never")


def test_a_system_that_registered_no_level_has_that_of_the_document(defaults: Policies) -> None:
    low, high = (level.acr for level in defaults.assurance.levels)
    assert registered_level(defaults.assurance, None).acr == defaults.assurance.default_acr == low
    assert registered_level(defaults.assurance, high).acr == high


def test_each_real_name_level_says_how_it_is_reached(defaults: Policies) -> None:
    found = {number: find_real_name_level(defaults.assurance, number) for number in range(1, 7)}
    assert {number for number, level in found.items() if level is None} == {1, 6}
    assert [level.methods for level in found.values() if level is not None] == [
        ("declared",),
        ("register",),
        ("document",),
        ("counter", "certificate"),
    ]


def test_scopes_of_interfaces_that_take_only_a_systems_own_token_are_never_given_by_a_persons_login() -> None:
    of_systems = {
        scope for scope in load(None).claims.scopes if scope.startswith("licenses.") or scope in {"mandates", "ssf.manage"}
    }
    assert of_systems == OF_SYSTEMS
