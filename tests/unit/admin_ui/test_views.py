"""Every address of the console × every role: driven from the list of routes, so that a new one is tested by being there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from flask import Flask

from admin_ui.ports import AdminDeps, AdminVisitor
from admin_ui.views import make_blueprint
from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.nodes import Node
from policies.loader import load

LICENSES = "/admin/licenses"  # another role's: test_licenses
AAL1, AAL2 = "urn:chaoxin:aal:1", "urn:chaoxin:aal:2"
NODE = Node("445122", "饶平县", "county", "http://localhost:8102", (("C", "CN"),))


@dataclass(frozen=True)
class Somebody:
    roles: tuple[str, ...]
    acr: str = AAL2
    account_id: str = "a1"
    name: str = "林思敏"
    username: str = "linsimin"
    organization: str | None = None


@dataclass
class Door:
    """Who is at the door."""

    visitor: AdminVisitor | None = None

    def current(self) -> AdminVisitor | None:
        return self.visitor


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def app(door: Door, clock: FixedClock) -> Flask:
    """The console with nothing behind it: whoever gets past the door falls into the void, which is an error here."""
    void = cast("Any", None)
    deps = AdminDeps(NODE, load(None), pki=void, crosscert=void, licenses=void, idp=void, clock=clock, audit=void, visitors=door)
    app = Flask(__name__)
    app.register_blueprint(make_blueprint(deps))

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[str, int]:
        return error.code, error.error.status

    return app


def addresses(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin") and not rule.rule.startswith(LICENSES) and "GET" in (rule.methods or ()):
            yield re.sub(r"<\w+>", "7a3f", rule.rule)


def test_the_walk_finds_the_pages(app: Flask) -> None:
    assert {
        "/admin/",
        "/admin/certificates",
        "/admin/certificates/7a3f",
        "/admin/federation",
        "/admin/clients",
        "/admin/audit",
    } <= set(addresses(app))
    assert all("<" not in address for address in addresses(app))


def test_strangers_are_sent_to_the_login(app: Flask) -> None:
    for address in addresses(app):
        answer = app.test_client().get(address)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


@pytest.mark.parametrize("roles", [(), ("clerk",), ("department_admin",), ("clerk", "department_admin"), ("administrator",)])
def test_other_roles_see_nothing(app: Flask, door: Door, roles: tuple[str, ...]) -> None:
    door.visitor = Somebody(roles)
    for address in addresses(app):
        answer = app.test_client().get(address)
        assert (answer.status_code, answer.text) == (403, "admin_role_needed")


@pytest.mark.parametrize("role", ["security_admin", "auditor"])
def test_admins_without_a_second_factor_see_nothing(app: Flask, door: Door, role: str) -> None:
    door.visitor = Somebody((role,), AAL1)
    for address in addresses(app):
        answer = app.test_client().get(address)
        assert (answer.status_code, answer.text) == (403, "stronger_login_needed")


@pytest.mark.parametrize("role", ["security_admin", "auditor"])
def test_admins_with_a_second_factor_get_past_the_door(app: Flask, door: Door, role: str) -> None:
    door.visitor = Somebody((role,))
    app.testing = True
    for address in addresses(app):
        with pytest.raises(AttributeError, match="'NoneType'"):  # the void behind the door
            app.test_client().get(address)


def actions(app: Flask) -> set[str]:
    rules = [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith(LICENSES)]
    return {rule.rule for rule in rules if rule.rule.startswith("/admin") and "POST" in (rule.methods or ())}


def test_the_console_reads_but_for_a_few_actions_of_their_own_addresses(app: Flask) -> None:
    assert actions(app) == {"/admin/logouts/retry"}
    assert not actions(app) & set(addresses(app))


def test_actions_are_for_security_admins_with_a_second_factor(app: Flask, door: Door) -> None:
    app.testing = True
    for address in actions(app):
        assert app.test_client().post(address).headers["Location"] == "/login"
        for visitor in (Somebody(("auditor",)), Somebody(("security_admin",), AAL1)):
            door.visitor = visitor
            assert app.test_client().post(address).status_code == 403
        door.visitor = Somebody(("security_admin",))
        with pytest.raises(AttributeError, match="'NoneType'"):
            app.test_client().post(address)
        door.visitor = None
