"""The way of an agreement: who may ask, compare and approve what, in which order, and what the certificate then says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from crosscert import agreements
from crosscert.agreements import plans
from crosscert.constraints import check_names_free, everything
from crosscert.errors import (
    AGREEMENT_OPEN,
    AGREEMENT_STATE,
    AGREEMENT_UNKNOWN,
    APPROVER_UNSUITABLE,
    CODE_WRONG,
    PEER_UNSUITABLE,
    PLAN_CHANGED,
    WISH_TOO_WIDE,
)
from kernel.nodes import Node
from kernel.people import ACTOR_UNSUITABLE, person_of
from pki.policy_mappings import parse_policy_mappings
from pki.records import Names
from policies.certificates import policy_oid
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY, make_node
from tests.support.three_nodes import ADMINS, ASKER, Federation, Web, certify, member, request
from tests.unit.crosscert.agreements.steps import approve, approved, compared, received, refused, taken


def test_the_whole_way_from_the_request_to_the_certificate_on_the_other_side(apart: Federation) -> None:
    city, county = apart.city, apart.county
    asked, document = request(county, city)
    assert (asked.kind, asked.state, asked.peer) == ("asked", "requested", city.node)
    found = agreements.take(city.deps, document, requester=ASKER)
    assert (found.kind, found.state, found.requested_by, found.peer) == ("node", "requested", ASKER, county.node)
    assert found.code == asked.code
    assert agreements.confirm(city.deps, found.identifier, asked.code, actor=ASKER).state == "compared"
    assert agreements.confirm(county.deps, asked.identifier, found.code, actor=ASKER).state == "compared"
    first = approve(city, found, ADMINS[0])
    assert first.state == "compared"
    second = approve(city, found, ADMINS[1])
    assert second.state == "approved"
    assert {approval.approver for approval in second.approvals} == set(ADMINS)
    issued = agreements.issue(city.deps, found.identifier, actor=ASKER)
    assert (issued.state, issued.issued_at) == ("issued", apart.clock.now())
    assert issued.certificate is not None
    assert agreements.find_live(city.deps, COUNTY.code) == issued
    assert [peer.node for peer in agreements.list_peers(city.deps)] == [county.node]
    agreements.receive(county.deps, asked.identifier, issued.certificate, actor=ASKER)
    assert received(county) == {issued.certificate}
    assert agreements.get(county.deps, asked.identifier).state == "received"
    assert agreements.find_live(county.deps, CITY.code) is None


def test_the_certificate_says_what_the_design_demands(nodes: Federation) -> None:
    issued = agreements.find_live(nodes.city.deps, COUNTY.code)
    assert issued is not None
    assert issued.certificate is not None
    certificate = x509.load_der_x509_certificate(issued.certificate)
    found = {extension.oid.dotted_string: extension for extension in certificate.extensions}
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 1)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    policies = nodes.city.deps.policies
    ours = [policy_oid(policies, CITY.code, level) for level in policies.levels]
    theirs = [policy_oid(policies, COUNTY.code, level) for level in policies.levels]
    asserted = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [policy.policy_identifier.dotted_string for policy in asserted] == ours
    mapping = found["2.5.29.33"]
    assert isinstance(mapping.value, x509.UnrecognizedExtension)
    assert parse_policy_mappings(mapping.value) == tuple(zip(ours, theirs, strict=True))
    names = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    assert names.value.permitted_subtrees is not None
    directory = [name.value for name in names.value.permitted_subtrees if isinstance(name, x509.DirectoryName)]
    assert [each.rfc4514_string() for each in directory] == ["O=饶平县,L=潮州市,ST=广东省,C=CN"]
    limits = certificate.extensions.get_extension_for_class(x509.PolicyConstraints)
    assert (limits.critical, limits.value.require_explicit_policy, limits.value.inhibit_policy_mapping) == (True, 0, 0)
    assert certificate.extensions.get_extension_for_class(x509.InhibitAnyPolicy).value.skip_certs == 0
    assert {"1.3.6.1.5.5.7.1.1", "2.5.29.31"} <= found.keys()
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=1096)


def test_what_was_wished_narrower_is_what_the_certificate_gives(apart: Federation) -> None:
    city, county = apart.city, apart.county
    most = everything(county.deps.policies, COUNTY, CITY)
    office = (*COUNTY.names, ("OU", "饶平县市场监督管理局"))
    wish = replace(most, levels=("basic",), path_length=1, permitted_names=(COUNTY.names, office), validity_days=30)
    found = compared(city, county, wish)
    assert found.constraints.permitted_names == wish.permitted_names
    assert found.constraints.mappings == (
        (policy_oid(city.deps.policies, CITY.code, "basic"), policy_oid(city.deps.policies, COUNTY.code, "basic")),
    )
    for admin in ADMINS:
        approve(city, found, admin)
    issued = agreements.issue(city.deps, found.identifier, actor=ASKER)
    assert issued.certificate is not None
    certificate = x509.load_der_x509_certificate(issued.certificate)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=31)
    apart.sync(city)
    seal = county.seal()
    assert not city.trust.path(seal, at=apart.clock.now(), levels="substantial").valid
    with refused(WISH_TOO_WIDE):
        taken(city, apart.other, replace(everything(county.deps.policies, apart.other.node, CITY), permitted_names=(CITY.names,)))


def test_nobody_approves_before_the_code_was_compared_on_this_side(apart: Federation) -> None:
    found = taken(apart.city, apart.county)
    with refused(AGREEMENT_STATE):
        approve(apart.city, found, ADMINS[0])


@pytest.mark.parametrize(
    "spelling", [str, str.lower, lambda code: code.replace("-", " "), lambda code: f" {code.replace('-', '')} "]
)
def test_a_code_counts_however_it_is_written_down(apart: Federation, spelling: object) -> None:
    found = taken(apart.city, apart.county)
    typed = spelling(found.code)  # type: ignore[operator]
    assert agreements.confirm(apart.city.deps, found.identifier, typed, actor=ASKER).state == "compared"


def test_the_fifth_wrong_code_rejects_the_request(apart: Federation) -> None:
    _, document = request(apart.county, apart.city)
    found = agreements.take(apart.city.deps, document, requester=ASKER)
    other = taken(apart.city, apart.other)
    for count in range(1, agreements.MOST_MISSES + 1):
        with refused(CODE_WRONG):
            agreements.confirm(apart.city.deps, found.identifier, other.code, actor=ASKER)
        stored = agreements.get(apart.city.deps, found.identifier)
        assert (stored.misses, stored.state) == (count, "rejected" if count == agreements.MOST_MISSES else "requested")
    with refused(AGREEMENT_STATE):
        agreements.confirm(apart.city.deps, found.identifier, found.code, actor=ASKER)
    assert agreements.take(apart.city.deps, document, requester=ASKER).state == "requested"  # there is room for another


@pytest.mark.parametrize("code", ["", "-", "AAAA-AAAA-AAAA-AAAA"])
def test_an_empty_or_made_up_code_is_wrong(apart: Federation, code: str) -> None:
    found = taken(apart.city, apart.county)
    with refused(CODE_WRONG):
        agreements.confirm(apart.city.deps, found.identifier, code, actor=ASKER)


def test_only_two_different_people_other_than_the_requester_approve(apart: Federation) -> None:
    city, found = apart.city, compared(apart.city, apart.county)
    for spelling in (
        ASKER,
        f"  {ASKER} ",
        "operator:chen",
        "account:CHEN",
        "account:ｃｈｅｎ",
        "account:c-h.e n",
        "chén",
        "operator:account:chen",
    ):
        with refused(APPROVER_UNSUITABLE):
            approve(city, found, spelling)
    for nobody in (" ", "account:", "account:\u200bchen", "a" * 201, "\ufdfa" * 20):
        with refused(ACTOR_UNSUITABLE):
            approve(city, found, nobody)
    approve(city, found, "account:wang")
    for spelling in ("account:wang", "operator:Wang", "Wang"):
        with refused(APPROVER_UNSUITABLE):
            approve(city, found, spelling)
    assert agreements.get(city.deps, found.identifier).state == "compared"


def test_chinese_names_are_different_people() -> None:
    assert person_of("account:王伟") != person_of("account:王芳")
    assert person_of("account:admin-1") != person_of("account:admin-2")


def test_an_approval_is_bound_to_the_plan_that_was_seen(apart: Federation) -> None:
    city, county = apart.city, apart.county
    found = compared(city, county)
    with refused(PLAN_CHANGED):
        agreements.approve(city.deps, found.identifier, approver=ADMINS[0], plan_sha256="0" * 64)
    seen = plans.plan_of(city.deps, found).digest
    approve(city, found, ADMINS[0])
    certify(city, apart.other)  # the graph changes
    assert plans.plan_of(city.deps, found).digest != seen
    with refused(PLAN_CHANGED):
        agreements.approve(city.deps, found.identifier, approver=ADMINS[1], plan_sha256=seen)
    assert approve(city, found, ADMINS[1]).state == "compared"  # the first yes was to another plan
    assert approve(city, found, ADMINS[0]).state == "approved"


def test_what_was_approved_is_not_issued_when_the_plan_changed_since(apart: Federation) -> None:
    city = apart.city
    found = approved(city, apart.county)
    certify(city, apart.other)
    with refused(PLAN_CHANGED):
        agreements.issue(city.deps, found.identifier, actor=ASKER)
    assert agreements.get(city.deps, found.identifier).state == "compared"
    for admin in ADMINS:
        approve(city, found, admin)
    assert agreements.issue(city.deps, found.identifier, actor=ASKER).state == "issued"


def test_a_node_may_have_another_name_than_its_area(apart: Federation, tmp_path: Path) -> None:
    office = replace(COUNTY, name="饶平县政务服务数据管理局")
    with member(tmp_path / "office", apart.clock, office, Web()) as county:
        found = compared(apart.city, county)
        (change,) = plans.plan_of(apart.city.deps, found).changes
        assert (change.code, change.name) == (COUNTY.code, office.name)
        for admin in ADMINS:
            approve(apart.city, found, admin)
        assert agreements.issue(apart.city.deps, found.identifier, actor=ASKER).state == "issued"  # and the plan was kept


@pytest.mark.parametrize("names", [COUNTY.names, (*COUNTY.names, ("OU", "镇")), CITY.names])
def test_nobody_is_certified_for_the_names_of_another_node(nodes: Federation, tmp_path: Path, names: Names) -> None:
    impostor = replace(COUNTY, code="445121", names=names)
    with member(tmp_path / "impostor", nodes.clock, impostor, Web()) as asker:
        with refused(PEER_UNSUITABLE):
            compared(nodes.city, asker)
        assert {each.peer.code for each in agreements.list_agreements(nodes.city.deps)} == {COUNTY.code, OTHER_COUNTY.code}


def test_names_nest_as_the_areas_do_and_are_compared_as_paths_compare_them() -> None:
    one, alike = (make_node(code, "", "county", name) for code, name in (("445181", "Ａbc"), ("445182", "aBC")))
    with refused(PEER_UNSUITABLE):
        check_names_free(one, [CITY, alike])
    check_names_free(one, [CITY, COUNTY])
    check_names_free(CITY, [COUNTY])
    with refused(PEER_UNSUITABLE):
        check_names_free(one, [Node("GDCA", "", "outside", "https://ca.example", one.names)])


def test_one_request_of_a_kind_is_open_with_a_node(apart: Federation) -> None:
    with refused(AGREEMENT_UNKNOWN):
        agreements.get(apart.city.deps, "0" * 16)
    asked, document = request(apart.county, apart.city)
    agreements.take(apart.city.deps, document, requester=ASKER)
    with refused(AGREEMENT_OPEN):
        agreements.take(apart.city.deps, document, requester=ASKER)
    with refused(AGREEMENT_OPEN):
        request(apart.county, apart.city)
    agreements.reject(apart.county.deps, asked.identifier, actor=ASKER)
    assert request(apart.city, apart.county)[0].state == "requested"  # asked the other way round
    assert request(apart.county, apart.city)[0].state == "requested"


def test_every_step_is_in_the_audit_trail(apart: Federation) -> None:
    found = approved(apart.city, apart.county)
    agreements.issue(apart.city.deps, found.identifier, actor=ASKER)
    agreements.revoke(apart.city.deps, found.identifier, actor=ADMINS[0])
    agreements.review(apart.city.deps, found.identifier, reviewer=ADMINS[1])
    steps = apart.city.audited(f"agreement:{found.identifier}")
    assert steps == ["take", "confirm", "approve", "agree", "issue", "finish", "revoke", "review"]
