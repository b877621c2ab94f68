"""The check of the English catalogue notices every way in which a sentence can lack its English."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
GOOD = 'msgid "您好，%(name)s"\nmsgstr "Hello, %(name)s"\n'


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_translations", ROOT / "scripts" / "check_translations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def faults(check: ModuleType, catalogue: str, *used: str) -> list[str]:
    return list(check.find_faults(dict.fromkeys(used, "room/views.py:1"), (HEADER + catalogue).encode()))


@pytest.mark.parametrize(
    ("catalogue", "fault"),
    [
        ("", "no English"),
        (GOOD.replace("Hello, %(name)s", ""), "empty"),
        (GOOD.replace("Hello, %(name)s", " "), "empty"),
        ("#, fuzzy\n" + GOOD, "fuzzy"),
        (GOOD.replace("Hello, %(name)s", "Hello"), "places"),
        (GOOD.replace("Hello, %(name)s", "Hello, %(username)s"), "places"),
        (GOOD.replace("Hello", "您好"), "Chinese"),
        (GOOD + '\nmsgid "再见"\nmsgstr "Goodbye"\n', "on no page"),
        ("\n".join("#~ " + line for line in GOOD.splitlines()), "no English"),
    ],
)
def test_a_sentence_without_its_english_is_noticed(check: ModuleType, catalogue: str, fault: str) -> None:
    found = faults(check, catalogue, "您好，%(name)s")
    assert any(fault in text for text in found), found


def test_a_complete_catalogue_has_no_fault(check: ModuleType) -> None:
    assert faults(check, GOOD, "您好，%(name)s") == []


def test_sentences_are_found_in_python_and_in_templates(check: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "views.py").write_text("def page():\n    return gettext('从代码来')\n", encoding="utf-8")
    (tmp_path / "templates" / "page.html").write_text(
        "<p>{{ _('从模板来') }}</p>{% trans %}从块来{% endtrans %}", encoding="utf-8"
    )
    used = check.used_sentences((tmp_path,), check.TRANSLATIONS / "babel.cfg")
    assert set(used) == {"从代码来", "从模板来", "从块来"}
    assert used["从代码来"].endswith("views.py:2")
