"""Every address of the console × every role: driven from the list of routes, so that a new one is tested by being there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from flask import Flask

from admin_ui.acts import ACTS
from admin_ui.ports import AdminDeps
from admin_ui.views import make_blueprint
from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.nodes import Node
from policies.loader import load
from tests.support.console import Admin, Door

AAL1 = "urn:chaoxin:aal:1"
NODE = Node("445122", "饶平县", "county", "http://localhost:8102", (("C", "CN"),))


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def app(door: Door, clock: FixedClock) -> Flask:
    """The console with nothing behind it: whoever gets past the door falls into the void, which is an error here."""
    void = cast("Any", None)
    deps = AdminDeps(
        NODE,
        load(None),
        pki=void,
        crosscert=void,
        licenses=void,
        idp=void,
        clock=clock,
        audit=void,
        visitors=door,
        in_background=void,
        failed_jobs=void,
        type_fault=void,
    )
    app = Flask(__name__)
    app.register_blueprint(make_blueprint(deps))

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[str, int]:
        return error.code, error.error.status

    return app


def address_of(rule: str) -> str:
    """Return an address of a route: with the first of a choice, or with something, in each place that varies."""
    return re.sub(r"<[^>]+>", "7a3f", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule))


def pages(app: Flask) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every page and act of the console: method, address with something in each place that varies, permissions of which one suffices."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin"):
            for method in (rule.methods or set()) & {"GET", "POST"}:
                yield method, address_of(rule.rule), app.view_functions[rule.endpoint].__dict__["permissions"]


def roles_of(permissions: tuple[str, ...]) -> set[str]:
    return {name for name, role in load(None).roles.roles.items() if set(permissions) & set(role.permissions)}


def test_the_walk_finds_the_pages(app: Flask) -> None:
    found = {(method, address) for method, address, _ in pages(app)}
    assert {("GET", "/admin/"), ("GET", "/admin/certificates/7a3f"), ("POST", "/admin/agreements/7a3f/approve")} <= found
    assert all(roles_of(permissions) for _, _, permissions in pages(app)), "a page that nobody may see"


def test_strangers_are_sent_to_the_login(app: Flask) -> None:
    for method, address, _ in pages(app):
        answer = app.test_client().open(address, method=method)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


@pytest.mark.parametrize("role", [*load(None).roles.roles, "administrator", ""])
def test_a_role_gets_in_where_it_has_the_permission_and_nowhere_else(app: Flask, door: Door, role: str) -> None:
    door.visitor = Admin(roles=(role,))
    for method, address, permissions in pages(app):
        answer = app.test_client().open(address, method=method)
        if role in roles_of(permissions):
            assert answer.status_code == 500, address  # the void behind the door
        else:
            assert (answer.status_code, answer.text) == (403, "admin_role_needed"), address


@pytest.mark.parametrize("role", load(None).roles.roles)
def test_nobody_gets_in_without_a_second_factor(app: Flask, door: Door, role: str) -> None:
    door.visitor = Admin(roles=(role,), acr=AAL1)
    for method, address, permissions in pages(app):
        answer = app.test_client().open(address, method=method)
        reason = "stronger_login_needed" if role in roles_of(permissions) else "admin_role_needed"
        assert (answer.status_code, answer.text) == (403, reason)


def acts_of(app: Flask) -> dict[str, str]:
    """Every form of the console: its endpoint, and an address of it."""
    forms = (rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.") and "POST" in (rule.methods or ()))
    return {rule.endpoint.removeprefix("admin."): address_of(rule.rule) for rule in forms}


def test_each_form_is_told_of_with_how_it_is_taken_back(app: Flask) -> None:
    assert set(acts_of(app)) == set(ACTS)
    for name, act in ACTS.items():
        assert (act.by in ACTS) if act.undone in {"opposite", "reviewed"} else not act.by, name
        assert act.fresh or act.undone == "nothing" or name in {"apply", "take_batch"}, name


def test_what_changes_something_wants_a_login_of_just_now(app: Flask, door: Door, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=1))
    door.visitor = Admin(roles=tuple(load(None).roles.roles))
    for name, address in acts_of(app).items():
        answer = app.test_client().post(address)
        if ACTS[name].fresh:
            assert (answer.status_code, answer.text) == (403, "fresher_login_needed"), address
        else:
            assert answer.status_code == 500, address  # the void behind the door
