"""Claims with evidence: told from what was written down when the level was given, and not at all where a demand is not met."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims import parameter, verified, verified_request
from idp.oauth_errors import CLAIMS_PARAMETER
from idp.ports import IdpDeps
from idp.records import Verification
from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.support.idp import SOCIAL_SECURITY, Browser, Provider, add_account, json_of, provider_in

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FRAMEWORK = "urn:chaoxin:trust-framework:cn:gd:real-name"
EVIDENCE = {
    "type": "document",
    "document_details": {"type": "idcard"},
    "check_details": [
        {"check_method": "vri", "time": "2026-11-23T08:00:00Z"},
        {"check_method": "bvr", "time": "2026-11-23T08:00:00Z"},
    ],
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Browser]:
    """A citizen of level 4, logged in at one department's system and at another's."""
    with provider_in(tmp_path_factory.mktemp("verified"), keys) as provider:
        provider.add_account(resident_id="445102198806123626", real_name_level=4)
        provider.add_account("declared", resident_id="445122197511034512", real_name_level=2)
        provider.add_account("pottery", kind="enterprise", uscc="91445100MA7CHAN008", real_name_level=3)
        provider.add_account("counter", resident_id="445103199202291283", real_name_level=5, proofed_by="counter")
        provider.add_client()
        provider.add_client("rsj", department=SOCIAL_SECURITY, scope="openid profile")
        made = provider.browser()
        made.log_in()
        yield made


def ask(
    browser: Browser, verification: Any, claims: Any, *, client_id: str = "scjg", place: str = "userinfo", **changes: str | None
) -> Any:
    """Return the ``verified_claims`` that come of asking for ``claims`` and ``verification``; None where none come."""
    return ask_raw(browser, {"verification": verification, "claims": claims}, client_id=client_id, place=place, **changes)


def ask_raw(browser: Browser, asked: Any, *, client_id: str = "scjg", place: str = "userinfo", **changes: str | None) -> Any:
    request = json.dumps({place: {"verified_claims": asked}})
    tokens = browser.tokens(client_id=client_id, scope="openid", claims=request, **changes)
    told = json_of(browser.provider.userinfo(tokens["access_token"]))
    in_token = jose.unverified_claims(tokens["id_token"])
    assert "verified_claims" not in (in_token if place == "userinfo" else told)
    return (told if place == "userinfo" else in_token).get("verified_claims")


@pytest.mark.parametrize("place", ["userinfo", "id_token"])
def test_claims_come_with_framework_level_moment_and_evidence_as_asked(browser: Browser, place: str) -> None:
    verification = {"trust_framework": None, "assurance_level": None, "time": None, "evidence": [None]}
    assert ask(browser, verification, {"name": None, "resident_id": {"essential": True}}, place=place) == {
        "verification": {
            "trust_framework": FRAMEWORK,
            "assurance_level": "4",
            "time": "2026-11-23T08:00:00Z",
            "evidence": [EVIDENCE],
        },
        "claims": {"name": "陈晓潮", "resident_id": "445102198806123626"},
    }


def test_no_more_is_told_of_the_evidence_than_was_asked(browser: Browser) -> None:
    told = ask(browser, {"trust_framework": None}, {"name": None})
    assert told == {"verification": {"trust_framework": FRAMEWORK}, "claims": {"name": "陈晓潮"}}
    part = [{"type": None, "check_details": [{"check_method": {"value": "bvr"}}]}]
    told = ask(browser, {"evidence": part}, {"name": None})
    assert told["verification"]["evidence"] == [{"type": "document", "check_details": [{"check_method": "bvr"}]}]


@pytest.mark.parametrize(
    "verification",
    [
        {"trust_framework": {"value": FRAMEWORK}},
        {"trust_framework": {"values": ["eidas", FRAMEWORK]}},
        {"trust_framework": None, "assurance_level": {"value": "4"}},
        {"trust_framework": None, "assurance_level": {"values": ["4", "5"], "essential": True}},
        {"trust_framework": None, "time": {"max_age": 86400}},
        {"trust_framework": None, "evidence": [{"type": {"value": "document"}}]},
        {"trust_framework": None, "assurance_process": {"policy": None}, "purpose": "to open a shop"},
    ],
    ids=str,
)
def test_a_demand_that_is_met_is_answered(browser: Browser, verification: dict[str, Any]) -> None:
    assert ask(browser, verification, {"name": None})["claims"] == {"name": "陈晓潮"}


@pytest.mark.parametrize(
    ("verification", "claims"),
    [
        ({"trust_framework": {"value": "eidas"}}, {"name": None}),
        ({"trust_framework": {"values": ["eidas", "de_aml"]}}, {"name": None}),
        ({"assurance_level": {"value": "5"}}, {"name": None}),
        ({"assurance_level": {"value": 4}}, {"name": None}),
        ({"evidence": [{"type": {"value": "electronic_record"}}]}, {"name": None}),
        ({"evidence": [{"type": None}, {"type": {"value": "vouch"}}]}, {"name": None}),
        ({"evidence": [{"check_details": [{"check_method": {"value": "vpip"}}]}]}, {"name": None}),
        ({"assurance_process": {"policy": {"value": "x"}}}, {"name": None}),
        ({"assurance_process": {"essential": True}}, {"name": None}),
        ({"trust_framework": None, "trust_framework_version": {"value": "1"}}, {"name": None}),
        ({"trust_framework": {"max_age": 10}}, {"name": None}),
        ({}, {"name": {"value": "王五"}}),
        ({}, {"name": None, "uscc": {"essential": True}}),
        ({}, {"name": None, "email": {"essential": True}}),
        ({}, {"email": None}),
        ({}, {"sub": None}),
    ],
    ids=str,
)
def test_a_demand_that_is_not_met_leaves_verified_claims_out_altogether(
    browser: Browser, verification: dict[str, Any], claims: dict[str, Any]
) -> None:
    assert ask(browser, verification, claims) is None


def test_evidence_is_as_old_as_the_department_allows_to_the_second(browser: Browser) -> None:
    clock = browser.provider.deps.clock
    assert isinstance(clock, FixedClock)
    before = clock.moment
    clock.advance(timedelta(seconds=600))
    try:
        assert ask(browser, {"time": {"max_age": 600}}, {"name": None}) is not None
        assert ask(browser, {"time": {"max_age": 599}}, {"name": None}) is None
    finally:
        clock.moment = before


def test_a_department_gets_with_evidence_only_what_policies_give_it(browser: Browser) -> None:
    wanted = dict.fromkeys(("name", "birthdate", "gender", "resident_id", "phone_number"))
    assert set(ask(browser, {}, wanted)["claims"]) == {"name", "resident_id"}
    # Registered for no scope that has the number, so it is not had with evidence either.
    assert ask(browser, {}, wanted, client_id="rsj")["claims"] == {
        "name": "陈晓潮",
        "birthdate": "1988-06-12",
        "gender": "female",
    }


def test_of_several_sets_those_that_can_be_are_answered(browser: Browser) -> None:
    good = {"verification": {"trust_framework": None}, "claims": {"name": None}}
    bad = {"verification": {"assurance_level": {"value": "5"}}, "claims": {"name": None}}
    other = {"verification": {"assurance_level": None}, "claims": {"resident_id": None}}
    assert ask_raw(browser, [bad, good])["claims"] == {"name": "陈晓潮"}
    both = ask_raw(browser, [good, bad, other])
    assert [set(one["claims"]) for one in both] == [{"name"}, {"resident_id"}]
    assert ask_raw(browser, [bad]) is None


@pytest.mark.parametrize(
    ("username", "level", "evidence", "claims"),
    [
        ("declared", None, None, None),
        ("pottery", "3", "electronic_record", {"name": "陈晓潮", "uscc": "91445100MA7CHAN008"}),
        ("counter", "5", "document", {"name": "陈晓潮", "resident_id": "445103199202291283"}),
    ],
)
def test_a_level_is_told_by_the_evidence_that_is_stored_and_a_mere_claim_has_none(
    browser: Browser, username: str, level: str | None, evidence: str | None, claims: dict[str, str] | None
) -> None:
    other = browser.provider.browser()
    verification = {"assurance_level": None, "evidence": [{"type": None}]}
    told = ask(other, verification, dict.fromkeys(("name", "resident_id", "uscc")), username=username)
    if level is None:
        assert told is None
    else:
        assert told["claims"] == claims
        assert (told["verification"]["assurance_level"], told["verification"]["evidence"]) == (level, [{"type": evidence}])


def test_they_live_on_in_refreshed_tokens_and_end_with_the_policy(browser: Browser) -> None:
    provider = browser.provider
    asked = json.dumps({"id_token": {"verified_claims": {"verification": {}, "claims": {"name": None}}}})
    tokens = browser.tokens(scope="openid", claims=asked)
    renewed = json_of(provider.refresh(tokens["refresh_token"]))
    assert jose.unverified_claims(renewed["id_token"])["verified_claims"]["claims"] == {"name": "陈晓潮"}


def test_every_account_has_its_evidence_from_the_transaction_that_made_it(deps: IdpDeps) -> None:
    account = add_account(deps, real_name_level=3)
    with deps.work.read() as work:
        (found,) = work.records.verifications(account.id)
    assert (found.level, found.method, found.actor, found.verified_at) == (3, "register", "operator:test", deps.clock.now())
    assert "name" in found.claims
    for level, method in ((5, None), (5, "register"), (4, "hearsay")):
        with pytest.raises(Refusal) as caught:
            add_account(deps, "another", real_name_level=level, proofed_by=method)
        assert caught.value.field == "proofed_by"


def test_a_method_that_policies_no_longer_know_proves_nothing(provider: Provider) -> None:
    policies = provider.deps.policies.assurance
    old = Verification("v", "sub.x", 4, "abolished", ("name",), provider.deps.clock.now(), "operator:test")
    assert verified.verification(policies, old) is None


# Reading the request.

GOOD = {"verification": {}, "claims": {"name": None}}


@pytest.mark.parametrize(
    "asked",
    [
        [],
        [GOOD] * 11,
        True,
        "name",
        [None],
        {},
        {"verification": {}},
        {"claims": {"name": None}},
        GOOD | {"verification": None},
        GOOD | {"verification": []},
        GOOD | {"claims": {}},
        GOOD | {"claims": ["name"]},
        GOOD | {"claims": {"name": True}},
        GOOD | {"claims": {"name": {"essential": 1}}},
        GOOD | {"claims": {"name": {"values": "x"}}},
        GOOD | {"claims": {"name": {"values": [None]}}},
        GOOD | {"claims": {"name": {"value": {}}}},
        GOOD | {"claims": {"name": {"value": 2**60}}},
        GOOD | {"verification": {"time": {"max_age": -1}}},
        GOOD | {"verification": {"time": {"max_age": True}}},
        GOOD | {"verification": {"time": {"max_age": 2**60}}},
        GOOD | {"verification": {"evidence": []}},
        GOOD | {"verification": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {}}}}}}}}}}},
        GOOD | {"claims": {f"c{number}": None for number in range(301)}},
    ],
    ids=range(24),
)
def test_what_is_not_a_request_for_verified_claims_is_one_refusal(asked: Any) -> None:
    with pytest.raises(Refusal) as caught:
        parameter.parse(json.dumps({"userinfo": {"verified_claims": asked}}))
    assert caught.value.error is CLAIMS_PARAMETER


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_NAMES = st.sampled_from(
    ["verification", "claims", "evidence", "type", "value", "values", "max_age", "essential", "name", "purpose"]
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=20
)


@given(_TREES | st.fixed_dictionaries({"verification": _TREES, "claims": _TREES}))
def test_anything_is_read_and_matched_or_refused(asked: Any) -> None:
    try:
        sets = verified_request.parse(asked)
    except Refusal as refusal:
        if refusal.error is not CLAIMS_PARAMETER:
            raise
        return
    for one in sets:
        try:
            verified._take(one, {"verification": {"evidence": [EVIDENCE], "type": "x"}, "claims": {"name": "x"}}, NOW)
        except verified._UnmetError:
            continue
