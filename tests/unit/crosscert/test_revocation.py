"""Revocation lists: believed only under the exact key of the CA they speak for, whatever else lies around."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations, permutations
from typing import Any

import pytest
from cryptography import x509

from crosscert.errors import CRL_NOT_GENUINE, CRL_UNREADABLE
from crosscert.federation.intake import take_crl
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import CrlSet, ParsedCrl, newest, parse_crl, verify_crl
from crosscert.paths.deadline import Deadline
from crosscert.paths.explain import PathFault
from crosscert.paths.index import Pool
from crosscert.paths.path_lists import Sources
from crosscert.paths.records import PathRequest, PathVerdict
from crosscert.paths.validation import validate
from kernel.errors import Refusal
from tests.unit.crosscert.forge import NOW, Signer, judge, reason, signer

ROOT, COUNTY, SIBLING = signer("root"), signer("county"), signer("sibling")
ANCHOR = ROOT.root()
COUNTY_CA, SIBLING_CA = ROOT.ca(COUNTY), ROOT.ca(SIBLING)
LEAF = COUNTY.leaf("seal")
POOL = [COUNTY_CA, SIBLING_CA]
ROOT_LIST = ROOT.crl()


def check(
    *crls: ParsedCrl, target: ParsedCertificate = LEAF, pool: Sequence[ParsedCertificate] = tuple(POOL), **asked: Any
) -> PathVerdict:
    return judge(target, ANCHOR, pool, crls, check_revocation=True, **asked)


def test_every_certificate_of_the_path_needs_a_list() -> None:
    assert check(ROOT_LIST, COUNTY.crl()).valid
    assert reason(check(ROOT_LIST)) == ("revocation_unknown", "seal")
    assert reason(check(COUNTY.crl())) == ("revocation_unknown", "county")
    assert reason(check()) == ("revocation_unknown", "county")
    assert judge(LEAF, ANCHOR, POOL, check_revocation=False).valid


def test_no_other_ca_speaks_for_a_certificate_than_its_issuer() -> None:
    """The library takes any CA's list below the same issuer, and a CA's own for its own certificate: also without the issuer's."""
    offered = [
        COUNTY.crl(),
        SIBLING.crl(),
        COUNTY.crl(SIBLING_CA),
        ROOT.crl(signed_by="county"),
        Signer(ROOT.subject, "two").crl(),
    ]
    for size in range(len(offered) + 1):
        for some in combinations(offered, size):
            assert reason(check(*some))[1] == "county"
    assert reason(check(ROOT.crl(COUNTY_CA), *offered)) == ("certificate_revoked", "county")


def test_a_revoked_certificate_is_told_with_its_reason_and_moment() -> None:
    verdict = check(ROOT_LIST, COUNTY.crl(LEAF))
    assert reason(verdict) == ("certificate_revoked", "seal")
    assert verdict.reason is not None
    assert "2026-11-23T06:00:00Z" in verdict.reason.message.en
    assert "key_compromise" in verdict.reason.message.en
    assert reason(check(ROOT.crl(COUNTY_CA), COUNTY.crl())) == ("certificate_revoked", "county")


def test_a_list_in_a_siblings_name_signed_by_another_key_is_never_believed() -> None:
    """The hole of the library: with siblings' lists in the pool, a forged one used to pass while the real one was withheld."""
    forged = COUNTY.crl(signed_by="attacker", number=10_000)
    real = COUNTY.crl(LEAF)
    others = [SIBLING.crl(), ROOT_LIST]
    for order in permutations([forged, *others]):  # the real one withheld
        assert reason(check(*order)) == ("revocation_forged", "seal")
    for order in permutations([forged, real, *others]):
        assert reason(check(*order)) == ("certificate_revoked", "seal")
    for order in permutations([forged, COUNTY.crl(), *others]):
        assert check(*order).valid


def test_a_forged_list_for_a_ca_under_judgement_is_never_believed() -> None:
    """As above where the CA itself is the target, and stands in the pool as a possible signer of its own list."""
    inner = signer("inner")
    inner_ca = COUNTY.ca(inner)
    forged = COUNTY.crl(signed_by="inner")
    pool = [*POOL, inner_ca]
    for order in permutations([forged, ROOT_LIST, SIBLING.crl(), inner.crl()]):
        assert reason(check(*order, target=inner_ca, pool=pool)) == ("revocation_forged", "inner")


def test_no_subset_of_lists_without_the_real_one_makes_a_certificate_valid() -> None:
    lying = [
        COUNTY.crl(signed_by="attacker"),
        COUNTY.crl(signed_by="sibling"),
        SIBLING.crl(),
        Signer(COUNTY.subject, "county-two").crl(),
    ]
    rival = Signer(COUNTY.subject, "county-two")
    pool = [*POOL, SIBLING.ca(rival), rival.root()]
    for size in range(len(lying) + 1):
        for some in combinations(lying, size):
            assert not check(ROOT_LIST, *some, pool=pool).valid


def test_a_list_key_of_the_ca_certified_by_the_same_authority_is_believed_and_a_siblings_is_not() -> None:
    lists = Signer(COUNTY.subject, "county-lists")
    good = lists.crl()
    certified = ROOT.ca(lists, usage=("crl_sign",))
    by_sibling = SIBLING.ca(lists, usage=("crl_sign",))
    assert check(ROOT_LIST, good, pool=[*POOL, certified]).valid
    assert reason(check(ROOT_LIST, good, pool=[*POOL, by_sibling])) == ("revocation_forged", "seal")
    revoked = ROOT.crl(certified)
    assert not check(revoked, good, pool=[*POOL, certified]).valid
    expired = ROOT.ca(lists, usage=("crl_sign",), not_after=NOW - timedelta(days=1))
    assert not check(ROOT_LIST, good, pool=[*POOL, expired]).valid


