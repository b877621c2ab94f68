"""The forms of recovery and reports, sent whatever: a page of ours, nothing changed, nothing sent, never a 500."""

from __future__ import annotations

import pytest

from tests.support.idp import Provider
from tests.support.post import Post
from tests.support.recovering import RECOVERY_FORMS
from tests.support.relying_party import forms

FIELDS = ("name", "channel", "code", "credential", "password", "resident_id", "words")
WRONG = ("", "[]", "-1", "潮\U0001f600", "' OR 1=1 --", "<script>alert(1)</script>", "\0\u202e", "x" * 10_000)


@pytest.mark.parametrize("path", RECOVERY_FORMS)
def test_whatever_a_form_holds_recovers_nothing(provider: Provider, path: str) -> None:
    post = Post()
    provider.deps.messengers["email"] = post  # type: ignore[index]
    browser = provider.browser()
    token = next(form.values["csrf_token"] for form in forms(browser.get("/recovery").text) if "csrf_token" in form.values)
    assert browser.client.post(path, data=dict.fromkeys(FIELDS, "x")).status_code == 403
    for value in WRONG:
        answer = browser.client.post(path, data={"csrf_token": token} | dict.fromkeys(FIELDS, value))
        assert answer.status_code < 500, value
        assert "<script>alert" not in answer.text
    assert post.sent == []
