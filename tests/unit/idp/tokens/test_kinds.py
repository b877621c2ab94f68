"""A token is taken for what it is and nothing else, wherever one is shown (RFC 9068 4); and who may give back what."""

from __future__ import annotations

from typing import Any

import pytest

from idp import endpoints
from idp.clients.grant_types import EXCHANGE
from idp.signing_keys import get_signing_key
from idp.tokens.grants.exchanged import ACCESS_TOKEN
from pki import jose
from tests.support.idp import CALLBACK, Browser, Provider, json_of


@pytest.fixture
def browser(provider: Provider) -> Browser:
    provider.add_client("portal", grant_types=("authorization_code", "refresh_token", EXCHANGE))
    made = provider.browser()
    made.log_in()
    return made


def signed_as(provider: Provider, claims: dict[str, Any], typ: str) -> str:
    """Return what our own key signed for another purpose."""
    key = get_signing_key(provider.deps, "ES256")
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=typ)


@pytest.mark.parametrize("kind", ["id_token", "JWT", "logout+jwt", "secevent+jwt"])
def test_requirement_17_no_other_token_of_ours_is_an_access_token_anywhere(
    browser: Browser, provider: Provider, kind: str
) -> None:
    tokens = browser.tokens(client_id="portal")
    real = tokens["access_token"]
    value = tokens["id_token"] if kind == "id_token" else signed_as(provider, dict(jose.unverified_claims(real)), kind)
    assert provider.userinfo(value).status == 401
    assert json_of(provider.post(endpoints.INTROSPECT, {"token": value}, client_id="portal")) == {"active": False}
    assert provider.post(endpoints.REVOKE, {"token": value}, client_id="portal").status == 200
    assert provider.userinfo(real).status == 200, "nothing was revoked by it"
    for subject, actor in ((value, None), (real, value)):
        form: dict[str, str | None] = {
            "grant_type": EXCHANGE,
            "subject_token": subject,
            "subject_token_type": ACCESS_TOKEN,
            "actor_token": actor,
            "actor_token_type": ACCESS_TOKEN if actor else None,
        }
        refused = provider.post(endpoints.TOKEN, form, client_id="portal")
        assert (refused.status, json_of(refused)["error"]) == (400, "invalid_request")


def test_a_public_client_gives_back_its_own_tokens_and_only_those(browser: Browser, provider: Provider) -> None:
    for name in ("app", "other"):
        provider.add_client(name, token_endpoint_auth_method="none")
    back = browser.authorize(client_id="app")
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": back["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": provider.verifier,
        "client_id": "app",
    }
    tokens = json_of(provider.post(endpoints.TOKEN, form, authorization=None))
    for client_id, answer, status in (("other", 400, 200), ("app", 200, 401)):
        revocation: dict[str, str | None] = {"token": tokens["refresh_token"], "client_id": client_id}
        assert provider.post(endpoints.REVOKE, revocation, authorization=None).status == answer
        assert provider.userinfo(tokens["access_token"]).status == status
