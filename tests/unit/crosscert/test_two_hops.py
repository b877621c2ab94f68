"""One county judges the other's seals through the city: what is trusted, and everything that must not be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from crosscert import agreements
from crosscert.paths.records import PathVerdict
from pki import authority, crl
from pki.roles import get_credential
from policies.certificates import policy_oid
from tests.support.three_nodes import Federation, Member
from tests.unit.crosscert.forge import reason

REASON = "cessation_of_operation"


def judge(nodes: Federation, certificate: x509.Certificate, **asked: Any) -> PathVerdict:
    """What the county says."""
    usual = {"at": nodes.clock.now(), "levels": "substantial"}
    return nodes.county.trust.path(certificate, **{**usual, **asked})


def forged(
    nodes: Federation,
    names: tuple[tuple[str, str], ...],
    *,
    policies: tuple[str, ...] = (),
    by: Member | None = None,
    role: str = "issuing",
    more: tuple[tuple[x509.ExtensionType, bool], ...] = (),
) -> x509.Certificate:
    """Sign with a real node's CA key what that CA would never sign by itself."""
    issuer = get_credential((by or nodes.other).deps.pki, role)
    oids = {"C": x509.NameOID.COUNTRY_NAME, "ST": x509.NameOID.STATE_OR_PROVINCE_NAME, "L": x509.NameOID.LOCALITY_NAME}
    oids |= {"O": x509.NameOID.ORGANIZATION_NAME, "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": x509.NameOID.COMMON_NAME}
    key = ec.generate_private_key(ec.SECP256R1())
    now = nodes.clock.now()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oids[kind], value) for kind, value in names]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            ),
            critical=False,
        )
    )
    if policies:
        found = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in policies]
        builder = builder.add_extension(x509.CertificatePolicies(found), critical=False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    signing_hash = hashes.SHA384() if role == "principal" else hashes.SHA256()
    return builder.sign(issuer.key, signing_hash)  # type: ignore[arg-type]


def policy(nodes: Federation, member: Member, level: str = "substantial") -> str:
    return policy_oid(nodes.county.deps.policies, member.node.code, level)


def seal_names(member: Member) -> tuple[tuple[str, str], ...]:
    return (*member.node.names, ("OU", "某局"), ("CN", "印章"))


def test_a_countys_seal_is_trusted_at_the_other_through_the_city(synced: Federation) -> None:
    verdict = judge(synced, synced.other.seal())
    assert verdict.valid
    assert [certificate.subject_text.split(",")[0] for certificate in verdict.certificates] == [
        "CN=饶平县根CA",
        "CN=潮州市根CA",
        "CN=潮安区根CA",
        "CN=潮安区签发CA",
        "CN=市场监督管理局电子印章",
    ]
    assert verdict.policies == (policy(synced, synced.county),)
    assert synced.county.trust.node_of(verdict) == synced.other.node
    assert synced.county.trust.node_of(verdict.path) == synced.other.node


def test_the_citys_own_seal_is_trusted_over_one_hop_and_the_own_over_none(synced: Federation) -> None:
    assert len(judge(synced, synced.city.seal()).certificates) == 4
    own = judge(synced, synced.county.seal())
    assert len(own.certificates) == 3
    assert synced.county.trust.node_of(own) == synced.county.node
    assert judge(synced, synced.county.seal(), levels="basic").valid
    assert reason(judge(synced, synced.county.seal(), levels="high"))[0] == "policy_not_accepted"


def test_without_an_agreement_or_before_anything_was_fetched_nothing_is_trusted(nodes: Federation) -> None:
    seal = nodes.other.seal()
    assert reason(judge(nodes, seal))[0] in {"issuer_not_found", "untrusted_root"}
    issuing = get_credential(nodes.other.deps.pki, "issuing").certificate
    principal = get_credential(nodes.other.deps.pki, "principal").certificate
    assert not judge(nodes, seal, extra_certificates=[issuing, principal]).valid


def test_a_level_of_the_city_that_was_not_mapped_and_any_policy_are_refused(synced: Federation) -> None:
    names = seal_names(synced.other)
    good = forged(synced, names, policies=(policy(synced, synced.other),))
    assert judge(synced, good).valid
    weak = forged(synced, names, policies=(policy(synced, synced.other, "basic"),))
    assert reason(judge(synced, weak)) == ("policy_not_accepted", "印章")
    for unmapped in (f"{policy(synced, synced.other)}9", policy(synced, synced.city), policy(synced, synced.county)):
        assert reason(judge(synced, forged(synced, names, policies=(unmapped,)))) == ("policy_not_accepted", "印章")
    assert reason(judge(synced, forged(synced, names, policies=("2.5.29.32.0",)))) == ("any_policy_inhibited", "印章")
    assert reason(judge(synced, forged(synced, names)))[0] == "policy_not_accepted"


@pytest.mark.parametrize("victim", ["city", "county"])
def test_a_county_cannot_speak_in_anothers_name(synced: Federation, victim: str) -> None:
    names = seal_names(getattr(synced, victim))
    lie = forged(synced, names, policies=(policy(synced, synced.other),))
    assert reason(judge(synced, lie)) == ("name_not_permitted", "印章")


def test_a_county_cannot_certify_further_cas(synced: Federation) -> None:
    basic = (x509.BasicConstraints(ca=True, path_length=None), True)
    names = (*synced.other.node.names, ("CN", "second CA"))
    more = (basic, (x509.SubjectKeyIdentifier(b"second"), False))
    second = forged(synced, names, policies=(policy(synced, synced.other),), role="principal", more=more)
    assert judge(synced, second).valid  # pathLen allows one CA below the county's root,
    third = forged(
        synced, (*synced.other.node.names, ("CN", "third CA")), policies=(policy(synced, synced.other),), more=(basic,)
    )
    assert judge(synced, third).valid  # a CA certificate as the end of a path is no issuer yet,
    issuing = get_credential(synced.other.deps.pki, "issuing").certificate
    assert issuing.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_a_path_longer_than_agreed_is_refused(synced: Federation) -> None:
    """The other county certifies a node of its own behind the city's back: one hop too many, and no mapping is left."""
    stranger = synced.county.deps.pki  # any self-signed root will do for the name; the certificate is forged
    del stranger
    basic = (x509.BasicConstraints(ca=True, path_length=3), True)
    key = ec.generate_private_key(ec.SECP256R1())
    names = (*synced.other.node.names, ("CN", "subordinate root"))
    one = _ca(synced, names, key, role="principal", more=(basic,))
    two_key = ec.generate_private_key(ec.SECP256R1())
    two = _sign(synced, key, one.subject, (*synced.other.node.names, ("CN", "subordinate CA")), two_key, more=(basic,))
    leaf = _sign(synced, two_key, two.subject, seal_names(synced.other), ec.generate_private_key(ec.SECP256R1()))
    assert reason(judge(synced, leaf, extra_certificates=[one, two])) == ("path_too_long", "subordinate CA")


def test_a_revoked_cross_certificate_ends_trust_at_once_where_it_was_issued(synced: Federation) -> None:
    seal = synced.other.seal()
    assert judge(synced, seal).valid
    agreement = agreements.find_live(synced.county.deps, synced.city.node.code)
    assert agreement is not None
    agreements.revoke(synced.county.deps, agreement.identifier, actor="account:li", reason=REASON)  # type: ignore[arg-type]
    assert reason(judge(synced, seal)) == ("certificate_revoked", "潮州市根CA")
    assert reason(judge(synced, synced.city.seal()))[0] == "certificate_revoked"
    assert judge(synced, synced.county.seal()).valid


def test_a_cross_certificate_revoked_by_the_city_is_refused_once_its_list_was_fetched(synced: Federation) -> None:
    seal = synced.other.seal()
    assert judge(synced, seal).valid
    agreement = agreements.find_live(synced.city.deps, synced.other.node.code)
    assert agreement is not None
    agreements.revoke(synced.city.deps, agreement.identifier, actor="account:li", reason=REASON)  # type: ignore[arg-type]
    synced.sync(synced.county)
    assert reason(judge(synced, seal)) == ("certificate_revoked", "潮安区根CA")
    assert judge(synced, synced.city.seal()).valid


def test_a_revoked_seal_is_refused_once_the_list_was_fetched_and_was_good_before(synced: Federation) -> None:
    seal = synced.other.seal()
    before = synced.clock.now()
    serial = f"{seal.serial_number:x}"
    synced.clock.advance(timedelta(hours=1))
    authority.revoke(synced.other.deps.pki, serial, "key_compromise", synced.clock.now())
    synced.sync(synced.county)
    assert reason(judge(synced, seal)) == ("certificate_revoked", "市场监督管理局电子印章")
    assert judge(synced, seal, at=before).valid  # by the list that was in force then


def test_expired_certificates_and_old_lists_are_refused_for_what_they_are(synced: Federation) -> None:
    seal = synced.other.seal()
    start = synced.clock.now()
    synced.clock.advance(timedelta(hours=30))
    synced.publish_lists()
    assert reason(judge(synced, seal)) == ("revocation_stale", "市场监督管理局电子印章")
    synced.sync()
    assert judge(synced, seal).valid
    synced.clock.advance(timedelta(days=8))
    assert reason(judge(synced, seal))[0] == "revocation_stale"
    far = start + timedelta(days=1095)
    assert reason(judge(synced, seal, at=far))[0] == "certificate_expired"


def test_a_sealed_documents_own_lists_serve_when_they_are_genuine_and_recent(nodes: Federation) -> None:
    nodes.sync(nodes.county)
    seal = nodes.other.seal()
    nodes.clock.advance(timedelta(hours=25))
    nodes.publish_lists()
    with nodes.county.deps.work.begin() as work:  # both were heard, but the lists that were given are old
        for heard in (nodes.city, nodes.other):
            work.records.note_heard(heard.node.code, at=nodes.clock.now())
    assert reason(judge(nodes, seal))[0] == "revocation_stale"
    fresh = crl.current(nodes.other.deps.pki, "issuing").der
    assert judge(nodes, seal, extra_crls=[fresh]).valid
    foreign = crl.current(nodes.city.deps.pki, "issuing").der
    assert reason(judge(nodes, seal, extra_crls=[foreign]))[0] == "revocation_stale"


def test_trust_follows_the_city_both_ways_and_not_beyond(synced: Federation) -> None:
    at = synced.clock.now()
    for judging in synced.members:
        for sealing in synced.members:
            verdict = judging.trust.path(sealing.seal(), at=at, levels="substantial")
            assert verdict.valid, (judging.node.name, sealing.node.name, verdict.as_json())
            assert judging.trust.node_of(verdict) == sealing.node


def _ca(
    nodes: Federation,
    names: tuple[tuple[str, str], ...],
    key: ec.EllipticCurvePrivateKey,
    *,
    role: str,
    more: tuple[tuple[x509.ExtensionType, bool], ...],
) -> x509.Certificate:
    issuer = get_credential(nodes.other.deps.pki, role)
    return _sign(nodes, issuer.key, issuer.certificate.subject, names, key, more=more)


def _sign(
    nodes: Federation,
    issuer_key: Any,
    issuer: x509.Name,
    names: tuple[tuple[str, str], ...],
    key: ec.EllipticCurvePrivateKey,
    *,
    more: tuple[tuple[x509.ExtensionType, bool], ...] = (),
) -> x509.Certificate:
    oids = {"C": x509.NameOID.COUNTRY_NAME, "ST": x509.NameOID.STATE_OR_PROVINCE_NAME, "L": x509.NameOID.LOCALITY_NAME}
    oids |= {"O": x509.NameOID.ORGANIZATION_NAME, "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": x509.NameOID.COMMON_NAME}
    found = [x509.PolicyInformation(x509.ObjectIdentifier(policy(nodes, nodes.other)), None)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oids[kind], value) for kind, value in names]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(nodes.clock.now() - timedelta(hours=1))
        .not_valid_after(nodes.clock.now() + timedelta(days=30))
        .add_extension(x509.CertificatePolicies(found), critical=False)
    )
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    large = isinstance(issuer_key, ec.EllipticCurvePrivateKey) and issuer_key.curve.key_size > 256
    return builder.sign(issuer_key, hashes.SHA384() if large else hashes.SHA256())
