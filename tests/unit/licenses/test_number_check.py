"""By number and check code: what the paper's own code shows, and one answer to everybody who has not got the paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.limiter import SlidingWindow
from licenses import status
from licenses.codes import code_of
from licenses.errors import NUMBER_UNKNOWN
from licenses.issue import issue
from licenses.number_check import check_number
from licenses.ports import LicenseDeps
from licenses.qr_check import QrVerdict
from licenses.registry_records import LicenseRecord
from tests.support.federation import COUNTY, federation
from tests.support.issuing import application

ACTOR = "operator:test"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicenseDeps]:
    """A city that knows one county, whose area code its own departments' numbers have too."""
    with federation(tmp_path_factory.mktemp("federation"), FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as made:
        yield made.city


@pytest.fixture
def record(city: LicenseDeps) -> LicenseRecord:
    return issue(city, application(city), actor=ACTOR).record


def check(
    deps: LicenseDeps, number: str, code: str, *, address: str = "192.0.2.1", limiter: SlidingWindow | None = None
) -> QrVerdict:
    return check_number(deps, number, code, actor=ACTOR, address=address, limiter=limiter or SlidingWindow(1000))


def test_number_and_code_show_what_the_qr_code_shows(city: LicenseDeps, record: LicenseRecord) -> None:
    code = code_of(city.vault, record.identifier)
    for written in (code, code.lower(), code.replace("-", ""), f" {code[:3]} {code[3:]} "):
        verdict = check(city, f" {record.number} ", written)
        assert (verdict.kind, verdict.status, verdict.source) == ("ok", "01", "registry")
        assert verdict.claim is not None
        assert verdict.claim.holder_name == record.holder_name
    status.change(city, record.identifier, "02", reason="test", actor=ACTOR)
    assert check(city, record.number, code).kind == "warn"
    status.change(city, record.identifier, "01", reason="test", actor=ACTOR)


def test_an_unknown_number_and_a_wrong_code_are_one_answer(city: LicenseDeps, record: LicenseRecord) -> None:
    code = code_of(city.vault, record.identifier)
    other = issue(city, application(city, number="445122202100000003"), actor=ACTOR).record
    said = set()
    for number, written in (
        (record.number, "2222-2222"),
        (record.number, code_of(city.vault, other.identifier)),
        (record.number, ""),
        ("445122202100009999", code),
        ("445122202100009999", code_of(city.vault, "445122202100009999")),
    ):
        said.add(refused_with(city, number, written))
    assert len(said) == 1
    assert "饶平县" in str(said)
    said = set()
    for number, written in (
        ("445100202100009999", code),
        ("999999202100009999", code),
        ("潮" * 500, "\x00" * 500),
        (f"{record.number}\x00", code),
        ("", ""),
    ):
        said.add(refused_with(city, number, written))
    assert said == {("number_unknown", NUMBER_UNKNOWN.message.zh, NUMBER_UNKNOWN.remedy.zh)}


def refused_with(city: LicenseDeps, number: str, written: str) -> tuple[str, str, str]:
    with pytest.raises(Refusal) as refused:
        check(city, number, written)
    return refused.value.code, refused.value.text.zh, refused.value.remedy.zh


@pytest.mark.parametrize("number", ["445122202600000001", "91445122MA4WXCD32K"], ids=["given by a node", "a credit code"])
def test_where_the_number_tells_of_another_node_that_one_is_named(city: LicenseDeps, number: str) -> None:
    code, text, remedy = refused_with(city, number, "2222-2222")
    assert code == "license_number_elsewhere"
    assert "饶平县" in text
    assert "445122" in text
    assert f"{COUNTY.url}/verify" in remedy
    assert refused_with(city, number.replace("445122", "445121"), "2222-2222")[0] == "number_unknown"  # the city's own area


def test_guesses_are_few_for_an_address_and_for_a_number(city: LicenseDeps, record: LicenseRecord) -> None:
    code = code_of(city.vault, record.identifier)

    def tries(numbers: list[str], addresses: list[str]) -> list[str]:
        limiter, said = SlidingWindow(3), []
        for number, address in zip(numbers, addresses, strict=True):
            with pytest.raises(Refusal) as refused:
                check(city, number, "2222-2222", address=address, limiter=limiter)
            said.append(refused.value.code)
        return said

    expected = ["license_number_elsewhere"] * 3 + ["too_many_verifications"] * 2
    assert tries([f"44512220210000000{n}" for n in range(5)], ["192.0.2.1"] * 5) == expected
    for number in (record.number, "445122202100009999"):
        assert tries([number] * 5, [f"192.0.2.{n}" for n in range(5)]) == expected
    assert check(city, record.number, code).kind == "ok"


def test_codes_cannot_be_told_from_one_another_or_from_the_number(deps_sqlite: LicenseDeps, clock: FixedClock) -> None:
    record = issue(deps_sqlite, application(deps_sqlite), actor=ACTOR).record
    first = code_of(deps_sqlite.vault, record.identifier)
    clock.advance(timedelta(days=400))
    deps_sqlite.vault.rotate_index()
    assert code_of(deps_sqlite.vault, record.identifier) == first
    codes = {code_of(deps_sqlite.vault, f"{record.identifier}{n}") for n in range(200)}
    assert len(codes) == 200
    assert len({code[0] for code in codes}) > 20
    assert not set("".join(codes)) & set("01ILO")
