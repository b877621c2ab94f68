"""The check of the Chinese sentences notices what a proof-reader would."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def check() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        spec = importlib.util.spec_from_file_location("check_chinese", SCRIPTS / "check_chinese.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    sys.modules.pop("check_translations", None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("请先登录,再继续。", "half-width"),
        ("错误代码:{code}", "half-width"),
        ("{name},您好", "half-width"),
        ("文件(PDF)", "half-width"),
        ("(选填)说明", "half-width"),
        ("已经完成.", "full stop"),
        ('点击"登录"。', "straight quotation"),
        ("请稍候...", "three dots"),
        ("文件太大（最大 50 MB。", "unmatched"),
        ("“登录", "unmatched"),
        ("完成。。", "doubled"),
    ],
)
def test_badly_set_chinese_is_named(check: ModuleType, text: str, fault: str) -> None:
    assert any(fault in found for found in check.find_faults(text))


@pytest.mark.parametrize(
    "text",
    [
        "例如 chaoxin --config var/demo/445100/chaoxin.toml doctor。",
        "第{n}号（“潮信”），请稍候……",
        "%(ca)s的吊销列表已经过期",
        "错误代码 {code}：{problem}。",
    ],
)
def test_well_set_chinese_passes(check: ModuleType, text: str) -> None:
    assert list(check.find_faults(text)) == []
