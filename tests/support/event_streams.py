"""A department's system that sets up its stream of account events, without sockets."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import TestResponse

from idp import endpoints
from idp.events import sending
from idp.events.stream_documents import PUSH
from idp.people import accounts
from idp.ports import IdpDeps
from idp.signing_keys import keyring
from pki import jose
from tests.support.idp import OPERATOR, Provider
from tests.support.idp_elsewhere import Published

HOST = "https://scjg.example.cn"
EVENTS = f"{HOST}/events"
DELIVERY = {"method": PUSH, "endpoint_url": EVENTS}


class Department:
    """A department's system that calls the node with a token of its own."""

    def __init__(self, provider: Provider, client_id: str = "told", **changes: Any) -> None:
        grants = ("authorization_code", "client_credentials")
        provider.add_client(client_id, **{"scope": "openid profile ssf.manage", "grant_types": grants, **changes})
        self.provider, self.client_id = provider, client_id
        provider.browser().tokens(username="chenxiaochao", client_id=client_id)

    def call(self, method: str, path: str = endpoints.EVENT_STREAM, **more: Any) -> TestResponse:
        answer = self.provider.post(
            endpoints.TOKEN, {"grant_type": "client_credentials", "scope": "ssf.manage"}, client_id=self.client_id
        )
        token = json.loads(answer.body)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return self.provider.app.test_client().open(path, method=method, headers=headers, **more)

    def ask(self, method: str, path: str = endpoints.EVENT_STREAM, **members: Any) -> TestResponse:
        return self.call(method, path, json=members)

    def create(self, **members: Any) -> dict[str, Any]:
        answer = self.ask("POST", **{"delivery": DELIVERY, **members})
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def about(self) -> dict[str, Any]:
        tokens = self.provider.browser().tokens(username="chenxiaochao", client_id=self.client_id)
        sub = jose.unverified_claims(tokens["id_token"].encode())["sub"]
        return {"format": "iss_sub", "iss": self.provider.deps.issuer, "sub": sub}

    def read(self, event: str) -> dict[str, Any]:
        """Return the claims of a security event token that is good, and meant for this department."""
        deps = self.provider.deps
        return jose.verify(
            event,
            keyring(deps).verifying,
            now=deps.clock.now(),
            algorithms=("ES256",),
            typ="secevent+jwt",
            audience=self.client_id,
            issuer=deps.issuer,
            require=("jti", "iat"),
        )


def door_of(provider: Provider) -> Published:
    assert isinstance(provider.deps.fetch, Published)
    return provider.deps.fetch


def happen(deps: IdpDeps) -> None:
    """Let two things happen to the citizen's account, and the worker tell of them."""
    account_id = accounts.get_by_username(deps, "chenxiaochao").id
    accounts.disable(deps, account_id, actor=OPERATOR)
    accounts.enable(deps, account_id, actor=OPERATOR)
    sending.deliver(deps)
