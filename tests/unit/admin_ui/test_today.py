"""What waits for a visitor is what they may do next themselves: not what they asked for, what is another's to decide, what is about themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from admin_ui.ports import AdminDeps
from admin_ui.today import Today, find_today
from idp.administration import proposals
from idp.administration.admins import official
from idp.authenticators import switches
from idp.people import accounts
from idp.people.accounts import NewAccount
from idp.records import Case, EventDelivery
from kernel.audit import AuditEvent
from kernel.people import person_of
from licenses import issue
from licenses.life import acts
from licenses.life.orders import Officer, Order
from pki import rollover
from service import audit
from service.app import create_app
from service.health import jobs_finding
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing
from tests.support.console import CHEN, LIN, Admin, DoorOfToday, officer
from tests.support.license_node import license_node

ADMIN, COLLEAGUE = Admin(), Admin("huang", account_id="a2")
AUDITOR = Admin("wu", account_id="a3", roles=("auditor",))
ELSEWHERE = officer("y", organization="潮州市市场监督管理局")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with license_node(tmp_path_factory.mktemp("node"), 18776) as made:
        yield made


def today(services: Services, who: Admin) -> Today:
    rooms = {name: getattr(services, name) for name in ("pki", "crosscert", "licenses", "idp", "clock")}
    beyond = dict.fromkeys(("audit", "visitors", "in_background", "type_fault"))
    failed = services.failed_jobs.listed
    return find_today(AdminDeps(services.node, services.policies, **rooms, **beyond, failed_jobs=failed), who)


def page(services: Services, who: Admin) -> str:
    services.__dict__["visitors"] = DoorOfToday(who)
    return create_app(services, Metrics()).test_client().get("/admin/?lang=zh").text


def test_an_act_on_a_licence_waits_for_another_officer_of_the_department_alone(services: Services) -> None:
    record = issue.issue(services.licenses, issuing.application(services.licenses), actor="operator:test").record
    order = Order("cancel", record.identifier, "holder_request", "", "", {})
    asking = Officer(f"account:{CHEN.account_id}", person_of(CHEN.username), (record.issuer_uscc,))
    waiting = acts.ask(services.licenses, order, asking)
    assert waiting.state == "waiting"
    assert [today(services, who).acts for who in (LIN, CHEN, ELSEWHERE, ADMIN, AUDITOR)] == [1, 0, 0, 0, 0]
    assert "1项证照操作等待您同意" in page(services, LIN)
    assert "没有等着您处理的事" in page(services, CHEN)
    acts.reject(services.licenses, waiting.id, asking)
    assert not today(services, LIN)


def test_a_change_of_an_account_waits_for_neither_who_asked_nor_whom_it_is_about(services: Services) -> None:
    new = NewAccount(
        "linwenshu", "staff", "林文书", "correct horse 潮州 2026", organization="某局", totp_secret="JBSWY3DPEHPK3PXP" * 2
    )
    account = accounts.create(services.idp, new, actor="operator:test")
    asking = official(ADMIN.account_id, ADMIN.username)
    assert proposals.ask(services.idp, asking, "give_role", account.id, reason="新到窗口", role="clerk") is not None
    themselves = Admin(account.username, account_id=account.id)
    assert [today(services, who).proposals for who in (COLLEAGUE, ADMIN, AUDITOR, themselves, LIN)] == [1, 0, 0, 0, 0]
    with services.idp.work.begin() as work:
        work.records.add_case(Case("c1", account.id, services.clock.now(), login_code="ABCDEFGH"))
    assert [today(services, who).cases for who in (COLLEAGUE, ADMIN, AUDITOR, themselves)] == [1, 1, 0, 0]


def test_a_new_key_waits_for_who_neither_asked_nor_agreed(services: Services) -> None:
    asked = rollover.request(services.pki, "issuing", f"account:{ADMIN.username}")
    assert [len(today(services, who).rollovers) for who in (COLLEAGUE, ADMIN, AUDITOR)] == [1, 0, 0]
    rollover.approve(services.pki, asked.ca, f"account:{COLLEAGUE.username}")
    assert len(today(services, COLLEAGUE).rollovers) == 0
    rollover.withdraw(services.pki, asked.ca, f"account:{ADMIN.username}")


def test_what_is_switched_off_and_what_departments_did_not_take_waits_for_an_admin(services: Services) -> None:
    now = services.clock.now()
    switches.switch_off(services.idp, "authenticator:sms", "短信平台故障", actor="operator:test")
    with services.idp.work.begin() as work:
        for jti, outcome, error in (
            ("1", None, "HTTP 500"),
            ("2", "given_up", "too slow"),
            ("3", None, "paused"),
            ("4", "delivered", None),
        ):
            work.records.owe_event(EventDelivery(jti, "scjg", "a", "account-disabled", now, None, 1, outcome, error))
    found = today(services, ADMIN)
    assert ([one.what for one in found.off], found.events) == (["authenticator:sms"], 2)
    assert not today(services, AUDITOR).off
    shown = page(services, ADMIN)
    assert "短信验证码登录暂停中：短信平台故障" in shown
    assert "2个账号事件没有送达部门系统" in shown
    switches.switch_on(services.idp, "authenticator:sms", actor="operator:test")


def test_a_job_of_the_worker_that_fails_waits_for_an_admin_with_what_to_do(services: Services) -> None:
    services.failed_jobs.note("refresh_revocation_lists", "", "key_missing", "7Q2xKd")
    services.failed_jobs.note("issue_chunk", "b1", "OSError", "8Q2xKd")
    assert [len(today(services, who).jobs) for who in (ADMIN, AUDITOR, LIN)] == [2, 0, 0]
    shown = page(services, ADMIN)
    for words in (
        "2个后台任务没有做成",
        "发布吊销列表",
        "7Q2xKd",
        "密钥库打不开时签不了名",
        "/errors#key_missing",
        "/admin/licenses/batches/b1",
    ):
        assert words in shown
    assert "发布吊销列表" not in page(services, AUDITOR)
    services.failed_jobs.clear("refresh_revocation_lists")
    services.failed_jobs.clear("issue_chunk")
    assert "没有做成的后台任务" not in page(services, ADMIN)


def test_a_worker_that_does_nothing_is_told_of_by_what_it_did_not_chain(services: Services) -> None:
    now = services.clock.now()
    while audit.seal(services.engine, older_than=now + timedelta(hours=1)):
        pass
    for age, silent in ((timedelta(minutes=9), False), (timedelta(minutes=11), True)):
        with services.idp.work.begin() as work:
            work.audit.record(AuditEvent(now - age, "system", "pki.publish_crl", "ca:issuing"))
        assert ("请检查 chaoxin worker 是否在运行" in page(services, ADMIN)) is silent
        assert bool(jobs_finding(services).warnings) is silent
        audit.seal(services.engine, older_than=now)
    assert "请检查 chaoxin worker 是否在运行" not in page(services, ADMIN)
