"""Registers: an answer counts when it is whole, possible and to the question that was asked; anything else is one refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscert.errors import PEER_UNREACHABLE
from crosscert.records import Fetched
from idp.registers.csv_files import CsvLegalPersonRegister, CsvPopulationRegister
from idp.registers.http import HttpLegalPersonRegister, HttpPopulationRegister, Line
from kernel.errors import Refusal

URL = "https://register.example.cn/persons/match"
NUMBER = "445102198806123626"
USCC = "91445100MA7CHAN008"
ENTRY = {
    "uscc": USCC,
    "name": "潮州市韩江陶瓷有限公司",
    "representative": {"name": "陈晓潮", "resident_id": NUMBER},
    "status": "active",
}


@dataclass
class Server:
    """A ``Fetcher`` whose answer is a function of the question."""

    answer: Callable[[dict[str, Any]], bytes]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def post(self, url: str, body: bytes, content_type: str, *, below: str, max_bytes: int, timeout: float) -> Fetched:
        assert (url, content_type, below, timeout) == (URL, "application/json", "https://register.example.cn/persons", 3.0)
        assert max_bytes <= 16 * 1024
        self.asked.append(json.loads(body))
        return Fetched(200, self.answer(self.asked[-1]), None)


def line(answer: Callable[[dict[str, Any]], Any]) -> tuple[Line, Server]:
    server = Server(lambda question: json.dumps(answer(question)).encode())
    return Line(server, URL, 3.0), server  # type: ignore[arg-type]  # posts only


def refused(act: Callable[[], object]) -> bool:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code == "register_away"


def test_name_and_number_match_or_do_not() -> None:
    for said in ("matched", "not_matched"):
        there, server = line(lambda question, said=said: {"request_id": question["request_id"], "result": said})
        assert HttpPopulationRegister(there).match(" 陈晓潮 ", NUMBER) == said
        assert {name: server.asked[0][name] for name in ("name", "resident_id")} == {"name": "陈晓潮", "resident_id": NUMBER}


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: {},
        lambda _: [],
        lambda _: "matched",
        lambda question: {"request_id": question["request_id"]},
        lambda question: {"request_id": question["request_id"], "result": "maybe"},
        lambda question: {"request_id": question["request_id"], "result": ["matched"]},
        lambda question: {"request_id": question["request_id"], "result": True},
        lambda question: {"request_id": question["request_id"], "result": "matched", "score": 0.7},
        lambda _: {"request_id": "another", "result": "matched"},
        lambda _: {"result": "matched"},
    ],
)
def test_what_is_no_answer_to_the_question_is_none(answer: Callable[[dict[str, Any]], Any]) -> None:
    there, _ = line(answer)
    assert refused(lambda: HttpPopulationRegister(there).match("陈晓潮", NUMBER))


@given(st.binary(max_size=200))
def test_whatever_octets_arrive_are_one_refusal(octets: bytes) -> None:
    there = Line(Server(lambda _: octets), URL, 3.0)  # type: ignore[arg-type]
    assert refused(lambda: HttpPopulationRegister(there).match("陈晓潮", NUMBER))
    assert refused(lambda: HttpLegalPersonRegister(there).find(USCC))


def test_a_register_that_is_away_or_busy_is_said_to_be_away() -> None:
    def away(_: object) -> bytes:
        raise Refusal(PEER_UNREACHABLE, url=URL, problem="too slow")

    there = Line(Server(away), URL, 3.0)  # type: ignore[arg-type]
    for _ in range(20):  # a slot is given back whatever happened
        assert refused(lambda: HttpPopulationRegister(there).match("陈晓潮", NUMBER))
    server = Server(lambda _: b"")
    full = Line(server, URL, 3.0, BoundedSemaphore(1))  # type: ignore[arg-type]
    with full.slots:
        assert refused(lambda: HttpPopulationRegister(full).match("陈晓潮", NUMBER))
    assert server.asked == []


def test_an_organisation_is_found_with_its_representative() -> None:
    there, _ = line(lambda question: {"request_id": question["request_id"], "legal_person": ENTRY})
    found = HttpLegalPersonRegister(there).find(USCC)
    assert found is not None
    assert (found.name, found.representative_name, found.representative_id, found.status) == (
        "潮州市韩江陶瓷有限公司",
        "陈晓潮",
        NUMBER,
        "active",
    )
    assert NUMBER not in repr(found)
    there, _ = line(lambda question: {"request_id": question["request_id"], "legal_person": None})
    assert HttpLegalPersonRegister(there).find(USCC) is None


@pytest.mark.parametrize(
    "change",
    [
        {"uscc": "91445100MA7TEA001B"},
        {"status": "closed"},
        {"status": None},
        {"name": ""},
        {"name": "韩江\u202e陶瓷"},
        {"name": "瓷" * 201},
        {"representative": None},
        {"representative": {"name": "陈晓潮"}},
        {"representative": {"name": 1, "resident_id": NUMBER}},
        {"representative": {"name": "陈晓潮", "resident_id": "445102198806123627"}},
        {"representative": {"name": "陈晓潮", "resident_id": 1}},
        {"owner": "x"},
    ],
)
def test_an_entry_that_cannot_be_is_not_believed(change: dict[str, Any]) -> None:
    there, _ = line(lambda question: {"request_id": question["request_id"], "legal_person": ENTRY | change})
    assert refused(lambda: HttpLegalPersonRegister(there).find(USCC))


def test_files_are_registers_and_are_never_stale(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    register = CsvPopulationRegister(people)
    assert refused(lambda: register.match("陈晓潮", NUMBER))
    people.write_text(f"name,resident_id\n陈晓潮,{NUMBER}\n翁𬱖,445102197105193010\n", encoding="utf-8-sig")
    assert register.match("陈晓潮", NUMBER) == "matched"
    assert register.match("翁𬱖", "445102197105193010") == "matched"
    assert register.match("翁某", "445102197105193010") == "not_matched"
    assert register.match("陈晓潮", "445102197105193010") == "not_matched"
    people.write_text(f"name,resident_id\n陈小潮,{NUMBER}\n", encoding="utf-8")
    assert register.match("陈晓潮", NUMBER) == "not_matched"
    companies = tmp_path / "companies.csv"
    head = "uscc,name,representative_name,representative_id,status\n"
    companies.write_text(f"{head}{USCC},潮州市韩江陶瓷有限公司,陈晓潮,{NUMBER},active\n", encoding="utf-8")
    found = CsvLegalPersonRegister(companies).find(USCC)
    assert found is not None
    assert found.representative_id == NUMBER
    assert CsvLegalPersonRegister(companies).find("91445100MA7TEA001B") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name\n陈晓潮\n",
        "resident_id,name\n",
        f"name,resident_id\n陈晓潮,{NUMBER},x\n",
        "name,resident_id\n陈晓潮\n",
        f"name,resident_id\n陈晓潮,{NUMBER}\n陈小潮,{NUMBER}\n",
        f'name,resident_id\n"陈晓潮,{NUMBER}\n',
    ],
)
def test_a_file_that_is_not_as_it_must_be_answers_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    assert refused(lambda: CsvPopulationRegister(tmp_path / "people.csv").match("陈晓潮", NUMBER))
    (tmp_path / "people.csv").write_bytes(b"name,resident_id\n\xff,x\n")
    assert refused(lambda: CsvPopulationRegister(tmp_path / "people.csv").match("陈晓潮", NUMBER))
