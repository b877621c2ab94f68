"""Every route × every kind of person × what no honest browser sends. Driven from the list of routes: a new one is tested by being there.

Left to others: octets on the wire (``test_hostile_requests``), machines' endpoints (``test_schemathesis``), what a page's own refusals say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import idp.storage
from idp.browsers import sessions
from idp.browsers.sessions import Device
from service import audit
from service.app import create_app
from service.csrf import MACHINE_PREFIXES
from service.metrics import Metrics
from tests.support.lone_node import LoneNode, lone_node

PEOPLE: dict[str, dict[str, Any]] = {
    "citizen": {"name": "陈晓潮", "resident_id": "445102198806123626", "real_name_level": 4},
    "thief": {"name": "王路人", "resident_id": "445122197511034512", "real_name_level": 4},
    "clerk": {"name": "林文书", "kind": "staff", "roles": ("clerk",)},
    "department_admin": {"name": "黄部门", "kind": "staff", "roles": ("department_admin",)},
    "auditor": {"name": "吴审计", "kind": "staff", "roles": ("auditor",)},
    "security_admin": {"name": "郑安全", "kind": "security_admin", "roles": ("security_admin",)},
}
HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "an attribute": "\"'><img src=x onerror=alert(1)>",
    "another host": "//evil.example/\\evil.example",
    "a path": "../../../../../../etc/passwd",
    "a query": "' OR '1'='1' --",
    "what cannot be seen": "\u202e陈\x00晓\r\nSet-Cookie: taken=over",
    "too much": "9" * 20_000,
}
PRIVILEGES = {
    "roles": "security_admin",
    "role": "security_admin",
    "kind": "security_admin",
    "real_name_level": "5",
    "is_admin": "1",
}
BROKEN_OUT = re.compile(r"<script>alert|<img src=x|root:.*:0:0:")
SAFE_BODIES = ("application/problem+json", "application/json", "text/plain")
ROOT = Path(__file__).parents[2]
FIELD = re.compile(r"""(?:request\.(?:args|form|values)(?:\.get\(|\[)|\bname=)["']([a-z_]{1,40})["']""")


TAKEN_BACK = {
    "idp.submit_rename": "idp.submit_rename",
    "idp.remove_authenticator": "fresh",
    "idp.begin_closing": "idp.cancel_closing",
    "idp.cancel_closing": "idp.begin_closing",
    "idp.withdraw_consent": "anew",
    "idp.send_code": "nothing",
    "idp.confirm_contact": "fresh",
    "idp.remove_contact": "idp.confirm_contact",
    "idp.export_person": "nothing",
    "idp.prove_by_certificate": "anew",
    "idp.begin_document_check": "nothing",
    "idp.prove_by_register": "anew",
    "idp.make_window_code": "nothing",
    "wallet.show_at_counter": "wallet.revoke",
    "wallet.share": "wallet.revoke",
    "wallet.decide": "wallet.decide",
    "wallet.revoke": "wallet.share",
    "idp.accept_mandate": "idp.resign_mandate",
    "idp.refuse_mandate": "anew",
    "idp.resign_mandate": "anew",
    "idp.claim_organization": "anew",
    "idp.appoint_agent": "idp.revoke_mandate",
    "idp.revoke_mandate": "idp.appoint_agent",
    "idp.withdraw_offer": "idp.appoint_agent",
    "idp.close_own_login": "fresh",
    "idp.submit_new_passkey": "idp.remove_authenticator",
    "idp.submit_new_certificate": "idp.remove_authenticator",
    "idp.submit_new_password": "fresh",
    "idp.make_recovery_codes": "idp.make_recovery_codes",
    "idp.submit_new_totp": "idp.remove_authenticator",
    "idp.cancel_recovery": "anew",
    "idp.end_session": "anew",
    "idp.end_all_sessions": "anew",
}
"""How each form of the account is taken back: by another form; ``anew`` by logging in, asking or proving once more; ``nothing`` was
changed; ``fresh``: for good, so it takes a login of just now and says so before."""


class Walk:
    """A node's pages in this process, and people who are logged in there."""

    def __init__(self, node: LoneNode) -> None:
        self.node = node
        self.deps = node.services.idp
        self.app: Flask = create_app(node.services, Metrics())
        self.account_ids = {name: self.add(name, described) for name, described in PEOPLE.items()}
        self.fields = field_names()
        taken = self.app.test_client().get("/login")
        self.form_cookie = taken.headers.getlist("Set-Cookie")
        self.form_token = re.findall(r'name="csrf_token" value="([0-9a-f]+)"', taken.text)[0]

    def add(self, name: str, described: dict[str, Any]) -> str:
        """Add somebody, and return which account is theirs."""
        secret = None if "resident_id" in described else pyotp.random_base32()
        self.node.add_account(name.replace("_", "-"), totp_secret=secret, **described)
        with self.deps.work.read() as work:
            account = work.records.find_username(name.replace("_", "-"))
        assert account is not None
        return account.id

    def browser(self, who: str | None) -> FlaskClient:
        """Return a browser in which ``who`` has just logged in with two factors; a stranger's for None."""
        client = self.app.test_client()
        if who is not None:
            with self.deps.work.begin() as work:
                started = sessions.start(work, self.deps, self.account_ids[who], ("pwd", "otp"), Device("192.0.2.7", "a test"))
            client.set_cookie(self.deps.node.cookie("session"), started.cookie, domain="localhost")
        for name, value in (each.split(";", 1)[0].split("=", 1) for each in self.form_cookie):
            client.set_cookie(name, value, domain="localhost")
        return client

    def audited(self) -> int:
        """Return how many events the audit trail holds."""
        with self.node.services.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(audit.events)).scalar_one()

    def rules(self, method: str) -> Iterator[Rule]:
        """Return the routes of pages that take ``method``; files and machines' endpoints have tests of their own."""
        for rule in sorted(self.app.url_map.iter_rules(), key=lambda rule: rule.rule):
            machine = rule.rule.startswith(MACHINE_PREFIXES) or "static" in rule.endpoint
            if method in (rule.methods or ()) and not machine:
                yield rule


def field_names() -> frozenset[str]:
    """Return the names of all fields that any page's form or view speaks of."""
    found: set[str] = set()
    for room in ("admin_ui", "idp", "licenses", "service"):
        files = [*(ROOT / room).rglob("*.html"), *(ROOT / room).rglob("view*/*.py"), *(ROOT / room).rglob("view*.py")]
        found |= {name for file in files for name in FIELD.findall(file.read_text(encoding="utf-8"))}
    return frozenset(found - {"csrf_token", "lang", "viewport"})


def address(rule: Rule, value: str) -> str:
    """Return the address of ``rule`` with ``value`` in each place that varies, as a browser would write it."""
    varied = re.sub(r"<any\(([a-z_]+)[^>]*>", r"\1", rule.rule)
    return re.sub(r"<[^>]+>", quote(value, safe="")[:300].replace("\\", "\\\\"), varied)


def assert_harmless(answer: TestResponse, what: str) -> None:
    assert answer.status_code < 500 or answer.status_code == 503, f"{what}: {answer.status_code}\n{answer.text[:2000]}"
    if answer.mimetype not in SAFE_BODIES:
        assert not BROKEN_OUT.search(answer.get_data(as_text=True)), what
    assert "taken" not in " ".join(answer.headers.getlist("Set-Cookie")), what
    location = answer.headers.get("Location", "/")
    assert re.match(r"/(?![/\\])|http://localhost:\d+/", location), f"{what}: {location}"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], what
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"], what


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with lone_node(tmp_path_factory.mktemp("every-route")) as node:
        yield Walk(node)


def test_the_walk_knows_fields_and_routes(walk: Walk) -> None:
    assert {"username", "password", "q", "client"} <= walk.fields
    assert {"idp.show_login", "idp.show_account", "admin.dashboard", "licenses.verify_page"} <= {
        rule.endpoint for rule in walk.rules("GET")
    }
    assert len(list(walk.rules("POST"))) > 20


def test_each_form_of_the_account_is_told_of_with_how_it_is_taken_back(walk: Walk) -> None:
    forms = {rule.endpoint for rule in walk.rules("POST") if rule.rule.startswith("/account")}
    assert forms == set(TAKEN_BACK)
    assert {by for by in TAKEN_BACK.values() if by not in {"nothing", "fresh", "anew"}} <= forms


@pytest.mark.parametrize("what", HOSTILE)
def test_no_address_and_no_query_breaks_out_of_a_page(walk: Walk, what: str) -> None:
    value = HOSTILE[what]
    query = dict.fromkeys(sorted(walk.fields), value[:2000])
    for who in (None, "citizen", "security_admin"):
        browser = walk.browser(who)
        for rule in walk.rules("GET"):
            assert_harmless(browser.get(address(rule, value), query_string=query), f"{rule.rule} for {who}")


@pytest.mark.parametrize("what", HOSTILE)
def test_no_form_breaks_out_of_a_page_and_none_gives_privileges(walk: Walk, what: str) -> None:
    form = dict.fromkeys(sorted(walk.fields), HOSTILE[what]) | PRIVILEGES | {"csrf_token": walk.form_token}
    stopped = 0
    for who in (None, "citizen", "security_admin"):
        for rule in walk.rules("POST"):
            answer = walk.browser(who).post(address(rule, HOSTILE[what]), data=form)
            assert_harmless(answer, f"{rule.rule} for {who}")
            stopped += "form_expired" in answer.text
    assert not stopped, "the forms never got as far as to be read"
    for who in ("citizen", "security_admin"):  # what was stored meanwhile
        for rule in walk.rules("GET"):
            assert_harmless(walk.browser(who).get(rule.rule), f"{rule.rule} for {who} afterwards")
    with walk.deps.work.read() as work:
        for name, described in PEOPLE.items():
            account = work.records.find_username(name.replace("_", "-"))
            assert account is not None
            assert account.roles == described.get("roles", ())
            assert account.real_name_level == described.get("real_name_level", account.real_name_level)


@pytest.mark.parametrize("path", ["/account/organizations", "/admin/licenses/batches/new", "/verify", "/login"])
def test_what_is_too_large_is_told_to_be_so(walk: Walk, path: str) -> None:
    said = walk.browser("security_admin").post(
        path, data=b"x", content_type="application/x-www-form-urlencoded", environ_overrides={"CONTENT_LENGTH": str(2**31)}
    )
    assert (said.status_code, "Content-Security-Policy" in said.headers) == (413, True)


def test_a_form_from_elsewhere_changes_nothing(walk: Walk) -> None:
    for who in (None, "citizen", "security_admin"):
        browser = walk.browser(who)
        before = walk.audited()
        for rule in walk.rules("POST"):
            answer = browser.post(address(rule, "x"), data=dict.fromkeys(walk.fields, "x"))
            assert answer.status_code == 403, f"{rule.rule} for {who}: {answer.status_code}"
            theirs = browser.post(
                address(rule, "x"), data={"csrf_token": walk.form_token}, headers={"Origin": "https://evil.example"}
            )
            assert theirs.status_code == 403, f"{rule.rule} for {who}: {theirs.status_code}"
        assert walk.audited() == before


def rows_of(walk: Walk, account_id: str) -> dict[str, list[tuple[object, ...]]]:
    """Return everything that the identity room stores of one account."""
    with walk.node.services.engine.connect() as connection:
        tables = [table for table in idp.storage.metadata.tables.values() if "account_id" in table.columns]
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).where(table.c.account_id == account_id))]
            for table in tables
        }


