"""The registers that the configuration names. One that it does not name is not asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from crosscert.addresses import is_on_this_machine
from crosscert.http import RequestsFetcher
from idp.registers.csv_files import CsvLegalPersonRegister, CsvPopulationRegister
from idp.registers.documents import HttpDocumentChecks
from idp.registers.http import HttpLegalPersonRegister, HttpPopulationRegister, Line
from idp.registers.ports import Registers
from kernel.errors import Misuse, Refusal
from pki import jose
from pki.errors import JWK_UNSUITABLE
from pki.strict_json import parse_object
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
        documents=_make_checks(config),
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
    return over_http(_line(config, f"registers.{name}", table.url or "", table.key_file or "", table.seconds))


def _make_checks(config: Config) -> HttpDocumentChecks | None:
    table, key = config.settings.registers.documents, "registers.documents"
    if table is None:
        return None
    url = config.service_url(f"{key}.url", table.url)
    lines = [_line(config, key, f"{url}/{path}", table.key_file, table.seconds) for path in ("checks", "results")]
    document = config.secret(f"{key}.signer_file", table.signer_file).encode()
    try:
        signer = jose.parse_jwk(parse_object(document, JWK_UNSUITABLE))
    except Refusal:
        problem = f"{key}.signer_file: no public JWK for ES256 or RS256"
        raise Misuse(CONFIG_INVALID, field=f"{key}.signer_file", file=str(config.file), problem=problem) from None
    return HttpDocumentChecks(lines[0], lines[1], url, signer, config.node.url)


def _line(config: Config, key: str, url: str, key_file: str, seconds: float) -> Line:
    config.service_url(f"{key}.url", url)
    bearer = config.secret(f"{key}.key_file", key_file)
    if not (bearer.isascii() and bearer.isprintable()):
        raise Misuse(CONFIG_INVALID, field=f"{key}.key_file", file=str(config.file), problem=f"{key}.key_file: not ASCII")
    return Line(RequestsFetcher(outward=not is_on_this_machine(url), bearer=bearer), url, seconds)
