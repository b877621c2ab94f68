"""One provider for each plan and variant, with the clients that the suite is configured with; nothing of it is started as a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.nodes import Node
from pki.keyfiles import FileKeyStore
from tests.conformance.oidf.fapi import OTHER_CALLBACK, VARIANTS, Fapi, registrations
from tests.conformance.oidf.suite import CALLBACK, USERNAME, Suite
from tests.support.bound_client import Holder
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


@pytest.fixture(scope="session", params=VARIANTS, ids="-".join)
def fapi(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Fapi]:
    client_auth_type, sender_constrain = request.param
    with provider_in(tmp_path_factory.mktemp("fapi"), keys, node=NODE, authorization_code_seconds=600) as provider:
        provider.add_account(USERNAME)
        methods, certificates = registrations(provider, client_auth_type, sender_constrain)
        for client_id, callback, method in zip(("client", "client2"), (CALLBACK, OTHER_CALLBACK), methods, strict=True):
            provider.add_client(
                client_id,
                department=DEPARTMENT,
                redirect_uris=(callback,),
                post_logout_redirect_uris=(),
                scope=SCOPE,
                require_pushed_authorization_requests=True,
                dpop_bound_access_tokens=sender_constrain == "dpop",
                tls_client_certificate_bound_access_tokens=sender_constrain == "mtls",
                security_profile="fapi2",
                **method,
            )
        browser = provider.browser()
        browser.log_in(USERNAME)
        yield Fapi(provider, client_auth_type, sender_constrain, Holder(provider.deps), browser, certificates)
