"""The catalogue: a licence type is added, or gets a new version, by a document in the node's policies, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel.errors import Misuse, Refusal
from licenses import archive, documents, issue, own_form
from licenses.applications import check_application
from licenses.departments import check_department
from licenses.gathering import _agrees
from licenses.known import find_reading, keep
from licenses.life import versions
from licenses.ports import LicenseDeps
from licenses.registry_records import Application, Known
from policies.licenses import find_type, latest_types
from policies.loader import load
from tests.support.issuing import GOOD_ROW, rules_of

CODE = "114400000069400990001"
MARKET = "114451008W15P11PMR"
DOG = """
code = "114400000069400990001"
name = "养犬登记证"
name_en = "Dog registration"
holder_kind = "citizen"
seal_level = "substantial"
template = "card"
accent = "#5a3d8a"
validity_required = true
max_validity_days = 366
number_pattern = "Q[0-9]{11}"
area_levels = ["city"]

[[fields]]
name = "犬名"
name_en = "Name"
key = "KZ_QM"
kind = "text"
max_length = 20

[[fields]]
name = "芯片号"
name_en = "Chip"
key = "KZ_XPH"
kind = "text"
pattern = "[0-9]{15}"

[[fields]]
name = "免疫日期"
name_en = "Vaccinated on"
key = "KZ_MYRQ"
kind = "date"

[[fields]]
name = "体重"
name_en = "Weight in kg"
key = "KZ_TZ"
kind = "number"
required = false
"""
ROW = {
    "type_name": "养犬登记证", "type_code": CODE, "number": "Q00000000001", "holder_kind": "citizen", "holder_name": "林𠮷",
    "holder_id": "11010519491231002X", "issuer_name": "潮州市市场监督管理局", "issuer_id": MARKET, "area_code": "445100",
    "issue_date": "2026-11-23", "valid_from": "2026-11-23", "valid_to": "2027-11-22",
    "extra": "犬名=旺财;芯片号=156000000000001;免疫日期=2026-10-01;体重=12.5",
}  # fmt: skip


def node_policies(folder: Path, *types: str) -> Path:
    policies = folder / "policies"
    (policies / "license-types").mkdir(parents=True)
    for number, text in enumerate(types):
        (policies / "license-types" / f"{number}.toml").write_text(text, encoding="utf-8")
    return policies


def with_types(deps: LicenseDeps, folder: Path, *types: str) -> LicenseDeps:
    """Return the node with these documents, the city's market supervision registered for them."""
    made = replace(deps, policies=load(node_policies(folder, *types)))
    known = [kind.code for kind in made.policies.licenses.types]
    with made.work.begin() as work:
        old = work.records.find_department(MARKET)
        assert old is not None
        row = {"uscc": old.uscc, "name": old.name, "area_code": old.area_code, "types": ";".join((*old.types, CODE))}
        work.records.put_department(check_department(row, known), made.clock.now())
    return made


def asked(deps: LicenseDeps, **changes: str) -> Application:
    return check_application({**ROW, **changes}, rules_of(deps))


def test_a_type_is_added_by_a_document_alone_and_issued(deps_sqlite: LicenseDeps, tmp_path: Path) -> None:
    deps = with_types(deps_sqlite, tmp_path, DOG)
    record = issue.issue(deps, asked(deps), actor="operator:test").record
    said = documents.parse(archive.get_document(deps, record)).data
    assert said is not None
    assert (said.type_name, said.fields["KZ_MYRQ"], said.fields["KZ_TZ"]) == ("养犬登记证", "2026-10-01", "12.5")
    assert len(latest_types(deps.policies.licenses)) == 8


