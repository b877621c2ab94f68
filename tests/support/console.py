"""The console of one node on a test's own dependencies, and whoever stands at its door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask, render_template
from flask_bootstrap import Bootstrap5

from admin_ui.ports import AdminDeps, AdminVisitor
from admin_ui.views import make_blueprint
from crosscert.ports import CrosscertDeps
from kernel.clock import SystemClock
from kernel.errors import Refusal
from policies.loader import load
from service import headers, i18n
from service.frame import Frame, Templates


@dataclass(frozen=True)
class Admin:
    """Somebody with roles, who logged in with two factors when the tests' clock starts."""

    username: str = "linsimin"
    roles: tuple[str, ...] = ("security_admin",)
    acr: str = "urn:chaoxin:aal:2"
    account_id: str = "a1"
    name: str = "林思敏"
    kind: str = "security_admin"
    organization: str | None = None
    holder_id: str | None = None
    auth_time: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class Door:
    """Who is at the door."""

    visitor: AdminVisitor | None = None

    def current(self) -> AdminVisitor | None:
        return self.visitor


@dataclass
class DoorOfToday:
    """The door of a node that goes by the system's clock: whoever stands there has just logged in."""

    visitor: Admin | None = None

    def current(self) -> Admin | None:
        return self.visitor and replace(self.visitor, auth_time=SystemClock().now())


def officer(account_id: str = "x", **changes: Any) -> Admin:
    """A licence officer of the department that issues most of the tests' licences, but for ``changes``."""
    described: dict[str, Any] = {"roles": ("license_officer",), "organization": "饶平县市场监督管理局", "kind": "staff"}
    return Admin(account_id, account_id=account_id, **described | changes)


CHEN, LIN = officer("chen"), officer("lin")


def console_of(deps: CrosscertDeps, door: Door) -> Flask:
    """The console over one node's federation room; what the other rooms would tell is not there."""
    void = cast("Any", None)
    admin = AdminDeps(
        deps.node,
        load(None),
        pki=deps.pki,
        crosscert=deps,
        licenses=void,
        idp=void,
        clock=deps.clock,
        audit=void,
        visitors=door,
        in_background=void,
        failed_jobs=void,
        type_fault=lambda: None,
    )
    app = Flask("service")
    app.jinja_environment = Templates
    Bootstrap5(app)
    headers.init_app(app, deps.node)
    i18n.init_app(app, deps.node)
    Frame().init_app(app)
    app.context_processor(lambda: {"node": deps.node, "visitor": door.current(), "csrf_field": str})
    app.register_blueprint(make_blueprint(admin))

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[str, int]:
        return render_template("error.html", error=error, status=error.error.status), error.error.status

    return app
