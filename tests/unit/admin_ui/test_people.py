"""The console's pages of people: what a department admin may reach, and that searches need a purpose and leave no number in an address."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_ui import reach
from admin_ui.clients import check_within, get_client, list_clients
from admin_ui.ports import AdminDeps
from admin_ui.views import make_blueprint
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.console import Admin, Door
from tests.support.idp import MARKET, SOCIAL_SECURITY, TOTP_SECRET, Provider, make_idp_deps
from tests.support.pki import MemoryKeys


@pytest.fixture
def provider(engine: sa.Engine, clock: FixedClock) -> Provider:
    made = Provider(make_idp_deps(engine, MemoryKeys(), clock))
    made.add_client()
    return made


def test_a_department_admin_lists_their_own_systems_alone(provider: Provider) -> None:
    provider.add_client("other", department=SOCIAL_SECURITY)
    assert [one.client.client_id for one in list_clients(provider.deps, (SOCIAL_SECURITY,))] == ["other"]
    assert list_clients(provider.deps, ()) == []
    assert {one.client.department for one in list_clients(provider.deps, None)} == {MARKET, SOCIAL_SECURITY}
    assert get_client(provider.deps, "other", (SOCIAL_SECURITY,)).client.client_id == "other"
    with pytest.raises(Refusal, match="client_unknown"):
        get_client(provider.deps, "scjg", (SOCIAL_SECURITY,))
    with pytest.raises(Refusal, match="department_beyond"):
        check_within(provider.client("scjg"), (SOCIAL_SECURITY,))


def test_a_confined_visitor_without_an_organisation_reaches_nobody(provider: Provider) -> None:
    policies = provider.deps.policies
    nobody = Admin(roles=("department_admin",))
    somewhere = Admin(roles=("department_admin",), organization="某局")
    everywhere = Admin()
    found = [reach.admin_of(policies, one, "accounts.read").within for one in (nobody, somewhere, everywhere)]
    assert found == ["", "某局", None]
    assert reach.list_staff(provider.deps, reach.admin_of(policies, nobody, "accounts.read"), after="", limit=10) == ()
    provider.add_account("lin", kind="staff", totp_secret=TOTP_SECRET, organization="某局")
    provider.add_account("wang", kind="staff", totp_secret=TOTP_SECRET, organization="另一局")
    staff = reach.list_staff(provider.deps, reach.admin_of(policies, somewhere, "accounts.read"), after="", limit=10)
    assert [one.username for one in staff] == ["lin"]


def test_a_confined_admin_has_no_other_departments_logouts_told_again(provider: Provider) -> None:
    deps = provider.deps
    writing = deps.policies.roles.roles["department_admin"].model_copy(update={"permissions": ("clients.write",)})
    roles = deps.policies.roles.model_copy(update={"roles": {"department_admin": writing}})
    policies = deps.policies.model_copy(update={"roles": roles})
    beyond: Any = {
        "licenses": SimpleNamespace(policies=policies),
        **dict.fromkeys(("pki", "crosscert", "audit", "in_background", "failed_jobs", "type_fault")),
    }
    here = Door(Admin(roles=("department_admin",)))
    app = Flask(__name__)
    app.register_blueprint(make_blueprint(AdminDeps(deps.node, policies, idp=deps, clock=deps.clock, visitors=here, **beyond)))
    app.register_error_handler(Refusal, lambda refusal: (refusal.code, refusal.error.status))
    assert app.test_client().post("/admin/logouts/retry", data={"client_id": "scjg"}).text == "client_unknown"
