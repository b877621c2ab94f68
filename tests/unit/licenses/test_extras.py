"""Extension fields are taken apart and checked by their kind; what is wrong is named."""

from __future__ import annotations

import pytest

from kernel.errors import Refusal
from licenses.extras import parse_extra
from policies.licenses import find_type
from policies.loader import load
from policies.models import LicenseType

POLICIES = load(None).licenses


def kind(code: str) -> LicenseType:
    found = find_type(POLICIES, code)
    assert found is not None
    return found


BUSINESS, TITLE = kind("11440000MB2D0339XY001"), kind("11440000MB2D0312XP001")
CARD, DISABILITY = kind("114400000069400560001"), kind("114400000069405550001")
GOOD = "法定代表人=邱斌伟;注册资本={};经营范围=陶瓷;住所=饶平"


def refusal(text: str, of: LicenseType) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse_extra(text, of)
    assert caught.value.field == "extra"
    return caught.value


def test_fields_come_by_key_in_the_order_of_the_type() -> None:
    found = parse_extra(" 残疾等级 = 三级 ; 残疾类别=肢体;", DISABILITY)
    assert list(found.items()) == [("KZ_CJLB", "肢体"), ("KZ_CJDJ", "三级")]


def test_a_value_may_contain_equals_signs() -> None:
    assert parse_extra(GOOD.format("1万元").replace("陶瓷", "a=b"), BUSINESS)["KZ_JYFW"] == "a=b"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "extra_missing"),
        ("残疾类别=肢体", "extra_missing"),
        ("残疾类别=肢体;残疾等级=", "extra_missing"),
        ("残疾类别=肢体;残疾等级", "extra_malformed"),
        ("残疾类别=肢体;残疾类别=视力;残疾等级=一级", "extra_malformed"),
        ("=肢体;残疾等级=一级", "extra_malformed"),
        ("残疾类别=肢体;残疾等级=一级;身高=1米", "extra_unknown"),
        ("残疾类别=肢体;残疾等级=五级", "extra_invalid"),
    ],
)
def test_faults_have_names(text: str, code: str) -> None:
    assert refusal(text, DISABILITY).code == code


def test_an_invalid_choice_is_told_which_there_are() -> None:
    refused = refusal("残疾类别=肢体;残疾等级=五级", DISABILITY)
    assert "一级、二级、三级、四级" in refused.text.zh


@pytest.mark.parametrize("amount", ["3888万元", "1,000,000元", "0.5亿美元", "人民币伍佰万元整", "100万元人民币"])
def test_amounts_are_written_in_many_ways(amount: str) -> None:
    assert parse_extra(GOOD.format(amount), BUSINESS)["KZ_ZCZB"] == amount


@pytest.mark.parametrize("amount", ["很多", "3888", "万元", "1,00元", "-5元", "5元5"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    assert refusal(GOOD.format(amount), BUSINESS).code == "extra_invalid"


@pytest.mark.parametrize(
    ("area", "good"), [("118.60㎡", True), ("90平方米", True), ("2.5公顷", True), ("大", False), ("-1㎡", False)]
)
def test_areas_have_a_unit(area: str, good: bool) -> None:
    text = f"坐落=潮州;权利类型=宅基地使用权;面积={area}"
    if good:
        assert parse_extra(text, TITLE)["KZ_MJ"] == area
    else:
        assert refusal(text, TITLE).code == "extra_invalid"


def test_a_resident_id_is_checked_to_the_last_digit() -> None:
    assert parse_extra("社会保障号码=11010519491231002X", CARD)["KZ_SHBZHM"] == "11010519491231002X"
    assert refusal("社会保障号码=110105194912310021", CARD).code == "extra_invalid"


def test_what_is_longer_than_its_field_is_refused() -> None:
    assert refusal(GOOD.format("1万元").replace("陶瓷", "陶" * 2001), BUSINESS).code == "extra_invalid"
