"""A licence's data is read back as written; anything else is refused, never believed by halves."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses import data
from tests.support.license_data import example_data, example_license

VECTORS = Path(__file__).parents[2] / "vectors" / "license_data"


def raw(**changes: Any) -> bytes:
    return json.dumps(example_data() | changes).encode()


def test_data_is_read_back_as_it_was_written() -> None:
    for licence in (example_license(), example_license(valid_to=None), example_license(status_index=0)):
        assert data.parse(licence.to_bytes()) == licence


def test_what_version_1_wrote_is_read_for_ever() -> None:
    assert data.parse((VECTORS / "version-1.json").read_bytes()) == example_license()


def test_the_keys_are_the_standards() -> None:
    said = example_license(valid_to=None).as_json()
    assert said["ZZBH"] == "445100202600000001"
    assert (said["CZZTDMLX"], said["CZZTDMLXDM"]) == ("统一社会信用代码", "001")
    assert (said["ZZQZR"], said["ZZQZMC"]) == ("潮州市市场监督管理局", "潮州市市场监督管理局电子证照专用章")
    assert said["ZZYXQJZRQ"] == "长期"
    assert said["KZ_FDDBR"] == "邱斌伟"


def test_an_identifier_is_made_of_type_issuer_and_number() -> None:
    made = data.make_identifier(type_code="11100000000013338W011", issuer_uscc="11430000006122244L", number="20230000403")
    assert made == "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"  # GB/T 36904's example


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"ZZMC": NaN}',
        raw()[:-1] + b', "ZZMC": "x"}',
        raw(more="x"),
        raw(ZZMC=1),
        raw(ZZBFRQ="2026-02-30"),
        raw(ZZBFRQ="20260101"),
        raw(CZZTDMLXDM="999"),
        raw(CZZTDMLX="公民身份号码"),
        raw(ZZQZR="别的部门"),
        raw(ZZQZSJ="昨天"),
        raw(ZZBH="445100202600000002"),
        raw(ZZBS="1.2.3"),
        raw(chaoxin={"version": 3}),
        raw(chaoxin=example_data()["chaoxin"] | {"version": 1}),
        raw(chaoxin=example_data()["chaoxin"] | {"version": True}),
        raw(chaoxin=example_data()["chaoxin"] | {"more": 1}),
        raw(chaoxin=example_data()["chaoxin"] | {"status": {"uri": "x", "idx": -1}}),
        raw(chaoxin=example_data()["chaoxin"] | {"status": {"uri": "x", "idx": True}}),
        json.dumps({key: value for key, value in example_data().items() if key != "ZZBH"}).encode(),
        raw(KZ_MORE="x" * data.MAX_BYTES),
    ],
)
def test_what_is_not_version_1_is_refused(content: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        data.parse(content)
    assert caught.value.code == "data_invalid"


@given(st.binary(max_size=200))
def test_only_refusals_come_out_of_arbitrary_bytes(content: bytes) -> None:
    with pytest.raises(Refusal):
        data.parse(content)


@given(st.sampled_from(sorted(example_data())), st.text() | st.none() | st.integers() | st.lists(st.text()))
def test_a_changed_value_is_read_as_changed_or_refused(key: str, value: Any) -> None:
    try:
        read = data.parse(raw(**{key: value}))
    except Refusal:
        return
    assert read.as_json()[key] == value


def test_dates_are_calendar_dates() -> None:
    assert data.parse(example_license(valid_to=date(2028, 2, 29)).to_bytes()).valid_to == date(2028, 2, 29)
