"""Certificates that a proxy hands on: enrolled by their owner, and then a way in. A county's, through its cross-certificate, is tried at real nodes."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from idp.authenticators import certificates, challenges, changing, passkeys
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.clients import mutual_tls
from idp.interaction import certificate_login
from idp.people import accounts
from idp.ports import IdpDeps
from idp.records import Client
from idp.recovery import window
from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import crl
from pki.revocation import revoke
from tests.support.bound_client import issued, self_signed
from tests.support.idp import OPERATOR, Browser, Provider, add_account, events
from tests.support.passkeys import BROWSER, enter
from tests.support.relying_party import Form, forms
from tests.unit.idp.authenticators.test_pages import LIST, form_to

CITIZEN = "445102198806123626"  # of the account that the provider has
STRANGER = "445102199001011233"


def header(der: bytes | None) -> dict[str, str]:
    return {} if der is None else {"Client-Cert": f":{base64.b64encode(der).decode()}:"}


def show(provider: Provider, der: bytes | None) -> TestResponse:
    browser = provider.browser()
    form = form_to(browser.get("/login"), "/login/certificate")
    return browser.client.post(form.action, data=form.values, headers=header(der))


def enrol(deps: IdpDeps, der: bytes, name: str = "U盾") -> None:
    certificates.enrol(deps, enter(deps), Device("192.0.2.1"), der=der, name=name)


def last_removal(browser: Browser) -> Form:
    """Return the form that removes what was added last."""
    return [form for form in forms(browser.get(LIST).text) if form.action == LIST + "/remove"][-1]


def own(provider: Provider) -> bytes:
    """Return a certificate of the provider's citizen, which they have enrolled."""
    der = issued(provider.deps, "陈晓潮", "person", number=CITIZEN).der
    enrol(provider.deps, der)
    return der


def refusal(provider: Provider, der: bytes | None) -> str:
    answer = show(provider, der)
    assert answer.status_code in {401, 403, 429}, answer.text
    codes = ("certificate_missing", "certificate_refused", "account_disabled")
    texts = ("浏览器没有出示数字证书", "不能用这个数字证书登录", "这个账号已停用")
    return next(code for code, text in zip(codes, texts, strict=True) if text in answer.text)


def test_the_certificate_that_a_person_enrolled_lets_them_in(provider: Provider, sqlite: sa.Engine) -> None:
    answer = show(provider, own(provider))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert '"amr":["mfa","sc"]' in events(sqlite, "idp.login")[-1]["details"]


def test_its_owner_enrols_names_and_removes_it_and_is_told(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=1))
    der = issued(provider.deps, "陈晓潮", "person", number=CITIZEN).der
    assert refusal(provider, der) == "certificate_refused"  # a CA's word alone opens nobody's account
    assert "浏览器没有出示数字证书" in browser.get("/account/certificates").text
    page = browser.client.get("/account/certificates", headers=header(der))
    form = form_to(page, "/account/certificates")
    assert re.search(r'name="name"[^>]*value="[^"]+20\d\d-\d\d-\d\d"', page.text)
    nameless = browser.client.post(form.action, data=form.values | {"name": "\u202e"}, headers=header(der))
    assert nameless.status_code == 422
    browser.client.post(form.action, data=form.values | {"name": "办事U盾"}, headers=header(der))
    page = browser.get(LIST)
    assert "数字证书 · 办事U盾" in page.text
    assert page.text.count("还没有用过") == 1
    other = provider.browser()
    login = form_to(other.get("/login?then=authenticators"), "/login/certificate")
    other.client.post(login.action, data=login.values, headers=header(der))
    page = other.get(LIST)  # whoever has a sure way in changes things by that
    assert "还没有用过" not in page.text
    rename = re.findall(r'href="(/account/authenticators/[^"]+/name)"', page.text)[-1]
    assert "数字证书 · 新U盾" in other.follow(other.send(form_to(other.get(rename), rename), name="新U盾")).text
    assert browser.follow(browser.send(last_removal(browser))).request.path == "/login"  # by password alone it stays
    assert "数字证书“新U盾”已移除" in other.follow(other.send(last_removal(other))).text
    assert refusal(provider, der) == "certificate_refused"


def test_nobody_enrols_anothers_or_one_that_is_worth_nothing(light: IdpDeps) -> None:
    add_account(light, resident_id=CITIZEN)
    good = issued(light, "陈晓潮", "person", number=CITIZEN)
    false, _ = self_signed(light, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))
    for der in (issued(light, "另一人", "person", number=STRANGER).der, issued(light, "无号码", "person").der, false):
        with pytest.raises(Refusal, match="certificate_refused"):
            enrol(light, der)
    enrol(light, good.der)
    with pytest.raises(Refusal, match="certificate_known"):
        certificates.enrol(light, sure(light, good.der), Device("192.0.2.1"), der=good.der, name="又一个")
    # Found by a passkey's identifier it is none.
    answer = passkeys.Answer({}, challenges.make(light, browser=BROWSER, purpose="login:"), good.der, enter(light).account.id)
    with pytest.raises(Refusal, match="passkey_refused"):
        passkeys.verify(light, BROWSER, None, answer)


def sure(deps: IdpDeps, der: bytes) -> Current:
    """Log in by an enrolled certificate."""
    entered = certificate_login.submit(deps, transaction_id=None, visit=Visit(BROWSER), device=Device("192.0.2.1"), der=der)
    current = sessions.find_current(deps, entered.started.cookie)
    assert current is not None
    return current


