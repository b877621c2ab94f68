"""Step-up at a resource (RFC 9470): a token of too low a login is refused with the level that would do."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from idp.oauth_errors import OAUTH_NAMES
from idp.ports import IdpDeps
from idp.storage.tables import clients
from idp.tokens.resource import check_level, refused
from idp.tokens.signed import AccessToken
from idp.wire import OAuthRequest
from kernel.errors import Refusal
from tests.support.idp import Provider, json_of


def register_level(engine: sa.Engine, acr: str) -> None:
    """Let every client be registered for a level from now on."""
    with engine.begin() as connection:
        metadata = json.loads(connection.execute(sa.select(clients.c.metadata)).scalar_one())
        connection.execute(clients.update().values(metadata=json.dumps(metadata | {"default_acr": acr})))


def test_a_token_of_before_the_department_asked_for_more_is_refused_with_the_level_that_it_asks_for(
    provider: Provider, sqlite: sa.Engine
) -> None:
    low, *_, high = sorted(provider.deps.policies.assurance.levels, key=lambda level: level.rank)
    access_token = provider.browser().tokens(username="chenxiaochao")["access_token"]
    register_level(sqlite, low.acr)
    assert provider.userinfo(access_token).status == 200
    register_level(sqlite, high.acr)
    answer = provider.userinfo(access_token)
    assert (answer.status, json_of(answer)["error"]) == (401, "insufficient_user_authentication")
    challenge = dict(answer.headers)["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="chaoxin", error="insufficient_user_authentication", error_description="')
    assert challenge.endswith(f', acr_values="{high.acr}"')


@pytest.mark.parametrize("acr", [None, "unheard-of"])
def test_a_token_that_does_not_tell_its_level_reaches_none(light: IdpDeps, acr: str | None) -> None:
    wanted = light.policies.assurance.levels[0].acr
    values = {
        "client_id": "scjg",
        "subject": "scjg",
        "audience": light.issuer,
        "scopes": (),
        "jti": "jti",
        "grant_id": None,
        "mandate_id": None,
    }
    token = AccessToken(**values, expires_at=light.clock.now(), claims={"acr": acr})
    with pytest.raises(Refusal) as caught:
        check_level(light, token, wanted)
    answer = refused(light, OAuthRequest("GET", authorization="DPoP x"), caught.value)
    assert dict(answer.headers)["WWW-Authenticate"].startswith("DPoP ")
    assert OAUTH_NAMES[caught.value.code] == "insufficient_user_authentication"
    check_level(light, token, None)
