"""Forms, headers and logs: what protects every page."""

from __future__ import annotations

import pytest
from flask import Flask, g, render_template_string, request
from flask.testing import FlaskClient

from kernel.errors import Refusal
from kernel.nodes import Node
from service import headers
from service.csrf import FIELD, Csrf
from service.logs import redact

NODE = Node("445100", "潮州市", "city", "http://localhost:8100", (("C", "CN"),))
HTTPS = Node("445100", "潮州市", "city", "https://id.example.cn", (("C", "CN"),))


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    Csrf(NODE, b"k" * 32, lambda: request.headers.get("X-Account")).init_app(app)
    headers.init_app(app, NODE)

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[str, int]:
        return error.code, error.error.status

    @app.get("/form")
    def form() -> str:
        g.form_action = ("https://department.example.cn",)
        return render_template_string("{{ csrf_field() }}")

    @app.post("/form")
    @app.post("/api/v1/thing")
    def act() -> str:
        return "done"

    return app.test_client()


def token_of(client: FlaskClient) -> str:
    return client.get("/form").get_data(as_text=True).split('value="')[1].split('"')[0]


def test_a_form_is_accepted_from_the_browser_that_it_was_given_to(client: FlaskClient) -> None:
    token = token_of(client)
    assert client.post("/form", data={FIELD: token}).status_code == 200
    assert client.post("/form", data={FIELD: token}, headers={"Origin": "http://localhost:8100"}).status_code == 200
    assert token_of(client) == token, "a second tab gets the same token"


@pytest.mark.parametrize("sent", [{}, {FIELD: ""}, {FIELD: "0" * 64}, {FIELD: "潮"}])
def test_a_form_without_the_right_token_is_refused(client: FlaskClient, sent: dict[str, str]) -> None:
    token_of(client)
    answer = client.post("/form", data=sent)
    assert (answer.status_code, answer.get_data(as_text=True)) == (403, "form_expired")


def test_a_form_from_another_browser_or_site_is_refused(client: FlaskClient) -> None:
    token = token_of(client)
    assert client.post("/form", data={FIELD: token}, headers={"Origin": "https://evil.example"}).status_code == 403
    other = client.application.test_client()
    assert other.post("/form", data={FIELD: token}).status_code == 403
    token_of(other)
    assert other.post("/form", data={FIELD: token}).status_code == 403


def test_a_form_that_one_account_was_shown_is_not_sent_by_another(client: FlaskClient) -> None:
    hers, his = {"X-Account": "chen"}, {"X-Account": "wang"}
    shown = client.get("/form", headers=hers).get_data(as_text=True).split('value="')[1].split('"')[0]
    assert client.post("/form", data={FIELD: shown}, headers=hers).status_code == 200
    answer = client.post("/form", data={FIELD: shown}, headers=his)
    assert (answer.status_code, answer.get_data(as_text=True)) == (403, "form_of_another")
    assert client.post("/form", data={FIELD: shown}).status_code == 200, (
        "whose login has run out is asked to log in, not turned away"
    )
    strangers = token_of(client)
    assert client.post("/form", data={FIELD: strangers}, headers=his).status_code == 200
    for forged in (shown[:-16] + strangers[-16:], strangers[:-16] + shown[-16:], shown[-16:], shown[:-16]):
        assert client.post("/form", data={FIELD: forged}, headers=hers).get_data(as_text=True) == "form_expired"


def test_the_first_tabs_of_a_browser_that_came_at_once_each_have_a_good_form(client: FlaskClient) -> None:
    second = client.application.test_client()
    tokens = [token_of(client), token_of(second)]
    for name, value in ((cookie.key, cookie.value) for cookie in second._cookies.values()):
        client.set_cookie(name, value)
    assert [client.post("/form", data={FIELD: token}).status_code for token in tokens] == [200, 200]


def test_machine_endpoints_take_no_form_token(client: FlaskClient) -> None:
    assert client.post("/api/v1/thing").status_code == 200


def test_cookies_carry_the_node_and_the_host_prefix_where_there_is_https() -> None:
    assert NODE.cookie("form") == "chaoxin_445100_form"
    assert HTTPS.cookie("form") == "__Host-chaoxin_445100_form"


def test_every_answer_has_the_strict_policy_and_a_page_may_name_where_its_form_leads(client: FlaskClient) -> None:
    policy = client.get("/form").headers["Content-Security-Policy"]
    assert "form-action 'self' https://department.example.cn" in policy
    assert "unsafe" not in policy
    missing = client.get("/nothing").headers
    assert missing["Content-Security-Policy"].endswith("form-action 'self'")
    assert missing["X-Content-Type-Options"] == "nosniff"


def test_what_sounds_like_a_secret_never_reaches_the_log() -> None:
    event = {
        "event": "login",
        "password": "a",
        "client_secret": "b",
        "Authorization": "c",
        "refresh_token": "d",
        "node_code": "445100",
    }
    assert redact(None, "info", event) == {
        "event": "login",
        "password": "[redacted]",
        "client_secret": "[redacted]",
        "Authorization": "[redacted]",
        "refresh_token": "[redacted]",
        "node_code": "445100",
    }
