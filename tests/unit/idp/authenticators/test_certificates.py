"""Logging in by a certificate that a proxy hands on. A county's, through its cross-certificate, is tried at real nodes."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from idp.authorize.transactions import Visit
from idp.browsers.sessions import Device
from idp.interaction import certificate_login
from idp.people import accounts
from idp.ports import IdpDeps
from kernel.errors import Refusal
from pki import crl
from pki.revocation import revoke
from tests.support.bound_client import issued, self_signed
from tests.support.idp import OPERATOR, Provider, events
from tests.support.relying_party import forms

CITIZEN = "445102198806123626"  # of the account that the provider has
STRANGER = "445102199001011233"


def show(provider: Provider, der: bytes | None) -> TestResponse:
    browser = provider.browser()
    page = browser.get("/login")
    form = next(form for form in forms(page.text) if form.action == "/login/certificate")
    header = {} if der is None else {"Client-Cert": f":{base64.b64encode(der).decode()}:"}
    return browser.client.post(form.action, data=form.values, headers=header)


def refusal(provider: Provider, der: bytes | None) -> str:
    answer = show(provider, der)
    assert answer.status_code in {401, 403, 429}, answer.text
    codes = ("certificate_missing", "certificate_refused", "account_disabled")
    texts = ("浏览器没有出示数字证书", "不能用这个数字证书登录", "这个账号已停用")
    return next(code for code, text in zip(codes, texts, strict=True) if text in answer.text)


def test_the_certificate_of_a_person_lets_them_in(provider: Provider, sqlite: sa.Engine) -> None:
    answer = show(provider, issued(provider.deps, "陈晓潮", "person", number=CITIZEN).der)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert '"amr":["mfa","sc"]' in events(sqlite, "idp.login")[-1]["details"]


def test_whoever_is_not_named_revoked_or_disabled_stays_out(provider: Provider) -> None:
    deps = provider.deps
    assert refusal(provider, None) == "certificate_missing"
    assert refusal(provider, issued(deps, "另一人", "person", number=STRANGER).der) == "certificate_refused"
    assert refusal(provider, issued(deps, "无号码", "person").der) == "certificate_refused"
    assert refusal(provider, issued(deps, "系统", "tls_client").der) == "certificate_refused"
    record = issued(deps, "陈晓潮", "person", number=CITIZEN)
    revoke(deps.pki, record.serial, "key_compromise", deps.clock.now(), actor=OPERATOR)
    crl.refresh_due(deps.pki)
    assert refusal(provider, record.der) == "certificate_refused"
    good = issued(deps, "陈晓潮", "person", number=CITIZEN).der
    accounts.disable(deps, accounts.get_by_username(deps, "chenxiaochao").id, actor=OPERATOR)
    assert refusal(provider, good) == "account_disabled"


def test_a_certificate_that_nobody_trusted_issued_is_refused_whatever_it_says(provider: Provider) -> None:
    made, _ = self_signed(provider.deps, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))
    assert refusal(provider, made) == "certificate_refused"


def test_nobody_uses_up_anothers_tries_by_a_certificate_with_their_serial_number(provider: Provider) -> None:
    deps = provider.deps
    good = issued(deps, "陈晓潮", "person", number=CITIZEN)
    key, now = ec.generate_private_key(ec.SECP256R1()), deps.clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, CITIZEN)])
    forged = x509.CertificateBuilder(name, name, key.public_key(), int(good.serial, 16), now, now + timedelta(days=1))
    forged = forged.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    der = forged.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    for _ in range(deps.policies.assurance.throttle.account_failures + 1):
        answer = show(provider, der)
    assert answer.status_code == 429
    assert show(provider, good.der).status_code == 303


def test_where_no_rule_or_no_proxy_says_so_nobody_logs_in_by_certificate(provider: Provider) -> None:
    der = issued(provider.deps, "陈晓潮", "person", number=CITIZEN).der
    policies = provider.deps.policies
    none = policies.model_copy(update={"assurance": policies.assurance.model_copy(update={"certificates": ()})})
    visit, device = Visit(("a browser",)), Device("192.0.2.1")
    with pytest.raises(Refusal, match="certificate_refused"):
        certificate_login.submit(replace(provider.deps, policies=none), transaction_id=None, visit=visit, device=device, der=der)
    (rule,) = policies.assurance.certificates
    for changed, way_in in (
        (rule.model_copy(update={"level": "high"}), False),
        (rule.model_copy(update={"other_nodes": False}), True),
    ):
        assurance = policies.assurance.model_copy(update={"certificates": (changed,)})
        deps = replace(provider.deps, policies=policies.model_copy(update={"assurance": assurance}))
        if way_in:
            assert certificate_login.submit(deps, transaction_id=None, visit=visit, device=device, der=der)
        else:
            with pytest.raises(Refusal, match="certificate_refused"):
                certificate_login.submit(deps, transaction_id=None, visit=visit, device=device, der=der)


@given(st.binary(max_size=400))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_shown_is_one_refusal(light: IdpDeps, octets: bytes) -> None:
    with pytest.raises(Refusal, match="certificate_refused"):
        certificate_login.submit(light, transaction_id=None, visit=Visit(("a browser",)), device=Device("192.0.2.1"), der=octets)
