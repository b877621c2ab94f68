"""A whole run with everything at DEBUG, libraries too: no secret that was used stands in any log, in any form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

import policies
from idp.clients.authentication import ASSERTION_TYPE
from idp.clients.grant_types import DEVICE_CODE, EXCHANGE
from idp.tokens.grants.exchanged import ACCESS_TOKEN
from kernel.clock import SystemClock, timestamp
from tests.support import disguises, registering
from tests.support.bound_client import Holder
from tests.support.demo import one_time_code
from tests.support.gateway import Gateway
from tests.support.idp import TOTP_SECRET
from tests.support.lone_node import LoneNode, lone_node
from tests.support.relying_party import Browser, LogoutListener, RelyingParty, find_form, forms
from tests.support.signing_client import public_jwks, sign

RESIDENT_ID = "445102198806123626"
PHONE = "+86 138 0000 0001"
CALLBACK = "http://127.0.0.1:9000/callback"
FORM = "application/x-www-form-urlencoded"
SCOPE = "openid profile phone identity offline_access"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as listening:
        yield listening


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory, gateway: Gateway) -> Iterator[LoneNode]:
    folder = tmp_path_factory.mktemp("loud")
    with lone_node(folder) as made:
        # What is served demands nonces of DPoP proofs.
        rules = (Path(policies.__path__[0]) / "defaults" / "tokens.toml").read_text(encoding="utf-8")
        (folder / "policies").mkdir()
        (folder / "policies" / "tokens.toml").write_text(
            rules.replace("dpop_nonce_required = false", "dpop_nonce_required = true")
        )
        with (folder / "chaoxin.toml").open("a", encoding="utf-8") as config:
            config.write(f'\n[policies]\ndirectory = "policies"\n[sms]\nurl = "{gateway.url}"\nkey_file = "sms.key"\n')
        (folder / "sms.key").write_text(gateway.key)
        yield made


@pytest.fixture
def listener() -> Iterator[LogoutListener]:
    with LogoutListener() as listening:
        yield listening


class Run:
    """What a test does at the node, and each secret that it used or was given on the way, by name."""

    def __init__(self, node: LoneNode, listener: LogoutListener) -> None:
        self.node = node
        self.secrets: dict[str, str] = {"resident ID": RESIDENT_ID, "phone": PHONE, "phone, as typed": "13800000001"}
        self.citizen = node.add_account(name="陈晓潮", resident_id=RESIDENT_ID, real_name_level=3, phone=PHONE)
        self.staff = node.add_account(
            "linwenshu", name="林文书", kind="staff", totp_secret=TOTP_SECRET, real_name_level=5, proofed_by="counter"
        )
        self.secrets |= {"password": self.citizen["password"], "TOTP secret": TOTP_SECRET}
        grants = ("authorization_code", "refresh_token", "client_credentials", EXCHANGE, DEVICE_CODE)
        told = f"http://127.0.0.1:{listener.port}/logged-out"
        more: dict[str, Any] = {"jwks": public_jwks(), "hall": "一楼", "backchannel_logout_uri": told}
        client = node.add_client("scjg", redirect_uris=(CALLBACK,), scope=SCOPE, grant_types=grants, **more)
        self.secrets["client secret"] = client["client_secret"]
        self.party = RelyingParty(node.url, client)

    def used(self, name: str, value: str) -> str:
        """Remember a secret and return it."""
        self.secrets[f"{name} {len(self.secrets)}"] = value
        return value

    def keep_cookies(self, browser: Browser) -> None:
        for cookie in browser.session.cookies:
            self.used(f"cookie {cookie.name}", cookie.value or "")

    def keep(self, tokens: dict[str, Any]) -> dict[str, Any]:
        for name in ("access_token", "refresh_token", "id_token"):
            if name in tokens:
                self.used(name, tokens[name])
                self.used(f"{name}'s signature", tokens[name].rpartition(".")[2])
        return tokens

    def log_in(self) -> tuple[Browser, dict[str, Any]]:
        """A citizen: the password in the wrong field, a wrong one, the right one; then tokens."""
        browser = self.party.browser()
        page = browser.get(
            self.party.metadata["authorization_endpoint"], **self.party.request(scope=SCOPE, login_hint="chenxiaochao")
        )
        for username, password in ((self.citizen["password"], "x"), ("chenxiaochao", self.used("typo", "a wholly unlikly pass"))):
            form = find_form(page.text, "current-password")
            assert form is not None
            assert browser.submit(page, form, username=username, current_password=password).status_code == 401
        back = browser.log_in(page, self.citizen)
        assert back.is_redirect, back.text
        self.keep_cookies(browser)
        code = self.used("code", parse_qs(urlsplit(back.headers["Location"]).query)["code"][0])
        return browser, self.keep(self.party.redeem(code).json())

    def confirm_phone(self, browser: Browser, gateway: Gateway) -> None:
        """A code by SMS, and a wrong one before it."""
        form = find_form((page := browser.get(f"{self.node.url}/account/contacts/phone")).text, "tel")
        assert form is not None, page.text
        page = browser.submit(page, form, tel=self.used("new phone", "13800000002"))
        code = re.search(r"\b\d{6}\b", gateway.texts.get(timeout=60))
        assert code is not None
        wrong = "918274" if code[0] != "918274" else "918275"
        for typed in (self.used("wrong sent code", wrong), self.used("sent code", code[0])):
            form = find_form(page.text, "one-time-code")
            assert form is not None, page.text
            page = browser.submit(page, form, one_time_code=typed)

    def open_notice(self, gateway: Gateway) -> None:
        """The link of a notice that the worker sent: whoever has it ends all sessions."""
        link = re.search(r"\S+/not-me\?\S+proof=([\w-]+)", gateway.texts.get(timeout=60))
        assert link is not None
        self.used("proof of a notice", link[1])
        self.used("SMS gateway's key", gateway.key)
        assert requests.get(link[0], timeout=30).ok

    def log_in_with_code(self) -> None:
        browser = Browser()
        page = browser.get(f"{self.node.url}/login")
        form = find_form(page.text, "current-password")
        assert form is not None
        page = browser.submit(page, form, username="linwenshu", current_password=self.staff["password"])
        for code in (self.used("wrong one-time code", "918273"), self.used("one-time code", one_time_code(self.staff))):
            form = find_form(page.text, "one-time-code")
            assert form is not None, page.text
            page = browser.submit(page, form, one_time_code=code)
        assert "林文书" in page.text
        self.keep_cookies(browser)

    def ask_machines(self, tokens: dict[str, Any]) -> None:
        """Every machine endpoint, with what is good and with secrets where they must not be."""
        metadata, auth = self.party.metadata, (self.party.client["client_id"], self.party.client["client_secret"])
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert requests.get(metadata["userinfo_endpoint"], headers=bearer, timeout=30).json()["resident_id"] == RESIDENT_ID
        for name in ("access_token", "refresh_token"):
            told = requests.post(metadata["introspection_endpoint"], data={"token": tokens[name]}, auth=auth, timeout=30)
            assert told.json()["active"] is True
        second = self.keep(self.refresh(tokens["refresh_token"]))
        third = self.keep(self.refresh(second["refresh_token"]))
        assert self.refresh(tokens["refresh_token"])["error"] == "invalid_grant", "a replay"
        assert requests.post(metadata["revocation_endpoint"], data={"token": third["refresh_token"]}, auth=auth, timeout=30).ok
        pushed = requests.post(
            metadata["pushed_authorization_request_endpoint"], data=self.party.request(), auth=auth, timeout=30
        )
        self.used("request_uri", pushed.json()["request_uri"])

    def bind_and_exchange(self, tokens: dict[str, Any]) -> None:
        """Tokens bound by DPoP, with and without the nonce, and one for another."""
        holder, auth = Holder(self.node.services.idp), (self.party.client["client_id"], self.party.client["client_secret"])
        claims: dict[str, str] = {}
        for status in (400, 200):
            proof = self.used("DPoP proof", holder.proof(**claims))
            answer = requests.post(
                self.party.metadata["token_endpoint"],
                data={"grant_type": "client_credentials"},
                auth=auth,
                headers={"DPoP": proof},
                timeout=30,
            )
            assert (answer.status_code, self.keep(answer.json()).get("token_type")) == (status, "DPoP" if status == 200 else None)
            claims = {"nonce": self.used("DPoP nonce", answer.headers["DPoP-Nonce"])}
        exchange: dict[str, str | None] = {"subject_token": tokens["access_token"], "subject_token_type": ACCESS_TOKEN}
        self.keep(self.party.token(exchange | {"grant_type": EXCHANGE}).json())

    def use_kiosk(self, phone: Browser) -> None:
        """A kiosk's codes: in the QR code's address, typed, compared, polled with."""
        auth = (self.party.client["client_id"], self.party.client["client_secret"])
        asked = requests.post(self.party.metadata["device_authorization_endpoint"], auth=auth, timeout=30).json()
        for name in ("device_code", "user_code"):
            self.used(name, asked[name])
        self.used("user code, as typed", asked["user_code"].replace("-", ""))
        page = phone.get(asked["verification_uri_complete"])
        for where in ("/device", "/device/confirm"):
            form = next(form for form in forms(page.text) if form.action.startswith(where))
            page = phone.submit(page, form)
        form: dict[str, str | None] = {"grant_type": DEVICE_CODE, "device_code": asked["device_code"]}
        assert "access_token" in self.keep(self.party.token(form).json())

    def register(self) -> None:
        """A system that registers itself, reads and changes what is registered."""
        invitation = self.used("initial access token", registering.invite(self.node.services.idp))
        url, token = self.party.metadata["registration_endpoint"], invitation
        client_id = None
        for method in ("POST", "GET", "PUT"):
            document = None if method == "GET" else registering.metadata(client_id=client_id)
            answer = requests.request(method, url, json=document, headers={"Authorization": f"Bearer {token}"}, timeout=30)
            assert answer.ok, answer.text
            told = answer.json()
            client_id = told["client_id"]
            url, token = (
                told["registration_client_uri"],
                self.used("registration access token", told["registration_access_token"]),
            )
            if "client_secret" in told:
                self.used("client secret of its own", told["client_secret"])

    def sign_request(self, browser: Browser) -> None:
        """A request object in the address."""
        claims = self.party.request() | {"iss": "scjg", "aud": self.node.url, "exp": timestamp(SystemClock().now()) + 60}
        signed = self.used("request object", sign(claims))
        back = browser.get(self.party.metadata["authorization_endpoint"], client_id="scjg", request=signed)
        self.used("code", parse_qs(urlsplit(back.headers["Location"]).query)["code"][0])

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.party.token({"grant_type": "refresh_token", "refresh_token": refresh_token}).json()
        return answer

    def err(self, tokens: dict[str, Any]) -> None:
        """What goes wrong, with secrets in the wrong place, of the wrong kind, or broken."""
        secret, access, id_token = self.party.client["client_secret"], tokens["access_token"], tokens["id_token"]
        assertion = self.used("assertion", sign({"iss": "scjg", "sub": "scjg", "aud": self.node.url, "jti": "j", "exp": 1}))
        token, userinfo, auth = "/oauth/token", "/oauth/userinfo", ("scjg", secret)
        wrong: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("POST", token, {"params": {"client_id": "scjg", "client_secret": secret}}),
            ("POST", token, {"params": {"refresh_token": tokens["refresh_token"]}, "auth": auth}),
            ("POST", token, {"json": {"client_secret": secret}}),
            ("POST", token, {"data": f"client_secret={secret}%00", "headers": {"Content-Type": FORM}}),
            ("POST", token, {"data": {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}}),
            ("POST", token, {"auth": ("scjg", f"{secret}x")}),
            ("POST", token, {"auth": (secret, "scjg")}),
            ("GET", token, {"params": {"code": access}, "auth": auth}),
            ("GET", userinfo, {"params": {"access_token": access}}),
            ("GET", userinfo, {"headers": {"Authorization": f"Bearer {access}x"}}),
            ("GET", userinfo, {"headers": {"Authorization": f"Bearer {id_token}", "X": access * 100}}),
            ("POST", userinfo, {"files": {"access_token": access}}),
            ("GET", "/oauth/logout", {"params": {"id_token_hint": f"{id_token}x"}}),
            ("GET", "/no/such/page", {"params": {"token": access}}),
            ("GET", "/login", {"params": {"txn": access}}),
            (
                "POST",
                "/login",
                {"data": {"username": "linwenshu", "password": self.staff["password"]}, "headers": {"Cookie": access}},
            ),
        )
        for method, path, more in wrong:
            answer = requests.request(method, self.node.url + path, timeout=30, allow_redirects=False, **more)
            assert 400 <= answer.status_code < 500, f"{method} {path}: {answer.status_code}"


def test_nothing_secret_stands_in_the_log_of_a_whole_run_at_its_loudest(
    loud: LoneNode, listener: LogoutListener, gateway: Gateway
) -> None:
    with loud.served("--log-level", "DEBUG", module="tests.support.loud"):
        run = Run(loud, listener)
        browser, tokens = run.log_in()
        run.confirm_phone(browser, gateway)
        run.bind_and_exchange(tokens)
        run.use_kiosk(browser)
        run.register()
        run.sign_request(browser)
        run.log_in_with_code()
        run.err(tokens)
        run.ask_machines(tokens)
        browser.get(run.party.metadata["end_session_endpoint"], id_token_hint=tokens["id_token"])
        with loud.process("worker", "--once", "--log-level", "DEBUG", module="tests.support.loud") as worker:
            assert worker.wait(300) == 0
        run.open_notice(gateway)
    run.used("logout token", listener.tokens.get(timeout=60))
    log = loud.log.read_text(encoding="utf-8", errors="replace")
    for heard in (
        "DEBUG sqlalchemy.engine",
        "idp_codes",
        "idp_refresh_tokens",
        "idp_device_requests",
        "idp_invitations",
        "idp_logout_deliveries",
        "Starting granian",
    ):
        assert heard in log
    found = {name: disguises.find(secret, log) for name, secret in run.secrets.items()}
    assert {name for name, form in found.items() if form is not None} == set()
