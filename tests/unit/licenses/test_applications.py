"""A row is accepted or refused with the word that departments know and the column at fault."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses.applications import COLUMNS, Rules, check_application, content
from licenses.registry_records import Application
from tests.support.issuing import CITY, COUNTY, GOOD_ROW, demo_rows, demo_rules

FIELDS = {
    "bad_date": "issue_date",
    "control_chars": "holder_name",
    "dates_reversed": "valid_to",
    "empty_name": "holder_name",
    "holder_id_check": "holder_id",
    "holder_kind": "holder_kind",
    "issuer_id_check": "issuer_id",
    "name_too_long": "holder_name",
    "not_its_area": "area_code",
    "not_its_type": "type_code",
    "unknown_type": "type_code",
}


AT_CITY, AT_COUNTY = demo_rules(CITY), demo_rules(COUNTY)


def check(at: Rules = AT_CITY, **changes: str) -> Application:
    return check_application({**GOOD_ROW, **changes}, at)


def refusal(at: Rules = AT_CITY, **changes: str) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        check(at, **changes)
    assert caught.value.text.zh
    assert caught.value.remedy.en
    return caught.value.code, caught.value.field


def test_each_of_the_600_rows_is_judged_as_its_last_column_says() -> None:
    for row in demo_rows():
        expected = "ok" if row["expect"] == "duplicate_number" else row["expect"]  # numbers are the registry's to judge
        try:
            check_application({column: row[column] for column in COLUMNS.required}, AT_CITY)
        except Refusal as refused:
            assert (refused.code, refused.field) == (expected, FIELDS[expected]), row["row"]  # noqa: PT017 - most rows are good
        else:
            assert expected == "ok", row["row"]


def test_a_good_row_becomes_what_it_says() -> None:
    assert check() == Application(
        type_code="11440000MB2D0339XY001",
        number="445122202100000002",
        holder_kind="enterprise",
        holder_name="饶平县金顺卤味食品厂",
        holder_id="91445122855JTN13AG",
        issuer_uscc="11445122WBK871J86K",
        issuer_name="饶平县市场监督管理局",
        area_code="445122",
        issue_date=date(2021, 6, 6),
        valid_from=date(2021, 6, 6),
        valid_to=None,
        fields={"KZ_FDDBR": "邱斌伟", "KZ_ZCZB": "3888万元", "KZ_JYFW": "不锈钢制品、卤味食品", "KZ_ZS": "饶平县城西31路108号"},
    )


def test_blanks_at_the_ends_and_composed_characters_are_brought_into_normal_form() -> None:
    assert check(holder_name="  Cafe\u0301 饶平  ").holder_name == "Café 饶平"


def test_a_row_without_a_number_leaves_it_to_the_node() -> None:
    assert check(number="").number is None


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"type_name": "食品经营许可证"}, "type_name_differs", "type_name"),
        ({"holder_kind": "citizen"}, "holder_kind", "holder_kind"),
        ({"holder_name": "　"}, "empty_name", "holder_name"),
        ({"holder_name": "潮" * 101}, "name_too_long", "holder_name"),
        ({"holder_name": "饶平\u0000厂"}, "control_chars", "holder_name"),
        ({"holder_name": "饶平\ue000厂"}, "control_chars", "holder_name"),
        ({"extra": GOOD_ROW["extra"] + "\u202e"}, "control_chars", "extra"),
        ({"holder_id": "91445122855jtn13ag"}, "holder_id_check", "holder_id"),
        ({"holder_id": "445103197205027251"}, "holder_id_check", "holder_id"),
        ({"holder_id": ""}, "holder_id_check", "holder_id"),
        ({"issuer_id": "91445122855JTN13AG"}, "unknown_issuer", "issuer_id"),
        ({"issuer_name": "饶平市场监管局"}, "issuer_name_differs", "issuer_name"),
        ({"area_code": "44512"}, "bad_area", "area_code"),
        ({"area_code": "445100"}, "not_its_area", "area_code"),
        ({"issue_date": "2021-6-6"}, "bad_date", "issue_date"),
        ({"issue_date": "20210606"}, "bad_date", "issue_date"),
        ({"issue_date": "２０２１-06-06"}, "bad_date", "issue_date"),
        ({"valid_from": "2023-02-29"}, "bad_date", "valid_from"),
        ({"valid_to": "2021-13-01"}, "bad_date", "valid_to"),
        ({"valid_to": "2021-06-05"}, "dates_reversed", "valid_to"),
        ({"number": "1234"}, "bad_number", "number"),
        ({"number": "4451222021-0000002"}, "bad_number", "number"),
        ({"number": "=cmd|' /C calc'!A0"}, "bad_number", "number"),
        ({"number": "1" * 33}, "bad_number", "number"),
    ],
)
def test_what_is_wrong_is_refused_with_its_column(changes: dict[str, str], code: str, field: str) -> None:
    assert refusal(**changes) == (code, field)


def test_a_licence_may_be_valid_for_one_day() -> None:
    assert check(valid_to="2021-06-06").valid_to == date(2021, 6, 6)


def test_a_type_that_ends_needs_its_end() -> None:
    permit = next(row for row in demo_rows() if row["type_name"] == "卫生许可证" and row["expect"] == "ok")
    assert refusal(**{**{column: permit[column] for column in COLUMNS.required}, "valid_to": ""}) == (
        "validity_missing",
        "valid_to",
    )


def test_a_county_takes_its_own_area_only() -> None:
    assert check(AT_COUNTY).area_code == "445122"
    citys = next(row for row in demo_rows() if row["area_code"] == "445100" and row["expect"] == "ok")
    assert refusal(AT_COUNTY, **{column: citys[column] for column in COLUMNS.required}) == ("not_its_area", "area_code")


def test_messages_never_grow_with_the_input() -> None:
    with pytest.raises(Refusal) as caught:
        check(number="A" * 50_000)
    assert len(caught.value.text.zh) < 200


def test_the_same_content_has_the_same_bytes_and_any_change_other_ones() -> None:
    same = check(
        holder_name=" " + GOOD_ROW["holder_name"], extra="住所=饶平县城西31路108号;" + GOOD_ROW["extra"].rpartition(";")[0]
    )
    assert content(same) == content(check())
    for changed in (
        {"number": "445122202100000009"},
        {"holder_name": "另一家"},
        {"valid_to": "2031-01-01"},
        {"issue_date": "2021-06-07"},
    ):
        assert content(check(**changed)) != content(check())


@settings(max_examples=300)
@given(st.sampled_from(COLUMNS.required), st.text(max_size=60))
def test_only_refusals_with_a_known_column_come_out_of_arbitrary_text(column: str, text: str) -> None:
    try:
        check(**{column: text})
    except Refusal as refused:
        assert refused.field in COLUMNS.required  # noqa: PT017 - either answer is right, nothing else is
