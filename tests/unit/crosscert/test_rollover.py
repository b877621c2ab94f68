"""A county rolls its CAs over: what it signed and signs is good at the others, before and after they have fetched from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from crosscert.errors import DESCRIPTION_INVALID
from crosscert.federation import sync
from crosscert.federation.sync import visits
from kernel.errors import Refusal
from pki import authority, crl, links, rollover
from pki.records import CaRole, CertificateRecord
from pki.roles import get_credential
from tests.support.three_nodes import Federation, Member, certify

TYPE = sync.STATUS_LIST_TYPE


def roll(member: Member, role: CaRole) -> str:
    asked = rollover.request(member.deps.pki, role, "account:chen")
    for who in ("account:wang", "account:li"):
        rollover.approve(member.deps.pki, asked.ca, who)
    return asked.ca


def is_good(at: Member, certificate: x509.Certificate) -> bool:
    return at.trust.path(certificate, at=at.deps.clock.now(), levels="substantial").valid


def token_of(member: Member) -> str:
    now = int(member.deps.clock.now().timestamp())
    return member.sign({"iss": member.node.url, "iat": now, "exp": now + 3600}, TYPE)


def signer_of(at: Member, token: str) -> str:
    return at.trust.verify_signed(token, TYPE, at.deps.clock.now()).node.code


def links_of(member: Member) -> list[CertificateRecord]:
    with member.deps.pki.work.read() as work:
        return list(work.records.certificates(profile=links.PROFILE))


def test_what_was_signed_before_and_after_is_good_everywhere(synced: Federation) -> None:
    county, judges = synced.county, synced.members
    seals, tokens = [county.seal("甲局")], [token_of(county)]
    for role in ("principal", "issuing", "principal"):
        synced.clock.advance(timedelta(minutes=15))
        roll(county, role)  # type: ignore[arg-type]
        tokens.append(token_of(county))
        # Before anybody has fetched: what existed is good, and tokens go on being signed by what the others know.
        for judge in judges:
            assert [is_good(judge, seal) for seal in seals] == [True] * len(seals)
            assert {signer_of(judge, token) for token in tokens} == {county.node.code}
        seals.append(county.seal(f"{role}局"))
        synced.sync()
        for judge in judges:
            assert [is_good(judge, seal) for seal in seals] == [True] * len(seals)
            assert {signer_of(judge, token) for token in tokens} == {county.node.code}
    assert {error for each in judges for error in synced.sync(each).values()} == {None}
    anchor = county.trust.at(synced.clock.now()).material.anchor
    assert anchor.der == authority.get_principal(county.deps.pki).der


def test_a_new_seal_brings_the_way_to_the_old_key_along(synced: Federation) -> None:
    county, city = synced.county, synced.city
    for role in ("principal", "issuing"):
        roll(county, role)  # type: ignore[arg-type]
    seal = county.seal()
    assert not is_good(city, seal)  # unknown to the city so far
    offered = [x509.load_der_x509_certificate(one.der) for one in links_of(county)]
    offered.append(get_credential(county.deps.pki, "issuing").certificate)
    lists = [crl.current(county.deps.pki, ca).der for ca in ("principal", "principal-2", "issuing-2")]
    verdict = city.trust.path(seal, at=synced.clock.now(), levels="substantial", extra_certificates=offered, extra_crls=lists)
    assert verdict.valid
    assert city.trust.node_of(verdict) == county.node


def test_what_others_certified_and_what_it_certified_stays_good(synced: Federation) -> None:
    synced.clock.advance(timedelta(minutes=20))
    roll(synced.city, "principal")
    roll(synced.city, "issuing")
    synced.publish_lists()
    for _ in range(2):
        synced.sync()
        assert is_good(synced.county, synced.other.seal())  # through the city, over its old key
        assert is_good(synced.county, synced.city.seal())
        assert is_good(synced.city, synced.county.seal())


def test_a_new_agreement_certifies_the_new_root_and_both_keys_stay_the_countys(synced: Federation) -> None:
    county, city = synced.county, synced.city
    seals, tokens = [county.seal("甲局")], [token_of(county)]
    for role in ("principal", "issuing"):
        roll(county, role)  # type: ignore[arg-type]
    seals.append(county.seal("乙局"))
    tokens.append(token_of(county))
    synced.sync()
    certify(city, county)
    synced.publish_lists()
    for _ in range(2):
        synced.sync()
        for judge in synced.members:
            assert [is_good(judge, seal) for seal in seals] == [True, True]
            assert {signer_of(judge, token) for token in tokens} == {county.node.code}


def test_a_moment_before_the_rollover_is_judged_from_the_root_of_that_moment(synced: Federation) -> None:
    before, seal = synced.clock.now(), synced.county.seal()
    synced.clock.advance(timedelta(days=1))
    synced.publish_lists()
    roll(synced.county, "principal")
    for moment in (before, synced.clock.now()):
        assert synced.county.trust.path(seal, at=moment, levels="substantial").valid


def test_an_issuing_ca_that_was_rolled_away_from_and_revoked_is_refused_everywhere(synced: Federation) -> None:
    county = synced.county
    old, compromised = county.seal("甲局"), get_credential(county.deps.pki, "issuing").record
    roll(county, "issuing")
    new = county.seal("乙局")
    synced.sync()
    assert all(is_good(judge, seal) for judge in synced.members for seal in (old, new))
    authority.revoke(county.deps.pki, compromised.serial, "ca_compromise", synced.clock.now())
    synced.clock.advance(timedelta(minutes=1))
    authority.renew_due(county.deps.pki)
    synced.sync()
    for judge in synced.members:
        assert [is_good(judge, seal) for seal in (old, new)] == [False, True]


def test_a_root_that_was_rolled_away_from_and_revoked_is_refused_at_home(synced: Federation) -> None:
    county = synced.county
    old, compromised = county.seal("甲局"), authority.get_principal(county.deps.pki)
    roll(county, "principal")
    roll(county, "issuing")
    new = county.seal("乙局")
    authority.revoke(county.deps.pki, compromised.serial, "ca_compromise", synced.clock.now())
    synced.clock.advance(timedelta(minutes=1))
    assert [is_good(county, seal) for seal in (old, new)] == [False, True]


def test_a_description_with_another_root_that_the_old_one_did_not_sign_for_is_refused(synced: Federation) -> None:
    """The city's own new key over the county's old one proves nothing: only both directions together do."""
    county, city = synced.county, synced.city
    roll(county, "principal")
    description = county.introduce().description
    with city.deps.work.read() as work:
        peer = work.records.find_peer(county.node.code)
    assert peer is not None
    visits.check_description(peer, description, None, synced.clock.now())
    for one in description.links:
        lacking = replace(description, links=(one,))
        with pytest.raises(Refusal, match=DESCRIPTION_INVALID.code):
            visits.check_description(peer, lacking, None, synced.clock.now())
