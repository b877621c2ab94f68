"""A person sees each login, what departments were told, who looked at their data and licences; nobody sees anybody else's."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp.administration import looking
from idp.administration.admins import official, operator
from idp.administration.looking import Purpose
from idp.browsers.sessions import Device
from idp.people import accounts
from idp.ports import HeldLicense
from idp.privacy import history
from idp.privacy.history import Entry
from idp.recovery import window
from kernel.audit import AuditEvent
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import PASSWORD, TOTP_SECRET, Provider, events
from tests.support.idp_elsewhere import Licenses
from tests.support.recovering import start_at_window


def read(provider: Provider, username: str = "chenxiaochao") -> list[Entry]:
    return list(history.read(provider.deps, accounts.get_by_username(provider.deps, username)))


def test_logins_and_what_departments_were_told_are_there_at_once(provider: Provider) -> None:
    browser = provider.browser()
    browser.tokens(username="chenxiaochao")
    kinds = [(one.kind, one.by.zh) for one in read(provider)]
    assert ("login", "您自己") in kinds
    release = next(one for one in read(provider) if one.kind == "release")
    assert release.by.zh == "潮州市市场监督管理局"
    assert "姓名或名称" in [each.zh for each in release.of]
    stranger = provider.browser()
    stranger.type_password(stranger.get("/login"), password="a wrong pass phrase")
    assert [one.refused for one in read(provider) if one.kind == "login"] == [True, False]


def test_an_officials_look_is_shown_with_its_purpose_and_organisation_but_no_name(provider: Provider) -> None:
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    staff = provider.add_account("lin", kind="staff", name="林文书", totp_secret=TOTP_SECRET, organization="潮州市某局")
    looking.look(provider.deps, official(staff.id, "lin"), account.id, Purpose("complaint"))
    looking.find(provider.deps, operator("operator:Chen"), "username", "chenxiaochao", Purpose("law", "〔2026〕3号"))
    by_operator, by_staff = (one for one in read(provider) if one.kind == "look")
    assert (by_staff.by.zh, by_staff.purpose and by_staff.purpose.zh) == ("潮州市某局", "处理本人的咨询或投诉")
    assert by_operator.by.zh == "本节点运维人员"


def test_a_verification_of_ones_licence_is_shown_by_department(provider: Provider) -> None:
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    held = HeldLicense("结婚证", "marriage certificate", "N1", "1.2.156.3005.2.x", "潮州市民政局", None, "01", "", "", "#aa0000")
    assert isinstance(provider.deps.holder_licenses, Licenses)
    provider.deps.holder_licenses.held.append(held)
    ways = {
        "client:scjg": "licenses.verify_qr",
        "anonymous": "licenses.verify_number",
        f"account:{account.id}": "licenses.verify_qr",
    }
    for actor, action in ways.items():
        event = AuditEvent(provider.deps.clock.now(), actor, action, "license:1.2.156.3005.2.x")
        with provider.deps.work.begin() as work:
            work.audit.record(event)
    found = [(one.by.zh, one.of[0].zh) for one in read(provider) if one.kind == "verification"]
    assert found == [("您自己", "结婚证"), ("没有登录的人", "结婚证"), ("潮州市市场监督管理局", "结婚证")]
    provider.add_account("another", resident_id="445122197511034512", real_name_level=4)
    provider.deps.holder_licenses.held.clear()
    assert {one.kind for one in read(provider, "another")} == {"change"}


FETCHED = {"department": "x", "basis": "law", "reference": "不动产登记暂行条例"}


@pytest.mark.parametrize(
    ("action", "actor", "details", "kind", "by", "purpose"),
    [
        ("licenses.fetch", "client:scjg", FETCHED, "release", "潮州市市场监督管理局", "依法：不动产登记暂行条例"),
        ("licenses.fetch", "client:scjg", FETCHED | {"basis": "consent"}, "release", "潮州市市场监督管理局", "经您同意"),
        ("licenses.tell_node", "node:445122", {"name": "饶平县"}, "release", "饶平县", None),
        ("licenses.open_share", "anonymous", {"share": "s"}, "verification", "没有登录的人", None),
        ("licenses.verify_number", "anonymous", {}, "verification", "没有登录的人", None),
        ("idp.check_mandate", "client:scjg", {"mandate": "m"}, "release", "潮州市市场监督管理局", None),
        ("idp.receive_event", "client:scjg", {"event": "e"}, "change", "潮州市市场监督管理局", None),
    ],
)
def test_whatever_a_department_or_another_node_read_is_shown(
    provider: Provider, action: str, actor: str, details: dict[str, str], kind: str, by: str, purpose: str | None
) -> None:
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    held = HeldLicense("结婚证", "marriage certificate", "N1", "1.2.156.3005.2.x", "潮州市民政局", None, "01", "", "", "#aa0000")
    assert isinstance(provider.deps.holder_licenses, Licenses)
    provider.deps.holder_licenses.held = [held]
    target = "license:1.2.156.3005.2.x" if action.startswith("licenses.") else f"account:{account.id}"
    with provider.deps.work.begin() as work:
        work.audit.record(AuditEvent(provider.deps.clock.now(), actor, action, target, details=dict(details)))
    newest = read(provider)[0]
    assert (newest.kind, newest.by.zh, newest.purpose and newest.purpose.zh) == (kind, by, purpose)
    assert [each.zh for each in newest.of] == (["结婚证"] if action.startswith("licenses.") else [])


def test_a_recovery_is_shown_and_so_is_a_try_that_failed(provider: Provider, clock: FixedClock) -> None:
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    code = start_at_window(provider.deps, account.id)
    clock.advance(timedelta(days=1))
    new = {"name": "chenxiaochao", "password": "another long pass phrase"}
    with pytest.raises(Refusal, match="window_code_wrong"):
        window.complete(provider.deps, Device("192.0.2.1", ""), code="AAAA-BBBB-CCCC", **new)
    window.complete(provider.deps, Device("192.0.2.1", ""), code=code, **new)
    assert [one.refused for one in read(provider) if one.what.zh == "账号找回"] == [False, True]


def test_the_pages_show_it_and_the_export_has_everything_but_secrets(
    provider: Provider, sqlite: sa.Engine, clock: FixedClock
) -> None:
    browser = provider.browser()
    assert browser.client.get("/account/history").headers["Location"] == "/login"
    browser.log_in()
    assert "登录" in browser.get("/account/history").text
    assert browser.get("/account/history", {"before": "1"}).status_code == 200
    assert browser.get("/account/history", {"before": "9" * 30}).status_code == 200
    page = browser.get("/account/history")
    data = json.loads(browser.post("/account/export", page, form="json").text)
    assert (data["account"]["resident_id"], data["account"]["name"]) == ("445102198806123626", "陈晓潮")
    assert [one["what"]["zh"] for one in data["history"][:2]] == ["下载全部信息", "登录"]
    assert any("登录了您的账号" in one["text"]["zh"] for one in data["messages"])
    assert data["mandates"] == []
    shown = browser.post("/account/export", page, form="page").text
    assert "我的消息" in shown
    assert data["messages"][0]["text"]["zh"] in shown
    assert "argon2" not in json.dumps(data)
    assert PASSWORD not in json.dumps(data)
    assert len(events(sqlite, "idp.export_person")) == 2
    clock.advance(timedelta(hours=1))
    assert "fresh_login_needed" in browser.post("/account/export", page, form="json").text
