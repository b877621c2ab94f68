"""A node's configuration: one TOML file, secrets from files or the environment, nothing from the command line.

Left to others: the shape of the file (``settings``), what is allowed (``policies``), building the node from it (``wiring``).
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from crosscert.addresses import find_url_fault
from kernel.errors import Misuse
from kernel.nodes import Node, area_level, is_area_code
from service.errors import CONFIG_INVALID, PASSPHRASE_MISSING, PIN_MISSING
from service.proxies import Network, parse_networks
from service.settings import ListenTable, NodeTable, Settings

PASSPHRASE_VARIABLE = "CHAOXIN_PASSPHRASE"  # noqa: S105 - the variable's name, not its value
PIN_VARIABLE = "CHAOXIN_PIN"
DATABASE_VARIABLE = "CHAOXIN_DATABASE_URL"
_DATABASES = ("sqlite", "postgresql+psycopg")


class Config:
    """The configuration of one node, with its paths resolved against the file's own folder."""

    def __init__(self, file: Path, settings: Settings) -> None:
        self.file = file
        self.directory = file.parent
        self.settings = settings
        self.node = _node(file, settings.node)
        self.trusted_proxies = _networks(file, settings.listen.trusted_proxies)
        _check_mutual_tls(file, settings.listen)

    @property
    def database_url(self) -> str:
        """The database's address, from the environment or the file, SQLite files made absolute."""
        text = os.environ.get(DATABASE_VARIABLE) or self.settings.database.url
        try:
            url = make_url(text)
        except ArgumentError:
            url = None
        if url is None or url.drivername not in _DATABASES:  # its text is not repeated: a password may stand in it
            key, wanted = "database.url", " or ".join(f"{name}://" for name in _DATABASES)
            raise Misuse(CONFIG_INVALID, field=key, file=str(self.file), problem=f"{key}: {wanted}")
        if url.get_backend_name() == "sqlite" and url.database:
            url = url.set(database=str(self.directory / url.database))
        return url.render_as_string(hide_password=False)

    @property
    def keys_directory(self) -> Path:
        """The folder of the key files."""
        return self.directory / self.settings.keys.directory

    @property
    def spool_directory(self) -> Path:
        """Where audit events are that are on their way into the trail."""
        return self.directory / "spool"

    @property
    def policies_directory(self) -> Path | None:
        """The folder of the node's own policy documents, if it has one."""
        table = self.settings.policies
        return None if table is None else self.directory / table.directory

    @property
    def tls_files(self) -> tuple[Path, Path] | None:
        """The files of the certificate chain and the key, if the node itself speaks TLS; ``Misuse`` when one cannot be read."""
        table = self.settings.tls
        if table is None:
            return None
        chain, key = self.directory / table.certificate, self.directory / table.key
        for name, file in (("certificate", chain), ("key", key)):
            if not os.access(file, os.R_OK):
                raise Misuse(CONFIG_INVALID, field=f"tls.{name}", file=str(self.file), problem=f"tls.{name}: {file}")
        return chain, key

    @property
    def licenses_directory(self) -> Path:
        """Where ``chaoxin license issue`` puts PDFs unless told otherwise."""
        return self.directory / "licenses"

    def secret(self, key: str, file: str) -> str:
        """Return the one line of a file that holds a secret; ``Misuse`` naming the configuration's ``key`` when there is none."""
        try:
            text = (self.directory / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Misuse(CONFIG_INVALID, field=key, file=str(self.file), problem=f"{key}: {type(error).__name__}") from None
        if not text:
            raise Misuse(CONFIG_INVALID, field=key, file=str(self.file), problem=f"{key}: empty")
        return text

    def service_url(self, key: str, url: str) -> str:
        """Return the address of somebody's service, which has a path; ``Misuse`` naming the configuration's ``key`` when it will not do."""
        fault = find_url_fault(url) or ("" if urlsplit(url).path.strip("/") else "it needs a path")
        if fault:
            raise Misuse(CONFIG_INVALID, field=key, file=str(self.file), problem=f"{key}: {fault}")
        return url

    def passphrase(self) -> bytes:
        """Return the key store's passphrase; ``Misuse`` when there is none."""
        file = self.directory / self.settings.keys.passphrase_file
        content = _secret(PASSPHRASE_VARIABLE, file)
        if not content:
            raise Misuse(PASSPHRASE_MISSING, file=str(file))
        return content

    def pin(self) -> str:
        """Return the token's PIN; ``Misuse`` when there is none."""
        file = self.directory / self.settings.keys.pin_file
        content = _secret(PIN_VARIABLE, file)
        if not content:
            raise Misuse(PIN_MISSING, file=str(file))
        return content.decode(errors="replace")


def _secret(variable: str, file: Path) -> bytes:
    """Return what the environment or the file says, nothing when neither does."""
    value = os.environ.get(variable)
    if value:
        return value.encode()
    try:
        return file.read_bytes().strip()
    except OSError:
        return b""


def load_config(file: Path) -> Config:
    """Read the configuration in ``file``; ``Misuse`` naming file and key when it is missing, not TOML, or says something unknown."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misuse(CONFIG_INVALID, file=str(file), problem=getattr(error, "strerror", None) or str(error)) from None
    try:
        settings = Settings.model_validate_json(json.dumps(document, default=str))  # JSON mode: an array may stand for a tuple
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise Misuse(CONFIG_INVALID, field=key, file=str(file), problem=f"{key}: {first['msg']}") from None
    return Config(file.resolve(), settings)


def _networks(file: Path, texts: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return parse_networks(texts)
    except ValueError as error:
        key = "listen.trusted_proxies"
        raise Misuse(CONFIG_INVALID, field=key, file=str(file), problem=f"{key}: {error}") from None


def _check_mutual_tls(file: Path, listen: ListenTable) -> None:
    key, url = "listen.mutual_tls_url", listen.mutual_tls_url
    if url is None:
        return
    fault = find_url_fault(url) if listen.client_certificates else "it needs client_certificates = true"
    if fault or url.endswith("/"):
        raise Misuse(CONFIG_INVALID, field=key, file=str(file), problem=f"{key}: {fault or 'no / at the end'}")


def _node(file: Path, table: NodeTable) -> Node:
    level = area_level(table.code)
    faults = {
        "code": not is_area_code(table.code) and "six digits (GB/T 2260)",
        "url": find_url_fault(table.url),
        "city": level != "province" and table.city is None and "the city's name is needed",
        "county": level == "county" and table.county is None and "the county's name is needed",
    }
    for key, fault in faults.items():
        if fault:
            raise Misuse(CONFIG_INVALID, field=f"node.{key}", file=str(file), problem=f"node.{key}: {fault}")
    places = (("ST", table.province), ("L", table.city), ("O", table.county))
    deep = {"province": 1, "city": 2, "county": 3}[level]
    names = [("C", "CN"), *((short, value) for short, value in places[:deep] if value)]
    return Node(table.code, table.name, level, table.url.rstrip("/"), tuple(names))
