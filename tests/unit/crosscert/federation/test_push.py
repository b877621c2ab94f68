"""Revocations are sent to every peer at once, and again until they are taken; whoever sends a list can only bring news that is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert import agreements
from crosscert.errors import CRL_ISSUER_UNKNOWN, CRL_NOT_GENUINE, CRL_UNREADABLE
from crosscert.federation import arrivals, push, sync
from crosscert.federation.backoff import FIRST, LONGEST, is_due, next_try_at
from crosscert.records import Delivery
from crosscert.views import LISTS_PER_MINUTE, make_blueprint
from kernel.errors import Refusal, wait_seconds
from pki import crl
from pki.authority import revoke
from pki.roles import get_credential
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY
from tests.support.three_nodes import Federation, Member
from tests.unit.crosscert.forge import NOW, reason, signer


def take(member: Member, der: bytes) -> arrivals.Arrival:
    return arrivals.take_in(member.deps, der, sender="somebody")


def refusal(member: Member, der: bytes) -> Refusal:
    with pytest.raises(Refusal) as raised:
        take(member, der)
    return raised.value


def deliveries(member: Member) -> dict[str, Delivery]:
    with member.deps.work.read() as work:
        return {each.peer_code: each for each in work.records.deliveries()}


def state(member: Member) -> tuple[int, list[str]]:
    with member.deps.work.read() as work:
        return work.records.generation(), [each.sha256 for each in work.records.crls()]


def revoke_other(nodes: Federation) -> None:
    agreement = agreements.find_live(nodes.city.deps, OTHER_COUNTY.code)
    assert agreement is not None
    agreements.revoke(nodes.city.deps, agreement.identifier, actor="account:li")


def test_a_revoked_cross_certificate_is_known_everywhere_without_anybody_fetching(synced: Federation) -> None:
    seal = synced.other.seal()
    assert synced.county.trust.path(seal, at=synced.clock.now(), levels="substantial").valid
    synced.clock.advance(timedelta(minutes=1))
    synced.web.asked.clear()
    revoke_other(synced)
    assert sorted(synced.web.asked) == [
        f"{node.url}{arrivals.PATH}" for node in sorted((COUNTY, OTHER_COUNTY), key=lambda n: n.url)
    ]
    verdict = synced.county.trust.path(seal, at=synced.clock.now(), levels="substantial")
    assert reason(verdict)[0] == "certificate_revoked"
    number = crl.current(synced.city.deps.pki, "principal").number
    assert {code: each.number for code, each in deliveries(synced.city).items()} == {
        COUNTY.code: number,
        OTHER_COUNTY.code: number,
    }


def test_what_a_peer_did_not_take_is_sent_again_until_it_does_and_then_no_more(synced: Federation) -> None:
    synced.web.down.add(COUNTY.url)
    synced.clock.advance(timedelta(minutes=1))
    revoke_other(synced)
    failed = deliveries(synced.city)[COUNTY.code]
    assert (failed.number, failed.delivered_at, failed.failures, failed.error) == (0, None, 1, "peer_unreachable")
    assert failed.next_try_at is not None
    assert push.deliver(synced.city.deps, only_due=True) == []
    synced.clock.moment = failed.next_try_at
    (again,) = push.deliver(synced.city.deps, only_due=True)
    assert (again.peer_code, again.failures) == (COUNTY.code, 2)
    synced.web.down.clear()
    (taken,) = push.deliver(synced.city.deps)
    assert taken == Delivery(
        COUNTY.code, "principal", crl.current(synced.city.deps.pki, "principal").number, synced.clock.now(), synced.clock.now()
    )
    assert push.deliver(synced.city.deps) == []


def test_a_fault_of_ours_with_one_peer_keeps_nobody_else_waiting(synced: Federation) -> None:
    def broken(der: bytes) -> None:
        raise ZeroDivisionError(der)

    synced.web.takers[f"{COUNTY.url}{arrivals.PATH}"] = broken
    synced.clock.advance(timedelta(minutes=1))
    revoke_other(synced)
    found = deliveries(synced.city)
    assert (found[COUNTY.code].error, found[OTHER_COUNTY.code].error) == ("internal", None)


def test_the_pause_doubles_up_to_an_hour_and_half_of_it_is_chance() -> None:
    for failures, pause in ((1, FIRST), (2, 2 * FIRST), (4, 8 * FIRST), (8, LONGEST), (10_000, LONGEST)):
        tries = [next_try_at(failures, NOW) - NOW for _ in range(50)]
        assert min(tries) >= pause / 2
        assert max(tries) <= pause
        assert len(set(tries)) > 1


def test_a_time_that_was_reckoned_before_the_clock_was_set_back_is_not_waited_for() -> None:
    assert not is_due(NOW + LONGEST, NOW)
    assert is_due(NOW + timedelta(days=365), NOW)


def test_a_peer_that_failed_is_left_alone_until_its_time(synced: Federation) -> None:
    synced.web.down.add(CITY.url)
    synced.clock.advance(timedelta(minutes=2))
    assert {each.code: each.error for each in sync.sync_all(synced.county.deps, only_due=True)}[CITY.code] == "peer_unreachable"
    assert CITY.code not in {each.code for each in sync.sync_all(synced.county.deps, only_due=True)}
    synced.clock.advance(FIRST)
    assert CITY.code in {each.code for each in sync.sync_all(synced.county.deps, only_due=True)}


def test_a_number_of_twenty_octets_is_taken_and_told(synced: Federation) -> None:
    principal = get_credential(synced.city.deps.pki, "principal")
    now = synced.clock.now()
    builder = x509.CertificateRevocationListBuilder().issuer_name(principal.certificate.subject).last_update(now)
    builder = builder.next_update(now + timedelta(days=1)).add_extension(x509.CRLNumber(2**160 - 1), critical=False)
    der = builder.sign(principal.key, SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    assert take(synced.county, der) == arrivals.Arrival(CITY.code, 2**160 - 1, news=True)


def test_the_same_list_twice_is_no_news_and_no_fault(synced: Federation) -> None:
    synced.clock.advance(timedelta(minutes=1))
    der = crl.publish(synced.city.deps.pki, "principal").der
    first = take(synced.county, der)
    before = state(synced.county)
    assert (first.node_code, first.news) == (CITY.code, True)
    assert not take(synced.county, der).news
    assert state(synced.county) == before


def test_an_older_list_or_another_under_the_same_number_is_refused(synced: Federation) -> None:
    old = crl.current(synced.city.deps.pki, "principal").der
    synced.clock.advance(timedelta(minutes=1))
    take(synced.county, crl.publish(synced.city.deps.pki, "principal").der)
    before = state(synced.county)
    assert refusal(synced.county, old).error is CRL_NOT_GENUINE
    synced.clock.advance(timedelta(days=-1))
    ahead = refusal(synced.county, crl.current(synced.city.deps.pki, "principal").der)
    assert ahead.error is CRL_NOT_GENUINE
    assert state(synced.county) == before


def test_nobody_can_tell_by_sending_whom_a_node_knows(synced: Federation) -> None:
    """A stranger's list and a forged one in a known name are the same refusal, word for word."""
    stranger = signer("stranger")
    known = get_credential(synced.city.deps.pki, "principal").certificate.subject
    forged = replace(signer("impostor"), subject=known)
    told = {
        (error.code, error.text.en)
        for each in (stranger, forged)
        for error in [refusal(synced.county, each.crl(number=99, this_update=synced.clock.now()).der)]
    }
    assert told == {(CRL_ISSUER_UNKNOWN.code, CRL_ISSUER_UNKNOWN.message.en)}