def test_the_rules_of_a_type_are_checked_with_the_column_at_fault(deps_sqlite: LicenseDeps, tmp_path: Path) -> None:
    deps = with_types(deps_sqlite, tmp_path, DOG)
    cases = [
        ({"number": "Q1"}, "bad_number", "number"),
        ({"number": "A00000000001"}, "number_pattern", "number"),
        ({"valid_to": "2028-01-01"}, "validity_too_long", "valid_to"),
        ({"extra": "犬名=旺财;芯片号=1;免疫日期=2026-10-01"}, "extra_invalid", "extra"),
        ({"extra": "犬名=旺财;芯片号=156000000000001;免疫日期=昨天"}, "extra_invalid", "extra"),
        ({"extra": "犬名=旺财;芯片号=156000000000001;免疫日期=2026-10-01;体重=很重"}, "extra_invalid", "extra"),
        ({"area_code": "445122"}, "not_its_area", "area_code"),
    ]
    for change, code, field in cases:
        with pytest.raises(Refusal) as caught:
            asked(deps, **change)
        assert (caught.value.code, caught.value.field) == (code, field)


def test_a_type_may_be_kept_to_some_departments_and_levels(deps_sqlite: LicenseDeps, tmp_path: Path) -> None:
    elsewhere = DOG.replace('area_levels = ["city"]', f'area_levels = ["county"]\nissuers = ["{MARKET}"]')
    deps = with_types(deps_sqlite, tmp_path / "1", elsewhere)
    with pytest.raises(Refusal) as caught:
        asked(deps)
    assert caught.value.code == "not_its_level"
    others = DOG.replace('area_levels = ["city"]', 'issuers = ["11445122WBK871J86K"]')
    deps = with_types(deps_sqlite, tmp_path / "2", others)
    with pytest.raises(Refusal) as caught:
        asked(deps)
    assert caught.value.code == "not_its_type"


def test_a_new_version_is_for_new_licences_and_the_old_ones_go_on_saying_what_they_said(
    deps_sqlite: LicenseDeps, tmp_path: Path
) -> None:
    deps = with_types(deps_sqlite, tmp_path / "1", DOG)
    old = issue.issue(deps, asked(deps), actor="operator:test").record
    second = DOG.replace('name = "养犬登记证"', 'version = 2\nname = "犬只登记证"').replace('name = "犬名"', 'name = "昵称"')
    deps = with_types(deps, tmp_path / "2", DOG, second)
    newest = find_type(deps.policies.licenses, CODE)
    assert newest is not None
    assert newest.version == 2
    row = {"type_name": "犬只登记证", "number": "Q00000000002", "extra": ROW["extra"].replace("犬名", "昵称")}
    new = issue.issue(deps, asked(deps, **row), actor="operator:test").record
    assert (old.type_version, new.type_version) == (1, 2)
    for record in (old, new):
        assert _agrees(deps, record, documents.parse(archive.get_document(deps, record)).data)
        pdf = archive.get_document(deps, record)
        read = own_form.find_reading(pdf, str(record.pdf_sha256))
        assert read is not None
        assert find_reading(deps, Known(record, keep(read)), len(pdf)) is not None  # read once, of whichever version
    assert versions.row_of(deps, old)["type_name"] == "犬只登记证"  # what comes next is of the latest version
    with pytest.raises(Refusal) as caught:
        asked(deps)
    assert caught.value.code == "type_name_differs"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("code =", "cod ="), "cod"),
        (('kind = "date"', 'kind = "day"'), "fields.2.kind"),
        (('pattern = "[0-9]{15}"', 'pattern = "[0-9"'), "fields.1.pattern"),
        (('key = "KZ_QM"', 'key = "ZZMC"'), "fields.0.key"),
        (('seal_level = "substantial"', 'seal_level = "great"'), "seal_level"),
        ((CODE, GOOD_ROW["type_code"]), "code"),
    ],
)
def test_a_faulty_document_stops_the_start_with_file_and_key(tmp_path: Path, change: tuple[str, str], place: str) -> None:
    with pytest.raises(Misuse) as caught:
        load(node_policies(tmp_path, DOG.replace(*change)))
    assert caught.value.details["file"].endswith("0.toml")
    assert caught.value.details["key"] == place
