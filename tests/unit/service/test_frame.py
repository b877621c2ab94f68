"""The parts of the frame that are kept: one for each language and mounting point, never another request's."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from kernel.nodes import Node
from service import i18n
from service.frame import Frame

NODE = Node("445122", "饶平县", "county", "http://localhost:8102", (("C", "CN"),))


@pytest.fixture
def rendered() -> list[str]:
    """What was rendered, in order; filled by the application below."""
    return []


@pytest.fixture
def client(rendered: list[str]) -> FlaskClient:
    app = Flask("service")
    i18n.init_app(app, NODE)
    Frame().init_app(app)

    @app.context_processor
    def node() -> dict[str, Node]:
        rendered.append("a template")
        return {"node": NODE}

    @app.get("/")
    def page() -> str:
        return render_template_string("{{ frame('foot') }}")

    @app.get("/sentence")
    def sentence() -> str:
        return render_template_string("{{ _('登录后进入：%(name)s', name='<b>') }}{{ _('登录') }}")

    return app.test_client()


def test_a_kept_part_speaks_the_language_of_each_request(client: FlaskClient) -> None:
    pages = [client.get("/", query_string={"lang": tag}).text for tag in ("zh", "en", "zh")]
    assert "节点说明" in pages[0] == pages[2]
    assert "节点说明" not in pages[1]
    assert pages[1].count("<li>") == pages[0].count("<li>")


def test_a_kept_part_leads_to_where_each_request_is_mounted(client: FlaskClient) -> None:
    plain, mounted = client.get("/").text, client.get("/", base_url="http://localhost/city").text
    assert 'href="/verify"' in plain
    assert 'href="/city/verify"' in mounted


def test_a_part_is_rendered_once(client: FlaskClient, rendered: list[str]) -> None:
    client.get("/")
    assert len(rendered) == 2  # the page, and its part
    client.get("/")
    assert len(rendered) == 3


def test_what_stands_in_a_sentence_is_escaped(client: FlaskClient) -> None:
    assert client.get("/sentence").text == "登录后进入：&lt;b&gt;登录"
