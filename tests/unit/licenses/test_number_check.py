"""By number and check code: what the paper's own code shows, and one answer to everybody who has not got the paper."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.limiter import SlidingWindow
from licenses import status
from licenses.codes import code_of
from licenses.issue import issue
from licenses.number_check import check_number
from licenses.ports import LicenseDeps, LicenseRecord
from licenses.qr_check import QrVerdict
from tests.support.issuing import application

ACTOR = "operator:test"


@pytest.fixture
def record(deps_sqlite: LicenseDeps) -> LicenseRecord:
    return issue(deps_sqlite, application(deps_sqlite), actor=ACTOR).record


def check(
    deps: LicenseDeps, number: str, code: str, *, address: str = "192.0.2.1", limiter: SlidingWindow | None = None
) -> QrVerdict:
    return check_number(deps, number, code, actor=ACTOR, address=address, limiter=limiter or SlidingWindow(1000))


def test_number_and_code_show_what_the_qr_code_shows(deps_sqlite: LicenseDeps, record: LicenseRecord) -> None:
    code = code_of(deps_sqlite.vault, record.identifier)
    for written in (code, code.lower(), code.replace("-", ""), f" {code[:3]} {code[3:]} "):
        verdict = check(deps_sqlite, f" {record.number} ", written)
        assert (verdict.kind, verdict.status, verdict.source) == ("ok", "01", "registry")
        assert verdict.claim is not None
        assert verdict.claim.holder_name == record.holder_name
    status.change(deps_sqlite, record.identifier, "02", reason="test", actor=ACTOR)
    assert check(deps_sqlite, record.number, code).kind == "warn"


def test_an_unknown_number_and_a_wrong_code_are_one_answer(deps_sqlite: LicenseDeps, record: LicenseRecord) -> None:
    code = code_of(deps_sqlite.vault, record.identifier)
    other = issue(deps_sqlite, application(deps_sqlite, number="445122202100000003"), actor=ACTOR).record
    said = set()
    for number, written in (
        (record.number, "2222-2222"),
        (record.number, code_of(deps_sqlite.vault, other.identifier)),
        (record.number, ""),
        ("445122202100009999", code),
        ("445122202100009999", code_of(deps_sqlite.vault, "445122202100009999")),
        ("潮" * 500, "\x00" * 500),
        (f"{record.number}\x00", code),
        ("", ""),
    ):
        with pytest.raises(Refusal) as refused:
            check(deps_sqlite, number, written)
        said.add((refused.value.code, refused.value.text.zh, tuple(refused.value.details.items())))
    assert len(said) == 1


def test_guesses_are_few_for_an_address_and_for_a_number(deps_sqlite: LicenseDeps, record: LicenseRecord) -> None:
    code = code_of(deps_sqlite.vault, record.identifier)

    def tries(numbers: list[str], addresses: list[str]) -> list[str]:
        limiter, said = SlidingWindow(3), []
        for number, address in zip(numbers, addresses, strict=True):
            with pytest.raises(Refusal) as refused:
                check(deps_sqlite, number, "2222-2222", address=address, limiter=limiter)
            said.append(refused.value.code)
        return said

    expected = ["number_unknown"] * 3 + ["too_many_verifications"] * 2
    assert tries([f"44512220210000000{n}" for n in range(5)], ["192.0.2.1"] * 5) == expected
    for number in (record.number, "445122202100009999"):
        assert tries([number] * 5, [f"192.0.2.{n}" for n in range(5)]) == expected
    assert check(deps_sqlite, record.number, code).kind == "ok"


def test_codes_cannot_be_told_from_one_another_or_from_the_number(
    deps_sqlite: LicenseDeps, record: LicenseRecord, clock: FixedClock
) -> None:
    first = code_of(deps_sqlite.vault, record.identifier)
    clock.advance(timedelta(days=400))
    deps_sqlite.vault.rotate_index()
    assert code_of(deps_sqlite.vault, record.identifier) == first
    codes = {code_of(deps_sqlite.vault, f"{record.identifier}{n}") for n in range(200)}
    assert len(codes) == 200
    assert len({code[0] for code in codes}) > 20
    assert not set("".join(codes)) & set("01ILO")
