"""Departments are registered from a file: strictly, row by row, as often as one likes."""

from __future__ import annotations

import io

import pytest

from kernel.rows import open_rows
from licenses.departments import COLUMNS, DepartmentOutcome, import_departments
from licenses.ports import LicenseDeps
from tests.support.issuing import DATA

ACTOR = "operator:test"
HEAD = "uscc,name,area_code,types\n"
GOOD = "114451008W15P11PMR,潮州市市场监督管理局,445100,11440000MB2D0339XY001\n"


def run(deps: LicenseDeps, text: str) -> list[DepartmentOutcome]:
    file = open_rows(io.BytesIO((HEAD + text).encode()), "departments.csv", COLUMNS, max_rows=100)
    return import_departments(deps, file, actor=ACTOR)


def test_the_demos_departments_are_registered_once(deps: LicenseDeps) -> None:
    text = (DATA / "departments.csv").read_text(encoding="utf-8").removeprefix(HEAD)
    assert {one.outcome for one in run(deps, text)} == {"unchanged"}  # the fixture has registered them
    with deps.work.read() as work:
        departments = work.records.departments()
    assert len(departments) == 28
    assert departments[0].types == ("11440000MB2D0339XY001", "11440000MB2D0339XY002") or departments[0].area_code == "445100"


def test_a_changed_row_changes_the_department(deps: LicenseDeps) -> None:
    assert [one.outcome for one in run(deps, GOOD)] == ["added"]
    assert [one.outcome for one in run(deps, GOOD + GOOD)] == ["unchanged", "unchanged"]
    with deps.work.read() as work:
        found = work.records.find_department("114451008W15P11PMR")
    assert found is not None
    assert found.types == ("11440000MB2D0339XY001",)


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("114451008W15P11PMX,潮州市市场监督管理局,445100,\n", "issuer_id_check", "uscc"),
        ("114451008W15P11PMR,,445100,\n", "department_name", "name"),
        ("114451008W15P11PMR,潮\u202e州,445100,\n", "department_name", "name"),
        ("114451008W15P11PMR," + "潮" * 58 + ",445100,\n", "department_name", "name"),
        ("114451008W15P11PMR,潮州市市场监督管理局,4451,\n", "bad_area", "area_code"),
        ("114451008W15P11PMR,潮州市市场监督管理局,445100,114400000000000000999\n", "unknown_type", "types"),
        ("114451008W15P11PMR,潮州市市场监督管理局,445100\n", "row_width", None),
    ],
)
def test_a_faulty_row_is_refused_and_the_others_are_registered(
    deps: LicenseDeps, line: str, code: str, field: str | None
) -> None:
    refused, good = run(deps, line + GOOD)
    assert refused.refusal is not None
    assert (refused.refusal.code, refused.refusal.field, good.outcome) == (code, field, "added")


def test_one_department_twice_with_different_content_is_refused(deps: LicenseDeps) -> None:
    _, second = run(deps, GOOD + GOOD.replace(",445100,", ",445102,"))
    assert second.refusal is not None
    assert second.refusal.code == "department_twice"
