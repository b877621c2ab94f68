"""A button that looks dangerous says in words what it will do, in its own form, before it does it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEMPLATES = [
    file
    for room in ("admin_ui", "idp", "licenses", "service")
    for file in (ROOT / room).rglob("templates/**/*.html")
    if file.name not in {"components.html", "component_list.html"} and "demo" not in file.parts
]
FORM = re.compile(r"<form\b[^>]*method=\"post\".*?</form>", re.DOTALL)
PANEL = re.compile(r"{% call (?:panel|card)\([^%]*%}.*?{% endcall %}", re.DOTALL)
DANGER = re.compile(r"button\([^{}]*kind='danger'")
CONFIRM = re.compile(r"confirm\((.*?)\)(?: ?%}| ?}})", re.DOTALL)


def test_each_dangerous_button_stands_in_a_form_with_words() -> None:
    assert len(TEMPLATES) > 60
    silent = []
    for file in TEMPLATES:
        text = file.read_text(encoding="utf-8")
        told = [part for part in (*FORM.findall(text), *PANEL.findall(text)) if "<p>" in part or "{% call panel(_('" in part]
        silent += [
            f"{file.name}: {found}"
            for found in DANGER.findall(text)
            if "href=" not in found and not any(found in part for part in told)
        ]
    assert silent == []


def test_what_is_confirmed_is_told_in_a_sentence() -> None:
    found = [words for file in TEMPLATES for words in CONFIRM.findall(file.read_text(encoding="utf-8"))]
    assert len(found) >= 10
    assert [words for words in found if "。" not in words] == []
