"""Cross-certificates carry every limit of the design, and openssl enforces them on a path through one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.nodes import Node
from pki import authority
from pki.authority import CrossCertificateTemplate
from pki.names import x509_name
from pki.policy_mappings import OID, parse_policy_mappings
from pki.ports import PkiDeps
from pki.records import Names
from policies.certificates import policy_oid
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY, OpenSsl, certificate, pem

KEY = ec.generate_private_key(ec.SECP256R1())
LEVELS = ("basic", "substantial", "high")


def oid(deps: PkiDeps, node: Node, level: str) -> str:
    return policy_oid(deps.policies, node.code, level)


@pytest.fixture
def template(pki: PkiDeps, city: PkiDeps) -> CrossCertificateTemplate:
    """What the city asks for to certify the county."""
    return CrossCertificateTemplate(
        certificate=certificate(authority.get_principal(pki)),
        path_length=1,
        permitted_names=(COUNTY.names,),
        policies=tuple(oid(city, CITY, level) for level in LEVELS),
        mappings=tuple((oid(city, CITY, level), oid(city, COUNTY, level)) for level in LEVELS),
        inhibit_policy_mapping=0,
        validity_days=1095,
        permitted_dns=("raoping.test",),
    )


def judge(
    city: PkiDeps, county: PkiDeps, openssl: OpenSsl, template: CrossCertificateTemplate, names: Names, level: str, **leaf: Any
) -> tuple[bool, bytes]:
    """Whether a leaf of the county is valid for a city that asks for ``level``, with the cross-certificate of ``template``."""
    crossed = authority.issue_cross_certificate(city, template)
    record = authority.issue(county, leaf.get("profile", "person"), names, KEY.public_key(), dns_names=leaf.get("dns", ()))
    between = pem(crossed, authority.get_issuing(county))
    wanted = ("-explicit_policy", "-policy", oid(city, CITY, level))
    judged = openssl.verify(pem(record), pem(authority.get_principal(city)), between, city.clock.now(), *wanted)
    return judged.returncode == 0, judged.stderr


def test_it_certifies_the_others_name_and_key_with_every_limit(city: PkiDeps, template: CrossCertificateTemplate) -> None:
    record = authority.issue_cross_certificate(city, template, actor="account:admin")
    found = certificate(record)
    assert (record.profile, record.ca) == ("cross_certificate", "principal")
    assert found.subject == template.certificate.subject
    assert found.public_key() == template.certificate.public_key()
    assert found.issuer == certificate(authority.get_principal(city)).subject
    critical = {one.oid.dotted_string: one.critical for one in found.extensions}
    oids = x509.oid.ExtensionOID
    must = {oids.BASIC_CONSTRAINTS, oids.KEY_USAGE, oids.CERTIFICATE_POLICIES, oids.POLICY_MAPPINGS, oids.NAME_CONSTRAINTS}
    must |= {oids.POLICY_CONSTRAINTS, oids.INHIBIT_ANY_POLICY}
    assert {name for name, flag in critical.items() if flag} == {one.dotted_string for one in must}
    value = found.extensions.get_extension_for_class
    assert value(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=1)
    usage = asn1_x509.KeyUsage.load(value(x509.KeyUsage).value.public_bytes()).native
    assert usage == {"key_cert_sign", "crl_sign"}
    assert value(x509.PolicyConstraints).value == x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=0)
    assert value(x509.InhibitAnyPolicy).value.skip_certs == 0
    policies = value(x509.CertificatePolicies).value
    assert tuple(one.policy_identifier.dotted_string for one in policies) == template.policies
    mappings = found.extensions.get_extension_for_oid(OID).value
    assert isinstance(mappings, x509.UnrecognizedExtension)
    assert parse_policy_mappings(mappings) == template.mappings
    for extension in (x509.AuthorityInformationAccess, x509.CRLDistributionPoints, x509.SubjectInformationAccess):
        assert value(extension)


def test_its_name_constraints_are_the_subtree_octet_by_octet(city: PkiDeps, template: CrossCertificateTemplate) -> None:
    found = certificate(authority.issue_cross_certificate(city, template))
    raw = found.extensions.get_extension_for_class(x509.NameConstraints).value.public_bytes()
    constraints = asn1_x509.NameConstraints.load(raw)
    bases = [subtree["base"] for subtree in constraints["permitted_subtrees"]]
    assert bases[0].chosen.untag().dump() == x509_name(COUNTY.names).public_bytes()
    assert bases[1].native == "raoping.test"
    assert constraints["excluded_subtrees"].native is None


def test_it_lasts_three_years_at_most_and_not_longer_than_either_ca(
    city: PkiDeps, pki: PkiDeps, template: CrossCertificateTemplate, clock: FixedClock
) -> None:
    found = certificate(authority.issue_cross_certificate(city, template))
    assert found.not_valid_after_utc - found.not_valid_before_utc <= timedelta(days=1096)
    clock.moment = authority.get_principal(pki).not_after - timedelta(days=10)
    found = certificate(authority.issue_cross_certificate(city, template))
    ends = authority.get_principal(pki).not_after, authority.get_principal(city).not_after
    assert found.not_valid_after_utc == min(ends)


def test_a_county_leaf_is_valid_for_the_city_at_its_own_level_only(
    city: PkiDeps, pki: PkiDeps, openssl: OpenSsl, template: CrossCertificateTemplate
) -> None:
    names = (*COUNTY.names, ("CN", "张三"))
    assert judge(city, pki, openssl, template, names, "substantial") == (True, b"")
    assert not judge(city, pki, openssl, template, names, "high")[0]


def test_a_county_leaf_in_anothers_subtree_is_refused(
    city: PkiDeps, pki: PkiDeps, openssl: OpenSsl, template: CrossCertificateTemplate
) -> None:
    lying = replace(pki, node=replace(COUNTY, names=OTHER_COUNTY.names))
    valid, why = judge(city, lying, openssl, template, (*OTHER_COUNTY.names, ("CN", "张三")), "substantial")
    assert not valid
    assert b"permitted subtree violation" in why


def test_a_server_name_outside_of_the_permitted_domain_is_refused(
    city: PkiDeps, pki: PkiDeps, openssl: OpenSsl, template: CrossCertificateTemplate
) -> None:
    names = (*COUNTY.names, ("CN", "server"))
    assert judge(city, pki, openssl, template, names, "basic", profile="tls_server", dns=("rp.raoping.test",))[0]
    assert not judge(city, pki, openssl, template, names, "basic", profile="tls_server", dns=("rp.evil.test",))[0]


def test_a_level_that_is_not_mapped_is_refused(
    city: PkiDeps, pki: PkiDeps, openssl: OpenSsl, template: CrossCertificateTemplate
) -> None:
    narrow = replace(template, policies=template.policies[:1], mappings=template.mappings[:1])
    names = (*COUNTY.names, ("CN", "张三"))
    assert not judge(city, pki, openssl, narrow, names, "substantial")[0]


def test_without_room_for_the_issuing_ca_the_path_is_too_long(
    city: PkiDeps, pki: PkiDeps, openssl: OpenSsl, template: CrossCertificateTemplate
) -> None:
    short = replace(template, path_length=0)
    valid, why = judge(city, pki, openssl, short, (*COUNTY.names, ("CN", "张三")), "substantial")
    assert not valid
    assert b"path length" in why


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("path_length", {"path_length": -1}),
        ("permitted_names", {"permitted_names": ()}),
        ("policies", {"policies": ()}),
        ("policies", {"policies": ("2.5.29.32.0",)}),
        ("mappings", {"mappings": ()}),
        ("mappings", {"mappings": (("2.25.9", "2.25.8"),)}),
        ("inhibit_policy_mapping", {"inhibit_policy_mapping": -1}),
        ("validity_days", {"validity_days": 0}),
        ("validity_days", {"validity_days": 1096}),
        ("permitted_dns", {"permitted_dns": (".raoping.test",)}),
        ("certificate", {"permitted_names": (OTHER_COUNTY.names,)}),
    ],
)
def test_a_template_without_one_of_its_limits_is_refused_and_signs_nothing(
    city: PkiDeps, template: CrossCertificateTemplate, field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(Refusal, match="template_unsuitable") as caught:
        authority.issue_cross_certificate(city, replace(template, **changes))
    assert caught.value.field == field
    with city.work.read() as work:
        assert not work.records.certificates(profile="cross_certificate")


def test_any_policy_is_never_mapped(city: PkiDeps, template: CrossCertificateTemplate) -> None:
    mappings = ((template.policies[0], "2.5.29.32.0"),)
    with pytest.raises(Refusal, match="template_unsuitable"):
        authority.issue_cross_certificate(city, replace(template, mappings=mappings))


def test_a_node_does_not_cross_certify_itself_nor_a_leaf_nor_a_subordinate(
    city: PkiDeps, pki: PkiDeps, template: CrossCertificateTemplate
) -> None:
    leaf = certificate(authority.issue(pki, "person", (*COUNTY.names, ("CN", "张三")), KEY.public_key()))
    builder = x509.CertificateBuilder().subject_name(leaf.subject).issuer_name(leaf.subject).serial_number(5)
    builder = builder.public_key(KEY.public_key()).not_valid_before(leaf.not_valid_before_utc)
    self_signed_leaf = builder.not_valid_after(leaf.not_valid_after_utc).sign(KEY, hashes.SHA256())
    others = (certificate(authority.get_principal(city)), certificate(authority.get_issuing(pki)), leaf, self_signed_leaf)
    for other in others:
        with pytest.raises(Refusal, match="template_unsuitable") as caught:
            authority.issue_cross_certificate(city, replace(template, certificate=other, permitted_names=(CITY.names,)))
        assert caught.value.field == "certificate"
