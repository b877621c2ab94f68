"""The registers that a node asks are those that its configuration names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from idp.registers.csv_files import CsvPopulationRegister
from idp.registers.documents import HttpDocumentChecks
from idp.registers.http import HttpLegalPersonRegister
from idp.registers.ports import Registers
from kernel.errors import Misuse
from service.config import load_config
from service.demo.secrets import private_jwk
from service.registers import make_registers
from tests.unit.service.test_messengers import NODE

FILE = '[registers.population]\nfile = "people.csv"\n'
HTTP = '[registers.legal_persons]\nurl = "https://register.example.cn/find"\nkey_file = "key"\nseconds = 3\n'


CHECKS = '[registers.documents]\nurl = "https://checks.example.cn/documents"\nkey_file = "key"\nsigner_file = "signer"\n'


def registers(folder: Path, text: str, key: str = "a secret") -> Registers:
    (folder / "key").write_text(key, encoding="utf-8")
    (folder / "signer").write_text(json.dumps({name: value for name, value in private_jwk().items() if name != "d"}))
    (folder / "wrong").write_text("{}")
    (folder / "chaoxin.toml").write_text(NODE + text, encoding="utf-8")
    return make_registers(load_config(folder / "chaoxin.toml"))


def test_a_node_asks_those_that_it_was_given(tmp_path: Path) -> None:
    assert registers(tmp_path, "") == Registers()
    made = registers(tmp_path, FILE + HTTP)
    assert isinstance(made.population, CsvPopulationRegister)
    assert made.population.file == tmp_path / "people.csv"
    assert isinstance(made.legal_persons, HttpLegalPersonRegister)
    assert (made.legal_persons.line.url, made.legal_persons.line.seconds) == ("https://register.example.cn/find", 3)
    assert "a secret" not in repr(made)
    checks = registers(tmp_path, CHECKS).documents
    assert isinstance(checks, HttpDocumentChecks)
    assert (checks.checks.url, checks.results.url, checks.audience) == (
        "https://checks.example.cn/documents/checks",
        "https://checks.example.cn/documents/results",
        "https://trust.example.cn",
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('[registers.population]\nfile = "a.csv"\nurl = "https://x.cn/y"\nkey_file = "key"\n', "registers.population"),
        ('[registers.population]\nurl = "https://x.cn/y"\n', "registers.population"),
        ("[registers.population]\n", "registers.population"),
        ('[registers.population]\nurl = "http://x.cn/y"\nkey_file = "key"\n', "registers.population.url"),
        ('[registers.population]\nurl = "https://x.cn"\nkey_file = "key"\n', "registers.population.url"),
        ('[registers.population]\nurl = "https://x.cn/y"\nkey_file = "nowhere"\n', "registers.population.key_file"),
        (HTTP.replace("3", "60"), "registers.legal_persons.seconds"),
        (CHECKS.replace("https", "http"), "registers.documents.url"),
        (CHECKS.replace('"signer"', '"wrong"'), "registers.documents.signer_file"),
        (CHECKS.replace('"signer"', '"key"'), "registers.documents.signer_file"),
    ],
)
def test_what_will_not_do_is_named(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(Misuse) as caught:
        registers(tmp_path, text)
    assert caught.value.field == field


def test_a_secret_that_no_header_can_carry_is_named(tmp_path: Path) -> None:
    for key in ("密钥", "a\nb"):
        with pytest.raises(Misuse) as caught:
            registers(tmp_path, HTTP, key)
        assert caught.value.field == "registers.legal_persons.key_file"
