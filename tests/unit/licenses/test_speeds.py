"""A document is read in several ways, which must agree; and whoever answers for the slowest is not believed blindly."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses import reading, reading_json
from licenses.ports import LicenseDeps
from licenses.speeds import read
from tests.support import pdfs
from tests.support.authorities import Authority
from tests.support.license_data import example_data


@cache
def sealed() -> bytes:
    return pdfs.sealed(pdfs.Sealing.by(Authority()), example_data())


@pytest.fixture
def pdf() -> bytes:
    return sealed()


def test_a_reading_comes_back_from_json_as_it_was(pdf: bytes) -> None:
    sealing = pdfs.Sealing.by(Authority())
    for content in (
        pdf,
        pdfs.trailing_bytes(pdf),
        pdfs.content_changed_by_update(pdf),
        pdfs.second_signature_added(pdf, sealing),
        pdfs.time_stamp_removed(pdf),
        pdfs.unsealed({"no": "licence"}),
    ):
        found = reading.read(content)
        assert reading_json.load(reading_json.dump(found)) == found


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_is_no_reading_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        reading_json.load(json.dumps(value).encode())


@given(
    place=st.integers(0, 100),
    inside=st.booleans(),
    put=st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers() | st.text() | st.none()),
)
def test_a_reading_with_anything_in_it_is_read_or_refused(place: int, *, inside: bool, put: object) -> None:
    value = json.loads(reading_json.read(sealed()))
    where = value["seal"] if inside else value
    where[sorted(where)[place % len(where)]] = put
    with suppress(ValueError):
        reading_json.load(json.dumps(value).encode())


def test_an_answer_about_another_file_is_not_taken(deps: LicenseDeps, pdf: bytes) -> None:
    other = pdfs.trailing_bytes(pdf)
    for said in (reading_json.read(other), b"{}", b"\xff", b"["):
        lying = replace(deps, take_apart=lambda _, said=said: said)
        with pytest.raises(Refusal) as refused:
            read(lying, pdf, hashlib.sha256(pdf).hexdigest())
        assert refused.value.code == "document_too_costly"
