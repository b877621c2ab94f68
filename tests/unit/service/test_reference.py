"""The pages to look things up in: every error that is defined, by what it says, and every building block once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_bootstrap import Bootstrap5

from kernel.errors import CATALOGUE
from kernel.nodes import Node
from service import i18n, reference
from service.errors import PORT_IN_USE
from service.frame import Frame

NODE = Node("445122", "饶平县", "county", "http://localhost:8102", (("C", "CN"),))
BLOCKS = Path(__file__).parents[3] / "service" / "templates" / "components.html"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = Flask("service")
    Bootstrap5(app)
    i18n.init_app(app, NODE)
    Frame().init_app(app)
    app.context_processor(lambda: {"node": NODE, "visitor": None})
    app.jinja_env.globals["csrf_field"] = str  # macros see no context
    app.register_blueprint(reference.make_blueprint())
    return app.test_client()


def test_every_error_is_listed_with_its_cause_and_remedy(client: FlaskClient) -> None:
    page = client.get("/errors").text
    assert set(re.findall(r'<div id="([a-z0-9_]+)"><dt>', page)) == set(CATALOGUE)
    assert "无法监听 ‹host›:‹port›" in page
    assert not re.findall(r"\{[a-z_]+[!}]", page + client.get("/errors?lang=en").text)
    assert PORT_IN_USE.remedy.zh in page


def test_an_error_is_found_by_code_and_by_what_it_says_in_either_language(client: FlaskClient) -> None:
    for asked in ("port_in_use", "端口已被占用", "THE PORT IS IN USE"):
        page = client.get("/errors", query_string={"q": asked, "lang": "en"}).text
        assert 'id="port_in_use"' in page
        assert page.count("<dt>") < len(CATALOGUE) / 4


def test_what_no_error_says_is_told_so(client: FlaskClient) -> None:
    page = client.get("/errors", query_string={"q": "<script>", "lang": "zh"}).text
    assert "没有这样的错误代码" in page
    assert "<script>" not in page.replace("<script src", "")


def test_every_building_block_has_an_example(client: FlaskClient) -> None:
    page = client.get("/components").text
    shown = set(re.findall(r'id="about-([a-z_]+)"', page))
    blocks = set(re.findall(r"^\{% macro ([a-z][a-z_]*)\(", BLOCKS.read_text(encoding="utf-8"), re.MULTILINE))
    assert blocks - shown == {"icon", "page_header", "panel", "hero", "pager", "mono"}  # the page and its examples use these
