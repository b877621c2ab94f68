"""A status changes once, is logged, and is published in a list that anybody can check."""

from __future__ import annotations

import base64
import zlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import status
from licenses.issue import issue
from licenses.log import parse_leaf
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from licenses.shelf_records import Published
from licenses.status import StatusList
from pki import jose
from pki.roles import get_credential
from tests.support.issuing import application

ACTOR = "operator:test"


def issued(deps: LicenseDeps, number: str = "445122202100000002") -> LicenseRecord:
    return issue(deps, application(deps, number=number), actor=ACTOR).record


def read(deps: LicenseDeps, published: Published, clock: FixedClock) -> StatusList:
    key = get_credential(deps.pki, "node_signer").certificate.public_key()
    claims = jose.verify(
        published.body,
        key,  # type: ignore[arg-type]
        algorithms={"ES256"},
        typ="statuslist+jwt",
        audience=None,
        issuer=deps.node.url,
        now=clock.now(),
    )
    assert claims["sub"] == "http://localhost:18100/licenses/status"
    return status.parse(claims)


CODES = st.sampled_from(sorted(status.VALUES))


@given(st.dictionaries(st.integers(0, 300), CODES))
def test_every_slot_is_read_back_and_the_others_are_valid(slots: dict[int, Any]) -> None:
    packed = status.pack(slots.items(), 301)
    assert {index: packed.find_code(index) for index in range(301)} == {index: slots.get(index, "01") for index in range(301)}
    assert (packed.find_code(-1), packed.find_code(302)) == (None, None)


def test_the_lowest_index_is_in_the_lowest_bits() -> None:
    assert status.pack([(0, "03"), (1, "02"), (3, "99")], 4).slots == bytes([0x21, 0xF0])  # Token Status List 4.1


def test_the_values_are_those_of_the_standard_and_only_one_of_them_is_valid() -> None:
    # Token Status List 7.1: VALID, INVALID, SUSPENDED; 3 and 12 to 15 mean what the application says.
    assert {code: status.VALUES[code] for code in ("01", "03", "02")} == {"01": 0, "03": 1, "02": 2}
    assert {value for code, value in status.VALUES.items() if code not in {"01", "02", "03"}} == {3, 12, 13, 14, 15}
    assert status.StatusList(bytes([0x84])).find_code(0) is None  # a value that nobody gave a meaning is not valid


def test_the_list_tells_each_licences_status(deps: LicenseDeps, clock: FixedClock) -> None:
    first, second = issued(deps), issued(deps, "445122202100000003")
    found = read(deps, status.current(deps), clock)
    assert [found.find_code(one.status_index) for one in (first, second)] == ["01", "01"]
    changed = status.change(deps, first.identifier, "03", reason="撤销许可", actor=ACTOR)
    assert (changed.status, changed.status_reason, changed.status_at) == ("03", "撤销许可", clock.now())
    found = read(deps, status.current(deps), clock)
    assert [found.find_code(one.status_index) for one in (first, second)] == ["03", "01"]


def test_a_change_is_a_leaf_of_the_log(deps: LicenseDeps) -> None:
    record = issued(deps)
    status.change(deps, record.identifier, "02", reason="", actor=ACTOR)
    with deps.work.read() as work:
        assert work.records.log_size() == 2
        leaf = parse_leaf(work.records.find_log_leaf(1) or b"")
    assert (leaf.event, leaf.issuer_uscc, leaf.status, leaf.pdf_sha256) == ("status", record.issuer_uscc, "02", record.pdf_sha256)


def test_a_change_that_was_overtaken_leaves_no_leaf(deps: LicenseDeps, clock: FixedClock) -> None:
    record = issued(deps)
    status.change(deps, record.identifier, "02", reason="", actor=ACTOR)
    with pytest.raises(Refusal) as caught, deps.work.begin() as work:
        status.enter(work.records, record, "03", at=clock.now(), reason="")
    assert caught.value.code == "status_overtaken"
    with deps.work.read() as work:
        assert work.records.log_size() == 2


def test_what_was_never_issued_has_no_status_to_change(deps: LicenseDeps) -> None:
    with pytest.raises(Refusal) as caught:
        status.change(deps, "1.2.3", "02", reason="", actor=ACTOR)
    assert caught.value.code == "license_not_found"


def test_a_status_is_changed_from_what_it_is(deps: LicenseDeps, clock: FixedClock) -> None:
    record = issued(deps)
    with deps.work.begin() as work:
        at = clock.now()
        assert work.records.set_status(record.identifier, before="01", after="02", at=at, reason="")
        assert not work.records.set_status(record.identifier, before="01", after="03", at=at, reason="")
        assert not work.records.set_status("1.2.3", before="01", after="03", at=at, reason="")


def test_the_list_is_signed_anew_when_something_changed_or_time_passed(deps: LicenseDeps, clock: FixedClock) -> None:
    issued(deps)
    first = status.current(deps)
    clock.advance(timedelta(minutes=14))
    assert status.current(deps) == first
    clock.advance(timedelta(minutes=2))
    second = status.current(deps)
    assert second.made_at > first.made_at
    record = issued(deps, "445122202100000003")
    assert status.current(deps) == second  # a licence that is valid changes nothing of what the list says
    status.change(deps, record.identifier, "02", reason="", actor=ACTOR)
    assert status.current(deps).revision > second.revision


def test_an_older_list_never_replaces_a_newer_one(deps: LicenseDeps, clock: FixedClock) -> None:
    at = clock.now()
    newer, older = Published("newer", 5, at), Published("older", 4, at + timedelta(seconds=9))
    with deps.work.begin() as work:
        work.records.put_published("x", newer)
        work.records.put_published("x", older)
        assert work.records.find_published("x") == newer
        assert work.records.find_published("y") is None


def encoded(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "inside",
    [
        None,
        {},
        {"bits": 1, "lst": encoded(zlib.compress(b"\x11"))},
        {"bits": 4, "lst": 7},
        {"bits": 4, "lst": "潮"},
        {"bits": 4, "lst": encoded(b"not zlib")},
        {"bits": 4, "lst": encoded(zlib.compress(bytes(9 * 1024 * 1024)))},
        {"bits": 4, "lst": encoded(zlib.compress(b"\x11") + b"more")},
        {"bits": 4, "lst": encoded(zlib.compress(b"\x11" * 100)[:-3])},
    ],
)
def test_a_malformed_or_swollen_list_is_refused(inside: Any) -> None:
    with pytest.raises(Refusal) as caught:
        status.parse({"status_list": inside})
    assert caught.value.code == "status_list_invalid"
