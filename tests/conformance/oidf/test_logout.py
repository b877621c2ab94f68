"""The modules of the RP-Initiated Logout and Back-Channel Logout plans by the official suite's names.

Each logs in first, goes to the end_session_endpoint, and then asks by prompt=none whether somebody is still logged in.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import pytest
from jose import jwt
from werkzeug.test import TestResponse

from idp import endpoints
from kernel.randomness import token
from pki.keyfiles import FileKeyStore
from tests.conformance.oidf.conftest import NODE
from tests.conformance.oidf.suite import CALLBACK, USERNAME, Login, Suite
from tests.support.idp import Browser, json_of, provider_in
from tests.support.idp_elsewhere import Published
from tests.support.relying_party import forms

AFTER = "https://suite.example.cn/test/a/chaoxin/post_logout_redirect"
LISTENS = "https://suite.example.cn/test/a/chaoxin/backchannel_logout"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Suite]:
    """The suite's client as these plans configure it."""
    with provider_in(tmp_path_factory.mktemp("logout"), keys, algorithms=("ES256", "RS256"), node=NODE) as provider:
        provider.add_account(USERNAME)
        provider.add_client(
            "client",
            redirect_uris=(CALLBACK,),
            post_logout_redirect_uris=(AFTER,),
            backchannel_logout_uri=LISTENS,
            require_pkce=False,
            scope="openid",
        )
        assert isinstance(provider.deps.fetch, Published)
        provider.deps.fetch.answers[LISTENS] = 200
        yield Suite(provider, "basic")


