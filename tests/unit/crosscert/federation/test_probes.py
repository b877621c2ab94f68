"""Each node looks at the others from outside: what is not as it must be is stored since when, shown, and decides no verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert import agreements, node_description
from crosscert.description_format import parse
from crosscert.errors import PEER_UNFIT
from crosscert.federation import ocsp_client, probes
from crosscert.federation.standings import Standing, list_standings
from crosscert.records import ProbeResult
from kernel.errors import Refusal
from pki import authority, crl, known_revoked, ocsp
from pki.roles import get_credential
from tests.support.pki import CITY, OTHER_COUNTY
from tests.support.three_nodes import Federation, Member


@pytest.fixture
def probed(synced: Federation) -> Iterator[Federation]:
    """The federation with a certificate revoked on purpose at the other county, which everybody knows of."""
    synced.clock.advance(timedelta(minutes=1))
    known_revoked.ensure(synced.other.deps.pki)
    synced.clock.advance(timedelta(minutes=10))
    synced.sync(synced.county)
    return synced


def look(nodes: Federation, code: str = OTHER_COUNTY.code) -> dict[str, ProbeResult]:
    probes.probe_all(nodes.county.deps)
    with nodes.county.deps.work.read() as work:
        return {each.probe: each for each in work.records.probes(code)}


def bad(nodes: Federation) -> set[str]:
    return {name for name, each in look(nodes).items() if not each.ok}


def standing(nodes: Federation, code: str) -> Standing:
    return next(each for each in list_standings(nodes.county.deps, nodes.clock.now()) if each.peer.node.code == code)


def test_a_node_keeps_one_certificate_that_it_revoked_and_tells_its_serial(probed: Federation) -> None:
    pki = probed.other.deps.pki
    serial = known_revoked.find_serial(pki)
    assert serial is not None
    assert parse(node_description.describe(probed.other.deps)[0]).known_revoked == int(serial, 16)
    before = crl.current(pki, "issuing")
    known_revoked.ensure(pki)
    assert known_revoked.find_serial(pki) == serial
    assert crl.current(pki, "issuing") == before
    assert parse(node_description.describe(probed.city.deps)[0]).known_revoked is None


def test_an_interrupted_making_is_finished(synced: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    pki = synced.other.deps.pki

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(authority, "revoke", crash)
        with pytest.raises(KeyboardInterrupt):
            known_revoked.ensure(pki)
    assert known_revoked.find_serial(pki) is None
    known_revoked.ensure(pki)
    assert known_revoked.find_serial(pki) is not None
    assert crl.current(pki, "issuing").entries == 1


def test_a_peer_that_is_as_it_must_be_has_nothing_against_it(probed: Federation) -> None:
    found = look(probed)
    assert set(found) == {"lists", "known_revoked", "ocsp", "addresses"}
    assert all(each.ok for each in found.values()), found
    assert set(look(probed, CITY.code)) == {"lists", "addresses"}
    assert standing(probed, OTHER_COUNTY.code).problems == []


def test_a_responder_that_calls_the_revoked_serial_good_is_in_trouble(probed: Federation) -> None:
    def good(asked: bytes) -> bytes:
        pki, request = probed.other.deps.pki, x509_ocsp.load_der_ocsp_request(asked)
        responder = get_credential(pki, "ocsp")
        builder = x509_ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=request.serial_number,
            algorithm=request.hash_algorithm,
            cert_status=x509_ocsp.OCSPCertStatus.GOOD,
            this_update=probed.clock.now(),
            next_update=probed.clock.now() + timedelta(hours=1),
            revocation_time=None,
            revocation_reason=None,
        )
        signed = builder.responder_id(x509_ocsp.OCSPResponderEncoding.HASH, responder.certificate)
        return signed.certificates([responder.certificate]).sign(responder.key, hashes.SHA256()).public_bytes(Encoding.DER)

    began = probed.clock.now()
    probed.web.takers[f"{OTHER_COUNTY.url}/pki/ocsp"] = good
    assert bad(probed) == {"ocsp"}
    probed.clock.advance(timedelta(minutes=5))
    again = look(probed)["ocsp"]
    assert (again.since, again.at) == (began, probed.clock.now())
    assert "GOOD" in again.detail
    assert any(line.startswith("ocsp since") for line in standing(probed, OTHER_COUNTY.code).problems)


def test_addresses_that_answer_with_something_else_are_named(probed: Federation) -> None:
    address = f"{OTHER_COUNTY.url}/pki/principal.cer"
    probed.web.answers[address] = probed.web.answers[f"{CITY.url}/pki/principal.cer"]
    found = look(probed)["addresses"]
    assert not found.ok
    assert address in found.detail
    del probed.web.answers[address]
    assert "down" in look(probed)["addresses"].detail


def test_lists_that_have_ended_are_seen_and_so_is_a_peer_that_is_away(probed: Federation) -> None:
    probed.web.down.add(OTHER_COUNTY.url)
    assert bad(probed) == {"ocsp", "addresses"}
    probed.clock.advance(timedelta(hours=25))
    assert bad(probed) == {"lists", "ocsp", "addresses"}


def test_a_https_address_must_show_a_good_certificate_that_lasts(probed: Federation) -> None:
    with probed.county.deps.work.begin() as work:
        peer = work.records.find_peer(OTHER_COUNTY.code)
        assert peer is not None
        work.records.put_peer(replace(peer, node=replace(peer.node, url="https://other.example")))
    assert "tls" in bad(probed)


def test_what_was_kept_under_older_rules_keeps_nobody_from_looking_at_the_others(probed: Federation) -> None:
    with probed.county.deps.work.begin() as work:
        held = work.records.find_object(CITY.code, "description")
        assert held is not None
        work.records.put_object(replace(held, data=b"{}"))
    assert {each.node_code for each in probes.probe_all(probed.county.deps)} == {OTHER_COUNTY.code}
    assert agreements.receive_published(probed.county.deps) == []


def test_probes_change_no_verdict(probed: Federation) -> None:
    seal = probed.other.seal()
    probed.web.answers.clear()
    probed.web.takers.clear()
    assert bad(probed) >= {"ocsp", "addresses"}
    assert probed.county.trust.path(seal, at=probed.clock.now(), levels="substantial").valid


def answer_of(member: Member, serial: int) -> tuple[x509.Certificate, bytes]:
    issuing = get_credential(member.deps.pki, "issuing").certificate
    return issuing, ocsp.answer(member.deps.pki, ocsp_client.ask_about(issuing, serial)).der


def test_only_the_cas_own_responder_is_believed_about_the_serial_asked_for(probed: Federation) -> None:
    serial, at = int(known_revoked.find_serial(probed.other.deps.pki) or "0", 16), probed.clock.now()
    issuing, der = answer_of(probed.other, serial)
    assert ocsp_client.read_answer(der, issuing, serial, at) is x509_ocsp.OCSPCertStatus.REVOKED
    another = get_credential(probed.city.deps.pki, "issuing").certificate
    for wrong in (
        (der, another, serial, at),
        (der, issuing, serial + 1, at),
        (der, issuing, serial, at + timedelta(days=2)),
        (der, issuing, serial, at - timedelta(hours=1)),
        (b"", issuing, serial, at),
        (der[:-1] + bytes([der[-1] ^ 1]), issuing, serial, at),
    ):
        with pytest.raises(Refusal) as raised:
            ocsp_client.read_answer(*wrong)
        assert raised.value.error is PEER_UNFIT


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_responder_sends_is_an_answer_or_a_named_refusal(synced: Federation, data: st.DataObject) -> None:
    issuing, der = answer_of(synced.other, 5)
    place = data.draw(st.integers(0, 100_000)) % len(der)  # a signature has one length or another
    new = data.draw(st.binary(min_size=1, max_size=4))
    sent = data.draw(st.sampled_from([der[:place], der[:place] + new + der[place + len(new) :], new * 50]))
    try:
        found = ocsp_client.read_answer(sent, issuing, 5, synced.clock.now())
    except Refusal as refusal:
        assert refusal.error is PEER_UNFIT  # noqa: PT017 - either is right
    else:
        assert found is x509_ocsp.OCSPCertStatus.UNKNOWN
