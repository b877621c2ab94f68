"""A file of applications at the console: looked at first, issued when an officer says so, its outcome downloaded row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from licenses.bulk import work
from licenses.bulk_records import Batch
from service.app import create_app
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing
from tests.support.console import CHEN, LIN, Admin, DoorOfToday, officer
from tests.support.license_node import license_node

HOME = "/admin/licenses/batches"
GOOD = [{**issuing.GOOD_ROW, "number": f"QA2026{place:08d}"} for place in range(2)]
BAD = {**issuing.GOOD_ROW, "number": "QA202600000008", "holder_id": "1"}


@dataclass
class Console:
    """The console as one officer after the other uses it; ``told`` are the batches that the workers were told of."""

    services: Services
    client: FlaskClient
    door: DoorOfToday
    told: list[Batch] = field(default_factory=list)

    def get(self, who: Admin, path: str = "") -> TestResponse:
        self.door.visitor = who
        return self.client.get(HOME + path)

    def post(self, who: Admin, path: str, **form: Any) -> TestResponse:
        self.door.visitor = who
        token = re.search(r'name="csrf_token" value="(\w+)"', self.client.get(f"{HOME}/new").text)
        assert token is not None
        return self.client.post(HOME + path, data={**form, "csrf_token": token[1]})

    def hand_in(self, who: Admin, *rows: Any) -> str:
        answer = self.post(who, "/new", file=(issuing.csv_of(*rows), "申请.csv"))
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].removeprefix(HOME)


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    with license_node(tmp_path, 18776) as services:
        door, told = DoorOfToday(), []
        services.__dict__["visitors"] = door
        monkeypatch.setattr("service.jobs.issue_in_background", lambda _services, batch: told.append(batch))
        yield Console(services, create_app(services, Metrics()).test_client(), door, told)


def test_a_file_is_looked_at_then_issued_and_each_row_is_told(console: Console) -> None:
    path = console.hand_in(CHEN, *GOOD, BAD)
    page = console.get(CHEN, path).text
    assert "试算结果，还没有签发" in page
    assert "holder_id" in page
    work.carry_on(console.services.licenses)
    with console.services.licenses.work.read() as reading:
        assert reading.records.log_size() == 0
    assert console.post(CHEN, path, answer="release").status_code == 303
    assert [batch.state for batch in console.told] == ["released"]
    assert 'data-live="2"' in console.get(CHEN, path).text
    work.carry_on(console.services.licenses)
    done = console.get(CHEN, path).text
    assert ("3 / 3" in done, "data-live" in done) == (True, False)
    for language, words in (("zh", "校验位"), ("en", "check character")):
        answer = console.get(CHEN, f"{path}/{language}.csv")
        assert answer.data.startswith("\ufeffrow,outcome".encode())
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert [row["outcome"] for row in rows] == ["issued", "issued", "refused"]
        assert rows[0]["number"] == GOOD[0]["number"]
        assert (rows[2]["field"], words in rows[2]["message"]) == ("holder_id", True)
    assert console.post(CHEN, path, answer="release").status_code == 409


def test_where_it_takes_two_another_officer_agrees(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = console.services.policies.licenses.acts["issue"]
    monkeypatch.setattr(rules, "__dict__", {**rules.__dict__, "officers": 2})
    path = console.hand_in(CHEN, *GOOD)
    mine, theirs = (console.get(who, path).text for who in (CHEN, LIN))
    assert ('value="release"' in mine, 'value="release"' in theirs) == (False, True)
    console.door.visitor = LIN
    assert f'href="{HOME}{path}"' in console.client.get("/admin/licenses/waiting").text
    assert console.post(CHEN, path, answer="release").status_code == 403
    assert console.post(LIN, path, answer="release").status_code == 303
    assert [batch.decided_by for batch in console.told] == ["account:lin"]


def test_where_no_officer_issues_any_more_that_is_said_and_what_waits_is_taken_back(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = console.hand_in(CHEN, *GOOD)
    monkeypatch.delitem(console.services.policies.licenses.acts, "issue")
    for who in (CHEN, LIN):
        console.door.visitor = who
        assert f'href="{HOME}{path}"' in console.client.get("/admin/").text
        page = console.get(who, path).text
        assert ("licenses.toml" in page, 'value="release"' in page, 'value="drop"' in page) == (True, False, True)
    assert console.post(CHEN, path, answer="release").status_code == 403
    assert console.post(CHEN, path, answer="drop").status_code == 303
    assert "内容已删除" in console.get(CHEN, path).text


def test_only_an_officer_of_the_department_hands_in_and_decides(console: Console) -> None:
    path = console.hand_in(CHEN, *GOOD)
    other = officer("y", organization="潮州市市场监督管理局")
    for page in (path, f"{path}/zh.csv"):
        assert console.get(other, page).status_code == 404
    assert console.post(other, path, answer="release").status_code == 404
    reader = officer("z", roles=("security_admin",), organization=None)
    assert console.get(reader, "/new").status_code == 403
    assert 'value="release"' not in console.get(reader, path).text
    assert console.post(CHEN, path, answer="drop").status_code == 303
    assert "内容已删除" in console.get(CHEN, path).text


def test_a_file_that_cannot_be_read_is_explained(console: Console) -> None:
    for content in (b"", b"a,b\n1,2\n", "姓名\n".encode("gb18030")):
        answer = console.post(CHEN, "/new", file=(io.BytesIO(content), "a.csv"))
        assert answer.status_code == 422
        assert "cx-alert" in answer.text
    assert console.post(CHEN, "/new").status_code == 422
    assert "还没有批量签发过" in console.get(CHEN).text
