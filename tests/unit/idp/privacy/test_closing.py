"""An account is closed in two steps and after a while; what is erased is gone, and its identifier is nobody else's ever after."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp.administration import proposals
from idp.administration.admins import operator
from idp.enterprises import documents
from idp.people import accounts
from idp.ports import IdpDeps
from idp.privacy import closing
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import TOTP_SECRET, Provider, add_account, events
from tests.support.mandates import add_company, give_mandate

CHEN, LIN = operator("operator:Chen"), operator("operator:Lin")


def wait(deps: IdpDeps, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=deps.policies.assurance.closing_seconds))


def begin(deps: IdpDeps, account_id: str) -> None:
    with deps.work.begin() as work:
        record = work.records.find_account(account_id)
        assert record is not None
        closing.begin_within(deps, work, record, actor=f"account:{account_id}")


def test_its_owner_closes_it_in_two_steps_and_can_take_it_back(provider: Provider, clock: FixedClock) -> None:
    browser = provider.browser()
    browser.log_in()
    page = browser.get("/account/close")
    assert browser.post("/account/close", page, username="somebody else").status_code == 422
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    assert closing.find(provider.deps, account.id) is None
    browser.post("/account/close", page, username="ChenXiaoChao")
    assert closing.find(provider.deps, account.id) is not None
    assert "取消注销" in browser.get("/account").text
    browser.post("/account/close/cancel", browser.get("/account/close"))
    wait(provider.deps, clock)
    assert closing.close_due(provider.deps) == 0
    browser.log_in()
    clock.advance(timedelta(hours=1))
    assert "fresh_login_needed" in browser.post("/account/close", page, username="chenxiaochao").text


def test_what_is_erased_is_gone_and_the_identifier_stays(deps: IdpDeps, clock: FixedClock, engine: sa.Engine) -> None:
    account = add_account(
        deps, resident_id="445102198806123626", email="c@example.cn", real_name_level=4, totp_secret=TOTP_SECRET
    )
    begin(deps, account.id)
    assert closing.close_due(deps) == 0, "not before its time"
    wait(deps, clock)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: closing.close_due(deps), range(4))) == 1
    assert len(events(engine, "idp.close_account")) == 1
    assert accounts.find_by_username(deps, account.username) is None
    with deps.work.read() as work:
        left = work.records.find_account(account.id)
        assert left is not None
        assert (left.holder_index, left.number_index, left.phone_index, left.email_index) == (None, None, None, None)
        assert left.disabled_at is not None
        assert work.records.authenticators(account.id) == []
        assert work.records.notices(account.id) == []
    opened = accounts.open_record(deps, left)
    assert (opened.name, opened.resident_id, opened.phone) == ("-", None, None)
    with pytest.raises(Refusal, match="account_unknown"):
        proposals.ask(deps, CHEN, "enable", account.id, reason="恢复")
    again = add_account(deps, account.username, resident_id="445102198806123626", real_name_level=4)
    assert again.id != account.id


def test_the_mandates_of_whoever_closes_their_account_end_and_name_them_no_more(light: IdpDeps, clock: FixedClock) -> None:
    agent = add_account(light, resident_id="445102198806123626", real_name_level=4)
    add_company(light)
    before = give_mandate(light)
    begin(light, agent.id)
    wait(light, clock)
    assert closing.close_due(light) == 1
    with light.work.read() as work:
        after = work.records.find_mandate(before.id)
    assert after is not None
    assert (bool(before.document), after.document, after.revoked_at) == (True, b"", clock.now())
    with pytest.raises(Refusal, match="mandate_altered"):
        documents.read(light, after)


def test_an_official_is_not_closed_by_themselves(light: IdpDeps) -> None:
    staff = add_account(light, "lin", kind="staff", totp_secret=TOTP_SECRET)
    with pytest.raises(Refusal, match="closing_unsuitable"):
        begin(light, staff.id)


def test_an_admin_closes_an_account_with_another_ones_yes(light: IdpDeps) -> None:
    account = add_account(light)
    waiting = proposals.ask(light, CHEN, "close", account.id, reason="本人书面申请")
    assert waiting is not None
    assert closing.find(light, account.id) is None
    proposals.approve(light, LIN, waiting.id)
    assert closing.find(light, account.id) is not None
