"""An agreement from the request to the cross-certificate and its revocation, on the console's pages alone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from admin_ui.ports import AdminDeps
from admin_ui.today import find_today
from crosscert import agreements, node_description
from kernel.clock import FixedClock
from policies.loader import load
from tests.support.console import Admin, Door, console_of
from tests.support.three_nodes import Federation, Template, strangers, template_of

NOON = Admin.auth_time


@pytest.fixture(scope="module")
def unacquainted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    folder = tmp_path_factory.mktemp("console")
    with strangers(folder, FixedClock(NOON)) as made:
        yield template_of(made, folder)


@pytest.fixture
def apart(unacquainted: Template, tmp_path: Path, clock: FixedClock) -> Iterator[Federation]:
    with unacquainted.copy(tmp_path, clock) as made:
        yield made


class Desk:
    """One node's console, at which one admin after the other sits down."""

    def __init__(self, federation: Federation, name: str) -> None:
        self.member = getattr(federation, name)
        self.door = Door()
        self.client: FlaskClient = console_of(self.member.deps, self.door).test_client()

    def sit(self, username: str, **more: tuple[str, ...]) -> Desk:
        self.door.visitor = Admin(username, **more)
        return self

    def upload(self, where: str, field: str, content: bytes) -> TestResponse:
        return self.client.post(f"/admin/agreements/{where}", data={field: (io.BytesIO(content), "file")})

    def waits(self, *usernames: str) -> list[str]:
        """Return for which of them the agreement, or the review of its end, is among what they are to do today."""
        policies = load(None)
        approver = policies.roles.roles["security_admin"].model_copy(update={"permissions": ("agreements.approve",)})
        roles = policies.roles.model_copy(update={"roles": {"security_admin": approver}})
        void = dict.fromkeys(
            ("pki", "licenses", "idp", "audit", "visitors", "in_background", "failed_jobs", "type_fault"), cast("Any", None)
        )
        deps, policies = self.member.deps, policies.model_copy(update={"roles": roles})
        console = AdminDeps(deps.node, policies, crosscert=deps, clock=deps.clock, **void)
        return [one for one in usernames if find_today(console, Admin(one))]

    def only(self) -> str:
        (found,) = agreements.list_agreements(self.member.deps)
        return found.identifier

    def page(self) -> str:
        return self.client.get(f"/admin/agreements/{self.only()}?lang=zh").text

    def act(self, name: str, **form: str) -> TestResponse:
        return self.client.post(f"/admin/agreements/{self.only()}/{name}?lang=zh", data=form)


def compared(federation: Federation) -> tuple[Desk, Desk]:
    """The county has asked the city, both have read out their codes."""
    county, city = Desk(federation, "county").sit("huang"), Desk(federation, "city").sit("chen")
    description = node_description.describe(city.member.deps)[0]
    asked = county.upload("ask", "description", description)
    assert asked.headers["Content-Disposition"].endswith('.jws"')
    assert city.upload("take", "request", asked.data).status_code == 303
    code = re.search(r"核对码</dt><dd><code class=\"cx-mono\">([^<]+)", county.page())
    assert code is not None
    assert code[1] not in city.page()  # it is to be typed, not copied
    assert city.act("confirm", code=code[1]).status_code == 303
    return city, county


def test_a_county_asks_and_two_of_the_citys_admins_approve_what_they_saw(apart: Federation) -> None:
    city, county = compared(apart)
    page = city.page()
    assert "饶平县" in page
    assert "签发之后会改变什么" in page
    plan = re.search(r'name="plan" value="([0-9a-f]{64})"', page)
    assert plan is not None
    assert "approver_unsuitable" not in page
    assert city.waits("chen", "wang", "li") == ["wang", "li"]  # not for who took it in
    assert "提出者" in city.act("approve", plan=plan[1]).text  # who asked may not approve
    assert "cx-alert cx-bad" in city.sit("wang").act("approve", plan="0" * 64).text  # another plan
    assert city.act("approve", plan=plan[1]).status_code == 303
    assert city.act("approve", plan=plan[1]).status_code >= 400  # the same person again
    assert "签发交叉证书" not in city.page()
    assert city.waits("chen", "wang", "li") == ["li"]
    assert city.sit("li").act("approve", plan=plan[1]).status_code == 303
    assert city.act("issue").status_code == 303
    certificate = city.client.get(f"/admin/agreements/{city.only()}/certificate.cer")
    assert certificate.data[:1] == b"\x30"
    city_code = agreements.get(city.member.deps, city.only()).code
    assert county.act("confirm", code=city_code).status_code == 303
    assert county.act("receive").status_code == 303

    # Revoked by one, reviewed by another.
    assert "吊销之后会改变什么" in city.page()
    assert city.act("revoke", reason="key_compromise").status_code == 303
    assert city.act("review").status_code >= 400
    assert city.waits("li", "wang") == ["wang"]
    assert city.sit("wang").act("review").status_code == 303
    assert "复核无误" not in city.page()


def test_a_wrong_code_is_told_and_changes_nothing(apart: Federation) -> None:
    county, city = Desk(apart, "county").sit("huang"), Desk(apart, "city").sit("chen")
    asked = county.upload("ask", "description", node_description.describe(city.member.deps)[0])
    city.upload("take", "request", asked.data)
    answer = city.act("confirm", code="0000 0000")
    assert answer.status_code >= 400
    assert "cx-alert cx-bad" in answer.text
    assert agreements.get(city.member.deps, city.only()).state == "requested"
    assert city.act("reject").status_code == 303
    assert agreements.get(city.member.deps, city.only()).state == "rejected"


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 100, b"a.b.c", b"x" * 400_000])
@pytest.mark.parametrize(("where", "field"), [("take", "request"), ("ask", "description")])
def test_files_that_are_none_are_refused_on_the_page(apart: Federation, where: str, field: str, content: bytes) -> None:
    city = Desk(apart, "city").sit("chen")
    answer = city.upload(where, field, content)
    assert 400 <= answer.status_code < 500
    assert "cx-alert cx-bad" in answer.text
    assert list(agreements.list_agreements(city.member.deps)) == []


def test_an_auditor_reads_and_has_no_buttons(apart: Federation) -> None:
    city, _ = compared(apart)
    page = city.sit("shen", roles=("auditor",)).page()
    assert "签发之后会改变什么" in page
    assert "/approve" not in page
    assert city.act("approve", plan="0" * 64).status_code == 403
