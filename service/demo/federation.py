"""Builds the demo: every step looks at what is there, so a run that was killed anywhere is simply repeated.

Left to others: what is planned (``plan``), its secrets (``secrets``), the processes (``processes``), the sites (``departments``), the registers
(``register``), telling of it (``description``).
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from crosscert.federation import sync
from idp.clients import registry
from idp.clients.checks import missing_for_production
from idp.clients.grant_types import DEVICE_CODE
from idp.people import accounts
from idp.records import Client
from kernel.rows import open_rows
from licenses import batch, departments, recover
from policies.loader import TYPES
from service.cli.init import configuration, initialise, write_new_files
from service.config import load_config
from service.demo import plan, trust
from service.demo.departments import SiteSettings
from service.demo.outside import Outside
from service.demo.processes import Processes
from service.demo.secrets import Secrets, load_secrets
from service.files import write_whole
from service.wiring import Services

OPERATOR = "operator:demo"
PORTS = plan.REGISTER + 1
DATABASE = "sqlite:///node.sqlite"
POLICIES = "policies"


@dataclass(frozen=True, slots=True)
class Step:
    """Something to build, with a name for the progress bar."""

    name: str
    act: Callable[[], None]


class Demo:
    """The federation in ``directory``, on the ports from ``first_port`` on; in ``database``, ``{code}`` stands for a node's area code."""

    def __init__(self, directory: Path, first_port: int, database: str = DATABASE) -> None:
        self.directory = directory
        self.first_port = first_port
        self.database = database

    def url(self, offset: int) -> str:
        """Return the address of the node or site with this port offset."""
        return f"http://localhost:{self.first_port + offset}"

    def config_file(self, code: str) -> Path:
        """Return the configuration file of a node."""
        return self.directory / code / "chaoxin.toml"

    @cached_property
    def secrets(self) -> Secrets:
        """The demo's secrets."""
        self.directory.mkdir(parents=True, exist_ok=True)
        return load_secrets(self.directory / "secrets.json")

    @cached_property
    def outside(self) -> Outside:
        """What the nodes ask and write to outside."""
        return Outside(self.directory, self.first_port + plan.REGISTER)

    @cached_property
    def nodes(self) -> Mapping[str, Services]:
        """The nodes, opened; they exist once the first steps have run."""
        return {node.code: Services(load_config(self.config_file(node.code))) for node in plan.NODES}

    def steps(self) -> Sequence[Step]:
        """Return what is to be done, in order."""
        nodes = plan.NODES
        return [
            *(Step(f"{node.name} CA", partial(self._make_node, node)) for node in nodes),
            *(Step(f"{node.name} 部门", partial(self._import_departments, node.code)) for node in nodes),
            Step("交叉认证", lambda: trust.cross_certify(self.nodes, bridge=plan.CITY)),
            *(Step(account.name, partial(self._add_account, account)) for account in plan.ACCOUNTS),
            *(Step(client.name, partial(self._add_client, client)) for client in plan.CLIENTS),
            Step(plan.KIOSK.name, partial(self._add_kiosk, plan.KIOSK)),
            *(Step(f"{node.name} 证照", partial(self._issue, node.code)) for node in nodes),
        ]

    # Building

    def _make_node(self, node: plan.PlannedNode) -> None:
        folder = self.directory / node.code
        options: dict[str, str | int | None] = {
            "code": node.code,
            "name": node.name,
            "url": self.url(node.offset),
            "port": self.first_port + node.offset,
            "province": "广东省",
            "city": "潮州市",
            "county": node.county,
            "database": self.database.replace("{code}", node.code),
        }
        (folder / POLICIES / TYPES).mkdir(parents=True, exist_ok=True)  # for what is added at the console
        write_new_files(
            folder, configuration(options) + f'\n[policies]\ndirectory = "{POLICIES}"\n' + self.outside.configuration()
        )
        with Services(load_config(self.config_file(node.code))) as services:
            initialise(services)
            recover.finish_or_void(services.licenses)

    def _import_departments(self, code: str) -> None:
        with (plan.DATA / "departments.csv").open("rb") as stream:
            file = open_rows(stream, "departments.csv", departments.COLUMNS, max_rows=departments.MAX_ROWS)
            departments.import_departments(self.nodes[code].licenses, file, actor=OPERATOR)

    def _add_account(self, planned: plan.PlannedAccount) -> None:
        deps = self.nodes[planned.node].idp
        if accounts.find_by_username(deps, planned.username) is None:
            new = accounts.NewAccount(
                username=planned.username,
                kind=planned.kind,
                name=planned.name,
                password=self.secrets.passwords[planned.username],
                resident_id=planned.resident_id,
                uscc=planned.uscc,
                phone=planned.phone,
                email=planned.email,
                address=planned.address,
                real_name_level=planned.real_name_level,
                proofed_by=planned.proofed_by,
                organization=planned.organization,
                department=planned.department,
                roles=planned.roles,
                totp_secret=self.secrets.totp.get(planned.username),
            )
            accounts.create(deps, new, actor=OPERATOR)

    def _add_client(self, planned: plan.PlannedClient) -> None:
        deps = self.nodes[planned.node].idp
        if registry.find(deps, planned.client_id) is None:
            secret = self.secrets.clients.get(planned.client_id)
            registry.register(deps, self._new_client(planned), client_secret=secret, actor=OPERATOR)

    def _new_client(self, planned: plan.PlannedClient) -> Client:
        home = self.home(planned)
        jwk = self.secrets.jwks.get(planned.client_id)
        public = {name: value for name, value in jwk.items() if name != "d"} if jwk else None
        client = Client(
            client_id=planned.client_id,
            name=planned.name,
            task=planned.task,
            department=planned.department,
            token_endpoint_auth_method=planned.auth_method,
            redirect_uris=(f"{home}callback",),
            post_logout_redirect_uris=(home,),
            backchannel_logout_uri=f"{home}backchannel-logout" if planned.site is not None else None,
            scopes=tuple(planned.scope.split()),
            grant_types=planned.grant_types,
            jwks={"keys": [public]} if public else None,
            home_url=home if planned.site is not None else None,
        )
        return client if missing_for_production(client) else replace(client, stage="production")

    def _add_kiosk(self, planned: plan.PlannedKiosk) -> None:
        deps = self.nodes[planned.node].idp
        if registry.find(deps, planned.client_id) is None:
            client = Client(
                client_id=planned.client_id,
                name=planned.name,
                department=planned.department,
                hall=planned.hall,
                token_endpoint_auth_method="none",  # noqa: S106 - a method's name
                scopes=("openid", "profile"),
                grant_types=(DEVICE_CODE,),
            )
            registry.register(deps, client, actor=OPERATOR)

    def home(self, planned: plan.PlannedClient) -> str:
        """Return where a client's own address is."""
        # Clients without a site of their own are for programs that listen on a port of their choice (RFC 8252 7.3).
        return f"{self.url(planned.site)}/" if planned.site is not None else "http://127.0.0.1:9000/"

    def _issue(self, code: str) -> None:
        services = self.nodes[code]
        with io.BytesIO(_applications(code)) as stream:
            file = batch.open_file(services.licenses, stream, "demo-licenses.csv")
            folder = services.config.licenses_directory
            folder.mkdir(exist_ok=True)
            refused = [
                row for row in batch.issue_file(services.licenses, file, folder, actor=OPERATOR) if row.outcome == "refused"
            ]
        if refused:
            message = f"the demo's own applications were refused: {refused}"
            raise RuntimeError(message)

    # Running

    def start(self, processes: Processes) -> None:
        """Start every node and the departments' sites."""
        for services in self.nodes.values():
            services.engine.dispose()
        environment = self._environment()
        for node in plan.NODES:
            arguments = ("--config", str(self.config_file(node.code)))
            processes.start(f"{node.code}-serve", "service.cli", *arguments, "serve", environment=environment)
        for client in plan.CLIENTS:
            if client.site is not None:
                settings = self._write_site_settings(client)
                processes.start(f"site-{client.client_id}", "service.demo.departments", str(settings), environment=environment)
        processes.start("register", "service.demo.register", str(self.outside.write_settings()), environment=environment)

    def start_workers(self, processes: Processes) -> None:
        """Start every node's scheduled work: last, since nobody waits for it."""
        for node in plan.NODES:
            arguments = ("--config", str(self.config_file(node.code)))
            processes.start(f"{node.code}-worker", "service.cli", *arguments, "worker", environment=self._environment())

    def _environment(self) -> dict[str, str]:
        # What names a node or its secrets to whoever started the demo is not for its processes.
        return {key: value for key, value in os.environ.items() if not key.startswith("CHAOXIN_")}

    def _write_site_settings(self, client: plan.PlannedClient) -> Path:
        if client.site is None:
            raise ValueError(client.client_id)
        settings: SiteSettings = {
            "name": client.name,
            "task": client.task,
            "port": self.first_port + client.site,
            "issuer": self.nodes[client.node].node.url,
            "client_id": client.client_id,
            "client_secret": self.secrets.clients[client.client_id],
            "scope": client.scope,
            "session_key": self.secrets.session_keys[client.client_id],
            "cookie": f"site_{client.client_id}",
        }
        file = self.directory / f"site-{client.client_id}.json"
        write_whole(file, json.dumps(settings, ensure_ascii=False).encode(), 0o600)
        return file

    def ready_urls(self) -> Sequence[str]:
        """Return the addresses that must answer before the demo is said to run."""
        sites = [f"{self.url(client.site)}/" for client in plan.CLIENTS if client.site is not None]
        return [*(f"{self.url(node.offset)}/readyz" for node in plan.NODES), *sites, f"{self.url(plan.REGISTER)}/healthz"]

    def synchronise(self) -> None:
        """Let every node fetch what the others publish: counties learn of each other through the city, so twice."""
        for _round in range(2):
            for services in self.nodes.values():
                sync.sync_all(services.crosscert)


def _applications(code: str) -> bytes:
    """Return the demo's applications for one node's own area."""
    with (plan.DATA / "demo-licenses.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(row for row in reader if row["area_code"] == code)
    return text.getvalue().encode()
