"""Finding paths: shortest good one first, bounded in every shape of graph, and the right words when there is none."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise, permutations

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscert.paths import discovery, validation
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import CrlSet
from crosscert.paths.deadline import Deadline, OutOfTime
from crosscert.paths.index import Pool
from crosscert.paths.path_lists import Sources
from crosscert.paths.records import PathRequest
from tests.unit.crosscert.forge import EARLIER, LATER, NOW, Plan, Signer, judge, names_on, reason, signer

ROOT = signer("root")
ANCHOR = ROOT.root()


def test_a_chain_is_found_from_certificates_in_any_order() -> None:
    sub, issuing = signer("sub"), signer("issuing")
    chain = [ROOT.ca(sub), sub.ca(issuing), issuing.leaf("seal")]
    for order in permutations(chain):
        verdict = judge(chain[-1], ANCHOR, order)
        assert verdict.valid
        assert names_on(verdict) == ["root", "sub", "issuing", "seal"]
        assert verdict.reason is None


def test_the_anchor_itself_is_trusted_and_another_root_is_not() -> None:
    assert names_on(judge(ANCHOR, ANCHOR)) == ["root"]
    other = signer("other").root()
    assert reason(judge(other, ANCHOR, [other])) == ("untrusted_root", "other")


def test_a_root_of_the_same_name_with_another_key_is_not_the_anchor() -> None:
    impostor = Signer(ROOT.subject, "impostor")
    leaf = impostor.leaf("seal")
    assert reason(judge(leaf, ANCHOR, [impostor.root()]))[0] in {"untrusted_root", "issuer_not_found"}
    assert reason(judge(impostor.leaf("seal", identifiers=False), ANCHOR))[0] == "signature_invalid"


def test_the_shortest_good_path_is_taken() -> None:
    city, county, leaf = signer("city"), signer("county"), signer("county").leaf("seal")
    detour = [ROOT.ca(city), city.ca(county)]
    direct = ROOT.ca(county)
    assert names_on(judge(leaf, ANCHOR, [*detour, direct])) == ["root", "county", "seal"]
    assert names_on(judge(leaf, ANCHOR, detour)) == ["root", "city", "county", "seal"]


def test_a_shorter_path_that_is_not_good_gives_way_to_a_longer_one() -> None:
    city, county = signer("city"), signer("county")
    leaf = county.leaf("seal")
    expired = ROOT.ca(county, not_after=NOW - timedelta(days=1))
    too_short = ROOT.ca(signer("mid"), path_length=0)
    pool = [expired, too_short, signer("mid").ca(county), ROOT.ca(city), city.ca(county)]
    assert names_on(judge(leaf, ANCHOR, pool)) == ["root", "city", "county", "seal"]


def test_of_equal_paths_the_one_that_lasts_longest_is_taken_whatever_the_order() -> None:
    county = signer("county")
    leaf = county.leaf("seal")
    older, newer = ROOT.ca(county, not_after=LATER), ROOT.ca(county, not_after=LATER + timedelta(days=1))
    for pool in ([older, newer], [newer, older]):
        assert judge(leaf, ANCHOR, pool).certificates[1] == newer


def test_a_link_certificate_leads_over_a_rollover() -> None:
    new = Signer(ROOT.subject, "root-new")
    new_with_old = ROOT.issue(Plan(ROOT.subject, "root-new", ca=True))
    leaf = new.leaf("seal")
    assert names_on(judge(leaf, ANCHOR, [new_with_old, new.root()])) == ["root", "root", "seal"]


def test_the_target_is_judged_at_both_ends_of_its_life() -> None:
    leaf = ROOT.leaf("seal", not_before=EARLIER, not_after=LATER)
    second = timedelta(seconds=1)
    assert judge(leaf, ANCHOR, at=EARLIER).valid
    assert judge(leaf, ANCHOR, at=LATER).valid
    assert reason(judge(leaf, ANCHOR, at=EARLIER - second)) == ("certificate_not_yet_valid", "root")
    short = ROOT.leaf("seal", not_before=EARLIER + second, not_after=LATER - second)
    assert reason(judge(short, ANCHOR, at=EARLIER)) == ("certificate_not_yet_valid", "seal")
    assert reason(judge(short, ANCHOR, at=LATER)) == ("certificate_expired", "seal")


def test_an_expired_anchor_trusts_nothing() -> None:
    anchor = ROOT.root(not_after=NOW - timedelta(days=1))
    assert reason(judge(ROOT.leaf("seal"), anchor)) == ("certificate_expired", "root")


def test_limits_of_the_anchor_itself_hold() -> None:
    sub, issuing = signer("sub"), signer("issuing")
    short = ROOT.root(path_length=1)
    chain = [ROOT.ca(sub), sub.ca(issuing)]
    assert reason(judge(issuing.leaf("seal"), short, chain)) == ("path_too_long", "issuing")
    assert judge(sub.leaf("seal"), short, chain).valid


def test_who_is_no_ca_or_may_not_sign_certificates_issues_nothing() -> None:
    sub = signer("sub")
    leaf = sub.leaf("seal")
    assert reason(judge(leaf, ANCHOR, [ROOT.issue(Plan(sub.subject, sub.key))])) == ("not_a_ca", "sub")
    assert reason(judge(leaf, ANCHOR, [ROOT.ca(sub, usage=("crl_sign",))])) == ("may_not_sign_certificates", "sub")


def test_a_changed_certificate_is_told_by_its_signature() -> None:
    der = bytearray(ROOT.leaf("seal").der)
    der[-1] ^= 1
    assert reason(judge(parse_certificate(bytes(der)), ANCHOR)) == ("signature_invalid", "seal")


def test_an_unknown_critical_extension_refuses_and_an_uncritical_one_does_not() -> None:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert reason(judge(ROOT.leaf("seal", more=[(extension, True)]), ANCHOR)) == ("unknown_critical_extension", "seal")
    assert judge(ROOT.leaf("seal", more=[(extension, False)]), ANCHOR).valid


def test_two_certificates_with_one_issuer_and_serial_do_not_stand_in_one_path() -> None:
    first = signer("first")
    link = ROOT.ca(first, serial=77)
    rolled = Signer(ROOT.subject, "root")
    # The same name and serial number again, further down: the library tells certificates apart by these.
    loop = first.ca(Signer(ROOT.subject, "root-two"))
    leaf = Signer(ROOT.subject, "root-two").leaf("seal", serial=77)
    assert rolled == ROOT
    assert reason(judge(leaf, ANCHOR, [link, loop])) == ("serial_repeated", "seal")


def test_key_identifiers_that_disagree_keep_certificates_apart() -> None:
    sub = signer("sub")
    leaf = sub.leaf("seal", authority_key_identifier=b"another key's")
    assert reason(judge(leaf, ANCHOR, [ROOT.ca(sub)])) == ("issuer_not_found", "seal")


def test_no_path_is_longer_than_eight_certificates() -> None:
    row = [ROOT, *(signer(f"level{n}") for n in range(8))]
    links = [row[n].ca(row[n + 1]) for n in range(8)]
    assert len(judge(row[6].leaf("seal"), ANCHOR, links).certificates) == 8
    assert reason(judge(row[7].leaf("seal"), ANCHOR, links)) == ("no_path", "seal")


def test_the_number_of_paths_and_steps_is_capped() -> None:
    # Every level has many CAs, all certified by all of the level above, none of which may issue what is wanted.
    levels = [[signer(f"l{level}n{n}") for n in range(8)] for level in range(4)]
    edges = [ROOT.ca(low, path_length=0) for low in levels[0]]
    edges += [high.ca(low) for upper, lower in pairwise(levels) for high in upper for low in lower]
    target = levels[-1][0].leaf("seal")
    search = discovery.Search(target, ANCHOR, Pool(edges), NOW, Deadline(60))
    assert len(list(search.candidates())) == discovery.MAX_PATHS
    assert search.expansions <= discovery.MAX_EXPANSIONS
    assert reason(judge(target, ANCHOR, edges))[0] == "path_too_long"


def test_the_time_budget_ends_search_and_validation() -> None:
    sub = signer("sub")
    leaf, pool = sub.leaf("seal"), [ROOT.ca(sub)]
    assert reason(judge(leaf, ANCHOR, pool, budget_seconds=0.0)) == ("out_of_time", "seal")
    request = PathRequest(NOW, explicit_policy=False, check_revocation=False)
    with pytest.raises(OutOfTime):
        validation.validate((ANCHOR, pool[0], leaf), Sources(Pool(pool), CrlSet(), request, Deadline(0.0)))


def test_the_missing_issuer_is_named() -> None:
    sub, issuing = signer("sub"), signer("issuing")
    verdict = judge(issuing.leaf("seal"), ANCHOR, [sub.ca(issuing)])
    assert reason(verdict) == ("issuer_not_found", "issuing")
    assert names_on(verdict) == ["issuing", "seal"]
    assert verdict.reason is not None
    assert "CN=sub,C=CN" in verdict.reason.message.zh
    assert "CN=sub,C=CN" in verdict.reason.message.en


def test_what_was_found_valid_is_not_valid_beyond_its_time_or_for_another_question() -> None:
    sub = signer("sub")
    pool = [ROOT.ca(sub, policies=["1"]), leaf := sub.leaf("seal", policies=["1"])]
    lists = [ROOT.crl(next_update=NOW + timedelta(days=1)), sub.crl(next_update=NOW + timedelta(days=1))]
    for _ in range(2):
        assert judge(leaf, ANCHOR, pool, lists, check_revocation=True).valid
    late = {"at": NOW + timedelta(days=2), "check_revocation": True}
    assert reason(judge(leaf, ANCHOR, pool, lists, **late)) == ("revocation_stale", "sub")
    asked = {"policies": frozenset({"1.2.3"}), "explicit_policy": True, "check_revocation": True}
    assert reason(judge(leaf, ANCHOR, pool, lists, **asked)) == ("policy_not_accepted", "seal")
    assert reason(judge(leaf, ANCHOR, pool, [], check_revocation=True))[0] == "revocation_unknown"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25), st.randoms(use_true_random=False))
def test_in_any_graph_the_path_found_is_a_shortest_one_and_does_not_depend_on_the_order(
    edges: list[tuple[int, int]], order: object
) -> None:
    nodes = [ROOT, *(signer(f"g{n}") for n in range(1, 7))]
    certificates = [_edge(nodes[a], nodes[b]) for a, b in dict.fromkeys(edges) if b not in (a, 0)]
    target = nodes[6].leaf("seal", serial=5)
    verdict = judge(target, ANCHOR, certificates)
    shuffled = list(certificates)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(target, ANCHOR, shuffled).as_json() == verdict.as_json()
    steps = _distance({(a, b) for a, b in edges if b not in (a, 0)})
    assert verdict.valid == (steps is not None)
    if verdict.reason is not None:  # whichever certificate is blamed is one of those that are shown
        assert verdict.reason.certificate in verdict.certificates
    if steps is not None:
        assert len(verdict.certificates) == steps + 2


_edges: dict[tuple[str, str], ParsedCertificate] = {}


def _edge(issuer: Signer, subject: Signer) -> ParsedCertificate:
    place = (issuer.key, subject.key)
    if place not in _edges:
        _edges[place] = issuer.ca(subject)
    return _edges[place]


def _distance(edges: set[tuple[int, int]]) -> int | None:
    reached, row = {0}, {0}
    for step in range(7):
        if 6 in row:
            return step
        row = {b for a, b in edges if a in row} - reached
        reached |= row
    return None


def test_a_verdict_is_told_in_the_form_of_the_contract() -> None:
    leaf = ROOT.leaf("饶平县", "印章", serial=0xAB)
    told = judge(leaf, ANCHOR).as_json()
    assert told["valid"] is True
    assert told["policies"] == []
    assert told["reason"] is None
    assert told["path"][1] == {  # type: ignore[index,call-overload]
        "subject": "CN=印章,O=饶平县,C=CN",
        "issuer": "CN=root,C=CN",
        "serial": "ab",
        "sha256": leaf.sha256,
    }
    assert leaf.subject_text == x509.load_der_x509_certificate(leaf.der).subject.rfc4514_string()
    refused = judge(leaf, signer("other").root()).as_json()
    assert set(refused["reason"]) == {"code", "message", "certificate"}  # type: ignore[arg-type]
    assert set(refused["reason"]["message"]) == {"zh", "en"}  # type: ignore[index,call-overload,arg-type]
