"""Licences at the console: officers of the issuing department, with a second factor, and nobody else; two of them where it takes two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from admin_ui import licenses
from licenses import issue
from licenses.life.transitions import TRANSITIONS
from licenses.registry_records import LicenseRecord
from service.app import create_app
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing
from tests.support.console import CHEN, LIN, Admin, DoorOfToday, officer
from tests.support.license_node import license_node

HOME = "/admin/licenses"


class Console:
    """The console as one visitor after the other uses it."""

    def __init__(self, client: FlaskClient, door: DoorOfToday) -> None:
        self._client, self._door = client, door

    def get(self, who: Admin | None, path: str = "") -> TestResponse:
        self._door.visitor = who
        return self._client.get(HOME + path)

    def post(self, who: Admin, path: str, **form: str) -> TestResponse:
        self._door.visitor = who
        token = re.search(r'name="csrf_token" value="(\w+)"', self._client.get(HOME).text)
        assert token is not None
        return self._client.post(HOME + path, data={**form, "csrf_token": token[1]})


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with license_node(tmp_path_factory.mktemp("node"), 18779) as made:
        yield made


@pytest.fixture(scope="module")
def console(services: Services) -> Console:
    door = DoorOfToday()
    services.__dict__["visitors"] = door
    return Console(create_app(services, Metrics()).test_client(), door)


def issued(services: Services, number: str) -> LicenseRecord:
    return issue.issue(services.licenses, issuing.application(services.licenses, number=number), actor="operator:test").record


def status(services: Services, record: LicenseRecord) -> str:
    with services.licenses.work.look() as work:
        found = work.records.find_license(record.identifier)
    assert found is not None
    return found.status


def test_only_officers_with_a_second_factor_get_in(services: Services, console: Console) -> None:
    name = issued(services, "445122202100000020").identifier
    pages = ("", f"/{name}", f"/{name}/document", f"/{name}/receipt", f"/{name}/acts/suspend", "/waiting", "/apply")
    weak = officer(acr="urn:chaoxin:aal:1")
    for page in pages:
        assert console.get(None, page).headers["Location"] == "/login"
        for other in (weak, officer(roles=()), officer(roles=("clerk",)), officer(roles=("auditor",))):
            assert console.get(other, page).status_code == 403, (page, other)
        assert console.get(CHEN, page).status_code == 200, page
    admin = officer(roles=("security_admin",), organization=None)
    assert [console.get(admin, page).status_code for page in pages] == [200, 200, 200, 200, 403, 200, 403]


def test_another_departments_officers_see_nothing(services: Services, console: Console) -> None:
    record = issued(services, "445122202100000021")
    for other in (officer("y", organization="潮州市市场监督管理局"), officer("y", organization=None)):
        assert record.number not in console.get(other).text
        assert console.get(other, f"/{record.identifier}").status_code == 404
        assert console.get(other, f"/{record.identifier}/document").status_code == 404
        assert console.post(other, f"/{record.identifier}/acts/suspend", reason="safety").status_code == 404
    assert status(services, record) == "01"


def test_a_licence_is_found_seen_and_suspended_for_a_reason(services: Services, console: Console) -> None:
    record = issued(services, "445122202100000022")
    found = console.post(CHEN, "", holder_id=record.holder_id)
    assert record.number in found.text
    assert record.holder_name not in found.text  # only as far as needed to tell it from others
    page = console.get(CHEN, f"/{record.number}").text
    assert record.holder_name in page
    assert record.holder_id not in page
    refused = console.post(CHEN, f"/{record.number}/acts/suspend", reason="因为")
    assert "不在" in refused.text
    assert console.post(CHEN, f"/{record.number}/acts/suspend", reason="safety", note="现场检查").status_code == 303
    assert status(services, record) == "02"
    assert "现场检查" in console.get(LIN, f"/{record.number}").text
    assert console.get(CHEN, f"/{record.number}/acts/suspend").status_code == 404  # not in this status


def test_a_licence_whose_type_left_the_catalogue_is_seen_by_the_name_that_was_sealed(
    services: Services, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = issued(services, "445122202100000023")
    monkeypatch.setitem(services.policies.licenses.__dict__, "types", ())
    for page in ("", f"/{record.identifier}"):
        assert "营业执照（类型已不在目录）" in console.get(CHEN, page).text
    assert console.get(CHEN, f"/{record.identifier}/document").status_code == 200
    assert "unknown_type" in console.get(CHEN, f"/{record.identifier}/acts/renew").text


def test_what_takes_two_is_agreed_to_by_another_officer(services: Services, console: Console) -> None:
    record = issued(services, "445122202100000023")
    assert console.post(CHEN, f"/{record.number}/acts/cancel", reason="holder_request").status_code == 303
    assert status(services, record) == "01"
    waiting = console.get(LIN, "/waiting").text
    act = re.search(r'name="act" value="([\w-]+)"', waiting)
    assert act is not None
    assert 'value="agree"' not in console.get(CHEN, "/waiting").text
    assert console.post(CHEN, "/waiting", act=act[1], answer="agree").status_code == 403
    assert console.post(LIN, "/waiting", act=act[1], answer="agree").status_code == 303
    assert status(services, record) == "04"
    assert console.post(LIN, "/waiting", act=act[1], answer="agree").status_code == 409


def test_a_correction_takes_only_what_differs_and_shows_what_is_wrong(services: Services, console: Console) -> None:
    record = issued(services, "445122202100000024")
    form = {column: value for column, value in issuing.GOOD_ROW.items() if column in {"holder_name", "holder_id", "extra"}}
    dates = {"issue_date": "2021-06-06", "valid_from": "2021-06-06", "valid_to": ""}
    same = console.post(CHEN, f"/{record.number}/acts/correct", reason="changed", **form, **dates)
    assert same.status_code == 200
    assert "没有改动" in same.text
    wrong = console.post(CHEN, f"/{record.number}/acts/correct", reason="changed", **{**form, "holder_id": "1"}, **dates)
    assert 'id="holder_id-error"' in wrong.text
    changed: dict[str, Any] = {**form, **dates, "holder_name": "饶平县金顺食品有限公司"}
    assert console.post(CHEN, f"/{record.number}/acts/correct", reason="changed", **changed).status_code == 303
    assert "饶平县金顺食品有限公司" in console.get(LIN, "/waiting").text


def test_an_application_is_taken_checked_and_issued(console: Console) -> None:
    assert "营业执照" in console.get(CHEN, "/apply").text
    path = f"/apply/{issuing.GOOD_ROW['issuer_id']}/{issuing.GOOD_ROW['type_code']}"
    form = {
        "holder_name": "饶平县林𠮷饼家", "holder_id": issuing.GOOD_ROW["holder_id"], "KZ_FDDBR": "林𠮷", "KZ_ZCZB": "100万元",
        "KZ_JYFW": "糕饼", "KZ_ZS": "饶平县城西31路108号", "issue_date": "2026-11-23", "valid_from": "2026-11-23", "valid_to": "",
        "number": "", "reason": "application",
    }  # fmt: skip
    wrong = console.post(CHEN, path, **{**form, "holder_id": "91445122855JTN13AH"})
    assert 'id="holder_id-error"' in wrong.text
    assert 'value="饶平县林𠮷饼家"' in wrong.text
    done = console.post(CHEN, path, **form)
    assert done.status_code == 303
    assert "饶平县林𠮷饼家" in console.get(CHEN, done.headers["Location"].removeprefix(HOME)).text
    other = officer("y", organization="潮州市市场监督管理局")
    assert console.post(other, path, **form).status_code == 403


def test_each_act_says_what_it_will_do_and_whether_for_good() -> None:
    final = {"renew", "replace", "correct", "revoke", "withdraw", "cancel", "transfer"}
    assert {name for name in TRANSITIONS if "不能恢复" in licenses.effect_of(name).zh} == final
    assert "可以改回" in licenses.effect_of("suspend").zh
    assert "原证照不变" in licenses.effect_of("annotate").zh
