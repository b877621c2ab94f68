"""Fetching from peers: verified as it comes in, kept when they are away, nothing made worse by a peer that lies."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from crosscert import agreements, description_format, node_description
from crosscert.errors import CRL_NOT_GENUINE, DESCRIPTION_INVALID, DESCRIPTION_OLD, PEER_UNKNOWN
from crosscert.federation import sync
from crosscert.records import Peer
from kernel.errors import Refusal
from pki import crl
from pki.authority import revoke
from pki.roles import get_credential
from policies.loader import load
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY
from tests.support.three_nodes import Federation, Member
from tests.unit.crosscert.forge import reason, signer

DESCRIPTION = node_description.PATH
BUDGET = load(None).certificates.federation.budget_seconds


def peers_of(member: Member) -> dict[str, Peer]:
    return {peer.node.code: peer for peer in agreements.list_peers(member.deps)}


def error_of(member: Member, code: str) -> str | None:
    return peers_of(member)[code].last_error


def trusts(nodes: Federation, sealing: Member) -> bool:
    return nodes.county.trust.path(sealing.seal(), at=nodes.clock.now(), levels="substantial").valid


def test_a_county_learns_of_the_other_through_the_citys_description(nodes: Federation) -> None:
    assert set(peers_of(nodes.county)) == {CITY.code}
    assert nodes.sync(nodes.county) == {CITY.code: None, OTHER_COUNTY.code: None}
    learned = peers_of(nodes.county)[OTHER_COUNTY.code]
    assert (learned.relation, learned.learned_from, learned.node) == ("member", CITY.code, OTHER_COUNTY)
    assert learned.last_ok_at == nodes.clock.now()
    for kind in ("description", "status_list", "log_key", "log_checkpoint"):
        held = nodes.county.trust.evidence(kind, OTHER_COUNTY.code)  # type: ignore[arg-type]
        assert held is not None
        assert held.fetched_at == nodes.clock.now()
    assert nodes.county.trust.evidence("status_list", "445121") is None


def test_what_has_not_changed_is_not_fetched_again_but_confirmed(synced: Federation) -> None:
    before = synced.county.trust.evidence("log_checkpoint", CITY.code)
    generation = _generation(synced.county)
    synced.clock.advance(timedelta(seconds=20))
    synced.sync(synced.county)
    after = synced.county.trust.evidence("log_checkpoint", CITY.code)
    assert before is not None
    assert after == replace(before, fetched_at=synced.clock.now())
    assert _generation(synced.county) == generation


def test_a_peer_that_is_away_is_noted_and_what_it_said_stays(synced: Federation) -> None:
    held = synced.county.trust.evidence("status_list", OTHER_COUNTY.code)
    last_ok = peers_of(synced.county)[OTHER_COUNTY.code].last_ok_at
    synced.web.down.add(OTHER_COUNTY.url)
    synced.clock.advance(timedelta(hours=1))
    assert synced.sync(synced.county) == {CITY.code: None, OTHER_COUNTY.code: "peer_unreachable"}
    peer = peers_of(synced.county)[OTHER_COUNTY.code]
    assert (peer.last_ok_at, peer.last_tried_at, peer.last_error) == (last_ok, synced.clock.now(), "peer_unreachable")
    assert synced.county.trust.evidence("status_list", OTHER_COUNTY.code) == held
    assert trusts(synced, synced.other)
    synced.web.down.clear()
    assert synced.sync(synced.county)[OTHER_COUNTY.code] is None
    assert error_of(synced.county, OTHER_COUNTY.code) is None


def test_without_the_city_the_counties_still_hear_each_other_and_then_no_longer_trust(synced: Federation) -> None:
    synced.web.down.add(CITY.url)
    synced.clock.advance(timedelta(seconds=BUDGET))
    synced.publish_lists()
    synced.sync(synced.county)
    assert trusts(synced, synced.other)
    synced.clock.advance(timedelta(seconds=1))
    assert not trusts(synced, synced.other)
    synced.clock.advance(timedelta(days=7))  # the city's list of CA certificates has ended
    synced.publish_lists()
    assert synced.sync(synced.county)[OTHER_COUNTY.code] == "not_trusted"
    assert not trusts(synced, synced.other)


def test_a_forged_revocation_list_is_refused_and_nothing_of_the_visit_is_kept(synced: Federation) -> None:
    impostor = signer("impostor")
    issuing = get_credential(synced.other.deps.pki, "issuing").certificate
    forged = replace(impostor, subject=issuing.subject).crl(number=99, this_update=synced.clock.now())
    seal = synced.other.seal()
    revoke(synced.other.deps.pki, f"{seal.serial_number:x}", "key_compromise", synced.clock.now())
    generation = _generation(synced.county)
    synced.web.answers[f"{OTHER_COUNTY.url}/pki/issuing.crl"] = lambda: forged.der
    assert synced.sync(synced.county)[OTHER_COUNTY.code] == CRL_NOT_GENUINE.code
    assert _generation(synced.county) == generation
    synced.web.answers[f"{OTHER_COUNTY.url}/pki/issuing.crl"] = lambda: crl.current(synced.other.deps.pki, "issuing").der
    synced.sync(synced.county)
    verdict = synced.county.trust.path(seal, at=synced.clock.now(), levels="substantial")
    assert reason(verdict)[0] == "certificate_revoked"


def test_a_list_number_never_falls(synced: Federation) -> None:
    old = crl.current(synced.other.deps.pki, "issuing").der
    synced.clock.advance(timedelta(minutes=5))
    seal = synced.other.seal()
    revoke(synced.other.deps.pki, f"{seal.serial_number:x}", "key_compromise", synced.clock.now())
    synced.sync(synced.county)
    synced.web.answers[f"{OTHER_COUNTY.url}/pki/issuing.crl"] = lambda: old
    assert synced.sync(synced.county)[OTHER_COUNTY.code] == CRL_NOT_GENUINE.code
    assert reason(synced.county.trust.path(seal, at=synced.clock.now(), levels="substantial"))[0] == "certificate_revoked"


def test_a_list_from_the_future_waits(synced: Federation) -> None:
    ahead = synced.clock.now() + timedelta(minutes=10)
    synced.clock.advance(timedelta(minutes=10))
    der = crl.publish(synced.other.deps.pki, "issuing").der
    synced.clock.moment = ahead - timedelta(minutes=5)
    synced.web.answers[f"{OTHER_COUNTY.url}/pki/issuing.crl"] = lambda: der
    assert synced.sync(synced.county)[OTHER_COUNTY.code] == CRL_NOT_GENUINE.code
    synced.clock.moment = ahead
    assert synced.sync(synced.county)[OTHER_COUNTY.code] is None


def test_an_older_description_is_refused(synced: Federation) -> None:
    old = node_description.describe(synced.city.deps)[0]
    synced.clock.advance(timedelta(minutes=node_description.MADE_EVERY_MINUTES))
    synced.sync(synced.county)
    synced.web.answers[f"{CITY.url}{DESCRIPTION}"] = lambda: old
    assert synced.sync(synced.county)[CITY.code] == DESCRIPTION_OLD.code


def test_a_description_out_of_date_is_refused(synced: Federation) -> None:
    old = node_description.describe(synced.city.deps)[0]
    synced.web.answers[f"{CITY.url}{DESCRIPTION}"] = lambda: old
    synced.clock.advance(timedelta(hours=24))
    synced.publish_lists()
    assert synced.sync(synced.county)[CITY.code] == DESCRIPTION_INVALID.code


def test_anothers_description_or_one_signed_by_another_is_refused(synced: Federation) -> None:
    city, other = f"{CITY.url}{DESCRIPTION}", f"{OTHER_COUNTY.url}{DESCRIPTION}"
    real = synced.web.answers[city]
    synced.web.answers[city] = synced.web.answers[other]
    assert synced.sync(synced.county)[CITY.code] == DESCRIPTION_INVALID.code
    synced.web.answers[city] = lambda: _signed_again(real(), synced.other)
    assert synced.sync(synced.county)[CITY.code] == DESCRIPTION_INVALID.code
    synced.web.answers[city] = lambda: _changed(real(), name="另一个市")
    assert synced.sync(synced.county)[CITY.code] == DESCRIPTION_INVALID.code
    for garbage in (b"", b"{}", b'{"description":{},"jws":"a.b.c"}', b"\xff" * 100, b'{"a":' * 5000):
        synced.web.answers[city] = lambda garbage=garbage: garbage  # type: ignore[misc]
        assert synced.sync(synced.county)[CITY.code] in {DESCRIPTION_INVALID.code, "token_malformed"}
    synced.web.answers[city] = real
    assert synced.sync(synced.county)[CITY.code] is None


def test_a_status_list_of_another_node_or_for_another_purpose_is_refused(synced: Federation) -> None:
    url = f"{OTHER_COUNTY.url}/licenses/status"
    now = int(synced.clock.now().timestamp())
    claims = {"iss": OTHER_COUNTY.url, "iat": now, "exp": now + 60}
    for answer in (
        synced.city.sign({**claims, "iss": CITY.url}, sync.STATUS_LIST_TYPE),
        synced.city.sign(claims, sync.STATUS_LIST_TYPE),
        synced.other.sign(claims, sync.LOG_KEY_TYPE),
        synced.other.sign({**claims, "exp": now}, sync.STATUS_LIST_TYPE),
        synced.other.sign({"iss": OTHER_COUNTY.url, "iat": now}, sync.STATUS_LIST_TYPE),
        "not a token",
    ):
        synced.web.answers[url] = lambda answer=answer: answer.encode()  # type: ignore[misc]
        assert synced.sync(synced.county)[OTHER_COUNTY.code] is not None
    held = synced.county.trust.evidence("status_list", OTHER_COUNTY.code)
    assert held is not None
    assert b"not a token" not in held.data


@pytest.mark.parametrize("claims", [{"exp": 2**53}, {"exp": 253_402_300_800}, {"iat": None}, {"iat": -(2**53)}])
def test_a_status_list_of_no_calendars_time_is_refused_by_name_and_the_others_are_fetched(
    synced: Federation, claims: dict[str, object]
) -> None:
    now = int(synced.clock.now().timestamp())
    token = synced.other.sign({"iss": OTHER_COUNTY.url, "iat": now, "exp": now + 60, **claims}, sync.STATUS_LIST_TYPE)
    synced.web.answers[f"{OTHER_COUNTY.url}/licenses/status"] = token.encode
    synced.web.answers[f"{OTHER_COUNTY.url}/licenses/log/checkpoint"] = lambda: b"445103\n2\n"
    assert synced.sync(synced.county)[OTHER_COUNTY.code] in {DESCRIPTION_INVALID.code, "token_claim"}
    held = synced.county.trust.evidence("log_checkpoint", OTHER_COUNTY.code)
    assert held is not None
    assert held.data == b"445103\n2\n"


def test_everything_is_fetched_whole_again_after_the_clock_was_set_back(synced: Federation) -> None:
    with synced.county.deps.work.begin() as work:
        work.records.note_heard(CITY.code, at=synced.clock.now() + timedelta(days=1), full=True)
    synced.sync(synced.county)
    assert peers_of(synced.county)[CITY.code].full_at == synced.clock.now()


def test_a_key_that_is_agreed_on_during_a_visit_stays_agreed_on(synced: Federation) -> None:
    answer = synced.web.answers[f"{CITY.url}/pki/issuing.crl"]

    def meanwhile() -> bytes:
        with synced.county.deps.work.begin() as work:
            work.records.put_peer(replace(peers_of(synced.county)[CITY.code], principal_key="ab" * 32))
        return answer()

    synced.web.answers[f"{CITY.url}/pki/issuing.crl"] = meanwhile
    synced.clock.advance(timedelta(hours=2))
    synced.sync(synced.county)
    assert peers_of(synced.county)[CITY.code].principal_key == "ab" * 32


def test_one_failing_object_does_not_keep_the_others_out(synced: Federation) -> None:
    del synced.web.answers[f"{OTHER_COUNTY.url}/licenses/status"]
    synced.web.answers[f"{OTHER_COUNTY.url}/licenses/log/checkpoint"] = lambda: b"445103\n2\n"
    synced.clock.advance(timedelta(minutes=1))
    assert synced.sync(synced.county)[OTHER_COUNTY.code] == "peer_unreachable"
    held = synced.county.trust.evidence("log_checkpoint", OTHER_COUNTY.code)
    assert held is not None
    assert held.data == b"445103\n2\n"


def test_only_addresses_below_the_peers_own_are_ever_asked(nodes: Federation) -> None:
    nodes.sync(nodes.county)
    assert all(url.startswith((CITY.url + "/", OTHER_COUNTY.url + "/")) for url in nodes.web.asked)


def test_a_revoked_agreement_ends_the_hearing(synced: Federation) -> None:
    agreement = agreements.find_live(synced.county.deps, CITY.code)
    assert agreement is not None
    agreements.revoke(synced.county.deps, agreement.identifier, actor="account:li")
    assert synced.sync(synced.county) == {CITY.code: "not_trusted", OTHER_COUNTY.code: "not_trusted"}


def test_an_unknown_peer_is_refused_by_name(nodes: Federation) -> None:
    with pytest.raises(Refusal) as raised:
        sync.sync_peer(nodes.county.deps, "445121")
    assert raised.value.error is PEER_UNKNOWN


def test_nothing_escapes_whatever_a_peer_does_to_us(synced: Federation) -> None:
    def broken() -> bytes:
        raise ZeroDivisionError

    synced.web.answers[f"{CITY.url}{DESCRIPTION}"] = broken
    assert synced.sync(synced.county) == {CITY.code: "internal", OTHER_COUNTY.code: None}
    assert error_of(synced.county, CITY.code) == "internal"


def test_a_member_is_believed_only_in_the_bridges_words(nodes: Federation) -> None:
    """The bridge's cross-certificate says whose root a member's is; a mapping to another area code makes no member."""
    description = description_format.parse(node_description.describe(nodes.city.deps)[0])
    swapped = [replace(member, code="445121") if member.code == OTHER_COUNTY.code else member for member in description.members]
    nodes.web.answers[f"{CITY.url}{DESCRIPTION}"] = lambda: _changed_and_signed(nodes, swapped)
    nodes.sync(nodes.county)
    assert set(peers_of(nodes.county)) == {CITY.code}


def _generation(member: Member) -> int:
    with member.deps.work.read() as work:
        return work.records.generation()


def _signed_again(document: bytes, by: Member) -> bytes:
    description = json.loads(document)["description"]
    return _document(description, by)


def _changed(document: bytes, *, name: str) -> bytes:
    outer = json.loads(document)
    outer["description"]["node"]["name"] = name
    return json.dumps(outer).encode()


def _changed_and_signed(nodes: Federation, members: list[object]) -> bytes:
    description = json.loads(node_description.describe(nodes.city.deps)[0])["description"]
    description["members"] = [
        {"code": each.code, "name": each.name, "level": each.level, "url": each.url}  # type: ignore[attr-defined]
        for each in members
    ]
    return _document(description, nodes.city)


def _document(description: dict[str, object], by: Member) -> bytes:
    return json.dumps({"description": description, "jws": by.sign(description, node_description.TYPE)}).encode()


def test_a_county_is_no_ones_bridge(synced: Federation) -> None:
    assert COUNTY.code in peers_of(synced.other)
    assert peers_of(synced.other)[COUNTY.code].learned_from == CITY.code