def test_one_that_is_over_holds_nobody_up_and_is_nobodys_last_resort(light: IdpDeps, clock: FixedClock) -> None:
    add_account(light, resident_id=CITIZEN)
    good = issued(light, "陈晓潮", "person", number=CITIZEN).der
    enrol(light, good)
    found = {one.kind: one.id for one in changing.listed(light, enter(light).account.id)[0]}
    with pytest.raises(Refusal, match="authenticator_needed"):
        changing.remove(light, sure(light, good), found["password"])
    with pytest.raises(Refusal, match="fresh_login_needed"):
        changing.remove(light, enter(light), found["certificate"])
    clock.advance(timedelta(days=5 * 366))
    changing.remove(light, enter(light), found["certificate"])


def test_a_recovery_ends_it_with_all_else(light: IdpDeps) -> None:
    add_account(light, resident_id=CITIZEN)
    good = issued(light, "陈晓潮", "person", number=CITIZEN).der
    enrol(light, good)
    with light.work.begin() as work:
        code = window.start(work, light, accounts.get_by_username(light, "chenxiaochao").id, actor=OPERATOR, new=True)
    window.complete(light, Device("192.0.2.1"), name="chenxiaochao", code=code, password="tides come in and tides go out")
    with pytest.raises(Refusal, match="certificate_refused"):
        sure(light, good)


def test_one_that_is_taken_away_while_it_is_verified_starts_no_session(light: IdpDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    account = add_account(light, resident_id=CITIZEN)
    good, verify = issued(light, "陈晓潮", "person", number=CITIZEN).der, certificates.verify
    enrol(light, good)

    def verified(deps: IdpDeps, shown: certificates.Shown) -> tuple[str, ...]:
        methods = verify(deps, shown)
        with light.work.begin() as work:
            for one in work.records.authenticators(account.id):
                work.records.remove_authenticator(one.id)
        return methods

    monkeypatch.setattr(certificates, "verify", verified)
    with pytest.raises(Refusal, match="certificate_refused"):
        sure(light, good)


def test_a_department_that_asks_for_more_is_satisfied_by_it(browser: Browser, provider: Provider) -> None:
    der = own(provider)
    page = browser.get("/oauth/authorize", provider.request(acr_values="urn:chaoxin:aal:2"))
    form = form_to(page, "/login/certificate")
    answer = browser.client.post(form.action, data=form.values, headers=header(der))
    assert "code=" in answer.headers["Location"]


def test_whoever_is_not_named_revoked_or_disabled_stays_out(provider: Provider) -> None:
    deps = provider.deps
    assert refusal(provider, None) == "certificate_missing"
    assert refusal(provider, issued(deps, "另一人", "person", number=STRANGER).der) == "certificate_refused"
    assert refusal(provider, issued(deps, "无号码", "person").der) == "certificate_refused"
    assert refusal(provider, issued(deps, "系统", "tls_client").der) == "certificate_refused"
    record = issued(deps, "陈晓潮", "person", number=CITIZEN)
    enrol(deps, record.der)
    good = issued(deps, "陈晓潮", "person", number=CITIZEN).der
    certificates.enrol(deps, sure(deps, record.der), Device("192.0.2.1"), der=good, name="又一个")
    revoke(deps.pki, record.serial, "key_compromise", deps.clock.now(), actor=OPERATOR)
    crl.refresh_due(deps.pki)
    assert refusal(provider, record.der) == "certificate_refused"
    accounts.disable(deps, accounts.get_by_username(deps, "chenxiaochao").id, actor=OPERATOR)
    assert refusal(provider, good) == "account_disabled"


def test_a_certificate_that_nobody_trusted_issued_is_refused_whatever_it_says(provider: Provider) -> None:
    made, _ = self_signed(provider.deps, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))
    assert refusal(provider, made) == "certificate_refused"


def test_nobody_uses_up_anothers_tries_by_a_certificate_with_their_serial_number(provider: Provider) -> None:
    deps = provider.deps
    good = issued(deps, "陈晓潮", "person", number=CITIZEN)
    enrol(deps, good.der)
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
    der = own(provider)
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


@pytest.mark.parametrize("whose", ["subject", "issuer"])
def test_a_name_that_the_library_cannot_read_is_refused_like_all_else(provider: Provider, whose: str) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), provider.deps.clock.now()
    plain = [x509.NameAttribute(NameOID.SERIAL_NUMBER, CITIZEN), x509.NameAttribute(NameOID.COMMON_NAME, "x")]
    odd = x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\0ab", _ASN1Type.BitString)
    subject, issuer = (x509.Name([*plain, odd] if whose == which else plain) for which in ("subject", "issuer"))
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), 1, now, now + timedelta(days=1))
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    unheard_of = der.replace(b"\x06\x03\x55\x04\x2d", b"\x06\x03\x55\x04\x63")  # an attribute of no known kind, as bits
    assert refusal(provider, unheard_of) == "certificate_refused"
    with pytest.raises(Refusal, match="certificate_refused"):
        certificates.suggest_name(unheard_of)
    client = Client("c", "n", "d", token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn="CN=x")
    assert not mutual_tls.is_proven(provider.deps, client, unheard_of)


@given(st.binary(max_size=400))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_shown_is_one_refusal(light: IdpDeps, octets: bytes) -> None:
    with pytest.raises(Refusal, match="certificate_refused"):
        certificate_login.submit(light, transaction_id=None, visit=Visit(("a browser",)), device=Device("192.0.2.1"), der=octets)
