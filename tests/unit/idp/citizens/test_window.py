"""The service window: a clerk finds, compares and says; masked, with a purpose, bound to what was looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp import notices
from idp.administration import opening, proposals
from idp.administration.admins import official, operator
from idp.administration.opening import Opened
from idp.citizens import codes, window
from idp.interaction import login
from idp.people import accounts
from idp.ports import IdpDeps
from idp.privacy import closing
from idp.recovery import window as recovery_window
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.citizens import HERE, HOME, NAME, NUMBER, account_of, citizen, clerk, refused
from tests.support.idp import events

OTHER = "445102198806123626"


def find(deps: IdpDeps, who: str, typed: str = NUMBER, purpose: str = "prove") -> Sequence[window.Found]:
    return window.find(deps, clerk=who, typed=typed, purpose=purpose)


def seen(deps: IdpDeps, **changes: str) -> window.Seen:
    shown = {"document": "idcard", "name": NAME, "resident_id": NUMBER, "valid_until": "2030-01-01", **changes}
    return window.read(deps, **shown)


def prove(deps: IdpDeps, who: str, found: window.Found, **changes: str) -> int:
    return window.prove(deps, clerk=who, ticket=found.ticket, seen=seen(deps, **changes)).real_name_level


def test_a_clerk_who_sees_person_and_document_gives_level_5_and_it_is_written_down(deps: IdpDeps, engine: sa.Engine) -> None:
    current, who = citizen(deps), clerk(deps)
    (found,) = find(deps, who)
    assert (found.name, found.number, found.level, found.contacts) == ("翁*", "445*************10", 2, ("139******09",))
    assert NUMBER not in repr(found)
    assert prove(deps, who, found) == 5
    account = account_of(deps, current)
    assert (account.real_name_level, account.holder_id) == (5, NUMBER)
    with deps.work.read() as work:
        evidence = {one.method: one for one in work.records.verifications(account.id)}
    assert (evidence["counter"].document, evidence["counter"].actor) == ("idcard", f"account:{who}")
    (looked,) = events(engine, "idp.find_person")
    assert (looked["actor"], looked["target"]) == (f"account:{who}", f"account:{account.id}")
    assert '"purpose":"prove"' in looked["details"]
    assert NUMBER not in str(looked)
    (raised,) = events(engine, "idp.raise_level")
    assert (raised["actor"], '"document":"idcard"' in raised["details"]) == (f"account:{who}", True)
    told = " ".join(one.text.zh for one in notices.told(deps, account.id))
    assert "查找了您的账号" in told
    assert "5级" in told


def test_an_account_is_found_by_the_whole_number_or_by_the_code_that_its_owner_shows(light: IdpDeps, clock: FixedClock) -> None:
    current, who = citizen(light), clerk(light)
    first, code = codes.make(light, current.account), codes.make(light, current.account)
    assert (
        len(find(light, who, code))
        == len(find(light, who, code.replace(" ", "")))
        == len(find(light, who, " 44510219710519 3010"))
        == 1
    )
    for typed in ("", first, "0000000000", "翁𬱖", NAME, NUMBER[:17], "4451021971051930", OTHER, "13900000009"):
        assert refused(lambda typed=typed: find(light, who, typed)) == "person_not_found"
    clock.advance(timedelta(minutes=30))
    assert refused(lambda: find(light, who, code)) == "person_not_found"


def test_a_code_is_used_up_by_the_proof(light: IdpDeps) -> None:
    current, who = citizen(light), clerk(light)
    code = codes.make(light, current.account)
    prove(light, who, find(light, who, code)[0])
    assert refused(lambda: find(light, who, code)) == "person_not_found"


def test_nobody_is_looked_for_without_a_purpose_and_vain_searches_are_audited(light: IdpDeps, sqlite: sa.Engine) -> None:
    citizen(light)
    who = clerk(light)
    for purpose in ("", "curiosity"):
        assert refused(lambda purpose=purpose: find(light, who, purpose=purpose)) == "purpose_needed"
    assert events(sqlite, "idp.find_person") == []
    assert refused(lambda: find(light, who, OTHER)) == "person_not_found"
    assert [event["outcome"] for event in events(sqlite, "idp.find_person")] == ["refused"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"document": "passport"}, "shown_document_unsuitable"),
        ({"document": ""}, "shown_document_unsuitable"),
        ({"valid_until": "2026-11-22"}, "shown_document_unsuitable"),
        ({"valid_until": "soon"}, "shown_document_unsuitable"),
        ({"name": "陈\u202e晓潮"}, "person_unsuitable"),
        ({"resident_id": "445102197105193011"}, "person_unsuitable"),
    ],
)
def test_a_document_that_will_not_do_is_refused(light: IdpDeps, changes: dict[str, str], code: str) -> None:
    assert refused(lambda: seen(light, **changes)) == code
    assert seen(light, valid_until="").valid_until is None
    assert seen(light, valid_until="2026-11-23").valid_until == date(2026, 11, 23)


def test_what_nobody_had_proven_is_as_the_document_says_and_what_was_proven_stays(light: IdpDeps) -> None:
    mistyped, who = citizen(light, name="翁某", resident_id=OTHER), clerk(light)
    code = codes.make(light, mistyped.account)
    assert prove(light, who, find(light, who, code)[0]) == 5
    assert (account_of(light, mistyped).name, account_of(light, mistyped).holder_id) == (NAME, NUMBER)
    for changes in ({"name": "翁某"}, {"resident_id": OTHER}):
        found = find(light, who)[0]
        assert refused(lambda found=found, changes=changes: prove(light, who, found, **changes)) == "shown_document_differs"
    renamed = find(light, who, purpose="correct")[0]
    assert refused(lambda: prove(light, who, renamed, resident_id=OTHER)) == "shown_document_differs"
    assert prove(light, who, renamed, name="翁新名") == 5
    assert account_of(light, mistyped).name == "翁新名"


def test_two_accounts_of_one_person_become_one_at_the_window(light: IdpDeps) -> None:
    old, new, who = citizen(light, "old", real_name_level=4), citizen(light, "new"), clerk(light)
    by_level = {one.level: one for one in find(light, who)}
    assert prove(light, who, by_level[2]) == 5
    assert account_of(light, new).holder_id == NUMBER
    assert (account_of(light, old).holder_id, account_of(light, old).disabled_at is None) == (None, False)


def test_a_ticket_is_for_one_clerk_one_purpose_and_some_minutes(light: IdpDeps, clock: FixedClock) -> None:
    current, who = citizen(light), clerk(light)
    found = find(light, who)[0]
    assert refused(lambda: window.prove(light, clerk="another", ticket=found.ticket, seen=seen(light))) == "window_over"
    assert refused(lambda: window.recover(light, clerk=who, ticket=found.ticket, seen=seen(light))) == "window_over"
    other = find(light, who, purpose="recover")[0]
    assert refused(lambda: prove(light, who, other)) == "window_over"
    clock.advance(timedelta(minutes=15))
    assert refused(lambda: prove(light, who, found)) == "window_over"
    assert account_of(light, current).real_name_level == 2


@given(st.text(max_size=60))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_for_a_ticket_is_one_refusal(light: IdpDeps, ticket: str) -> None:
    shown = window.Seen("idcard", NAME, NUMBER, None)
    with pytest.raises(Refusal, match="window_over"):
        window.prove(light, clerk="somebody", ticket=ticket, seen=shown)


@pytest.mark.parametrize("changes", [{}, {"resident_id": NUMBER}])
def test_nobody_proves_themselves(light: IdpDeps, changes: dict[str, Any]) -> None:
    current = citizen(light)
    who = clerk(light, resident_id=NUMBER) if changes else current.account.id
    if changes:  # a clerk's own number, under another account of theirs
        found = window.find(light, clerk=who, typed=codes.make(light, current.account), purpose="prove")[0]
    else:
        found = find(light, who)[0]
    assert refused(lambda: prove(light, who, found)) == "self_proof"


def test_what_the_account_says_by_then_is_compared_and_not_what_it_said_when_it_was_found(light: IdpDeps) -> None:
    """Somebody who proves another number between the clerk's look and the clerk's word keeps it."""
    current, who = citizen(light, resident_id=OTHER), clerk(light)
    found = window.find(light, clerk=who, typed=codes.make(light, current.account), purpose="prove")[0]
    with light.work.begin() as work:
        proven = replace(current.account, real_name_level=3)
        assert work.records.put_proven(accounts.seal(light, proven, light.clock.now()))
    assert refused(lambda: prove(light, who, found)) == "shown_document_differs"
    assert account_of(light, current).holder_id == OTHER


def open_for(deps: IdpDeps, who: str, **changes: str) -> Opened:
    return opening.open_account(deps, official(who, "linwenshu"), seen(deps, **changes))


def test_who_has_neither_telephone_nor_mail_is_given_an_account_and_a_code_on_paper(deps: IdpDeps, engine: sa.Engine) -> None:
    who = clerk(deps)
    opened = open_for(deps, who)
    account = accounts.get_by_username(deps, opened.username)
    assert (account.name, account.holder_id, account.real_name_level, account.confirmed) == (NAME, NUMBER, 5, ())
    with deps.work.read() as work:
        evidence = {one.method: (one.actor, one.document) for one in work.records.verifications(account.id)}
    assert evidence == {"declared": (f"account:{who}", None), "counter": (f"account:{who}", "idcard")}
    new = {"name": opened.username, "password": "tides come in and tides go out"}
    recovery_window.complete(deps, HOME, code=opened.code or "", **new)
    assert refused(lambda: recovery_window.complete(deps, HOME, code=opened.code or "", **new)) == "window_code_wrong"
    login.submit_password(deps, transaction_id=None, visit=HERE, device=HOME, username=opened.username, password=new["password"])
    assert str(opened.code) not in str(events(engine, "idp.open_account"))


def test_nobody_is_given_a_second_account_nor_one_by_their_own_word(light: IdpDeps, clock: FixedClock) -> None:
    who = clerk(light, resident_id=OTHER)
    assert refused(lambda: open_for(light, who, resident_id=OTHER)) == "self_proof"
    over = seen(light, valid_until="2026-11-23")
    clock.advance(timedelta(days=1))
    assert refused(lambda: opening.open_account(light, official(who, "linwenshu"), over)) == "shown_document_unsuitable"
    open_for(light, who)
    assert refused(lambda: open_for(light, who)) == "number_known"
    assert len(accounts.page(light)) == 2


def test_two_officers_open_an_account_where_policies_say_so_and_nothing_is_left_of_what_nobody_approves(
    light: IdpDeps, clock: FixedClock
) -> None:
    acts = (*light.policies.roles.two_admins.acts, "open_account")
    rules = light.policies.roles.two_admins.model_copy(update={"acts": acts})
    roles = light.policies.roles.model_copy(update={"two_admins": rules})
    light = replace(light, policies=light.policies.model_copy(update={"roles": roles}))
    who = clerk(light)
    first, second = open_for(light, who), open_for(light, who)
    assert (first.code, second.code) == (None, None)
    mine, other = sorted(proposals.listed(light, only_open=True), key=lambda one: one.username != first.username)
    assert refused(lambda: proposals.approve(light, official(who, "linwenshu"), mine.proposal.id)) == "second_admin_needed"
    handed = proposals.approve(light, operator("operator:Wang"), mine.proposal.id).handed
    assert handed is not None
    account = accounts.get_by_username(light, first.username)
    assert (handed.username, account.real_name_level, account.disabled_at) == (first.username, 5, None)
    assert refused(lambda: proposals.approve(light, operator("operator:Wang"), other.proposal.id)) == "number_known"
    clock.advance(timedelta(seconds=rules.valid_seconds))
    assert closing.close_due(light) == 1
    assert [one.name for one in accounts.page(light) if one.kind == "citizen"] == ["-", NAME]


def test_a_recovery_at_the_window_takes_a_document_that_agrees_in_everything(light: IdpDeps, sqlite: sa.Engine) -> None:
    own = citizen(light)
    who = clerk(light)
    found = find(light, who, purpose="recover")[0]
    for changes in ({"name": "翁某"}, {"resident_id": OTHER}):
        shown = seen(light, **changes)
        code = refused(lambda shown=shown: window.recover(light, clerk=who, ticket=found.ticket, seen=shown))
        assert code == "shown_document_differs"
    slip = window.recover(light, clerk=who, ticket=found.ticket, seen=seen(light))
    assert (slip.username, slip.code.count("-")) == (own.account.username, 2)
    assert len(events(sqlite, "idp.begin_recovery")) == 1
