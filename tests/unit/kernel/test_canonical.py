"""Canonical JSON: the RFC's own example, and what makes a signature over it meaningful."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from kernel.canonical import canonical, digest

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_example_of_rfc_8785_comes_out_octet_for_octet() -> None:
    # RFC 8785 3.2.2 and 3.2.3
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(value) == expected.encode()
    assert digest(value) == hashlib.sha256(expected.encode()).digest()


def test_keys_are_ordered_by_utf_16_code_units() -> None:
    # U+1F600 is a surrogate pair (D83D…) and so stands before U+FB33 (RFC 8785 3.2.3).
    assert list(json.loads(canonical({"\ufb33": 1, "😀": 2, "1": 3}))) == ["1", "😀", "\ufb33"]


@given(values)
def test_what_is_written_reads_back_as_the_same_value_and_form(value: object) -> None:
    written = canonical(value)  # type: ignore[arg-type]
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written


@given(values)
def test_the_short_way_writes_what_the_long_one_does(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {"a": {1: 2}}, "\ud800", b"bytes"])
def test_what_json_cannot_carry_exactly_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own words
        canonical(value)  # type: ignore[arg-type]
