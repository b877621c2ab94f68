"""The forms about authenticators, sent whatever: a page of ours, no change, never a 500."""

from __future__ import annotations

import pytest

from idp.authenticators import changing
from tests.support.idp import Browser
from tests.support.passkeys import AUTHENTICATOR_FORMS
from tests.support.post import Post
from tests.support.relying_party import forms

FIELDS = ("authenticator", "name", "password", "sealed", "code", "credential", "address", "notice", "proof")
WRONG = ("", "[]", "{}", "-1", "潮\U0001f600", "' OR 1=1 --", "<script>alert(1)</script>", "\0", "x" * 10_000)
PATHS = (
    *(path for path in AUTHENTICATOR_FORMS if path != "/account/password"),
    "/account/authenticators/none/name",
    "/account/contacts/email",
    "/account/contacts/email/code",
)


@pytest.mark.parametrize("path", PATHS)
def test_whatever_a_form_holds_changes_nothing(browser: Browser, path: str) -> None:
    deps = browser.provider.deps
    deps.messengers["email"] = Post()  # type: ignore[index]
    page = browser.get("/account/authenticators")
    token = next(form.values["csrf_token"] for form in forms(page.text) if "csrf_token" in form.values)
    with deps.work.read() as work:
        record = work.records.find_username("chenxiaochao")
        assert record is not None
    before = changing.listed(deps, record.id)
    assert browser.client.post(path, data=dict.fromkeys(FIELDS, "x")).status_code == 403
    for value in WRONG:
        answer = browser.client.post(path, data={"csrf_token": token} | dict.fromkeys(FIELDS, value))
        assert 400 <= answer.status_code < 500, value
        assert "<script>alert" not in answer.text
    assert changing.listed(deps, record.id) == before
