"""Filling a form in again: only the one that was sent, only what people type, and whatever was typed stays text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import filling

PAGE = """<!doctype html><html><body><header><form method="post" action="/logout"><input name="reason"></form></header>
<main id="main" class="cx-main"><h1>生僻字 𠮷</h1>
<form method="get" action="/act"><input name="reason" value="theirs"></form>
<details class="x"><summary>A</summary><form method="post" action="/act"><input type="hidden" name="what" value="a"><input name="reason" required></form></details>
<details class="x"><summary>B</summary><form method="post" action="/act?lang=zh">
<input type="hidden" name="csrf_token" value="t"><input type="hidden" name="what" value="b">
<input name="reason" value="" required><input type="password" name="password"><input type="file" name="file"><input type="date" name="until">
<textarea name="note" rows="3">
old</textarea>
<select name="kind"><option value="1" selected>1</option><option value="2">2</option></select>
<input type="checkbox" name="tick" value="x" checked><input type="checkbox" name="tick" value="y"><input type="radio" name="one" value="1">
</form></details></main></body></html>"""
SENT = [
    ("what", "b"),
    ("reason", "因为"),
    ("password", "secret"),
    ("note", "一\n二"),
    ("kind", "2"),
    ("tick", "y"),
    ("until", "2027-01-01"),
]


class Read(HTMLParser):
    """What a browser would show in the second form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [given for name, given in self.tags if name == tag and wanted.items() <= given.items()]


def test_the_form_that_was_sent_is_filled_in_and_no_other() -> None:
    page, is_there = filling.fill(PAGE, "/here", "/act", SENT, {"kept": "k1"})
    assert is_there
    read = Read(page)
    assert [one.get("value") for one in read.all("input", name="reason")] == [None, "theirs", None, "因为"]
    assert "value" not in read.all("input", name="password")[0]
    assert read.all("input", name="until")[0]["value"] == "2027-01-01"
    assert ">\n一\n二</textarea>" in page
    assert [("selected" in one) for one in read.all("option")] == [False, True]
    assert [("checked" in one) for one in read.all("input", name="tick")] == [False, True]
    assert [("open" in one) for one in read.all("details")] == [False, True], "what was folded away is shown"
    assert read.all("input", name="kept") == [{"type": "hidden", "name": "kept", "value": "k1"}]
    assert read.all("input", name="csrf_token")[0]["value"] == "t"


def test_a_form_without_an_address_is_sent_to_its_own_page() -> None:
    page = '<main><form method="post"><input name="a"></form></main>'
    assert filling.fill(page, "/here/饶平", "/here/饶平", [("a", "1")], {})[1]
    assert filling.fill(page, "/here", "/there", [("a", "1")], {}) == (page, False)


def test_a_note_stands_above_the_content() -> None:
    assert filling.put_first("<main id=x><p>y</p></main>", "<b>n</b>") == "<main id=x><b>n</b><p>y</p></main>"
    assert filling.put_first("<p>y</p>", "<b>n</b>") == "<p>y</p>"


@pytest.mark.parametrize("name", ["reason", "note"])
@given(
    typed=st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(
        lambda text: text + "\"'><script>alert(1)</script></textarea>"
    )
)
def test_whatever_was_typed_stays_text(name: str, typed: str) -> None:
    page, is_there = filling.fill(PAGE, "/here", "/act", [("what", "b"), (name, typed)], {"kept": typed})
    read = Read(page)
    assert is_there
    assert read.all("script") == []
    assert [tag for tag, _ in read.tags if tag != "input"] == [tag for tag, _ in Read(PAGE).tags if tag != "input"]
    if name == "reason":
        assert read.all("input", name="reason")[3]["value"] == typed.replace("\0", "\ufffd")


@given(page=st.text(max_size=200) | st.text("<>/=\"' formdetailsinputtextareaption\n", max_size=200))
def test_no_page_is_too_broken(page: str) -> None:
    assert isinstance(filling.fill(page, "/", "/", [("a", "b")], {})[0], str)
