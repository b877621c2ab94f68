"""A licence type counts while the node runs: whole and sound, or not at all; and what is in force stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from kernel.clock import FixedClock, SystemClock
from policies.in_force import Looked, PoliciesInForce
from policies.licenses import find_type
from policies.loader import TYPES, load
from policies.type_documents import add_document, add_version, to_toml

CODE = load(None).licenses.types[0].code
NEXT = load(None).licenses.types[0].model_copy(update={"version": 2, "accent": "#123456"})


@dataclass
class Running:
    """A process that has begun with a policy folder; time goes on only when it is told to."""

    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(SystemClock().now() + timedelta(seconds=60)))
    seconds: float = 0.0
    heard: list[Looked] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / TYPES).mkdir(parents=True, exist_ok=True)
        self.policies = PoliciesInForce(self.folder, self.clock, self.heard.append, lambda: self.seconds)

    @property
    def version(self) -> int:
        """The newest version of the first type, when somebody asks a little later."""
        self.seconds += 1
        found = find_type(self.policies.licenses, CODE)
        assert found is not None
        return found.version

    def write(self, text: str, name: str = "new.toml") -> None:
        (self.folder / TYPES / name).write_text(text, encoding="utf-8")


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path)


def test_a_new_version_counts_without_a_new_start_and_is_told_once(running: Running) -> None:
    assert running.version == 1
    add_version(running.folder, CODE, {"accent": "#123456"})
    assert find_type(running.policies.licenses, CODE, 2) is None  # nobody looks twice within a second
    assert (running.version, running.version) == (2, 2)
    assert running.heard == [Looked((NEXT,))]
    assert running.policies.at_start.licenses == load(None).licenses


def test_a_file_that_is_being_written_is_left_until_it_is_quiet(running: Running) -> None:
    running.clock.moment = SystemClock().now()
    running.write(to_toml(NEXT)[:200])
    assert running.version == 1
    running.write(to_toml(NEXT))
    assert (running.version, running.heard) == (1, [])
    running.clock.advance(timedelta(seconds=60))
    assert (running.version, running.policies.fault) == (2, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (to_toml(NEXT).partition("\n\n[[fields]]")[0], "policy_missing_key"),
        (to_toml(NEXT).replace('kind = "', 'kind = "un'), "policy_wrong_value"),
        (to_toml(NEXT.model_copy(update={"version": 1})), "policy_contradiction"),
        ("\0", "policy_syntax"),
    ],
)
def test_a_wrong_document_holds_all_new_ones_back_until_it_is_mended(running: Running, text: str, code: str) -> None:
    running.write(to_toml(NEXT.model_copy(update={"version": 3})), "sound.toml")
    running.write(text)
    assert (running.version, running.version) == (1, 1)
    assert [looked.fault is not None and looked.fault.code for looked in running.heard] == [code]
    assert running.policies.fault is running.heard[0].fault
    running.write(to_toml(NEXT))
    assert (running.version, running.policies.fault) == (3, None)
    assert [kind.version for kind in running.heard[1].added] == [2, 3]


@contextmanager
def spoilt(document: Path, way: str) -> Iterator[None]:
    text, elsewhere = document.read_text(encoding="utf-8"), document.parent.with_name("elsewhere")
    if way == "changed":
        document.write_text(text.replace("#123456", "#654321"), encoding="utf-8")
    elif way == "taken away":
        document.unlink()
    else:
        document.parent.rename(elsewhere)
    yield
    if way == "folder gone":
        elsewhere.rename(document.parent)
    document.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("way", "code"),
    [("changed", "policy_type_changed"), ("taken away", "policy_type_changed"), ("folder gone", "policy_missing")],
)
def test_what_is_in_force_stays_as_it_was_whatever_becomes_of_its_document(tmp_path: Path, way: str, code: str) -> None:
    (tmp_path / TYPES).mkdir()
    add_version(tmp_path, CODE, {"accent": "#123456"})
    running = Running(tmp_path)
    assert running.version == 2
    with spoilt(tmp_path / TYPES / f"{CODE}-2.toml", way):
        assert running.version == 2
        assert find_type(running.policies.licenses, CODE) == NEXT
        assert running.policies.fault is not None
        assert running.policies.fault.code == code
    assert (running.version, running.policies.fault) == (2, None)


def test_a_node_without_a_folder_of_its_own_has_nothing_to_look_at() -> None:
    policies = PoliciesInForce(None, FixedClock(SystemClock().now()), pytest.fail, iter(range(0, 100, 10)).__next__)
    assert policies.licenses == load(None).licenses
    assert policies.fault is None
    assert policies.certificates == load(None).certificates


def test_a_document_is_taken_into_the_folder_as_it_was_written_and_only_a_sound_one(tmp_path: Path) -> None:
    (tmp_path / TYPES).mkdir()
    file = tmp_path / "draft.txt"
    file.write_text("# Ours.\n" + to_toml(NEXT), encoding="utf-8")
    assert add_document(tmp_path, file) == NEXT
    assert (tmp_path / TYPES / f"{CODE}-2.toml").read_text(encoding="utf-8") == file.read_text(encoding="utf-8")
    with pytest.raises(Exception, match=r"policy_contradiction.*draft\.txt"):
        add_document(tmp_path, file)


def test_the_document_that_newcomers_are_told_to_begin_with_is_sound(tmp_path: Path) -> None:
    (tmp_path / TYPES).mkdir()
    told = (Path(__file__).parents[3] / "docs" / "licenses.md").read_text(encoding="utf-8")
    file = tmp_path / "dog.txt"
    file.write_text(told.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    assert add_document(tmp_path, file).fields[1].pattern == "[0-9]{15}"
