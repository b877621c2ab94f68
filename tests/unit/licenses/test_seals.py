"""A department's seal stands where its area stands in the tree of names, and covers the whole document."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from licenses.issue import issue
from licenses.ports import LicenseDeps
from licenses.seals import place_in_tree
from pki.seals import find_seal
from tests.support.issuing import CITY, COUNTY, application
from tests.support.programs import need

BELOW = (("C", "CN"), ("ST", "广东省"), ("L", "潮州市"), ("O", "饶平县"))


@pytest.mark.parametrize(
    ("node", "department", "area", "names"),
    [
        (CITY, "潮州市市场监督管理局", "445100", CITY.names),
        (CITY, "饶平县市场监督管理局", "445122", BELOW),
        (CITY, "市场监督管理局", "445122", CITY.names),
        (COUNTY, "饶平县市场监督管理局", "445122", BELOW),
    ],
)
def test_a_department_stands_below_its_own_county(node: object, department: str, area: str, names: object) -> None:
    assert place_in_tree(node, department, area) == names  # type: ignore[arg-type]


def test_a_countys_department_is_sealed_at_the_city_under_its_countys_name(deps: LicenseDeps, tmp_path: Path) -> None:
    receipt = issue(deps, application(deps), actor="operator:test")
    seal = find_seal(deps.pki, "11445122WBK871J86K")
    assert seal is not None
    assert "OU=饶平县市场监督管理局,O=饶平县,L=潮州市" in seal.certificate.subject
    file = tmp_path / "license.pdf"
    file.write_bytes(receipt.pdf)
    done = subprocess.run([need("pdfsig", "poppler-utils"), "-nocert", file], capture_output=True, text=True, check=False)
    assert "Signature Validation: Signature is Valid." in done.stdout
    assert "Total document signed" in done.stdout
