"""A whole run with everything at DEBUG, libraries too: no secret that was used stands in any log, in any form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from idp.clients.authentication import ASSERTION_TYPE
from tests.support import disguises
from tests.support.demo import one_time_code
from tests.support.idp import TOTP_SECRET
from tests.support.lone_node import LoneNode, lone_node
from tests.support.relying_party import Browser, RelyingParty, find_form
from tests.support.signing_client import sign

RESIDENT_ID = "445102198806123626"
PHONE = "+86 138 0000 0001"
CALLBACK = "http://127.0.0.1:9000/callback"
FORM = "application/x-www-form-urlencoded"
SCOPE = "openid profile phone identity offline_access"


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneNode]:
    with lone_node(tmp_path_factory.mktemp("loud")) as made:
        yield made


class Run:
    """What a test does at the node, and each secret that it used or was given on the way, by name."""

    def __init__(self, node: LoneNode) -> None:
        self.node = node
        self.secrets: dict[str, str] = {"resident ID": RESIDENT_ID, "phone": PHONE, "phone, as typed": "13800000001"}
        self.citizen = node.add_account(name="陈晓潮", resident_id=RESIDENT_ID, phone=PHONE)
        self.staff = node.add_account(
            "linwenshu", name="林文书", kind="staff", totp_secret=TOTP_SECRET, real_name_level=5, proofed_by="counter"
        )
        self.secrets |= {"password": self.citizen["password"], "TOTP secret": TOTP_SECRET}
        client = node.add_client("scjg", redirect_uris=(CALLBACK,), scope=SCOPE)
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
        assert requests.get(metadata["userinfo_endpoint"], headers=bearer, timeout=10).json()["resident_id"] == RESIDENT_ID
        for name in ("access_token", "refresh_token"):
            told = requests.post(metadata["introspection_endpoint"], data={"token": tokens[name]}, auth=auth, timeout=10)
            assert told.json()["active"] is True
        second = self.keep(self.refresh(tokens["refresh_token"]))
        third = self.keep(self.refresh(second["refresh_token"]))
        assert self.refresh(tokens["refresh_token"])["error"] == "invalid_grant", "a replay"
        assert requests.post(metadata["revocation_endpoint"], data={"token": third["refresh_token"]}, auth=auth, timeout=10).ok
        pushed = requests.post(
            metadata["pushed_authorization_request_endpoint"], data=self.party.request(), auth=auth, timeout=10
        )
        self.used("request_uri", pushed.json()["request_uri"])

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
            answer = requests.request(method, self.node.url + path, timeout=10, allow_redirects=False, **more)
            assert 400 <= answer.status_code < 500, f"{method} {path}: {answer.status_code}"


def test_nothing_secret_stands_in_the_log_of_a_whole_run_at_its_loudest(loud: LoneNode) -> None:
    with loud.served("--log-level", "DEBUG", module="tests.support.loud"):
        run = Run(loud)
        browser, tokens = run.log_in()
        run.log_in_with_code()
        run.err(tokens)
        run.ask_machines(tokens)
        browser.get(run.party.metadata["end_session_endpoint"], id_token_hint=tokens["id_token"])
    with loud.process("worker", "--once", "--log-level", "DEBUG", module="tests.support.loud") as worker:
        assert worker.wait(60) == 0
    log = loud.log.read_text(encoding="utf-8", errors="replace")
    for heard in ("DEBUG sqlalchemy.engine", "idp_codes", "idp_refresh_tokens", "Starting granian"):
        assert heard in log
    found = {name: disguises.find(secret, log) for name, secret in run.secrets.items()}
    assert {name for name, form in found.items() if form is not None} == set()
