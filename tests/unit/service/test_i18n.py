"""Which language a page gets, and how values are written in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from kernel.errors import Text
from kernel.nodes import Node
from service import i18n

NODE = Node("445122", "饶平县", "county", "http://localhost:8102", (("C", "CN"),))
COOKIE = "chaoxin_445122_lang"
PAGE = "{{ html_language() }}|{% for link in language_links() %}{{ link.name }} {{ link.url }} {{ link.current }};{% endfor %}"


def make_app(node: Node = NODE) -> Flask:
    app = Flask("service")
    i18n.init_app(app, node)

    @app.get("/")
    def page() -> str:
        return render_template_string(PAGE)

    @app.get("/values")
    def values() -> str:
        return render_template_string(
            "{{ text|in_language }}|{{ day|as_date }}|{{ moment|as_moment }}|{{ moment|as_second }}|{{ 12840|as_number }}|{{ away|as_distance }}"
            "|{{ none|as_date }}{{ none|as_moment }}{{ none|as_second }}",
            text=Text("有效", "valid"),
            day=date(2026, 11, 23),
            moment=datetime(2026, 11, 23, 18, 5, 9, tzinfo=UTC),
            away=timedelta(days=3),
            none=None,
        )

    return app


@pytest.fixture
def client() -> FlaskClient:
    return make_app().test_client()


def language(client: FlaskClient, path: str = "/", accept: str | None = None) -> str:
    headers = {"Accept-Language": accept} if accept else {}
    return client.get(path, headers=headers).get_data(as_text=True).split("|")[0]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "zh-CN"),
        ("en-US,en;q=0.9", "en"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("fr-FR,fr;q=0.9", "zh-CN"),
        ("fr-FR,en;q=0.5", "en"),
        ("%%%;;q=x,,", "zh-CN"),
    ],
)
def test_chinese_comes_first_and_english_only_for_those_who_read_no_chinese(
    client: FlaskClient, accept: str | None, expected: str
) -> None:
    assert language(client, accept=accept) == expected


def test_a_choice_is_remembered_and_beats_everything_but_the_next_choice(client: FlaskClient) -> None:
    assert language(client, "/?lang=en") == "en"
    assert language(client, accept="zh-CN") == "en"
    assert language(client, "/?ui_locales=zh-CN") == "en"
    assert language(client, "/?lang=zh") == "zh-CN"
    assert language(client, accept="en") == "zh-CN"


@pytest.mark.parametrize("sent", ["de", "", "english", "<script>", "en'"])
def test_a_language_that_we_do_not_speak_changes_nothing(client: FlaskClient, sent: str) -> None:
    answer = client.get("/", query_string={"lang": sent})
    assert "Set-Cookie" not in answer.headers
    assert answer.get_data(as_text=True).startswith("zh-CN|")


def test_a_department_suggests_a_language_for_the_login_only_while_nobody_has_chosen(client: FlaskClient) -> None:
    assert language(client, "/?ui_locales=fr-CA en") == "en"
    assert language(client) == "en", "the pages after the authorization request follow it"
    assert language(client, "/?ui_locales=zh-Hans") == "zh-CN", "another department may ask for something else"
    client.get("/?lang=zh")
    assert language(client, "/?ui_locales=en") == "zh-CN"


def test_a_forged_cookie_is_ignored(client: FlaskClient) -> None:
    client.set_cookie(COOKIE, "../../etc")
    assert language(client) == "zh-CN"


def test_the_cookie_is_named_for_the_node_and_locked_down() -> None:
    https = Node("445122", "饶平县", "county", "https://id.example.cn", (("C", "CN"),))
    plain = make_app().test_client().get("/?lang=en").headers["Set-Cookie"]
    secure = make_app(https).test_client().get("/?lang=en").headers["Set-Cookie"]
    assert plain.startswith(f"{COOKIE}=en;")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(plain.split("; "))
    assert secure.startswith(f"__Host-{COOKIE}=en;")
    assert "Secure" in secure.split("; ")


def test_the_switch_links_to_the_same_page_and_keeps_the_rest_of_its_query(client: FlaskClient) -> None:
    page = client.get("/?q=潮&q=&lang=en&x=1%262").get_data(as_text=True)
    assert (
        page
        == "en|中文 ?q=%E6%BD%AE&amp;q=&amp;x=1%262&amp;lang=zh False;English ?q=%E6%BD%AE&amp;q=&amp;x=1%262&amp;lang=en True;"
    )


def test_values_are_written_as_the_language_and_the_city_write_them(client: FlaskClient) -> None:
    assert client.get("/values").get_data(as_text=True) == (
        "有效|2026年11月23日|2026年11月24日 02:05|2026-11-24 02:05:09|12,840|3天后|"
    )
    assert client.get("/values?lang=en").get_data(as_text=True) == (
        "valid|Nov 23, 2026|Nov 24, 2026, 02:05|2026-11-24 02:05:09|12,840|in 3 days|"
    )


def test_caches_are_told_that_the_language_depends_on_the_reader(client: FlaskClient) -> None:
    answer = client.get("/?lang=en")
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)
    assert answer.headers["Content-Language"] == "en"
