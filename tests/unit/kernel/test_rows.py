"""CSV files of outsiders are read row by row, within bounds; a fault costs its own row and nothing else."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from kernel.rows import MAX_ROW_BYTES, Columns, Row, RowFile, open_rows

COLUMNS = Columns(required=("name", "number"), optional=("row",))


def opened(content: bytes, *, max_rows: int = 1000) -> RowFile:
    return open_rows(io.BytesIO(content), "test.csv", COLUMNS, max_rows=max_rows)


def rows(content: bytes) -> list[Row]:
    return list(opened(content).rows())


def refusal(content: bytes, **options: int) -> Refusal:
    with pytest.raises(Refusal) as caught:
        opened(content, **options)
    return caught.value


@pytest.mark.parametrize(
    "content",
    [
        "row,name,number\n7,潮州,1\n".encode(),
        b"\xef\xbb\xbf" + "row,name,number\r\n7,潮州,1\r\n".encode(),
        "number,name,row\n1,潮州,7".encode(),
        '"row", name ,"number"\n\n7,"潮州",1\n\n'.encode(),
    ],
)
def test_byte_order_mark_line_ends_column_order_quotes_and_blank_lines_make_no_difference(content: bytes) -> None:
    assert rows(content) == [Row("7", {"row": "7", "name": "潮州", "number": "1"})]


def test_a_row_without_a_number_of_its_own_is_named_by_its_place() -> None:
    assert [row.label for row in rows(b"name,number\na,1\n\nb,2\n")] == ["1", "2"]
    assert [row.label for row in rows(b"row,name,number\n=1+1,a,1\n")] == ["1"]


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        (b"", "csv_empty", None),
        (b"\n\n", "csv_empty", None),
        (b"name\n", "csv_column_missing", "number"),
        (b"name,number,colour\n", "csv_column_unknown", "colour"),
        (b"name,number,name\n", "csv_column_twice", "name"),
        (b"name;number\n", "csv_column_unknown", "name;number"),
    ],
)
def test_a_file_without_the_right_columns_is_refused_naming_the_column(content: bytes, code: str, field: str | None) -> None:
    refused = refusal(content)
    assert (refused.code, refused.field) == (code, field)
    assert field is None or field in refused.text.zh


def test_gb18030_is_recognised_and_the_remedy_names_utf8() -> None:
    refused = refusal("name,number\na,1\n潮州,2\n".encode("gb18030"))
    assert refused.code == "csv_encoding"
    assert refused.details["line"] == 3
    assert "GB18030" in refused.text.zh
    assert "GB18030" in refused.text.en
    assert "UTF-8" in refused.remedy.zh


def test_utf16_is_recognised() -> None:
    assert "UTF-16" in refusal("name,number\n潮州,1\n".encode("utf-16")).text.en


def test_a_character_cut_off_at_the_end_is_refused() -> None:
    assert refusal("name,number\n潮".encode()[:-1]).code == "csv_encoding"


def test_a_file_of_too_many_rows_is_refused_before_the_first() -> None:
    assert refusal(b"name,number\na,1\nb,2\nc,3\n", max_rows=2).code == "csv_too_many_rows"
    assert len(list(opened(b"name,number\na,1\nb,2\n", max_rows=2).rows())) == 2


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'"a,1', "row_quotes"),
        (b'"a"b,1', "row_quotes"),
        (b"a", "row_width"),
        (b"a,1,2", "row_width"),
        (b"a" * (MAX_ROW_BYTES + 1) + b",1", "row_too_large"),
        (b"a" * (5 * 1024 * 1024) + b",1", "row_too_large"),
    ],
)
def test_a_bad_row_costs_itself_only(line: bytes, code: str) -> None:
    before, bad, after = rows(b"name,number\nx,1\n" + line + b"\ny,3\n")
    assert bad.fault is not None
    assert (bad.label, bad.fault.code) == ("2", code)
    assert (before.values["name"], after.values["name"], after.label) == ("x", "y", "3")


def test_a_row_of_exactly_the_limit_is_read() -> None:
    line = b"a" * (MAX_ROW_BYTES - 2) + b",1"
    assert rows(b"name,number\n" + line + b"\r\n")[0].fault is None


def test_nul_characters_are_left_for_the_columns_check_to_refuse() -> None:
    assert rows(b"name,number\na\x00b,1\n")[0].values["name"] == "a\x00b"


def test_the_file_can_be_read_twice() -> None:
    file = opened(b"name,number\na,1\nb,2\n")
    assert list(file.rows()) == list(file.rows())
    assert file.count == 2


@given(st.binary(max_size=300))
def test_only_refusals_come_out_of_arbitrary_bytes(content: bytes) -> None:
    try:
        found = rows(b"name,number\n" + content)
    except Refusal as refused:
        assert refused.code == "csv_encoding"  # noqa: PT017 - either answer is right, nothing else is
    else:
        assert all(row.fault is not None or set(row.values) == {"name", "number"} for row in found)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=20), min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_read_back(names: list[str]) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    content = "name,number\n" + "".join(f"{name},1\n" for name in quoted)
    assert [row.values["name"] for row in rows(content.encode())] == names
