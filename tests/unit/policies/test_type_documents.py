"""A type's next version is written as a document that says the same, but for what changes; once, however often it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.errors import Misuse
from policies.licenses import find_type
from policies.loader import TYPES, load
from policies.type_documents import add_version

CHANGES = {"template": "new-look", "template_sha256": "a" * 64}


def test_each_packaged_type_gets_its_next_version_once(tmp_path: Path) -> None:
    (tmp_path / TYPES).mkdir()  # that is enough to make it a policy folder
    before = load(tmp_path).licenses.types
    for kind in before:
        assert [add_version(tmp_path, kind.code, CHANGES) for _ in range(2)] == [2, 2]
    after = load(tmp_path).licenses
    assert [find_type(after, kind.code) for kind in before] == [
        kind.model_copy(update={**CHANGES, "version": 2}) for kind in before
    ]
    assert after.types[: len(before)] == before
    with pytest.raises(Misuse, match="policy_no_type"):
        add_version(tmp_path, "9" * 21, CHANGES)


def test_whatever_a_text_holds_is_read_as_it_was(tmp_path: Path) -> None:
    (tmp_path / TYPES).mkdir()
    code, hostile = load(None).licenses.types[0].code, 'a"b\\c\n\t\x7f𠮷]]\n[[fields]]'
    add_version(tmp_path, code, {"name": hostile})
    found = find_type(load(tmp_path).licenses, code)
    assert found is not None
    assert found.name == hostile
