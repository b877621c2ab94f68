"""Every detail that the rooms record has words, in both languages, and no words are left over; so have the values of fixed choices."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from admin_ui.detail_words import DETAILS
from admin_ui.parties import PARTIES
from admin_ui.value_words import VALUES
from crosscert.records import AgreementKind
from idp.authenticators.switches import METHODS
from idp.citizens.window import DOCUMENTS
from idp.owed_events import Event
from idp.records import Client, Stage
from idp.records.directories import Lock
from idp.records.events import StreamStatus
from idp.records.notices import Decision
from idp.records.people import AuthenticatorKind, Channel
from licenses.log_ports import FaultKind
from licenses.qr_check import Kind
from licenses.verdict import STATUS_NAMES, Indication, Subindication
from policies.role_models import AccountKind

ROOT = Path(__file__).parents[3]
ROOMS = ("idp", "licenses", "pki", "crosscert", "service")
CONCERNED = re.compile(r"AuditEvent|\bdetails\b|\bnote\(|\b_(note|event|audit)\(")
"""What a file says in which a detail is put into words."""
COUNTED = {"new", "changed", "locked", "released", *get_args(Lock)} - {"disabled"}
"""What a run over a directory counts, each under its own name."""
CHOICES = {
    "kind": (
        *map(get_args, (AccountKind, AuthenticatorKind, AgreementKind, FaultKind, Kind)),
        ("plan", "step", "witness", "signature"),
    ),
    "authenticators": (get_args(AuthenticatorKind),),
    "amr": METHODS.values(),
    "channel": (get_args(Channel),),
    "stage": (get_args(Stage),),
    "changed": ([one.name for one in fields(Client)],),
    "lock": (get_args(Lock),),
    "document": (DOCUMENTS,),
    "decision": (get_args(Decision),),
    "event": (get_args(Event),),
    "status": (STATUS_NAMES, get_args(StreamStatus)),
    "indication": (get_args(Indication),),
    "subindication": (get_args(Subindication),),
}


@functools.cache
def trees_of(room: str) -> dict[Path, ast.Module]:
    texts = {file: file.read_text() for file in (ROOT / room).rglob("*.py")}
    return {file: ast.parse(text) for file, text in texts.items() if CONCERNED.search(text)}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def keys(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Dict):
            yield from (key.value for key in part.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def assigned(function: ast.FunctionDef) -> Iterator[str]:
    """Every name that a function puts into what it calls ``details``, or ``told`` or ``about`` where it records an event itself."""
    names = {"details", "told", "about"} if "AuditEvent" in map(called, calls(function)) else {"details"}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for place, value in zip(
                    *(each.elts if isinstance(each, ast.Tuple) else [each] for each in (target, node.value)), strict=False
                ):
                    if isinstance(place, ast.Name) and place.id in names:
                        yield from keys(value)
                    if (
                        isinstance(place, ast.Subscript)
                        and ast.unparse(place.value) in names
                        and isinstance(place.slice, ast.Constant)
                    ):
                        yield str(place.slice.value)


def tables(trees: Iterable[ast.AST]) -> set[str]:
    """The functions that are given details as a table."""
    return {"AuditEvent"} | {
        function.name
        for tree in trees
        for function in functions(tree)
        if "details" in {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
    }


def named(tree: ast.AST) -> dict[str, set[str]]:
    """The functions of a file that record each detail that they are given by its name, with their other parameters."""
    return {
        function.name: {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
        for function in functions(tree)
        if function.args.kwarg is not None and any(called(node) == "AuditEvent" for node in calls(function))
    }


def recorded() -> Iterator[str]:
    for room in ROOMS:
        trees = trees_of(room)
        take_tables = tables(trees.values())
        by_name = {f"{file.stem}.{name}": own for file, tree in trees.items() for name, own in named(tree).items()}
        for file, tree in trees.items():
            yield from (name for function in functions(tree) for name in assigned(function))
            for node in calls(tree):
                given = [*node.args, *(one.value for one in node.keywords if one.arg == "details")]
                if called(node) in take_tables:
                    yield from (key for part in given for key in keys(part))
                own = by_name.get(ast.unparse(node.func)) or by_name.get(f"{file.stem}.{ast.unparse(node.func)}")
                if own is not None:
                    yield from (one.arg for one in node.keywords if one.arg and one.arg not in own | {"account"})


def test_every_detail_is_called_something() -> None:
    found = set(recorded()) | COUNTED
    assert sorted(found - set(DETAILS)) == []
    assert sorted(set(DETAILS) - found) == []


@pytest.mark.parametrize("name", CHOICES)
def test_a_fixed_choice_has_words_for_each(name: str) -> None:
    wanted = {value for choice in CHOICES[name] for value in choice}
    if name == "changed":
        wanted -= {"client_id"}  # which nothing changes
    assert sorted(wanted - set(VALUES[name])) == []


def test_only_details_that_there_are_have_values_in_words() -> None:
    assert sorted(set(VALUES) - set(DETAILS)) == []


def parties(tree: ast.AST) -> Iterator[ast.AST]:
    """What stands in the place of an actor or a target."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and {"actor", "target"} & set(re.findall(r"\w+", ast.unparse(node.targets[0]))):
            yield node.value
        elif isinstance(node, ast.Call) and called(node) == "AuditEvent":
            yield from node.args
        elif isinstance(node, ast.keyword) and node.arg == "actor":
            yield node.value


def test_every_kind_of_party_has_words() -> None:
    kinds = set()
    for room in ROOMS:
        for place in (each for tree in trees_of(room).values() for each in parties(tree)):
            begun = [part.values[0] for part in ast.walk(place) if isinstance(part, ast.JoinedStr)]
            texts = [str(part.value) for part in begun if isinstance(part, ast.Constant)]
            kinds |= {text.partition(":")[0] for text in texts if re.match(r"[a-z0-9]+:", text)}
    assert sorted(kinds - set(PARTIES)) == []
    assert {"account", "license", "node", "directory"} <= kinds
