"""G7: anybody reports a login by its code; staff see exactly that login, decide once, and a confirmed one ends everything."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from idp import notices
from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.notices import cases
from idp.ports import IdpDeps
from kernel.errors import Refusal
from tests.support.idp import Provider, add_account, events
from tests.support.passkeys import enter
from tests.support.relying_party import forms

STRANGER = Device("198.51.100.9", "")


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def code_told(deps: IdpDeps, account_id: str) -> str:
    found = re.search(r"code is ([A-Z2-9]{10})", notices.told(deps, account_id)[0].text.en)
    assert found is not None
    return found[1]


def test_g7_a_reported_login_is_shown_exactly_and_ends_when_it_is_confirmed(deps: IdpDeps, engine: sa.Engine) -> None:
    account = add_account(deps)
    enter(deps)
    (listed,) = sessions.listed(deps, account.id)
    code = code_told(deps, account.id)
    assert listed.code == code
    cases.report(deps, STRANGER, code=f"{code[:5].lower()}-{code[5:]}", words="她\u202e没有来过\n电话\x00在单位")
    cases.report(deps, STRANGER, code=code, words="once more")
    (case,) = cases.listed(deps, decided=False)
    shown = cases.show(deps, case.id, actor="account:officer")
    assert (shown.login, shown.account, shown.device) != (None, None, None)
    assert (shown.login and shown.login.at, shown.login and shown.login.session_id) == (
        listed.session.auth_time,
        listed.session.id,
    )
    assert (shown.words, shown.notice) == ("她没有来过\n电话在单位", None)
    assert sessions.listed(deps, account.id), "a report ends nothing by itself"
    cases.decide(deps, case.id, "confirmed", actor="account:officer")
    assert sessions.listed(deps, account.id) == []
    assert refused(lambda: cases.decide(deps, case.id, "unfounded", actor="account:other")) == "case_decided"
    assert (cases.listed(deps, decided=False), [one.decision for one in cases.listed(deps, decided=True)]) == ([], ["confirmed"])
    assert [len(events(engine, action)) for action in ("idp.report_login", "idp.read_case", "idp.decide_case")] == [1, 1, 1]


def test_g7_a_code_of_nobody_is_answered_alike_and_opens_nothing(light: IdpDeps) -> None:
    for code in ("", "AAAAAAAAAA", "\u202e" * 40, "' or 1=1", "x" * 5000):
        cases.report(light, STRANGER, code=code, words="")
    assert cases.listed(light, decided=False) == []
    assert refused(lambda: cases.show(light, "none", actor="account:officer")) == "case_unknown"
    assert refused(lambda: cases.decide(light, "none", "confirmed", actor="account:officer")) == "case_unknown"
    for _ in range(5):
        cases.report(light, STRANGER, code="", words="")
    assert refused(lambda: cases.report(light, STRANGER, code="", words="")) == "reports_throttled"
    cases.report(light, Device("198.51.100.10"), code="", words="")


def test_an_unfounded_report_ends_nothing(light: IdpDeps) -> None:
    account = add_account(light)
    enter(light)
    cases.report(light, STRANGER, code=code_told(light, account.id), words="")
    (case,) = cases.listed(light, decided=False)
    own = f"account:{account.id}"
    assert refused(lambda: cases.decide(light, case.id, "unfounded", actor=own)) == "act_on_oneself", "nobody decides their own"
    cases.decide(light, case.id, "unfounded", actor="account:officer")
    assert sessions.listed(light, account.id)


def test_a_decision_is_taken_back_by_anybody_but_whom_it_concerns(deps: IdpDeps, engine: sa.Engine) -> None:
    account = add_account(deps)
    enter(deps)
    cases.report(deps, STRANGER, code=code_told(deps, account.id), words="")
    (case,) = cases.listed(deps, decided=False)
    assert refused(lambda: cases.reopen(deps, case.id, actor="account:officer")) == "case_open"
    assert refused(lambda: cases.reopen(deps, "none", actor="account:officer")) == "case_unknown"
    cases.decide(deps, case.id, "unfounded", actor="account:officer")
    assert refused(lambda: cases.reopen(deps, case.id, actor=f"account:{account.id}")) == "act_on_oneself"
    cases.reopen(deps, case.id, actor="account:other")
    assert [one.id for one in cases.listed(deps, decided=False)] == [case.id]
    cases.decide(deps, case.id, "confirmed", actor="account:other")
    (event,) = events(engine, "idp.reopen_case")
    assert "unfounded" in event["details"]


def test_the_page_takes_a_report_without_a_login(provider: Provider) -> None:
    owner = provider.browser()
    owner.log_in()
    found = re.search(r"登录编号：([A-Z2-9]{10})", owner.get("/account").text)
    assert found is not None
    stranger = provider.browser()
    answers = []
    for code in (found[1], "AAAAAAAAAA"):
        (form,) = (one for one in forms(stranger.get("/report").text) if one.action == "/report")
        answers.append(stranger.client.post("/report", data=form.values | {"code": code, "words": "不是我"}).text)
    assert "已经收到" in answers[0]
    strip = re.compile(r'(value|content|nonce)="[^"]*"')
    assert strip.sub("", answers[0]) == strip.sub("", answers[1])
    assert len(cases.listed(provider.deps, decided=False)) == 1
