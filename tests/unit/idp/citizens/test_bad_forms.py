"""The citizens' forms, sent whatever: a page of ours, no account, no level, never a 500."""

from __future__ import annotations

import pytest

from idp.people import accounts
from tests.support.citizens import NAME, NUMBER, PAGES, Checks, People, with_registers
from tests.support.idp import Provider
from tests.support.post import Post
from tests.support.relying_party import forms

FIELDS = ("name", "resident_id", "contact", "password", "sealed", "code", "check")
WRONG = ("", "[]", "{}", "-1", "潮\U0001f600", "' OR 1=1 --", "<script>alert(1)</script>", "\0", "x" * 10_000, "=" * 40)


@pytest.fixture
def here(provider: Provider) -> Provider:
    made = Provider(with_registers(provider.deps, population=People(), documents=Checks()))
    made.deps.messengers["phone"] = Post()  # type: ignore[index]
    made.add_account("citizen", name=NAME, resident_id=NUMBER)
    return made


def test_whatever_a_form_holds_opens_no_account_and_raises_no_level(here: Provider) -> None:
    browser = here.browser()
    browser.follow(browser.log_in("citizen"))
    page = browser.get("/account/level")
    token = next(form.values["csrf_token"] for form in forms(page.text) if "csrf_token" in form.values)
    before = accounts.page(here.deps)
    for method, path in PAGES:
        harmless = method == "GET" or path in {"/account/level/window", "/account/level/document"}
        if method == "POST":
            assert browser.client.post(path, data=dict.fromkeys(FIELDS, "x")).status_code == 403
        for value in WRONG:
            sent = {"csrf_token": token} | dict.fromkeys(FIELDS, value)
            answer = browser.client.get(path, query_string=sent) if method == "GET" else browser.client.post(path, data=sent)
            assert answer.status_code < 500, (path, value)
            assert harmless or answer.status_code >= 400, (path, value)
            assert "<script>alert" not in answer.text
    assert accounts.page(here.deps) == before


def test_strangers_are_sent_to_the_login(here: Provider) -> None:
    browser = here.browser()
    page = browser.get("/register")
    token = next(form.values["csrf_token"] for form in forms(page.text) if "csrf_token" in form.values)
    for method, path in PAGES:
        if path.startswith("/account"):
            answer = browser.client.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
            assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
