"""Every page of a node that has a million certificates, licences, people and events: the CPU time of the server and of PostgreSQL.

Whoever may see most goes through all pages that take no name, and through those of one thing with a name; of lists also what their filters
find nowhere, which is the dearest. What is told is the slowest. Left to others: the numbers of rows (``crowd``), machines' endpoints.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from benchmarks import crowd
from benchmarks.figures import Figure
from benchmarks.servers import cpu_milliseconds_of
from idp.browsers import sessions
from idp.browsers.sessions import Device
from licenses.issue import issue_many
from service.app import create_app
from service.csrf import MACHINE_PREFIXES
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing
from tests.support.bound_client import issued
from tests.support.databases import PostgresServer
from tests.support.idp import TOTP_SECRET, add_account, add_client
from tests.support.license_node import license_node

ROWS = 1_000_000
LIMIT = 50.0
_SLOWEST = 15
_HOLDER = "445102198806123626"
_DEPARTMENT = "潮州市市场监督管理局"
_PEOPLE: Mapping[str, dict[str, Any]] = {
    "citizen": {"name": "陈晓潮", "resident_id": _HOLDER, "real_name_level": 4, "email": "c@example.cn"},
    "clerk": {"name": "林文书", "kind": "staff", "roles": ("clerk",)},
    "department_admin": {"name": "黄部门", "kind": "staff", "roles": ("department_admin",), "organization": _DEPARTMENT},
    "security_admin": {"name": "郑安全", "kind": "security_admin", "roles": ("security_admin",)},
}
_LEFT_OUT = ("/admin/audit/events.jsonl", "/licenses/status")
"""A whole table, streamed; and a list that the copies, which have no place on it, would break."""


def measure() -> Iterator[Figure]:
    """Fill a node, go through its pages, and tell of the slowest."""
    with (
        tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder,
        PostgresServer() as server,
        server.database() as url,
        license_node(Path(folder), 18780, database=url) as services,
    ):
        app = create_app(services, Metrics())
        browsers = {who: _log_in(services, app, who, described) for who, described in _PEOPLE.items()}
        named = _fill(services)
        found = {}
        for who, browser in browsers.items():
            for address in (*_unnamed(app), *named):
                console = address.startswith("/admin")
                if console is (who != "citizen") and browser.get(address).status_code == 200:
                    found[address, who] = cpu_milliseconds_of(server.pid, partial(browser.get, address))
                    print(f"{found[address, who]:8.1f} ms  {address}  {who}", file=sys.stderr)
        for (address, who), milliseconds in sorted(found.items(), key=lambda each: -each[1])[:_SLOWEST]:
            yield Figure(f"{address} for {who}", milliseconds, "ms CPU", "limit", LIMIT)


def _log_in(services: Services, app: Flask, username: str, described: dict[str, Any]) -> FlaskClient:
    secret = None if "resident_id" in described else TOTP_SECRET
    account = add_account(services.idp, username.replace("_", "-"), totp_secret=secret, **described)
    with services.idp.work.begin() as work:
        started = sessions.start(work, services.idp, account.id, ("pwd", "otp"), Device("192.0.2.7", "a bench"))
    client = app.test_client()
    client.set_cookie(services.node.cookie("session"), started.cookie, domain="localhost")
    return client


def _fill(services: Services) -> Sequence[str]:
    """Store what the node makes itself and its copies; return the addresses of things with a name."""
    deps, engine = services.licenses, services.engine
    asked = [issuing.application(deps, number=f"44512220210000{number:04}") for number in range(60)]
    license_ = issue_many(deps, asked, actor="operator:bench")[0].record  # type: ignore[union-attr]
    serial = issued(services.idp).serial
    for number in range(300):
        add_client(services.idp, f"system-{number}")
    crowd.people(engine, ROWS)
    crowd.certificates(engine, ROWS)
    crowd.issued_licenses(engine, ROWS)
    crowd.trail(engine, ROWS)
    crowd.analyze(engine)
    return (
        f"/admin/certificates/{serial}",
        "/admin/certificates?profile=tls_client&after=28",
        "/admin/certificates?profile=ocsp_responder",
        "/admin/certificates?ca=principal",
        "/admin/certificates?ca=issuing&profile=nothing",
        f"/admin/licenses/{license_.identifier}",
        f"/admin/licenses?number={license_.number}",
        "/admin/licenses?number=copy7",
        f"/admin/licenses?holder_id={_HOLDER}",
        "/admin/licenses?status=05",
        "/admin/licenses?type_code=11440000MB2D0339XY002",
        "/admin/licenses?type_code=11440000MB2D0339XY002&status=02",
        "/admin/audit?q=nobody-at-all",
        "/admin/audit?q=system-7",
        "/admin/audit?before=-900000",
        "/admin/clients/system-7",
        "/account/history?before=-1",
    )


def _unnamed(app: Flask) -> Sequence[str]:
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    return [
        rule.rule
        for rule in sorted(rules, key=lambda rule: rule.rule)
        if not rule.rule.startswith(MACHINE_PREFIXES) and rule.rule not in _LEFT_OUT
    ]
