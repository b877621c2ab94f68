"""Style sheets and scripts: lasting addresses, small transfers."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.assets import Assets


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    (tmp_path / "page.css").write_text("body { color: navy }\n" * 100)
    (tmp_path / "photo.png").write_bytes(bytes(5000))
    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/static")
    Assets().init_app(app)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def fetch(client: FlaskClient, url: str, encoding: str | None = None) -> TestResponse:
    """Fetch a file to its end, so that the server closes it."""
    with client.get(url, headers={"Accept-Encoding": encoding} if encoding else {}) as answer:
        answer.get_data()
        return answer


def address(app: Flask, filename: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=filename)


def test_an_address_names_its_content_and_may_be_kept_for_ever(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    url = address(app, "page.css")
    assert "immutable" in fetch(client, url).headers["Cache-Control"]
    (tmp_path / "page.css").write_text("changed")
    other = Flask(__name__, static_folder=str(tmp_path), static_url_path="/static")
    Assets().init_app(other)
    assert address(other, "page.css") != url


@pytest.mark.parametrize("url", ["/static/page.css", "/static/page.css?v=0", "/static/page.css?v="])
def test_an_address_that_names_no_or_other_content_is_not_kept_for_ever(client: FlaskClient, url: str) -> None:
    assert "immutable" not in (fetch(client, url).headers.get("Cache-Control") or "")


def test_texts_travel_compressed_for_those_who_can_read_it(client: FlaskClient, tmp_path: Path) -> None:
    original = (tmp_path / "page.css").read_bytes()
    for _ in range(2):
        answer = fetch(client, "/static/page.css", "gzip")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) == len(answer.data) < len(original) / 5
        assert gzip.decompress(answer.data) == original
    plain = fetch(client, "/static/page.css")
    assert plain.data == original
    assert "Accept-Encoding" in plain.vary


def test_what_is_compressed_already_goes_as_it_is(client: FlaskClient) -> None:
    assert "Content-Encoding" not in fetch(client, "/static/photo.png", "gzip").headers


def test_files_that_are_not_there_or_lie_outside_are_not_served(app: Flask, client: FlaskClient) -> None:
    assert address(app, "missing.css") == "/static/missing.css"
    assert fetch(client, "/static/missing.css", "gzip").status_code == 404
    assert fetch(client, "/static/../test_assets.py").status_code == 404
