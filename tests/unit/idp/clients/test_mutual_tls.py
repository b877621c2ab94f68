"""Clients that prove themselves by a TLS certificate (RFC 8705): one that a trusted CA issued, or one of their own.

A county's, through its cross-certificate, is tried at real nodes (``tests/functional/test_mutual_tls.py``).
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp import discovery, dispatch, endpoints
from idp.clients import mutual_tls, registry
from idp.ports import IdpDeps
from idp.records import Client
from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import authority, crl
from pki.keyfiles import FileKeyStore
from pki.revocation import revoke
from tests.support.bound_client import issued, self_signed
from tests.support.idp import CALLBACK, CITY, MARKET, Provider, json_of, make_idp_deps
from tests.support.pki import pem
from tests.support.registering import invite, metadata, register, send

HOST = "rp.example.cn"
FORM: dict[str, str | None] = {"grant_type": "client_credentials", "client_id": "rp"}
UNKNOWN = "invalid_client"


def add(provider: Provider, method: str = "tls_client_auth", **more: Any) -> None:
    provider.add_client("rp", token_endpoint_auth_method=method, grant_types=("client_credentials",), redirect_uris=(), **more)


def ask(provider: Provider, certificate: bytes | None) -> tuple[int, str | None]:
    answer = provider.post(endpoints.TOKEN, FORM, authorization=None, certificate=certificate)
    return answer.status, json_of(answer).get("error")


# A certificate that a CA issued.


def test_a_client_is_known_by_the_certificate_that_the_nodes_own_ca_issued(provider: Provider) -> None:
    add(provider, tls_client_auth_san_dns=HOST)
    assert ask(provider, issued(provider.deps, dns_names=(HOST,)).der) == (200, None)
    assert ask(provider, issued(provider.deps, dns_names=("other.example.cn",)).der) == (401, UNKNOWN)
    assert ask(provider, issued(provider.deps).der) == (401, UNKNOWN), "it has no such name"
    assert ask(provider, None) == (401, UNKNOWN)


def test_by_subject_the_whole_name_must_be_the_registered_one(provider: Provider) -> None:
    add(provider, tls_client_auth_subject_dn="CN=系统,L=潮州市,ST=广东省,C=CN")
    assert ask(provider, issued(provider.deps).der) == (200, None)
    assert ask(provider, issued(provider.deps, "系统二").der) == (401, UNKNOWN)


def test_a_certificate_that_nobody_trusted_issued_is_refused_whatever_it_says(provider: Provider) -> None:
    add(provider, tls_client_auth_san_dns=HOST)
    names, purpose = (
        x509.SubjectAlternativeName([x509.DNSName(HOST)]),
        x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]),
    )
    forged, _ = self_signed(provider.deps, names, purpose)
    assert ask(provider, forged) == (401, UNKNOWN)


def test_a_certificate_for_another_purpose_is_refused(provider: Provider) -> None:
    add(provider, tls_client_auth_san_dns=HOST)
    subject = (*provider.deps.node.names, ("CN", "server"))
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    server = authority.issue(provider.deps.pki, "tls_server", subject, key, dns_names=(HOST,))
    issued(provider.deps)
    assert ask(provider, server.der) == (401, UNKNOWN)


def test_an_expired_and_a_revoked_certificate_are_refused(sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> None:
    # A node of its own: a year later its lists would be from the future for other tests.
    provider = Provider(make_idp_deps(sqlite, keys, clock, node=replace(CITY, url="http://localhost:8109")))
    add(provider, tls_client_auth_san_dns=HOST)
    record = issued(provider.deps, dns_names=(HOST,))
    assert ask(provider, record.der) == (200, None)
    clock.advance(timedelta(seconds=1))
    revoke(provider.deps.pki, record.serial, "key_compromise", clock.now())
    assert ask(provider, record.der) == (401, UNKNOWN)
    second = issued(provider.deps, dns_names=(HOST,))
    clock.advance(timedelta(days=366))
    crl.refresh_due(provider.deps.pki)
    assert ask(provider, second.der) == (401, UNKNOWN)


def test_policies_say_which_level_such_a_certificate_must_have(provider: Provider) -> None:
    add(provider, tls_client_auth_san_dns=HOST)
    record = issued(provider.deps, dns_names=(HOST,))
    tokens = provider.deps.policies.tokens.model_copy(update={"client_certificate_level": "high"})
    provider.deps = replace(provider.deps, policies=provider.deps.policies.model_copy(update={"tokens": tokens}))
    assert ask(provider, record.der) == (401, UNKNOWN)


# Names.


@pytest.mark.parametrize(
    ("field", "registered", "found", "good"),
    [
        ("tls_client_auth_san_dns", "RP.Example.cn", x509.DNSName("rp.example.cn"), True),
        ("tls_client_auth_san_dns", "rp.example.cn", x509.DNSName("*.example.cn"), False),
        ("tls_client_auth_san_uri", "spiffe://cn/rp", x509.UniformResourceIdentifier("spiffe://cn/rp"), True),
        ("tls_client_auth_san_uri", "spiffe://cn/rp", x509.UniformResourceIdentifier("spiffe://cn/RP"), False),
        ("tls_client_auth_san_ip", "2001:db8:0::1", x509.IPAddress(ipaddress.ip_address("2001:db8::1")), True),
        ("tls_client_auth_san_ip", "192.0.2.1", x509.IPAddress(ipaddress.ip_address("192.0.2.2")), False),
        ("tls_client_auth_san_email", "rp@EXAMPLE.cn", x509.RFC822Name("rp@example.cn"), True),
        ("tls_client_auth_san_email", "RP@example.cn", x509.RFC822Name("rp@example.cn"), False),
        ("tls_client_auth_san_dns", "rp.example.cn", x509.UniformResourceIdentifier("rp.example.cn"), False),
    ],
)
def test_a_name_is_compared_as_its_kind_wants_and_with_no_other_kind(
    light: IdpDeps, field: str, registered: str, found: x509.GeneralName, good: bool
) -> None:
    der, _ = self_signed(light, x509.SubjectAlternativeName([found]))
    client = Client("rp", "系统", MARKET, "tls_client_auth", **{field: registered})
    assert mutual_tls.is_named(client, x509.load_der_x509_certificate(der)) is good


# A certificate of the client's own.


def test_a_self_signed_certificate_is_known_by_its_registration_alone(provider: Provider, clock: FixedClock) -> None:
    (own, jwks), (other, _) = self_signed(provider.deps), self_signed(provider.deps)
    add(provider, "self_signed_tls_client_auth", jwks=jwks)
    assert ask(provider, own) == (200, None)
    assert ask(provider, other) == (401, UNKNOWN)
    assert ask(provider, None) == (401, UNKNOWN)
    assert ask(provider, own[:-1]) == (401, UNKNOWN)
    clock.advance(timedelta(days=31))
    assert ask(provider, own) == (401, UNKNOWN), "it has ended"


# What is registered.


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("tls_client_auth_subject_dn", {}),
        ("tls_client_auth_subject_dn", {"tls_client_auth_subject_dn": "CN"}),
        ("tls_client_auth_subject_dn", {"tls_client_auth_subject_dn": "CN=x", "tls_client_auth_san_dns": HOST}),
        ("tls_client_auth_san_dns", {"tls_client_auth_san_dns": ""}),
        ("tls_client_auth_san_dns", {"tls_client_auth_san_dns": "x" * 501}),
        ("tls_client_auth_san_ip", {"tls_client_auth_san_ip": "rp.example.cn"}),
        ("tls_client_auth_san_dns", {"method": "client_secret_basic", "tls_client_auth_san_dns": HOST}),
        ("jwks", {"method": "self_signed_tls_client_auth"}),
    ],
    ids=range(8),
)
def test_what_could_never_be_proven_is_not_registered(provider: Provider, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        add(provider, values.pop("method", "tls_client_auth"), **values)
    assert (caught.value.code, caught.value.field) == ("client_unsuitable", field)


def test_a_self_signed_certificate_must_be_that_of_its_key(provider: Provider) -> None:
    (_, jwks), (_, other) = self_signed(provider.deps), self_signed(provider.deps)
    for x5c in (other["keys"][0]["x5c"], ["*"], [], "x", [1], None):
        with pytest.raises(Refusal) as caught:
            add(provider, "self_signed_tls_client_auth", jwks={"keys": [jwks["keys"][0] | {"x5c": x5c}]})
        assert caught.value.field == "jwks"


def test_a_certificate_with_a_key_of_an_unknown_kind_is_no_clients(provider: Provider) -> None:
    der, jwks = self_signed(provider.deps)
    curve = bytes.fromhex("2a8648ce3d030107")
    odd = base64.b64encode(der.replace(curve, curve[:-1] + b"\x06")).decode()
    with pytest.raises(Refusal) as caught:
        add(provider, "self_signed_tls_client_auth", jwks={"keys": [jwks["keys"][0] | {"x5c": [odd]}]})
    assert caught.value.field == "jwks"


# Registered over the protocol (RFC 7591, 7592).


def enter(deps: IdpDeps, **changes: Any) -> dict[str, Any]:
    return register(deps, token_endpoint_auth_method="tls_client_auth", **changes)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("tls_client_auth_subject_dn", "CN=系统,O=市场监管局,C=CN"),
        ("tls_client_auth_san_dns", HOST),
        ("tls_client_auth_san_uri", "spiffe://cn/rp"),
        ("tls_client_auth_san_ip", "2001:db8::1"),
        ("tls_client_auth_san_email", "rp@example.cn"),
    ],
)
def test_each_name_of_a_certificate_can_be_registered_over_the_protocol(light: IdpDeps, field: str, name: str) -> None:
    told = enter(light, **{field: name, "tls_client_certificate_bound_access_tokens": True})
    assert (told[field], told["tls_client_certificate_bound_access_tokens"]) == (name, True)
    assert set(told) & set(mutual_tls.SUBJECTS) == {field}
    assert "client_secret" not in told
    client = registry.get(light, told["client_id"])
    assert (getattr(client, field), client.tls_client_certificate_bound_access_tokens) == (name, True)


def test_a_system_that_registered_its_certificate_is_known_by_it_until_it_registers_another(provider: Provider) -> None:
    told = enter(provider.deps, tls_client_auth_san_dns=HOST, tls_client_certificate_bound_access_tokens=True)
    client_id, shown = told["client_id"], issued(provider.deps, dns_names=(HOST,)).der
    form = {"grant_type": "authorization_code", "code": "unknown", "redirect_uri": CALLBACK, "client_id": client_id}

    def knows(certificate: bytes) -> bool:
        answer = provider.post(endpoints.TOKEN, form, authorization=None, certificate=certificate)
        return json_of(answer)["error"] == {400: "invalid_grant", 401: UNKNOWN}[answer.status] != UNKNOWN

    assert knows(shown)
    own, jwks = self_signed(provider.deps)
    assert not knows(own)
    changed = metadata(client_id=client_id, token_endpoint_auth_method="self_signed_tls_client_auth", jwks=jwks)
    answer = send(provider.deps, "PUT", told["registration_access_token"], changed, client_id=client_id)
    assert answer.status == 200, answer.body
    assert not set(json_of(answer)) & set(mutual_tls.SUBJECTS)
    assert knows(own)
    assert not knows(shown)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("tls_client_auth_subject_dn", {}),
        ("tls_client_auth_san_dns", {"tls_client_auth_san_dns": [HOST]}),
        ("tls_client_auth_san_dns", {"tls_client_auth_san_dns": "rp\u202e"}),
        ("tls_client_auth_san_ip", {"tls_client_auth_san_ip": HOST}),
        ("tls_client_auth_san_dns", {"token_endpoint_auth_method": "client_secret_basic", "tls_client_auth_san_dns": HOST}),
        ("tls_client_certificate_bound_access_tokens", {"tls_client_certificate_bound_access_tokens": "true"}),
        ("jwks", {"token_endpoint_auth_method": "self_signed_tls_client_auth"}),
    ],
    ids=range(7),
)
def test_what_is_no_certificates_name_is_refused_by_the_members_name(light: IdpDeps, field: str, changes: dict[str, Any]) -> None:
    answer = send(light, "POST", invite(light), metadata(**{"token_endpoint_auth_method": "tls_client_auth"} | changes))
    assert (answer.status, json_of(answer)["error"]) == (400, "invalid_client_metadata")
    assert f" {field} " in json_of(answer)["error_description"]


def test_without_a_proxy_that_asks_for_certificates_there_is_no_mutual_tls(provider: Provider) -> None:
    provider.deps = replace(provider.deps, client_certificates=False)
    with pytest.raises(Refusal) as caught:
        add(provider, tls_client_auth_san_dns=HOST)
    assert caught.value.field == "token_endpoint_auth_method"
    with pytest.raises(Refusal) as caught:
        provider.add_client("bound", tls_client_certificate_bound_access_tokens=True)
    assert caught.value.field == "tls_client_certificate_bound_access_tokens"
    for changes in ({"tls_client_certificate_bound_access_tokens": True}, {"token_endpoint_auth_method": "tls_client_auth"}):
        answer = send(provider.deps, "POST", invite(provider.deps), metadata(**changes))
        assert (answer.status, json_of(answer)["error"]) == (400, "invalid_client_metadata")
    document = discovery.document(provider.deps)
    assert not {*mutual_tls.METHODS} & {*document["token_endpoint_auth_methods_supported"]}
    assert document["tls_client_certificate_bound_access_tokens"] is False


def test_the_addresses_over_mutual_tls_are_told_where_they_are_others(provider: Provider) -> None:
    assert "mtls_endpoint_aliases" not in discovery.document(provider.deps)
    deps = replace(provider.deps, mutual_tls_url="https://mtls.example.cn")
    aliases = discovery.document(deps)["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == "https://mtls.example.cn/oauth/token"
    paths = {url.removeprefix("https://mtls.example.cn") for url in aliases.values()}
    assert paths <= dispatch.ENDPOINTS.keys()


# How it arrives.


def environ(header: str) -> dict[str, Any]:
    return {"REQUEST_METHOD": "GET", "HTTP_CLIENT_CERT": header}


def test_the_header_of_a_proxy_is_read_in_both_forms_and_an_empty_one_is_none(provider: Provider) -> None:
    add(provider, tls_client_auth_san_dns=HOST, tls_client_certificate_bound_access_tokens=True)
    record = issued(provider.deps, dns_names=(HOST,))
    for header in (f":{base64.b64encode(record.der).decode()}:", quote(pem(record)), ""):
        answer = dispatch.answer(provider.deps, endpoints.JWKS, environ(header))
        assert answer.status == 200


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=100), st.binary(max_size=300).map(lambda der: f":{base64.b64encode(der).decode()}:")))
def test_whatever_a_proxy_hands_on_is_an_answer(light: IdpDeps, header: str) -> None:
    answer = dispatch.answer(light, endpoints.USERINFO, environ(header))
    assert answer.status in {400, 401}


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_certificate_however_damaged_is_more_than_refused(light: IdpDeps, data: st.DataObject) -> None:
    der, jwks = _one(light)
    at = data.draw(st.integers(0, len(der) - 1))
    damaged = der[:at] + data.draw(st.binary(max_size=3)) + der[at + data.draw(st.integers(1, 3)) :]
    self_made = Client("rp", "系统", MARKET, "self_signed_tls_client_auth", jwks=jwks)
    named = Client("rp", "系统", MARKET, "tls_client_auth", tls_client_auth_subject_dn="CN=self")
    assert mutual_tls.is_proven(light, self_made, damaged) is (damaged == der)
    assert not mutual_tls.is_proven(light, named, damaged)


_KEPT: dict[int, tuple[bytes, dict[str, Any]]] = {}


def _one(deps: IdpDeps) -> tuple[bytes, dict[str, Any]]:
    return _KEPT.setdefault(0, self_signed(deps))