def test_a_list_key_certified_by_the_ca_itself_must_be_a_good_certificate() -> None:
    lists = Signer(COUNTY.subject, "county-lists")
    by_itself = COUNTY.ca(lists, usage=("crl_sign",))
    assert check(ROOT_LIST, lists.crl(), COUNTY.crl(), pool=[*POOL, by_itself]).valid
    assert not check(ROOT_LIST, lists.crl(signed_by="attacker"), pool=[*POOL, by_itself]).valid


def test_a_ca_that_may_not_sign_lists_is_named() -> None:
    mute = ROOT.ca(COUNTY, usage=("key_cert_sign",))
    assert reason(check(ROOT_LIST, COUNTY.crl(), pool=[mute])) == ("may_not_sign_crls", "county")


def test_lists_out_of_date_or_from_the_future_decide_nothing() -> None:
    old = COUNTY.crl(this_update=NOW - timedelta(days=9), next_update=NOW - timedelta(days=2))
    assert reason(check(ROOT_LIST, old)) == ("revocation_stale", "seal")
    ahead = COUNTY.crl(this_update=NOW + timedelta(hours=1))
    assert reason(check(ROOT_LIST, ahead)) == ("revocation_too_new", "seal")


def test_the_newest_list_counts_and_one_from_the_future_does_not_hide_it() -> None:
    before = COUNTY.crl(this_update=NOW - timedelta(days=3), number=1)
    after = COUNTY.crl(LEAF, this_update=NOW - timedelta(hours=1), number=2)
    ahead = COUNTY.crl(this_update=NOW + timedelta(hours=1), number=3)
    for order in permutations([before, after, ahead]):
        assert reason(check(ROOT_LIST, *order)) == ("certificate_revoked", "seal")
        then = NOW - timedelta(days=2)
        root_then = ROOT.crl(this_update=NOW - timedelta(days=4))
        assert check(root_then, *order, at=then).valid
    pairs = [(found, COUNTY_CA) for found in (before, after, ahead)]
    assert [found.number for found, _ in newest(pairs, NOW)] == [2]


def test_an_entry_counts_whatever_its_date_as_soon_as_the_list_is_out() -> None:
    for moment in (NOW - timedelta(days=1), NOW, NOW + timedelta(hours=1)):
        listed = COUNTY.crl(LEAF, at=moment)
        assert reason(check(ROOT_LIST, listed)) == ("certificate_revoked", "seal")


def test_a_delta_list_that_only_the_certificate_points_to_is_looked_into() -> None:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://localhost/delta.crl")], None, None, None)
    leaf = COUNTY.leaf("fresh", more=[(x509.FreshestCRL([point]), False)])
    base = COUNTY.crl(number=5001)
    delta = COUNTY.crl(leaf, number=5002, more=[(x509.DeltaCRLIndicator(5001), True)])
    assert check(ROOT_LIST, base, target=leaf).valid
    assert reason(check(ROOT_LIST, base, delta, target=leaf)) == ("certificate_revoked", "fresh")


def test_lists_are_taken_in_only_when_they_are_their_issuers_and_of_today() -> None:
    assert take_crl(COUNTY.crl(), [COUNTY_CA, SIBLING_CA], NOW).issuer == COUNTY_CA
    for refused in (
        COUNTY.crl(signed_by="attacker"),
        SIBLING.crl(signed_by="county"),
        COUNTY.crl(this_update=NOW + timedelta(minutes=1)),
        ROOT.crl(),
    ):
        with pytest.raises(Refusal) as raised:
            take_crl(refused, [COUNTY_CA, SIBLING_CA], NOW)
        assert raised.value.error is CRL_NOT_GENUINE


def test_a_list_is_its_issuers_only_under_the_exact_key_and_with_leave_to_sign_lists() -> None:
    assert verify_crl(COUNTY.crl(), COUNTY_CA)
    for found, issuer in (
        (COUNTY.crl(), ROOT.ca(Signer(COUNTY.subject, "another"))),
        (COUNTY.crl(), SIBLING_CA),
        (COUNTY.crl(), ROOT.ca(COUNTY, usage=("key_cert_sign",))),
    ):
        with pytest.raises(Refusal) as raised:
            verify_crl(found, issuer)
        assert raised.value.error is CRL_NOT_GENUINE


def test_what_is_no_list_is_refused() -> None:
    for data in (b"", b"\x30\x00", LEAF.der, COUNTY.crl().der + b"\x00", COUNTY.crl().der[:-1]):
        with pytest.raises(Refusal) as raised:
            parse_crl(data)
        assert raised.value.error is CRL_UNREADABLE


def test_validation_refuses_whatever_goes_wrong_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own faults must not become trust; nothing of ours is replaced here, only the library's function."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("crosscert.paths.validation.async_validate_path", broken)
    leaf = COUNTY.leaf("unseen")
    request = PathRequest(NOW, explicit_policy=False)
    with pytest.raises(PathFault) as raised:
        validate((ANCHOR, COUNTY_CA, leaf), Sources(Pool(POOL), CrlSet([ROOT_LIST, COUNTY.crl()]), request, Deadline(5)))
    assert raised.value.code == "path_refused"