@dataclass
class Leaving:
    """A browser in which somebody logged in at the suite's client, and what the client sends to log them out."""

    suite: Suite
    method: Literal["get", "post"]
    browser: Browser
    login: Login

    def request(self, **changes: str | None) -> dict[str, str]:
        """CreateEndSessionEndpointRequest."""
        good: dict[str, str | None] = {
            "id_token_hint": self.login.tokens["id_token"],
            "post_logout_redirect_uri": AFTER,
            "state": token(10),
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    def go(self, request: dict[str, str]) -> TestResponse:
        """Go to the end_session_endpoint; a POST from the client's site arrives without the provider's cookies (SameSite=Lax)."""
        path = urlsplit(self.suite.metadata["end_session_endpoint"]).path
        if self.method == "get":
            return self.browser.get(path, request)
        page = self.suite.provider.app.test_client().post(path, data=request)
        return page if page.status_code != 200 else self.confirm(page)

    def confirm(self, page: TestResponse) -> TestResponse:
        """The person says that they want to log out, on a form of the provider's own."""
        assert "要退出登录吗" in page.text, page.text
        asked = [form for form in forms(page.text) if form.action == "/logout"][-1]  # the header has one of its own
        mine = next(form for form in forms(self.browser.get("/account").text) if form.action == "/logout")
        return self.browser.follow(self.browser.send(asked, csrf_token=mine.values["csrf_token"]))

    def check_returned(self, answer: TestResponse, request: dict[str, str]) -> None:
        """CheckPostLogoutState: back at the registered address, with the state and nothing else."""
        target = urlsplit(answer.headers["Location"])
        assert (answer.status_code, target._replace(query="").geturl()) == (303, AFTER)
        assert dict(parse_qsl(target.query, strict_parsing=bool(target.query))) == (
            {"state": request["state"]} if "state" in request else {}
        )
        self.check_out()

    def check_page(self, answer: TestResponse, status: int, shown: str) -> None:
        """A page for a person to look at, and no way back to the client."""
        assert (answer.status_code, "Location" in answer.headers) == (status, False)
        assert shown in answer.text
        assert AFTER not in answer.text

    def check_out(self) -> None:
        """prompt=none: login_required."""
        request = self.suite.request(prompt="none")
        assert self.suite.error(request, self.suite.send(self.browser, request)) == "login_required"


@pytest.fixture(params=["get", "post"])
def leaving(request: pytest.FixtureRequest, suite: Suite) -> Leaving:
    browser = suite.browser()
    return Leaving(suite, request.param, browser, suite.run(browser))


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(suite: Suite) -> None:
    """RP-Initiated Logout 2.1: end_session_endpoint stands in the document and is https."""
    document = json_of(suite.fetch(endpoints.DISCOVERY))
    assert document["end_session_endpoint"].startswith("https://")


def test_oidcc_rp_initiated_logout(leaving: Leaving) -> None:
    """2, 3: hint, address and state: logged out and back, with the state."""
    request = leaving.request()
    leaving.check_returned(leaving.go(request), request)


def test_oidcc_rp_initiated_logout_no_state(leaving: Leaving) -> None:
    """2: state is optional, and then there is none on the way back."""
    request = leaving.request(state=None)
    leaving.check_returned(leaving.go(request), request)


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(leaving: Leaving) -> None:
    """3: an address that is not registered is not gone to."""
    answer = leaving.go(leaving.request(post_logout_redirect_uri=AFTER + "/" + token(6)))
    leaving.check_page(answer, 400, "logout_redirect_uri")


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(leaving: Leaving) -> None:
    """3: addresses are compared as strings."""
    answer = leaving.go(leaving.request(post_logout_redirect_uri=AFTER + "?dummy1=lorem"))
    leaving.check_page(answer, 400, "logout_redirect_uri")


def _unsigned(id_token: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return f"{header}.{id_token.split('.')[1]}."


def test_oidcc_rp_initiated_logout_modified_id_token_hint(leaving: Leaving) -> None:
    """2: the provider checks that it issued the hint; one made over to alg none is refused."""
    answer = leaving.go(leaving.request(id_token_hint=_unsigned(leaving.login.tokens["id_token"])))
    leaving.check_page(answer, 400, "logout_hint")


def test_oidcc_rp_initiated_logout_bad_id_token_hint(leaving: Leaving) -> None:
    """2: a hint that is no token is refused."""
    leaving.check_page(leaving.go(leaving.request(id_token_hint=token(10))), 400, "logout_hint")


def test_oidcc_rp_initiated_logout_no_id_token_hint(leaving: Leaving) -> None:
    """3: without hint or client_id nobody knows whose address it is: an error, not a redirect."""
    leaving.check_page(leaving.go(leaving.request(id_token_hint=None)), 400, "logout_redirect_uri")


def test_oidcc_rp_initiated_logout_no_params(leaving: Leaving) -> None:
    """2, 6: the person is asked, and told that they are out."""
    answer = leaving.go({})
    if leaving.method == "get":
        answer = leaving.confirm(answer)
    leaving.check_page(answer, 200, "您已退出登录")
    leaving.check_out()


def test_oidcc_rp_initiated_logout_only_state(leaving: Leaving) -> None:
    """2: the same; a state without an address is of no use."""
    answer = leaving.go(leaving.request(id_token_hint=None, post_logout_redirect_uri=None))
    if leaving.method == "get":
        answer = leaving.confirm(answer)
    leaving.check_page(answer, 200, "您已退出登录")
    leaving.check_out()


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(leaving: Leaving) -> None:
    """2: a hint alone: logged out, and told so on a page."""
    leaving.check_page(leaving.go(leaving.request(post_logout_redirect_uri=None, state=None)), 200, "您已退出登录")
    leaving.check_out()


def test_oidcc_backchannel_logout_discovery_endpoint_verification(suite: Suite) -> None:
    """Back-Channel Logout 2.1: both are supported, so the document says so."""
    document = json_of(suite.fetch(endpoints.DISCOVERY))
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_oidcc_backchannel_rp_initiated_logout(leaving: Leaving) -> None:
    """Back-Channel Logout 2.4, 2.5, 2.6: the client is sent a form with a logout token, and every check of it holds."""
    suite = leaving.suite
    published = suite.provider.deps.fetch
    assert isinstance(published, Published)
    before = len(published.posted)
    request = leaving.request()
    leaving.check_returned(leaving.go(request), request)
    ((address, form),) = published.posted[before:]
    assert (address, set(form)) == (LISTENS, {"logout_token"})
    logout_token = form["logout_token"]
    header = jwt.get_unverified_header(logout_token)
    keys = {key["kid"]: key for key in json_of(suite.fetch(endpoints.JWKS))["keys"]}
    now = suite.clock.now().timestamp()
    claims: dict[str, Any] = jwt.decode(
        logout_token,
        keys[header["kid"]],
        algorithms=[jwt.get_unverified_header(leaving.login.tokens["id_token"])["alg"]],  # 2.6: as the ID tokens'
        audience="client",
        issuer=suite.provider.deps.issuer,
        options={"leeway": int(abs(now - time.time())) + 60},
    )
    assert header["typ"].lower() == "logout+jwt"
    assert now - 60 <= claims["iat"] <= now + 60
    assert now < claims["exp"] <= now + 120
    assert len(claims["jti"]) >= 16
    assert claims["events"] == {EVENT: {}}
    assert claims["sub"] == leaving.login.claims["sub"]
    assert claims["sid"] == leaving.login.claims["sid"]
    assert "nonce" not in claims
