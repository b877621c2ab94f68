"""Whatever is done to the bytes of a sealed file, it is never called genuine and never breaks the verifier."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from asn1crypto import cms
from hypothesis import HealthCheck, given, settings
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

_SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as made:
        yield made


@pytest.fixture(scope="module")
def own(nodes: Federation) -> bytes:
    return nodes.issue_at_city()


@pytest.fixture(scope="module")
def countys(nodes: Federation) -> bytes:
    return nodes.issue_at_county()


@st.composite
def places(draw: st.DrawFn, pdf: bytes) -> int:
    """A place in the file: often within the signature value, which the signature does not cover, or near the end."""
    start, end = pdfs.hole(pdf)
    return draw(
        st.one_of(
            st.integers(start, min(end, start + 7500)),
            st.integers(start - 400, end + 400),
            st.integers(len(pdf) - 1200, len(pdf) - 1),
            st.integers(0, len(pdf) - 1),
        )
    )


@st.composite
def mutated(draw: st.DrawFn, pdf: bytes) -> bytes:
    """The file with one to three things done to it."""
    changed = pdf
    for _ in range(draw(st.integers(1, 3))):
        at = min(draw(places(pdf)), len(changed) - 1)
        length = draw(st.integers(1, 64))
        how = draw(st.sampled_from(("flip", "set", "remove", "insert", "copy", "cut", "append")))
        if how == "flip":
            changed = changed[:at] + bytes([changed[at] ^ (1 << draw(st.integers(0, 7)))]) + changed[at + 1 :]
        elif how == "set":
            changed = (
                changed[:at]
                + draw(st.sampled_from(b"0123456789ABCDEFabcdef<> /()[]\n\0%").map(lambda c: bytes([c])))
                + changed[at + 1 :]
            )
        elif how == "remove":
            changed = changed[:at] + changed[at + length :]
        elif how == "insert":
            changed = changed[:at] + draw(st.binary(min_size=1, max_size=16)) + changed[at:]
        elif how == "copy":
            source = draw(places(pdf))
            changed = changed[:at] + pdf[source : source + length] + changed[at + length :]
        elif how == "cut":
            changed = changed[: max(at, 9)]
        else:
            changed += draw(st.binary(min_size=1, max_size=40))
    return changed


@settings(_SETTINGS, max_examples=120)
@given(data=st.data())
def test_no_mutation_of_an_own_licence_is_genuine(nodes: Federation, own: bytes, data: st.DataObject) -> None:
    changed = data.draw(mutated(own))
    _check_never_genuine(nodes, changed, own)


@settings(_SETTINGS, max_examples=160)
@given(data=st.data())
def test_no_mutation_of_a_countys_licence_is_genuine(nodes: Federation, countys: bytes, data: st.DataObject) -> None:
    """The city has no registry of it: only the signature stands between a mutation and a passing verdict."""
    changed = data.draw(mutated(countys))
    _check_never_genuine(nodes, changed, countys)


def _check_never_genuine(nodes: Federation, changed: bytes, original: bytes) -> None:
    if changed == original:
        return
    if b"%PDF-" not in changed[:1024]:
        with pytest.raises(Refusal):
            nodes.verify(changed)
        return
    verdict = nodes.verify(changed)
    assert verdict.indication == "TOTAL_FAILED", verdict.message


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


@_SETTINGS
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
