"""One provider for each plan, with the clients that the suite is configured with; nothing of it is started as a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.nodes import Node
from pki.keyfiles import FileKeyStore
from tests.conformance.oidf.suite import CALLBACK, USERNAME, Suite
from tests.support.idp import provider_in

NODE = Node("445100", "潮州市", "city", "https://login.example.cn", (("C", "CN"), ("ST", "广东省"), ("L", "潮州市")))
DEPARTMENT = "11445100DXEYPY6WAN"
SCOPE = "openid profile email address phone offline_access"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> FileKeyStore:
    return FileKeyStore(tmp_path_factory.mktemp("oidf-keys"), b"a passphrase for tests")


@pytest.fixture(scope="session", params=["basic", "form_post"])
def suite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Suite]:
    """The plan that runs: Basic, and the same modules with ``response_mode=form_post``."""
    with provider_in(tmp_path_factory.mktemp("oidf"), keys, algorithms=("ES256", "RS256"), node=NODE) as provider:
        provider.add_account(USERNAME, email="c@example.cn", address="广东省潮州市湘桥区太平路 1 号")
        for client_id, method in (
            ("client", "client_secret_basic"),
            ("client2", "client_secret_basic"),
            ("client-post", "client_secret_post"),
        ):
            provider.add_client(
                client_id,
                department=DEPARTMENT,
                redirect_uris=(CALLBACK,),
                post_logout_redirect_uris=(),
                scope=SCOPE,
                token_endpoint_auth_method=method,
                require_pkce=False,
            )
        provider.add_client(
            "client-rs256",
            department=DEPARTMENT,
            redirect_uris=(CALLBACK,),
            scope=SCOPE,
            require_pkce=False,
            id_token_signed_response_alg="RS256",
        )
        yield Suite(provider, request.param)
