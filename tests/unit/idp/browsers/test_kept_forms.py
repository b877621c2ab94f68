"""A form that waits for its sender: theirs alone, in that browser alone, not for long, and without secrets."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.browsers import kept_forms, sessions
from idp.browsers.kept_forms import LEFT_OUT, Typed
from idp.ports import IdpDeps
from idp.storage import metadata
from kernel.clock import FixedClock
from tests.support.idp import add_account

ROOT = Path(__file__).parents[4]
BROWSER = ("first-cookie", "second-cookie")
TYPED = Typed(
    "/account/level?a=1", "/account/level/register", [("csrf_token", "t"), ("name", "林𠮷"), ("password", "keep me not")]
)
SECRET = re.compile(r"""autocomplete=["'](?:one-time-code|new-password|current-password)|type=["'](?:password|file)""")
NAME = re.compile(r"""(?:field|file_drop)\(["']([a-z_]+)["'][^}]*|<input\b[^>]*\bname="([a-z_]+)"[^>]*>""")


@pytest.fixture
def cookie(deps: IdpDeps) -> str:
    account = add_account(deps)
    with deps.work.begin() as work:
        return sessions.start(work, deps, account.id, ("pwd",), sessions.Device()).cookie


def test_it_is_shown_again_to_whoever_sent_it_in_that_browser(
    deps: IdpDeps, cookie: str, clock: FixedClock, engine: sa.Engine
) -> None:
    current = sessions.find_current(deps, cookie)
    assert current is not None
    sessions.end(deps, current.session, actor="test")
    form_id = kept_forms.keep(deps, cookie, BROWSER, TYPED)
    assert form_id is not None
    me = current.account.id
    assert kept_forms.find(deps, form_id, me, BROWSER) == Typed(TYPED.page, TYPED.action, [("name", "林𠮷")])
    then = kept_forms.THEN + form_id
    assert kept_forms.names_form(then)
    assert kept_forms.page_of(deps, then, me, ("other", "first-cookie")) == f"/account/level?a=1&kept={form_id}"
    other = add_account(deps, "wangdaming").id
    for account, browser in ((other, BROWSER), (me, ("other",)), (me, ())):
        assert kept_forms.find(deps, form_id, account, browser) is None
        assert kept_forms.page_of(deps, then, account, browser) is None
    with engine.connect() as connection:
        (row,) = connection.execute(sa.select(metadata.tables["idp_kept_forms"])).all()
    assert "林𠮷".encode() not in row.content
    kept_forms.drop(deps, form_id, other)
    assert kept_forms.find(deps, form_id, me, BROWSER) is not None
    clock.advance(timedelta(minutes=30))
    assert kept_forms.find(deps, form_id, me, BROWSER) is None


def test_a_form_that_was_sent_is_forgotten(deps: IdpDeps, cookie: str) -> None:
    current = sessions.find_current(deps, cookie)
    form_id = kept_forms.keep(deps, cookie, BROWSER, TYPED)
    assert current is not None
    assert form_id is not None
    kept_forms.drop(deps, form_id, current.account.id)
    assert kept_forms.find(deps, form_id, current.account.id, BROWSER) is None


def test_nothing_is_kept_for_strangers_of_secrets_alone_or_without_bounds(deps: IdpDeps, cookie: str) -> None:
    def keep(cookie: str | None, browser: tuple[str, ...], *fields: tuple[str, str]) -> str | None:
        return kept_forms.keep(deps, cookie, browser, Typed("/account", "/account/x", fields))

    assert keep(None, BROWSER, ("name", "x")) is None
    assert keep("guessed", BROWSER, ("name", "x")) is None
    assert keep(cookie, (), ("name", "x")) is None
    assert keep(cookie, BROWSER, ("password", "x"), ("csrf_token", "y"), ("name", "")) is None
    assert keep(cookie, BROWSER, ("name", "x" * 40_000)) is None
    kept = [keep(cookie, BROWSER, ("name", str(n))) for n in range(9)]
    assert [one is not None for one in kept] == [True] * 8 + [False]


@pytest.mark.parametrize("then", ["form-", "form-../../x", "form-" + "a" * 61, "window", "form-aaaaaaaaaaaaaaaaaaaa\n"])
def test_what_names_no_form_leads_to_none(then: str) -> None:
    assert not kept_forms.names_form(then)


def test_no_template_has_a_secret_that_would_be_kept() -> None:
    found = set()
    for room in ("admin_ui", "idp", "licenses", "service"):
        for file in (ROOT / room).rglob("templates/**/*.html"):
            for one in NAME.finditer(file.read_text(encoding="utf-8")):
                if SECRET.search(one[0]) and not one[0].startswith("file_drop"):
                    found.add(one[1] or one[2])
    assert {"code", "password"} <= found
    assert found <= LEFT_OUT
