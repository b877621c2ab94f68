"""Annotated copies: made for one use until one day, judged by that day wherever they are shown, each with a number of its own."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import archive, issue, qr_keys
from licenses.act_records import Act
from licenses.codes import code_of
from licenses.data import COPY_NUMBER, parse
from licenses.life import acts
from licenses.life.orders import Order, operator
from licenses.ports import LicenseDeps
from licenses.qr import address
from licenses.qr_check import check
from tests.support.federation import Federation, federation
from tests.support.issuing import application
from tests.support.license_data import example_data

CHEN = operator("operator:陈")
NUMBER = "445122202100000002"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as made:
        yield made


def written(pdf: bytes) -> str:
    """Return what stands on the page."""
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def copy_of(deps: LicenseDeps, identifier: str, until: str = "2026-11-23") -> Act:
    columns = {"purpose": "申请贷款", "receiver": "饶平农商银行", "until": until}
    return acts.ask(deps, Order("annotate", identifier, "use", columns=columns), CHEN)


def test_a_copy_says_what_it_is_for_and_is_refused_after_its_last_day(nodes: Federation) -> None:
    record = issue.issue(nodes.county, application(nodes.county), actor=CHEN.actor).record
    copy, pdf = archive.get_copy(nodes.county, copy_of(nodes.county, record.identifier).result or "")
    nodes.store_status_list()
    good = nodes.verify(pdf)
    assert good.indication == "TOTAL_PASSED", good.message
    assert "仅供饶平农商银行用于申请贷款" in good.message.zh
    # The licence's check code would outlast the copy.
    printed = [written(each) for each in (archive.get_document(nodes.county, record), pdf)]
    assert [code_of(nodes.county.vault, record.identifier) in text for text in printed] == [True, False]
    said = address(nodes.county.node.url, qr_keys.statement(nodes.county, copy, b"x" * 32))
    assert check(nodes.county, said, actor=CHEN.actor).kind == "ok"
    for hours, indication in ((7, "TOTAL_PASSED"), (1, "TOTAL_FAILED")):  # midnight is at Beijing
        nodes.clock.advance(timedelta(hours=hours))
        nodes.store_lists()
        nodes.store_status_list()
        verdict = nodes.verify(pdf)
        assert verdict.indication == indication, verdict.message
    assert verdict.subindication == "COPY_EXPIRED"
    assert verdict.status.code == "01"
    assert "2026-11-23" in verdict.message.zh
    assert check(nodes.county, said, actor=CHEN.actor).kind == "warn"
    assert nodes.verify(archive.get_document(nodes.county, record)).indication == "TOTAL_PASSED"


@pytest.mark.parametrize("until", ["2026-11-22", "2031-06-07"])
def test_a_copy_ends_neither_before_today_nor_after_its_licence(deps_sqlite: LicenseDeps, until: str) -> None:
    record = issue.issue(deps_sqlite, application(deps_sqlite, valid_to="2031-06-06"), actor=CHEN.actor).record
    with pytest.raises(Refusal) as caught:
        copy_of(deps_sqlite, record.identifier, until)
    assert (caught.value.code, caught.value.field) == ("copy_last_day", "until")


def test_a_copy_that_does_not_say_all_of_its_limits_is_no_licence_data() -> None:
    whole = example_data() | {"JZ_XH": "1", "JZ_YT": "贷款", "JZ_SYF": "银行", "JZ_YXQJZRQ": "2026-11-24"}
    parse(_bytes(whole))
    for changed in ({**whole, "JZ_YXQJZRQ": "明天"}, {key: text for key, text in whole.items() if key != "JZ_SYF"}):
        with pytest.raises(Refusal):
            parse(_bytes(changed))


def test_copies_asked_for_at_once_are_all_made_with_numbers_of_their_own(deps: LicenseDeps) -> None:
    record = issue.issue(deps, application(deps), actor=CHEN.actor).record
    start, made = threading.Barrier(3), []

    def ask() -> None:
        start.wait()
        made.append(copy_of(deps, record.identifier))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    copies = [archive.get_copy(deps, act.result or "")[0] for act in made]
    assert sorted(copy.fields[COPY_NUMBER] for copy in copies) == ["1", "2", "3"]
    with deps.work.read() as work:
        assert work.records.log_size() == 4


def _bytes(said: dict[str, object]) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode()
