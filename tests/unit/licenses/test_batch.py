"""Files of applications: every row answered in order, good rows issued once, whatever the others are and however often it is run."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import batch
from licenses.applications import COLUMNS
from licenses.batch import RowOutcome
from licenses.ports import LicenseDeps
from tests.support.databases import engine_on
from tests.support.issuing import GOOD_ROW, csv_of, demo_rows, make_license_deps, with_licenses

ACTOR = "operator:test"


def run(deps: LicenseDeps, folder: Path, *rows: Mapping[str, str]) -> list[RowOutcome]:
    folder.mkdir(exist_ok=True)
    return list(batch.issue_file(deps, batch.open_file(deps, csv_of(*rows), "test.csv"), folder, actor=ACTOR))


def row(serial: int, **changes: str) -> dict[str, str]:
    return {**GOOD_ROW, "number": f"4451222021{serial:08d}", **changes}


def test_each_application_is_a_licence_or_a_refusal_for_the_reason_in_the_last_column(tmp_path: Path, clock: FixedClock) -> None:
    out = tmp_path / "out"
    out.mkdir()
    refused = [one for one in demo_rows() if one["expect"] != "ok"]
    doubled = {one["number"] for one in refused if one["expect"] == "duplicate_number"}
    good = [one for one in demo_rows() if one["expect"] == "ok"]
    rows = [*good[:20], *(one for one in good[20:] if one["number"] in doubled), *refused]
    with engine_on(f"sqlite:///{tmp_path / 'node.sqlite'}") as engine:
        deps = make_license_deps(engine, tmp_path, clock)
        listed = csv_of(*({name: one[name] for name in COLUMNS.required} for one in rows))
        file = batch.open_file(deps, listed, "applications.csv")
        first = list(batch.issue_file(deps, file, out, actor=ACTOR))
        (out / f"{first[0].number}.pdf").unlink()
        second = list(batch.issue_file(deps, file, out, actor=ACTOR))
    issued = len(rows) - len(refused)
    assert (file.count, len(refused)) == (len(rows), 36)
    assert [one.code or "ok" for one in first] == [one["expect"] for one in rows]
    assert Counter(one.outcome for one in first) == {"issued": issued, "refused": 36}
    assert {one.field for one in first if one.code == "duplicate_number"} == {"number"}
    assert [one.outcome.replace("already", "issued") for one in second] == [one.outcome for one in first]
    assert [one.identifier for one in second] == [one.identifier for one in first]
    assert Counter(one.outcome for one in second) == {"already": issued, "refused": 36}
    assert len(list(out.iterdir())) == issued
    assert all(Path(one.file).read_bytes().startswith(b"%PDF") for one in second if one.outcome == "already")


def test_rows_are_answered_in_order_with_what_is_wrong(deps: LicenseDeps, tmp_path: Path) -> None:
    found = run(deps, tmp_path / "out", row(1), row(2, holder_id="x"), row(1), row(3), row(3, holder_name="另一家"))
    assert [(one.row, one.outcome, one.code, one.field) for one in found] == [
        ("1", "issued", "", ""),
        ("2", "refused", "holder_id_check", "holder_id"),
        ("3", "already", "", ""),
        ("4", "issued", "", ""),
        ("5", "refused", "duplicate_number", "number"),
    ]
    assert found[0].identifier
    assert found[1].number == "445122202100000002"
    assert found[1].message is not None
    assert found[1].message.zh
    assert found[1].message.en


def test_a_number_that_a_refused_row_bears_is_taken_within_the_file(deps: LicenseDeps, tmp_path: Path) -> None:
    refused, other = row(1, issue_date="2024-02-30"), row(1)
    assert [one.code for one in run(deps, tmp_path / "out", refused, other)] == ["bad_date", "duplicate_number"]
    assert [one.outcome for one in run(deps, tmp_path / "out", other)] == ["issued"]


def test_a_file_with_unreadable_rows_and_windows_line_ends_is_issued_all_the_same(deps: LicenseDeps, tmp_path: Path) -> None:
    lines = csv_of(row(1), row(2), newline="\r\n").getvalue().split(b"\r\n")
    content = b"\xef\xbb\xbf" + b"\r\n".join([lines[0], lines[1], b'"open,quote', b"a,b", lines[2], b"x\x00" + b"," * 12, b""])
    out = tmp_path / "out"
    out.mkdir()
    found = list(batch.issue_file(deps, batch.open_file(deps, io.BytesIO(content), "x.csv"), out, actor=ACTOR))
    assert [one.code or one.outcome for one in found] == ["issued", "row_quotes", "row_width", "issued", "control_chars"]


def test_the_column_expect_is_ignored(deps: LicenseDeps, tmp_path: Path) -> None:
    content = csv_of(row(1)).getvalue().replace(b"extra\n", b"extra,expect\n").rstrip(b"\n") + b",ok\n"
    out = tmp_path / "out"
    out.mkdir()
    for said in (b"ok", b"holder_kind"):
        file = batch.open_file(deps, io.BytesIO(content.replace(b",ok\n", b"," + said + b"\n")), "x.csv")
        assert [one.code for one in batch.issue_file(deps, file, out, actor=ACTOR)] == [""]


def test_what_a_spreadsheet_would_run_does_not_get_into_the_report(deps: LicenseDeps, tmp_path: Path) -> None:
    (found,) = run(deps, tmp_path / "out", row(1, number="=HYPERLINK(1)"))
    assert (found.code, found.number) == ("bad_number", "")


def test_a_file_with_too_many_rows_is_refused_whole(deps: LicenseDeps) -> None:
    issuing = deps.policies.licenses.issuing.model_copy(update={"max_rows": 1})
    few = with_licenses(deps, issuing=issuing)
    with pytest.raises(Refusal) as caught:
        batch.open_file(few, csv_of(row(1), row(2)), "x.csv")
    assert caught.value.code == "csv_too_many_rows"