def test_nobody_reads_or_changes_what_is_anothers_by_knowing_what_it_is_called(walk: Walk) -> None:
    victim = walk.account_ids["citizen"]
    walk.browser("citizen")  # a session of theirs
    before = rows_of(walk, victim)
    names = {
        str(value)
        for rows in before.values()
        for row in rows[:1]
        for value in row
        if isinstance(value, str) and 8 < len(value) < 100
    }
    names |= {victim, "citizen"}
    assert len(names) > 5
    # They count tries against whoever is named; a login is reported by whoever holds its code.
    doors = ("/login", "/recovery", "/register", "/report")
    stolen = [rule for rule in walk.rules("POST") if not rule.rule.startswith(doors)]
    thief = walk.browser("thief")
    for name in sorted(names):
        for rule in walk.rules("GET"):
            if "<" in rule.rule:
                page = thief.get(address(rule, name)).text
                assert "陈晓潮" not in page, rule.rule
                assert "445102198806123626" not in page, rule.rule
        form = dict.fromkeys(sorted(walk.fields), name) | {"csrf_token": walk.form_token}
        thief = walk.browser("thief")  # who may have logged themselves out
        for rule in stolen:
            assert_harmless(thief.post(address(rule, name), data=form), rule.rule)
    assert rows_of(walk, victim) == before
