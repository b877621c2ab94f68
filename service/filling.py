"""Fills a form of one of our own pages in again with what was typed into it before.

Works on the rendered page, so that no template has to think of it. Left to others: which form, for whom (``service.kept_forms``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import accumulate
from urllib.parse import unquote, urlsplit

from markupsafe import escape

_UNTOUCHED = frozenset({"hidden", "password", "file", "submit", "button"})
_Attributes = Mapping[str, str | None]


@dataclass(slots=True)
class _Form:
    """A form of the page: where it begins, what it is sent to, its inputs with the octets that their tags take up."""

    end_of_tag: int
    action: str
    folded: int | None
    hidden: dict[str, str] = field(default_factory=dict)
    inputs: list[tuple[int, int, str, _Attributes]] = field(default_factory=list)
    options: list[tuple[int, int, str, _Attributes]] = field(default_factory=list)
    texts: list[tuple[int, int, str]] = field(default_factory=list)


class _Page(HTMLParser):
    """Finds the forms of a page that are sent by POST."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._starts = [0, *accumulate(len(line) + 1 for line in page.split("\n"))]
        self.forms: list[_Form] = []
        self.main: int | None = None
        self._folded: list[int] = []
        self._form: _Form | None = None
        self._select = self._text = ""
        self._text_begins = 0
        self.feed(page)

    def _place(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        begin, given = self._place(), dict(attrs)
        end = begin + len(self.get_starttag_text() or "")
        if tag == "main":
            self.main = end
        elif tag == "details":
            self._folded.append(end - 1)
        elif tag == "form":
            folded = self._folded[-1] if self._folded else None
            self._form = _Form(end, given.get("action") or "", folded)
            if given.get("method") == "post":
                self.forms.append(self._form)
        elif self._form is not None:
            self._note(self._form, tag, (begin, end), given)

    def _note(self, form: _Form, tag: str, place: tuple[int, int], given: _Attributes) -> None:
        name = given.get("name") or ""
        if tag == "input" and given.get("type") == "hidden":
            form.hidden[name] = given.get("value") or ""
        elif tag == "input" and given.get("type") not in _UNTOUCHED:
            form.inputs.append((*place, name, given))
        elif tag == "select":
            self._select = name
        elif tag == "option":
            form.options.append((*place, self._select, given))
        elif tag == "textarea":
            self._text, self._text_begins = name, place[1]

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folded:
            self._folded.pop()
        elif tag == "form":
            self._form = None
        elif tag == "textarea" and self._form is not None:
            self._form.texts.append((self._text_begins, self._place(), self._text))


def fill(page: str, own: str, action: str, fields: Sequence[tuple[str, str]], hidden: Mapping[str, str]) -> tuple[str, bool]:
    """Return the page at the path ``own`` with the form that is sent to the path ``action`` filled in, and whether it is there.

    Of several such forms it is the one whose own hidden fields were sent as they are. ``hidden`` is put into it as well.
    """
    found = _Page(page)
    sent = dict(fields)
    for form in found.forms:
        is_meant = (unquote(urlsplit(form.action).path) or own) == action
        if is_meant and all(sent.get(name, value) == value for name, value in form.hidden.items()):
            edits = [*_edits(form, fields), (form.end_of_tag, form.end_of_tag, _hidden(hidden))]
            if form.folded is not None:
                edits.append((form.folded, form.folded, " open"))
            for begin, end, text in sorted(edits, reverse=True):
                page = page[:begin] + text + page[end:]
            return page, True
    return page, False


def put_first(page: str, note: str) -> str:
    """Return the page with a note above its content."""
    place = _Page(page).main
    return page if place is None else page[:place] + note + page[place:]


def _edits(form: _Form, fields: Sequence[tuple[str, str]]) -> Iterator[tuple[int, int, str]]:
    sent, said = dict(fields), frozenset(fields)
    for begin, end, name, given in form.inputs:
        if given.get("type") in {"checkbox", "radio"}:
            yield begin, end, _tag("input", given, "checked", ticked=(name, given.get("value") or "on") in said)
        elif name in sent:
            yield begin, end, _tag("input", {**given, "value": sent[name]})
    for begin, end, name, given in form.options:
        if name in sent:
            yield begin, end, _tag("option", given, "selected", ticked=(name, given.get("value") or "") in said)
    for begin, end, name in form.texts:
        if name in sent:
            yield begin, end, f"\n{escape(sent[name])}"


def _tag(name: str, given: _Attributes, mark: str = "", *, ticked: bool = False) -> str:
    kept = {key: value for key, value in given.items() if key != mark} | ({mark: None} if ticked else {})
    written = (f" {key}" if value is None else f' {key}="{escape(value)}"' for key, value in kept.items())
    return f"<{name}{''.join(written)}>"


def _hidden(fields: Mapping[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items())
