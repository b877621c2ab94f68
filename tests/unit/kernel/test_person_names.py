"""Names of people: rare characters are right, whatever only looks like a name is refused by the character at fault."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.person_names import find_name_fault, normal_person_name


@pytest.mark.parametrize(
    "name",
    [
        "陈晓潮",
        "林𠮷",
        "翁𬱖",
        "许䶮",
        "王𰻝",
        "刘〇",
        "黄垚",
        "李\U000323af",
        "阿卜杜拉·买买提",
        "欧阳浩然",
        "﨑山",
        "Eileen Tan",
        "José O'Neill-Smith Jr.",
    ],
)
def test_names_as_they_stand_in_documents_are_names(name: str) -> None:
    assert find_name_fault(normal_person_name(name)) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "2 to 50"),
        ("陈", "2 to 50"),
        ("陈" * 51, "2 to 50"),
        ("陈\u200b晓潮", "U+200B"),
        ("陈\u202e晓潮", "U+202E"),
        ("陈晓\n潮", "U+000A"),
        ("陈晓潮1", "U+0031"),
        ("陈a", "U+0061"),
        ("⻢云", "U+2EE2"),  # a radical that looks like 马
        ("⼀一", "U+2F00"),
        ("陈\ue863", "U+E863"),  # what old input methods wrote for 䶮
        ("陈晓󠄀潮", "U+E0100"),
        ("陈 晓潮", "U+0020"),
        ("Аnna", "U+0410"),  # a Cyrillic letter
        ("Аннa", "U+0410"),
        ("Ａnna", "U+FF21"),
        ("Anna\t", "2"),
        ("😀😀", "U+1F600"),
        ("·陈晓潮", "out of place"),
        ("陈晓潮·", "out of place"),
        ("陈··晓潮", "out of place"),
        ("-Anna", "out of place"),
    ],
)
def test_what_only_looks_like_a_name_is_refused_by_what_is_wrong(name: str, fault: str) -> None:
    found = find_name_fault(normal_person_name(name))
    if name == "Anna\t":  # blanks at the ends are nobody's fault
        assert found is None
    else:
        assert found is not None
        assert fault in found.en


def test_one_name_is_written_in_one_way() -> None:
    assert {normal_person_name(f"阿卜杜拉{dot}买买提") for dot in "·‧•・･∙⋅．"} == {"阿卜杜拉·买买提"}
    assert normal_person_name(" 凉\uf979子 ") == "凉凉子"  # a compatibility ideograph


@given(st.text(max_size=60))
def test_whatever_is_typed_is_judged(text: str) -> None:
    name = normal_person_name(text)
    assert normal_person_name(name) == name
    fault = find_name_fault(name)
    assert fault is None or (fault.zh and fault.en)
