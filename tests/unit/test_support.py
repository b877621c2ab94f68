"""The tests' own ground: databases are empty and the node's own kind, ports are ours alone."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock, rfc3339
from tests.support import disguises
from tests.support.databases import create_all, engine_on
from tests.support.ports import free_port, free_port_block
from tests.support.programs import need

ROOT = Path(__file__).parents[2]


metadata = sa.MetaData()
things = sa.Table("tests_things", metadata, sa.Column("number", sa.BigInteger, primary_key=True), sa.Column("name", sa.Text))


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_gets_a_database_without_a_table_that_keeps_what_is_stored(database_url: str, round_: int) -> None:
    with engine_on(database_url) as engine:
        assert sa.inspect(engine).get_table_names() == []
        keep(engine, round_)
        assert sa.inspect(engine).get_table_names() == ["tests_things"]


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_gets_an_engine_on_a_database_without_a_row(engine: sa.Engine, round_: int) -> None:
    create_all(engine, metadata)
    with engine.begin() as connection:
        assert connection.execute(sa.select(things)).all() == []
    keep(engine, round_)


def keep(engine: sa.Engine, number: int) -> None:
    create_all(engine, metadata)
    with engine.begin() as connection:
        connection.execute(things.insert(), {"number": number, "name": "饶平县"})
    with engine.begin() as connection:
        assert connection.execute(sa.select(things)).one() == (number, "饶平县")


def test_a_process_never_gets_a_port_that_another_one_holds() -> None:
    mine = free_port_block(5)
    program = "from tests.support.ports import free_port_block; print(free_port_block(5))"
    others = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, cwd=ROOT)
    assert abs(int(others.stdout) - mine) >= 5
    assert free_port() != free_port()


def test_a_missing_program_fails_the_test_by_its_name() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"no-such-server is not installed \(Debian package nothing"):
        need("no-such-server", "nothing")


@pytest.mark.parametrize("before", ["", "a", "ab", "scjg:"])
def test_a_secret_is_found_in_whatever_form_it_stands_in_a_log(before: str) -> None:
    secret = "p@ss wörd/1?"
    whole = f"{before}{secret}:after"
    for form in (
        whole,
        quote(whole),
        urlencode({"q": whole}),
        json.dumps(whole),
        base64.b64encode(whole.encode()).decode(),
        base64.urlsafe_b64encode(whole.encode()).decode(),
        whole.encode().hex(),
    ):
        assert disguises.find(secret, f"INFO {form} x")
        assert disguises.find("another secret", form) is None
    assert disguises.find("123456", "at 08:00:00.123456Z 0x7f123456d") is None
    assert disguises.find("123456", "code=123456&")


def test_the_clock_stands_still_until_it_is_moved(clock: FixedClock) -> None:
    assert rfc3339(clock.now()) == "2026-11-23T08:00:00Z"
    clock.advance(timedelta(minutes=1))
    assert rfc3339(clock.now()) == "2026-11-23T08:01:00Z"


def test_a_database_server_dies_with_a_test_process_that_is_killed() -> None:
    program = (
        "import time\n"
        "from tests.support.databases import PostgresServer\n"
        "with PostgresServer() as server:\n"
        "    print(server.folder, flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    pid_file = folder / "data" / "postmaster.pid"
    server = int(pid_file.read_text().splitlines()[0])
    assert Path(f"/proc/{server}").exists()
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 60
    while pid_file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    shutil.rmtree(folder)
