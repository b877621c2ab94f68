"""The audit trail as people read it: in words, whose account it was only for who may know, the record itself untouched beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from admin_ui.parties import Party
from admin_ui.telling import Row, Value, tell
from idp.people import accounts
from idp.people.accounts import NewAccount
from kernel.audit import AuditEvent
from kernel.errors import Text
from service.app import _admin, create_app
from service.audit import StoredEvent
from service.metrics import Metrics
from service.wiring import Services
from tests.support.console import Admin, DoorOfToday
from tests.support.license_data import COUNTY_ISSUER
from tests.support.license_node import license_node

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
ADMIN, AUDITOR = Admin(), Admin("wu", account_id="sub.a3", roles=("auditor",))
CHIEF = Admin("chief", account_id="sub.a4", roles=("department_admin",), organization=COUNTY_ISSUER[0])
DEPARTMENT, USCC = COUNTY_ISSUER


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with license_node(tmp_path_factory.mktemp("node"), 18779) as made:
        yield made


@pytest.fixture(scope="module")
def people(services: Services) -> dict[str, str]:
    """Somebody of each kind that matters here, by name: their accounts in the trail."""
    staff: dict[str, Any] = {"organization": DEPARTMENT, "totp_secret": "JBSWY3DPEHPK3PXP" * 2}
    made = {
        "郑玉兰": NewAccount("zhengyulan", "citizen", "郑玉兰", "correct horse 潮州 2026", resident_id="445102198806123626"),
        "陈建国": NewAccount("chenjianguo", "staff", "陈建国", "correct horse 潮州 2026", **staff),
    }
    return {name: f"account:{accounts.create(services.idp, new, actor='operator:test').id}" for name, new in made.items()}


def row(services: Services, visitor: Admin, event: AuditEvent) -> Row:
    (told,) = tell(_admin(services), visitor, [StoredEvent(7, event, sealed=True)])
    return told


def said(services: Services, **details: Any) -> dict[str, list[Value]]:
    told = row(services, ADMIN, AuditEvent(AT, "system", "idp.login", "account:unknown", details=details))
    return {one.name: list(one.values) for one in told.details}


def name(party: Party | None) -> str | None:
    return None if party is None or party.name is None else party.name.zh


def test_whose_an_account_is_is_told_to_who_may_look_them_up_there_and_masked(services: Services, people: dict[str, str]) -> None:
    event = AuditEvent(AT, people["陈建国"], "idp.find_person", people["郑玉兰"])
    told = {who.username: row(services, who, event) for who in (ADMIN, AUDITOR, CHIEF)}
    assert {who: (name(one.actor), name(one.target)) for who, one in told.items()} == {
        ADMIN.username: ("陈**（工作人员）", "郑**（个人）"),
        AUDITOR.username: (None, None),
        CHIEF.username: ("陈**（工作人员）", None),  # of their own department
    }
    seen = told[AUDITOR.username].target
    assert seen is not None
    assert seen.short == f"{people['郑玉兰'].removeprefix('account:sub.')[:10]}…"
    assert name(row(services, AUDITOR, replace(event, actor="account:sub.a3")).actor) == "您自己"


def test_others_are_called_by_their_names(services: Services) -> None:
    told = row(services, ADMIN, AuditEvent(AT, "node:445100", "licenses.fetch", f"department:{USCC}"))
    assert (name(told.actor), name(told.target)) == ("潮州市", DEPARTMENT)
    told = row(services, ADMIN, AuditEvent(AT, "public:page", "idp.switch_off", "login:authenticator:sms"))
    assert (told.actor and told.actor.words.zh, name(told.target)) == ("没有登录的人", "短信验证码")
    assert row(services, ADMIN, AuditEvent(AT, "test", "test.x", "what:is this")).actor is None


def test_values_are_told_in_words_of_the_policies_and_rooms(services: Services, people: dict[str, str]) -> None:
    told = said(
        services,
        roles=["clerk", "gone"],
        method="counter",
        purpose="complaint",
        claims=["name"],
        code="login_failed",
        before="01",
        sessions=3,
        imported=True,
        error=None,
        organization=people["郑玉兰"].removeprefix("account:"),
        not_after="2027-11-23T08:00:00Z",
        unheard_of="x",
    )
    assert told["roles"] == [Text("窗口办事员", "clerk"), "gone"]
    assert [
        one.zh for key in ("method", "purpose", "claims", "before", "imported") for one in told[key] if isinstance(one, Text)
    ] == [
        "办事窗口现场核验证件和本人",
        "处理本人的咨询或投诉",
        "姓名或名称",
        "有效",
        "是",
    ]
    assert (told["sessions"], told["not_after"], told["unheard_of"]) == ([3], [AT.replace(year=2027)], ["x"])
    assert isinstance(told["code"][0], Text)
    assert isinstance(told["organization"][0], Party)
    assert "error" not in told
    assert said(services, at="yesterday")["at"] == ["yesterday"]  # another node's words
    assert said(services, at=int(AT.timestamp()))["at"] == [AT]  # another node's NumericDate
    assert said(services, at=2**62)["at"] == [2**62]


def test_what_people_call_things_by_is_told_whole_and_only_what_chance_made_is_cut(services: Services) -> None:
    for named in (
        "cessation_of_operation",
        "cross_certificate",
        "invalid_request_object",
        "CASE-2026-0000000017",
        "4451022026000001",
    ):
        assert said(services, reason=named)["reason"] == [named]
    for made in ("0123456789abcdef" * 4, "hVb3_xT9-QwErTyUiOp4Zw"):
        assert said(services, jti=made)["jti"] == [f"{made[:10]}…"]
    told = [
        row(services, ADMIN, AuditEvent(AT, f"operator:administrator-{who}", "pki.x", "system")).actor for who in ("an", "bo")
    ]
    assert [party and party.short for party in told] == ["administrator-an", "administrator-bo"]


def test_why_a_licence_changed_is_told_by_the_reasons_of_its_act(services: Services) -> None:
    assert said(services, name="cancel", reason="holder_request")["reason"] != ["holder_request"]
    assert said(services, profile="person", reason="superseded")["reason"] == ["superseded"]


def test_the_page_shows_words_and_the_record_as_it_is_chained_behind_a_disclosure(
    services: Services, people: dict[str, str]
) -> None:
    event = AuditEvent(
        AT, people["陈建国"], "idp.give_role", people["郑玉兰"], details={"role": "auditor", "act": {"sub": "<b>"}}
    )
    with services.idp.work.begin() as work:
        work.audit.record(event)
    services.__dict__["visitors"] = DoorOfToday(ADMIN)
    page = create_app(services, Metrics()).test_client().get("/admin/audit?lang=en").text
    assert "Role: auditor" in page.replace("：", ": ")
    assert "陈** (staff)" in page
    raw = page.partition("<pre>")[2].partition("</pre>")[0]
    assert "<b>" not in raw
    assert json.loads(raw.replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")) == event.as_json()
