"""The check that keeps the pages complete in both languages and their Chinese well set."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Catalog

from scripts.check_translations import find_faults, find_gaps


def catalog(**sentences: str) -> Catalog:
    made = Catalog(locale="en", fuzzy=False)
    for chinese, english in sentences.items():
        made.add(chinese, english)
    return made


def test_complete_catalogues_have_no_gaps() -> None:
    assert list(find_gaps(catalog(登录=""), catalog(登录="Log in"))) == []


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (catalog(), "not in English"),
        (catalog(登录=""), "not in English"),
        (catalog(登录="Log in", 退出="Log out"), "nobody says it any more"),
        (catalog(登录="Log %(name)s in"), "its places differ"),
    ],
)
def test_a_sentence_that_is_missing_left_over_or_filled_differently_is_named(known: Catalog, expected: str) -> None:
    (finding,) = find_gaps(catalog(登录=""), known)
    assert finding.startswith(expected)


@pytest.mark.parametrize(
    "text",
    [
        "请先登录,再继续。",
        "错误代码:{code}",
        "文件(PDF)",
        "已经完成.",
        '点击"登录"。',
        "请稍候...",
        "文件太大（最大 50 MB。",
        "“登录",
        "完成。。",
    ],
)
def test_chinese_with_half_width_or_unmatched_punctuation_is_named(text: str) -> None:
    assert list(find_faults(text))


@pytest.mark.parametrize(
    "text", ["例如 chaoxin --config var/demo/445100/chaoxin.toml doctor。", "第{n}号（“潮信”），请稍候……", "%(ca)s的列表"]
)
def test_well_set_chinese_passes(text: str) -> None:
    assert list(find_faults(text)) == []
