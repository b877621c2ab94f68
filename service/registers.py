"""The registers that the configuration names. One that it does not name is not asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from crosscert.addresses import is_on_this_machine
from crosscert.http import RequestsFetcher
from idp.registers.csv_files import CsvLegalPersonRegister, CsvPopulationRegister
from idp.registers.http import HttpLegalPersonRegister, HttpPopulationRegister, Line
from idp.registers.ports import Registers
from kernel.errors import Misuse
from service.config import Config
from service.errors import CONFIG_INVALID
from service.settings import RegisterTable

File = TypeVar("File")
Server = TypeVar("Server")


def make_registers(config: Config) -> Registers:
    """Return the registers; ``Misuse`` when an address or a secret's file will not do."""
    population, legal_persons = config.settings.registers.population, config.settings.registers.legal_persons
    return Registers(
        population=None
        if population is None
        else _make(config, "population", population, CsvPopulationRegister, HttpPopulationRegister),
        legal_persons=None
        if legal_persons is None
        else _make(config, "legal_persons", legal_persons, CsvLegalPersonRegister, HttpLegalPersonRegister),
    )


def _make(
    config: Config,
    name: str,
    table: RegisterTable,
    from_file: Callable[[Path], File],
    over_http: Callable[[Line], Server],
) -> File | Server:
    if table.file is not None:
        return from_file(config.directory / table.file)
    key = f"registers.{name}"
    url = config.service_url(f"{key}.url", table.url or "")
    bearer = config.secret(f"{key}.key_file", table.key_file or "")
    if not (bearer.isascii() and bearer.isprintable()):
        raise Misuse(CONFIG_INVALID, field=f"{key}.key_file", file=str(config.file), problem=f"{key}.key_file: not ASCII")
    return over_http(Line(RequestsFetcher(outward=not is_on_this_machine(url), bearer=bearer), url, table.seconds))