def test_what_arrives_makes_no_connection(synced: Federation) -> None:
    synced.web.asked.clear()
    synced.clock.advance(timedelta(minutes=1))
    take(synced.county, crl.publish(synced.city.deps.pki, "principal").der)
    refusal(synced.county, b"\x30\x03\x02\x01\x01")
    assert synced.web.asked == []


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_a_named_refusal_without_effect(synced: Federation, data: st.DataObject) -> None:
    real = crl.current(synced.city.deps.pki, "principal").der
    before = state(synced.county)
    place = data.draw(st.integers(0, len(real) - 1))
    sent = data.draw(
        st.one_of(
            st.binary(max_size=300),
            st.just(real[:place]),
            st.binary(min_size=1, max_size=4).map(lambda new: real[:place] + new + real[place + len(new) :]),
        )
    )
    if sent != real:
        assert refusal(synced.county, sent).error in {CRL_UNREADABLE, CRL_ISSUER_UNKNOWN, CRL_NOT_GENUINE}
    assert state(synced.county) == before


def test_over_http_a_list_is_bounded_typed_and_counted_by_address(synced: Federation) -> None:
    app = Flask("service")
    app.register_blueprint(make_blueprint(synced.county.deps))
    app.register_error_handler(Refusal, lambda refusal: (f"{refusal.code} {wait_seconds(refusal)}", refusal.error.status))
    browser = app.test_client()
    synced.clock.advance(timedelta(minutes=1))
    der = crl.publish(synced.city.deps.pki, "principal").der
    seal = synced.city.seal()
    revoke(synced.city.deps.pki, f"{seal.serial_number:x}", "superseded", synced.clock.now())
    send = {"path": arrivals.PATH, "content_type": arrivals.CONTENT_TYPE}
    assert browser.post(**send, data=der).status_code == 204
    assert browser.post(**send, data=b"\0" * (arrivals.MAX_BYTES + 1)).status_code == 413
    assert browser.post(arrivals.PATH, data=der, content_type="text/plain").status_code == 415
    answers = [browser.post(**send, data=b"") for _ in range(LISTS_PER_MINUTE)]
    assert (answers[0].status_code, answers[0].text) == (422, f"{CRL_UNREADABLE.code} None")
    code, seconds = answers[-1].text.split()
    assert (answers[-1].status_code, code) == (429, "too_many_requests")
    assert 0 < int(seconds) <= 60
    assert browser.post(**send, data=der, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 204
