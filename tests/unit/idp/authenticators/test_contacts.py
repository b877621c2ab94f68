"""E-mail addresses and phone numbers: stored and told as confirmed once a code that was sent there has come back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import notices
from idp.authenticators import contacts
from idp.browsers.sessions import Current, Device
from idp.claims.told import told
from idp.people import accounts
from idp.ports import IdpDeps
from idp.records import Account
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import Browser, Provider, events
from tests.support.post import Post

HOME = Device("192.0.2.1")
ADDRESS = "xiaochao@example.cn"


def with_post(deps: IdpDeps) -> tuple[IdpDeps, Post]:
    post = Post()
    return replace(deps, messengers={"email": post, "phone": post}), post


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def account_of(deps: IdpDeps) -> Account:
    return accounts.get_by_username(deps, "chenxiaochao")


def test_an_address_counts_when_its_code_came_back(deps: IdpDeps, owner: Current, engine: sa.Engine) -> None:
    deps, post = with_post(deps)
    contacts.send(deps, owner, HOME, "email", f" {ADDRESS} ")
    assert post.sent[0][0] == ADDRESS
    assert account_of(deps).email is None
    contacts.confirm(deps, owner, HOME, "email", f"{post.code[:3]} {post.code[3:]}")
    account = account_of(deps)
    assert told(account, ("email", "email_verified", "phone_number_verified")) == {
        "email": ADDRESS,
        "email_verified": True,
        "phone_number_verified": False,
    }
    assert account.created_at == owner.account.created_at
    with deps.work.read() as work:
        record = work.records.find_account(account.id)
        assert record is not None
        assert record.email_index == deps.vault.index(ADDRESS, "idp.email")
    assert "The e-mail address was changed and confirmed." in [one.text.en for one in notices.told(deps, account.id)]
    for action in ("idp.send_code", "idp.confirm_contact"):
        (event,) = events(engine, action)
        assert ADDRESS not in str(event)
        assert post.code not in str(event["details"])


def test_a_code_works_once_in_its_time_and_the_last_one_alone(deps: IdpDeps, owner: Current, clock: FixedClock) -> None:
    deps, post = with_post(deps)
    contacts.send(deps, owner, HOME, "phone", "138 0000 0002")
    first = post.code
    contacts.send(deps, owner, HOME, "phone", "138 0000 0003")
    if first != post.code:
        assert refused(lambda: contacts.confirm(deps, owner, HOME, "phone", first)) == "sent_code_wrong"
    assert refused(lambda: contacts.confirm(deps, owner, HOME, "email", post.code)) == "sent_code_wrong"
    contacts.confirm(deps, owner, HOME, "phone", post.code)
    assert refused(lambda: contacts.confirm(deps, owner, HOME, "phone", post.code)) == "sent_code_wrong"
    assert account_of(deps).phone == "138 0000 0003"
    contacts.send(deps, owner, HOME, "phone", "138 0000 0004")
    clock.advance(timedelta(seconds=300))
    assert refused(lambda: contacts.confirm(deps, owner, HOME, "phone", post.code)) == "sent_code_wrong"


def test_a_code_typed_many_times_at_once_is_used_once(deps: IdpDeps, owner: Current) -> None:
    deps, post = with_post(deps)
    contacts.send(deps, owner, HOME, "email", ADDRESS)

    def confirm(_: int) -> str:
        try:
            contacts.confirm(deps, owner, HOME, "email", post.code)
        except Refusal as refusal:
            return refusal.code
        return "confirmed"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(confirm, range(4))) == ["confirmed", *["sent_code_wrong"] * 3]


def test_guesses_are_counted_with_all_other_tries(light: IdpDeps, citizen: Current) -> None:
    light, post = with_post(light)
    contacts.send(light, citizen, HOME, "email", ADDRESS)
    wrong = "000000" if post.code != "000000" else "000001"
    codes = [refused(lambda: contacts.confirm(light, citizen, HOME, "email", wrong)) for _ in range(6)]
    assert codes == ["sent_code_wrong"] * 5 + ["login_throttled"]
    assert refused(lambda: contacts.confirm(light, citizen, HOME, "email", post.code)) == "login_throttled"


@pytest.mark.parametrize("kept", ["account", "destination"])
def test_nobody_has_messages_poured_out(light: IdpDeps, citizen: Current, kept: str) -> None:
    """What somebody asked for too often they are told; that an address had enough is told to nobody, it merely gets no more."""
    light, post = with_post(light)
    rules = light.policies.assurance.sent_codes.model_copy(update={f"{kept}_sends": 2})
    assurance = light.policies.assurance.model_copy(update={"sent_codes": rules})
    light = replace(light, policies=light.policies.model_copy(update={"assurance": assurance}))
    for _ in range(2):
        contacts.send(light, citizen, HOME, "email", ADDRESS)
    if kept == "destination":
        contacts.send(light, citizen, HOME, "email", ADDRESS)
        contacts.confirm(light, citizen, HOME, "email", post.code)  # the last one that came is good still
        assert account_of(light).email == ADDRESS
    else:
        assert refused(lambda: contacts.send(light, citizen, HOME, "email", "other@example.cn")) == "sending_throttled"
    assert len(post.sent) == 2


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b\nBcc: c@example.cn", "a@b\u202e.cn", "x" * 300 + "@example.cn", "two@at@example.cn"]
)
def test_what_is_no_address_is_sent_nothing(light: IdpDeps, citizen: Current, address: str) -> None:
    light, post = with_post(light)
    assert refused(lambda: contacts.send(light, citizen, HOME, "email", address)) == "account_unsuitable"
    assert post.sent == []


def test_who_may_not_change_is_sent_nothing(light: IdpDeps, citizen: Current, clock: FixedClock) -> None:
    assert refused(lambda: contacts.send(light, citizen, HOME, "email", ADDRESS)) == "channel_missing"
    light, post = with_post(light)
    clock.advance(timedelta(seconds=600))
    assert refused(lambda: contacts.send(light, citizen, HOME, "email", ADDRESS)) == "fresh_login_needed"
    assert post.sent == []


def test_its_owner_removes_it_but_not_the_last_one_and_is_told(deps: IdpDeps, owner: Current, engine: sa.Engine) -> None:
    deps, post = with_post(deps)
    for channel, address in (("phone", "138 0000 0002"), ("email", ADDRESS)):
        contacts.send(deps, owner, HOME, channel, address)  # type: ignore[arg-type]
        contacts.confirm(deps, owner, HOME, channel, post.code)  # type: ignore[arg-type]
    for _ in range(2):  # one that is not there any more is neither told nor written down
        contacts.remove(deps, owner, "phone")
    account = account_of(deps)
    assert (account.phone, account.email, account.confirmed) == (None, ADDRESS, ("email",))
    with deps.work.read() as work:
        record = work.records.find_account(account.id)
        assert record is not None
        assert record.phone_index is None
    assert "The phone number was removed." in [one.text.en for one in notices.told(deps, account.id)]
    assert refused(lambda: contacts.remove(deps, owner, "email")) == "contact_needed"
    assert account_of(deps).email == ADDRESS
    assert len(events(engine, "idp.remove_contact")) == 1


def test_who_may_not_change_removes_nothing(light: IdpDeps, citizen: Current, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=600))
    assert refused(lambda: contacts.remove(light, citizen, "phone")) == "fresh_login_needed"


def test_the_page_asks_sends_and_confirms(browser: Browser, provider: Provider) -> None:
    assert "更改或确认" not in browser.get("/account/authenticators").text
    post = Post()
    provider.deps.messengers["email"] = post  # type: ignore[index]
    assert browser.get("/account/contacts/fax").status_code == 404
    page = browser.follow(browser.submit(browser.get("/account/contacts/email"), "email", email=ADDRESS))
    wrong = "000000" if post.code != "000000" else "000001"
    answer = browser.submit(page, "one-time-code", one_time_code=wrong)
    assert answer.status_code == 401
    done = browser.follow(browser.submit(answer, "one-time-code", one_time_code=post.code))
    assert f"{ADDRESS} · 已确认" in done.text
    post.broken = True
    answer = browser.submit(browser.get("/account/contacts/email"), "email", email=ADDRESS)
    assert (answer.status_code, "没有发出去" in answer.text) == (502, True)
