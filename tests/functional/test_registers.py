"""Registers over real sockets: the demo's server in a process of its own, asked by the node's own connector."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from crosscert.http import RequestsFetcher
from idp.registers.http import HttpLegalPersonRegister, HttpPopulationRegister, Line
from idp.storage.sql_registers import SqlPopulationRegister, SqlTable
from kernel.errors import Refusal
from service.demo import plan
from service.demo.secrets import private_jwk
from tests.support.lone_node import ROOT, wait_for
from tests.support.ports import free_port

KEY = "the register's secret"
NUMBERS = {
    "445102199003070019": "late",
    "445102199003070027": "wrong",
    "445102199003070035": "lying",
    "445102199003070051": "huge",
    "445102197105193010": "error",
}


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("register"), free_port()
    files = {name: str(plan.DATA / f"{name.replace('_', '-')}.csv") for name in ("people", "legal_persons")}
    (folder / "settings.json").write_text(
        json.dumps({"port": port, "key": KEY, "signer": private_jwk(), "faults": NUMBERS, **files}), encoding="utf-8"
    )
    with (folder / "log").open("ab") as log:
        command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "service.demo.register", str(folder / "settings.json")]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process, Path(log.name))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def line(url: str, *, key: str = KEY, seconds: float = 5.0) -> Line:
    return Line(RequestsFetcher(bearer=key), url, seconds)


def test_the_register_knows_people_by_name_and_number(register: str) -> None:
    people = HttpPopulationRegister(line(f"{register}/persons/match"))
    assert people.match("陈晓潮", "445102198806123626") == "matched"
    assert people.match("林𠮷", "445122197511034512") == "matched"
    assert people.match("林吉", "445122197511034512") == "not_matched"
    assert people.match("陈晓潮", "445102199508260029") == "not_matched"


def test_the_register_knows_organisations(register: str) -> None:
    companies = HttpLegalPersonRegister(line(f"{register}/legal-persons/find"))
    found = companies.find("91445100MA7CHAN008")
    assert found is not None
    assert (found.representative_name, found.status) == ("陈晓潮", "active")
    assert companies.find("91445100MA7TEA0010") is None


def test_a_database_that_takes_a_connection_and_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        engine = sa.create_engine(f"postgresql+psycopg://reader@127.0.0.1:{deaf.getsockname()[1]}/x", poolclass=sa.NullPool)
        register = SqlPopulationRegister(SqlTable(engine, "people", {"name": "name", "resident_id": "resident_id"}, 0.3))
        with pytest.raises(Refusal, match="register_away"):
            register.match("陈晓潮", "445102198806123626")


def test_whatever_a_register_does_is_one_refusal(register: str) -> None:
    url = f"{register}/persons/match"
    for number, fault in NUMBERS.items():
        people = HttpPopulationRegister(line(url, seconds=0.3 if fault == "late" else 5.0))
        with pytest.raises(Refusal, match="register_away"):
            people.match("翁𬱖", number)
    for strange in (line(url, key="another"), line(f"{register}/nowhere"), line("http://127.0.0.1:9/persons/match")):
        with pytest.raises(Refusal, match="register_away"):
            HttpPopulationRegister(strange).match("陈晓潮", "445102198806123626")
