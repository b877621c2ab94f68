"""Every action that the rooms record has words, in both languages, and no words are left over from one that none records."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from admin_ui.event_words import EVENTS
from crosscert.agreements.states import Action
from licenses.consent_records import ConsentState
from policies.role_models import Act

ROOT = Path(__file__).parents[3]
ROOMS = ("idp", "licenses", "pki", "crosscert", "service")
ACTION = re.compile(r"(idp|licenses|pki|crosscert|service)\.[a-z_]*[a-z]")
OTHERS = re.compile(
    r"_of\w*|_as|url_for|go_to|digest|decrypt|index|start|Confined|Indexed|accounts_reached_at|find_\w+|frozenset|get|redirect"
)
"""Functions that take such a name for something else: a page, what is encrypted, a process."""


def recorded() -> Iterator[str]:
    """Every name of an action that is handed to a function, or is one of two that are."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and not OTHERS.fullmatch(ast.unparse(node.func).rpartition(".")[2]):
                    yield from names([*node.args, *(each.value for each in node.keywords)])
                elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"action", "_ACTION"}:
                    yield from names([node.value])
                elif isinstance(node, ast.arguments):
                    yield from names([each for each in node.kw_defaults if each is not None])


def names(parts: Iterable[ast.expr]) -> Iterator[str]:
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and ACTION.fullmatch(node.value):
                yield node.value


def test_every_action_is_called_something() -> None:
    made = {f"idp.{act}" for act in get_args(Act)} | {f"crosscert.{act}" for act in (*get_args(Action), "ask", "take")}
    made |= {f"licenses.consent_{state}" for state in get_args(ConsentState)}
    found = set(recorded())
    assert sorted(found - set(EVENTS)) == []
    assert sorted(set(EVENTS) - found - made) == []
