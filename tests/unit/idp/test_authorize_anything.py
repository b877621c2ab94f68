"""Whatever is sent to the authorization endpoint: a page, our own address, or the registered one. Never anything else."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pki.keyfiles import FileKeyStore
from tests.support.idp import CALLBACK, Browser, provider_in
from tests.support.signing_client import public_jwks

NAMES = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "display",
    "ui_locales",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "claims",
    "request",
    "request_uri",
    "resource",
)
VALUES = (
    "",
    "none",
    "login",
    "openid",
    "fragment",
    "form_post",
    "{}",
    '{"id_token":{"sub":{"value":"x"}}}',
    "a.b.c",
    "urn:chaoxin:aal:2",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Browser]:
    with provider_in(tmp_path_factory.mktemp("anything"), keys) as provider:
        provider.add_account()
        provider.add_client(jwks=public_jwks())
        made = provider.browser()
        made.log_in()
        yield made


_TEXTS = (
    st.sampled_from(VALUES)
    | st.text(max_size=40)
    | st.sampled_from(["https://evil.example/", "//evil.example", CALLBACK + "@evil"])
)
_CHANGES = st.lists(st.tuples(st.sampled_from(NAMES), _TEXTS), min_size=1, max_size=4)


@settings(max_examples=120)
@given(_CHANGES, st.booleans(), st.booleans())
def test_requirement_3_anything_ends_at_the_registered_address_or_here(
    browser: Browser, changes: list[tuple[str, str]], doubled: bool, posted: bool
) -> None:
    good = browser.provider.request()
    changed = dict(changes)
    pairs = [pair for pair in good.items() if doubled or pair[0] not in changed] + changes
    body = urlencode(pairs, errors="replace")
    if posted:
        answer = browser.client.post("/oauth/authorize", data=body, content_type="application/x-www-form-urlencoded")
    else:
        answer = browser.client.get(f"/oauth/authorize?{body}")
    assert answer.status_code in {200, 303, 400}, answer.text
    location = answer.headers.get("Location")
    if location is not None:
        assert location.startswith((CALLBACK + "?", CALLBACK + "#", "/login?txn=", "/login/consent?txn="))
    elif answer.status_code == 200:
        assert f'action="{CALLBACK}"' in answer.text
