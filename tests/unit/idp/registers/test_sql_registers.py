"""Registers in somebody's database: asked by number, read only, within a time; anything but one possible row is one refusal or a no."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.registers.ports import Registers
from kernel.errors import Misuse, Refusal
from service.config import load_config
from service.registers import make_registers
from tests.support.databases import engine_on
from tests.unit.service.test_messengers import NODE

NUMBER, OTHER = "445102198806123626", "445102197105193010"
USCC = "91445100MA7CHAN008"
POPULATION = '[registers.population]\ndatabase = "{url}"\ntable = "{table}"\nseconds = {seconds}\n'
COLUMNS = 'columns = {name = "xm", resident_id = "gmsfhm"}\n'
LEGAL = '[registers.legal_persons]\ndatabase = "{url}"\ntable = "frk"\nseconds = 5\n'


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The register's owner, at work in the very database that is asked."""
    with engine_on(database_url) as made:
        yield made


def registers(folder: Path, text: str) -> Registers:
    (folder / "chaoxin.toml").write_text(NODE + text, encoding="utf-8")
    return make_registers(load_config(folder / "chaoxin.toml"))


def people(folder: Path, url: str, table: str = "rkk", seconds: float = 5) -> Callable[[str, str], str]:
    register = registers(folder, POPULATION.format(url=url, table=table, seconds=seconds) + COLUMNS).population
    assert register is not None
    return register.match


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def refused(act: Callable[[], object]) -> bool:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code == "register_away"


def test_a_table_of_people_is_a_register(database_url: str, engine: sa.Engine, tmp_path: Path) -> None:
    run(
        engine,
        "CREATE TABLE rkk (xm VARCHAR(50), gmsfhm CHAR(20))",  # some pad with blanks
        "INSERT INTO rkk VALUES ('陈晓潮', '445102198806123626'), ('翁𬱖 ', '445102197105193010')",
    )
    match = people(tmp_path, database_url)
    assert (match("陈晓潮", NUMBER), match("翁𬱖", OTHER)) == ("matched", "matched")
    for name, number in (("陈小潮", NUMBER), ("陈晓潮", OTHER), ("陈晓潮", "445102199508260029"), ("陈晓潮", "' OR '1'='1")):
        assert match(name, number) == "not_matched"
    run(engine, "INSERT INTO rkk VALUES ('陈小潮', '445102198806123626')")
    assert refused(lambda: match("陈晓潮", NUMBER)), "two of one number"
    run(engine, "UPDATE rkk SET xm = NULL WHERE gmsfhm = '445102197105193010'")
    assert refused(lambda: match("翁𬱖", OTHER)), "a row without a name"
    run(engine, "ALTER TABLE rkk RENAME COLUMN xm TO name")
    assert refused(lambda: match("陈晓潮", NUMBER)), "no such column any more"


def test_a_view_of_organisations_is_a_register(database_url: str, engine: sa.Engine, tmp_path: Path) -> None:
    run(
        engine,
        "CREATE TABLE zzk (dm VARCHAR(18), mc VARCHAR(100), fr VARCHAR(50), frhm VARCHAR(18), zt VARCHAR(20))",
        "CREATE VIEW frk AS SELECT dm AS uscc, mc AS name, fr AS representative_name, frhm AS representative_id, zt AS status FROM zzk",
        "INSERT INTO zzk VALUES ('91445100MA7CHAN008', '潮州市韩江陶瓷有限公司', '陈晓潮', '445102198806123626', 'active')",
    )
    register = registers(tmp_path, LEGAL.format(url=database_url)).legal_persons
    assert register is not None
    found = register.find(USCC)
    assert found is not None
    assert (found.name, found.representative_id, found.status) == ("潮州市韩江陶瓷有限公司", NUMBER, "active")
    assert register.find("91445100MA7TEA001B") is None
    run(engine, "UPDATE zzk SET zt = '存续'")
    assert refused(lambda: register.find(USCC)), "a status that is none"


def test_a_database_is_only_read_and_not_waited_for(database_url: str, engine: sa.Engine, tmp_path: Path) -> None:
    assert refused(lambda: people(tmp_path, database_url)("陈晓潮", NUMBER)), "no such table"
    if engine.dialect.name == "sqlite":
        endless = "SELECT x FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c) WHERE x < 0"
        run(engine, f"CREATE VIEW late AS SELECT '陈晓潮' AS xm, '445102198806123626' AS gmsfhm WHERE EXISTS ({endless})")
        assert refused(lambda: people(tmp_path, "sqlite:///nowhere.sqlite")("陈晓潮", NUMBER))
        assert not (tmp_path / "nowhere.sqlite").exists(), "a wrong name makes no empty register"
    else:
        run(
            engine,
            "CREATE TABLE noted (x TEXT)",
            "CREATE FUNCTION note() RETURNS TEXT LANGUAGE sql AS $$INSERT INTO noted VALUES ('x') RETURNING '陈晓潮'$$",
            "CREATE VIEW writing AS SELECT note() AS xm, '445102198806123626' AS gmsfhm",
            "CREATE VIEW late AS SELECT '陈晓潮' AS xm, '445102198806123626' AS gmsfhm FROM pg_sleep(60)",
        )
        assert refused(lambda: people(tmp_path, database_url, "writing")("陈晓潮", NUMBER))
    assert refused(lambda: people(tmp_path, database_url, "late", 0.2)("陈晓潮", NUMBER))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (POPULATION.format(url="sqlite:///x", table="a; DROP", seconds=5), "registers.population.table"),
        (
            POPULATION.format(url="sqlite:///x", table="a", seconds=5) + 'columns = {phone = "x"}\n',
            "registers.population.columns",
        ),
        (POPULATION.format(url="sqlite:///x", table="a", seconds=5) + 'url = "https://x.cn/y"\n', "registers.population"),
        ('[registers.population]\ndatabase = "sqlite:///x"\n', "registers.population"),
        *(
            (POPULATION.format(url=url, table="a", seconds=5), "registers.population.database")
            for url in (
                "nothing",
                "mysql://db.example.cn/x",
                "postgresql+psycopg://reader:secret@localhost/x",
                "postgresql+psycopg://reader@db.example.cn/x",
                "postgresql+psycopg://reader@db.example.cn/x?sslmode=require",
                "postgresql+psycopg://reader@localhost/x?host=db.example.cn",
                "postgresql+psycopg://reader@/x?host=/run/postgresql,db.example.cn",
                "postgresql+psycopg://reader@/x?host=localhost&host=db.example.cn",
                "postgresql+psycopg://reader@localhost/x?options=-csession_preload_libraries=x",
            )
        ),
    ],
)
def test_a_database_that_will_not_do_is_named_without_its_secrets(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(Misuse) as caught:
        registers(tmp_path, text)
    assert (caught.value.field, "secret" in str(caught.value)) == (field, False)


def test_the_password_stands_in_a_file_and_is_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a secret", encoding="utf-8")
    url = "postgresql+psycopg://reader@db.example.cn/rk?sslmode=verify-full"
    made = registers(tmp_path, POPULATION.format(url=url, table="rk.people", seconds=5) + 'password_file = "key"\n')
    assert "a secret" not in repr(made)
    assert made.population is not None
