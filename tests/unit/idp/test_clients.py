"""Clients: what may be registered, and which return address counts as registered."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from idp.clients import redirect_uris, registry
from idp.ports import IdpDeps
from kernel.errors import Refusal
from pki import jose
from tests.support.idp import CALLBACK, add_client, events


def jwks() -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {"keys": [jose.public_jwk(key, "k1", "ES256")]}


def test_a_client_is_found_as_it_was_registered_and_its_secret_only_as_a_digest(deps: IdpDeps, engine: sa.Engine) -> None:
    registered = add_client(
        deps,
        task="企业开办",
        home_url="https://scjg.example.cn/",
        jwks=jwks(),
        request_uris=("https://scjg.example.cn/r",),
        require_pushed_authorization_requests=True,
        userinfo_signed_response_alg="ES256",
    )
    assert registered.client_secret is not None
    assert registry.get(deps, "scjg") == registered.client
    assert registry.all_clients(deps) == [registered.client]
    with engine.connect() as connection:
        row = connection.execute(sa.text("select * from idp_clients")).mappings().one()
    assert registered.client_secret not in str(dict(row))
    assert registered.client_secret not in repr(registered)
    assert [one.hash for one in registered.client.secrets] == [registry.hash_secret(registered.client_secret)]
    assert events(engine, "idp.register_client")[0]["target"] == "client:scjg"


def test_a_drawn_secret_is_url_safe_and_a_given_one_is_kept(deps: IdpDeps) -> None:
    drawn = add_client(deps).client_secret or ""
    assert len(drawn) == 43
    assert set(drawn) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert add_client(deps, "rsj", client_secret="k" * 43).client_secret == "k" * 43


def test_public_and_signing_clients_have_no_secret(deps: IdpDeps) -> None:
    assert add_client(deps, "app", token_endpoint_auth_method="none").client_secret is None
    assert add_client(deps, "machine", token_endpoint_auth_method="private_key_jwt", jwks=jwks()).client_secret is None


def test_a_client_id_is_registered_once(deps: IdpDeps) -> None:
    add_client(deps)
    with pytest.raises(Refusal, match="client_exists"):
        add_client(deps, name="另一个系统")
    with pytest.raises(Refusal, match="client_unknown"):
        registry.get(deps, "another")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"client_id": "UPPER"}, "client_id"),
        ({"client_id": "sub.abc"}, "client_id"),
        ({"client_id": "x"}, "client_id"),
        ({"client_id": "with blank"}, "client_id"),
        ({"name": ""}, "name"),
        ({"task": "x\u0000y"}, "task"),
        ({"department": "114451008W15P11PMX"}, "department"),
        ({"token_endpoint_auth_method": "tls"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"request_uris": ("https://scjg.example.cn/r",)}, "jwks"),
        ({"request_uris": ("http://127.0.0.1/r",), "jwks": jwks()}, "request_uris"),
        ({"request_uris": ("https://scjg.example.cn/../r",), "jwks": jwks()}, "request_uris"),
        ({"request_uris": ("https://scjg.example.cn/r",) * 51, "jwks": jwks()}, "request_uris"),
        ({"request_uris": ("https://scjg.example.cn/" + "r" * 500,), "jwks": jwks()}, "request_uris"),
        ({"userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        ({"client_secret": "short"}, "client_secret"),
        ({"client_secret": "k" * 42 + "+"}, "client_secret"),
        ({"token_endpoint_auth_method": "none", "client_secret": "k" * 43}, "client_secret"),
        ({"grant_types": ("password",)}, "grant_types"),
        ({"grant_types": ()}, "grant_types"),
        ({"token_endpoint_auth_method": "none", "grant_types": ("client_credentials",), "redirect_uris": ()}, "grant_types"),
        ({"token_endpoint_auth_method": "none", "require_pkce": False}, "require_pkce"),
        ({"scope": "openid everything"}, "scope"),
        ({"scope": ""}, "scope"),
        ({"id_token_signed_response_alg": "RS256"}, "id_token_signed_response_alg"),
        ({"default_acr": "urn:unknown"}, "default_acr"),
        ({"redirect_uris": ()}, "redirect_uris"),
        ({"redirect_uris": ("http://scjg.example.cn/cb",)}, "redirect_uris"),
        ({"redirect_uris": (CALLBACK + "#part",)}, "redirect_uris"),
        ({"redirect_uris": ("/callback",)}, "redirect_uris"),
        ({"redirect_uris": ("https://user@scjg.example.cn/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://*.example.cn/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://scjg.example.cn/a/../cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://scjg.example.cn;sandbox/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://scjg.example.cn,'self'/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://[fe80::1%25;]/cb",)}, "redirect_uris"),
        ({"token_endpoint_auth_method": "none", "redirect_uris": ("cn.gov.app://x;sandbox/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("javascript:alert(1)",)}, "redirect_uris"),
        ({"redirect_uris": ("cn.gov.chaozhou.app:/cb",)}, "redirect_uris"),
        ({"redirect_uris": (CALLBACK,) * 51}, "redirect_uris"),
        ({"post_logout_redirect_uris": ("http://scjg.example.cn/",)}, "post_logout_redirect_uris"),
        ({"home_url": "http://scjg.example.cn/"}, "home_url"),
        ({"origins": ("https://scjg.example.cn",)}, "origins"),
        ({"token_endpoint_auth_method": "none", "origins": ("https://scjg.example.cn/",)}, "origins"),
        ({"token_endpoint_auth_method": "none", "origins": ("*",)}, "origins"),
    ],
    ids=itertools.count(),
)
def test_each_fault_is_named_with_its_field(light: IdpDeps, change: dict[str, Any], field: str, sqlite: sa.Engine) -> None:
    with pytest.raises(Refusal) as caught:
        add_client(light, **({"client_id": "scjg"} | change))
    assert caught.value.field == field
    assert events(sqlite, "idp.register_client") == []


def test_a_disabled_client_is_enabled_again_as_it_was(deps: IdpDeps, engine: sa.Engine) -> None:
    registered = add_client(deps).client
    with pytest.raises(Refusal, match="client_unknown"):
        registry.enable(deps, "scjg", actor="account:a1")
    registry.disable(deps, "scjg", actor="account:a1")
    assert registry.find(deps, "scjg") is None
    registry.enable(deps, "scjg", actor="account:a1")
    assert registry.get(deps, "scjg") == registered
    assert len(events(engine, "idp.enable_client")) == 1


def test_keys_that_are_no_keys_are_refused(deps: IdpDeps) -> None:
    with pytest.raises(Refusal, match="jwk_unsuitable"):
        add_client(deps, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [{"kty": "oct", "k": "AAAA"}]})


def test_waiving_pkce_is_logged_as_a_warning_and_audited(deps: IdpDeps, engine: sa.Engine) -> None:
    with capture_logs() as logged:
        add_client(deps, require_pkce=False)
    assert [(one["event"], one["log_level"]) for one in logged] == [("client_without_pkce", "warning")]
    assert '"require_pkce":false' in events(engine, "idp.register_client")[0]["details"]


def test_a_phones_application_may_have_a_scheme_of_its_own(deps: IdpDeps) -> None:
    add_client(deps, token_endpoint_auth_method="none", redirect_uris=("cn.gov.chaozhou.app:/cb",))


# Return addresses.


@pytest.mark.parametrize(
    ("registered", "uri", "known"),
    [
        (CALLBACK, CALLBACK, True),
        (CALLBACK, CALLBACK + "/", False),
        (CALLBACK, CALLBACK + "?a=b", False),
        (CALLBACK, CALLBACK.upper(), False),
        (CALLBACK, CALLBACK.replace("https", "http"), False),
        (CALLBACK, CALLBACK.replace("/callback", ":444/callback"), False),
        ("http://127.0.0.1:9000/cb", "http://127.0.0.1:51234/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb", True),
        ("http://localhost:9000/cb", "http://localhost:1/cb", True),
        ("http://[::1]:9000/cb", "http://[::1]:51234/cb", True),
        ("http://127.0.0.1:9000/cb", "http://localhost:9000/cb", False),
        ("http://127.0.0.1:9000/cb", "https://127.0.0.1:9000/cb", False),
        ("http://127.0.0.1:9000/cb", "http://127.0.0.1:9000/cb2", False),
        ("http://127.0.0.1:9000/cb", "http://127.0.0.1:9000/cb?x", False),
        ("http://127.0.0.1:9000/cb", "http://127.0.0.1:9000@evil.example/cb", False),
        ("http://127.0.0.1:9000/cb", "http://x@127.0.0.1:9000/cb", False),
        ("http://127.0.0.1:9000/cb", "http://127.0.0.1.evil.example:9000/cb", False),
        ("http://127.0.0.1:9000/cb", "http://127.0.0.1:99999/cb", False),
        ("http://127.0.0.1:9000/cb", "http://127.0.0.1:/cb", False),
        ("http://127.0.0.1:9000/cb", "http://127.0.0.1:9000/cb#x", False),
        ("http://localhost:9000/cb", "http://LOCALHOST:9000/cb", False),
        ("https://localhost:9000/cb", "https://localhost:9001/cb", False),
        ("http://127.0.0.1:9000/http://127.0.0.1:9000/", "http://127.0.0.1:1/http://127.0.0.1:9000/", True),
        ("http://127.0.0.1:9000/http://127.0.0.1:9000/", "http://127.0.0.1:9000/http://127.0.0.1:1/", False),
    ],
)
def test_requirement_1_an_address_is_registered_exactly_or_not_at_all(registered: str, uri: str, known: bool) -> None:
    assert redirect_uris.is_registered(uri, (registered,)) is known


def test_nothing_registered_means_nothing_allowed() -> None:
    assert not redirect_uris.is_registered(CALLBACK, ())


@given(st.text(), st.sampled_from([CALLBACK, "http://127.0.0.1:9000/cb"]))
def test_no_text_but_the_registered_one_passes(uri: str, registered: str) -> None:
    if redirect_uris.is_registered(uri, (registered,)) and uri != registered:
        head, _, rest = uri.removeprefix("http://127.0.0.1").partition("/")
        assert uri.startswith("http://127.0.0.1")
        assert rest == "cb"
        assert head == "" or head.removeprefix(":").isdigit()


@given(st.text(), st.booleans())
def test_what_may_be_registered_may_be_redirected_to(uri: str, private_use: bool) -> None:
    if redirect_uris.find_fault(uri, private_use=private_use) is None:
        assert redirect_uris.is_registered(uri, (uri,))
        assert redirect_uris.origin_of(uri)


def test_origins_for_the_policy_of_a_page() -> None:
    assert redirect_uris.origin_of("http://127.0.0.1:9000/cb?x=1") == "http://127.0.0.1:9000"
    assert redirect_uris.origin_of("cn.gov.chaozhou.app:/cb") == "cn.gov.chaozhou.app:"
