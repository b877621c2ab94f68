"""The documents' pictures and links: each is there, small, and used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.support.pictures import IMAGES, MOST_BYTES

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "README.md", *(ROOT / "docs").rglob("*.md")))
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def linked(document: Path, *, pictures: bool = False) -> set[Path]:
    found = _LINK.findall(document.read_text(encoding="utf-8"))
    return {(document.parent / to).resolve() for mark, to in found if "://" not in to and (mark or not pictures)}


def size_of(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as opened:
        return opened.size


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_what_a_document_links_to_is_there(document: Path) -> None:
    assert [path for path in linked(document) if not path.exists()] == []


def test_there_is_a_guide_for_each_of_the_four_kinds_of_user_and_the_readme_leads_to_it() -> None:
    assert [guide.stem for guide in GUIDES] == ["admin", "citizen", "clerk", "developer"]
    assert set(GUIDES) <= linked(ROOT / "README.md")
    assert all(len(linked(guide, pictures=True)) >= 3 for guide in GUIDES)


def test_each_picture_is_used_and_small() -> None:
    used = set().union(*(linked(document, pictures=True) for document in DOCUMENTS))
    assert set(IMAGES.iterdir()) == used
    assert [path.name for path in used if path.stat().st_size > MOST_BYTES] == []


def test_a_guides_pictures_are_a_phones_for_citizens_and_a_desks_for_all_others() -> None:
    for guide in GUIDES:
        sizes = {size_of(path) for path in linked(guide, pictures=True)}
        assert sizes == {(360, 800) if guide.stem == "citizen" else (1280, 800)}
