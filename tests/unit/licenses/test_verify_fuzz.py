"""Whatever is done to a signature value is noticed, and whatever bytes stand for one are DER or refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from asn1crypto import cms
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses.cms_form import check_der, check_signed_data, element_length
from licenses.documents import parse
from licenses.inspection import inspect
from pki.der_reader import DerError
from tests.support import pdfs
from tests.support.authorities import Authority
from tests.support.federation import Federation, federation


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as made:
        yield made


@pytest.fixture(scope="module")
def countys(nodes: Federation) -> bytes:
    return nodes.issue_at_county()


def test_every_character_of_the_signature_value_counts(countys: bytes) -> None:
    """The first characters and then one of each 37: nothing in the value may be other than it is."""
    start, end = pdfs.hole(countys)
    value = countys[start + 1 : end - 1]
    used = len(value.rstrip(b"0")) + 8
    for position in (*range(40), *range(40, used, 37)):
        other = b"%X" % ((int(value[position : position + 1], 16) + 1) % 16)
        changed = countys[: start + 1 + position] + other + countys[start + 2 + position :]
        try:
            found = inspect(parse(changed))
        except Refusal:
            continue
        holds = found.gap is None and found.fault is None and found.time_stamp_fault is None and found.time_stamp is not None
        assert not holds, position


def test_one_letter_of_the_value_in_the_other_case_is_noticed(countys: bytes) -> None:
    start, _ = pdfs.hole(countys)
    letter = next(i for i in range(start + 1, start + 200) if countys[i : i + 1].isalpha())
    changed = countys[:letter] + countys[letter : letter + 1].swapcase() + countys[letter + 1 :]
    assert inspect(parse(changed)).gap is not None


@given(st.binary(max_size=200))
def test_any_bytes_are_either_der_or_refused(content: bytes) -> None:
    for check in (check_der, check_signed_data, element_length):
        with suppress(DerError):
            check(content)  # type: ignore[operator]


def test_a_real_signature_value_has_the_form(countys: bytes) -> None:
    start, end = pdfs.hole(countys)
    value = bytes.fromhex(countys[start + 1 : end - 1].decode())
    der = value[: element_length(value)]
    check_der(der)
    check_signed_data(der)


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        b"\x30\x80\x00\x00",  # indefinite length
        b"\x30\x81\x02\x05\x00",  # not the shortest length
        b"\x30\x02\x05\x00\x00",  # something behind it
        b"\x30\x03\x04\x05\x00",  # longer inside than outside
        b"\x1f\x81\x01\x00",  # a high tag number
        b"\x30\x85\x01\x00\x00\x00\x00",  # more than four octets of length
        b"\x30\x04" * 30,
    ],
)
def test_what_der_forbids_is_refused(der: bytes) -> None:
    with pytest.raises(DerError):
        check_der(der)


def test_elements_that_cms_does_not_have_are_refused() -> None:
    value = pdfs.signature(pdfs.Sealing.by(Authority()), bytes(32))
    check_signed_data(value)
    grown = cms.ContentInfo.load(value)
    inner = grown["content"].dump()
    outer = b"\x06\x09" + value[6:15] + inner + b"\x04\x03abc"
    wrapped = b"\x30\x82" + len(outer).to_bytes(2, "big") + outer
    check_der(wrapped)
    with pytest.raises(DerError):
        check_signed_data(wrapped)
