"""Every page that can be gone to, shown once to everybody who may see it, on a node where there is something to show.

Driven from the list of routes: a page whose template fails, or that nothing leads to, fails here without a browser and without a server.
Left to others: pages in the middle of a flow (``FLOWS``), forms, what the pages say, how they look (``functional``).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from jinja2 import UndefinedError
from werkzeug.exceptions import HTTPException

from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.clients.grant_types import DEVICE_CODE
from idp.notices import cases
from idp.people import accounts
from kernel.rows import open_rows
from licenses import template_proposals
from licenses.bulk import intake, work
from licenses.departments import COLUMNS, import_departments
from licenses.life.orders import Officer, operator
from licenses.own_templates import make_template
from pki import rollover
from policies.loader import TYPES
from service.app import create_app
from service.config import load_config
from service.csrf import MACHINE_PREFIXES
from service.demo import trust
from service.frame import NotThere
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing
from tests.support.idp import add_account, add_client
from tests.support.mandates import add_company, give_mandate
from tests.support.new_nodes import new_node
from tests.unit.service.test_typesetting import GOOD

ROOT = Path(__file__).parents[3]
STAFF = ("auditor", "clerk", "license_officer")
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LINK = re.compile(r'href="(?:https?://[^/"]+)?(/[^"#]*)"')
RENDERED = re.compile(r'render_template\(\s*"([^"]+)"')
FLOWS = {
    *("admin_ui/handed.html", "admin_ui/explain.html", "admin_ui/license_act.html"),
    *("kept_form.html", "department.html", "error.html"),
    *("licenses/verdict.html", "licenses/qr_verdict.html", "wallet/opened.html", "wallet/shared.html"),
    *(
        f"idp/{name}.html"
        for name in ("consent", "held", "logout", "identity", "form_post", "second_factor", "device_confirm", "device_done")
    ),
    *(f"idp/recovery_{name}.html" for name in ("code", "codes", "done", "end", "proof")),
    *(f"idp/{name}.html" for name in ("contact", "export", "organization", "register_code", "rename", "not_me")),
}
"""What is shown in the middle of a flow, after a form, or of an error."""
ELSEWHERE = {
    "admin.download_cross_certificate",
    "admin.show_picture",
    "idp.show_organization",
    "idp.show_contact",
}
"""What nothing leads to on this node: a file, a picture, and what takes a register."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A city that trusts a county, with people, systems, a licence, a batch, a mandate and a case."""
    folder = tmp_path_factory.mktemp("every-page")
    config = new_node(folder / "city", "445100", port=9100)
    (config.parent / "policies" / TYPES).mkdir(parents=True)
    with config.open("a", encoding="utf-8") as file:
        file.write('\n[policies]\ndirectory = "policies"\n')
    with (
        Services(load_config(new_node(folder / "county", "445122", port=9122))) as county,
        Services(load_config(config)) as made,
    ):
        trust.cross_certify({"445100": made, "445122": county}, bridge="445100")
        _fill(made)
        yield made


def _fill(city: Services) -> None:
    rows = (each for each in issuing.demo_rows() if each["area_code"] == "445100" and each["expect"] == "ok")
    found = next(each for each in rows if each["holder_kind"] == "citizen")
    row = {name: found[name] for name in issuing.GOOD_ROW}
    add_account(city.idp, "citizen", name=row["holder_name"], resident_id=row["holder_id"], real_name_level=4)
    add_account(city.idp, "official", name="郑安全", kind="security_admin", roles=("security_admin",), totp_secret=SECRET)
    for who, name, roles in (("staff", "林文书", STAFF), ("officer", "陈经办", ("license_officer",))):
        add_account(city.idp, who, name=name, kind="staff", roles=roles, organization=row["issuer_name"], totp_secret=SECRET)
    add_client(city.idp, "scjg", home_url="https://scjg.example/")
    in_hall = {"token_endpoint_auth_method": "none", "hall": "一楼大厅"}
    add_client(city.idp, "hall-1", grant_types=(DEVICE_CODE,), redirect_uris=(), post_logout_redirect_uris=(), **in_hall)
    add_company(city.idp)
    give_mandate(city.idp, agent="citizen")
    with city.idp.work.begin() as unit:
        citizen = accounts.get_by_username(city.idp, "citizen")
        started = sessions.start(unit, city.idp, citizen.id, ("pwd",), Device("203.0.113.7", "a stranger's"))
    cases.report(city.idp, Device("192.0.2.7", "a test"), code=started.code, words="有人冒用我的身份登录。")
    rollover.request(city.pki, "issuing", "account:admin")
    look = make_template((name, io.BytesIO(content)) for name, content in GOOD.items())
    template_proposals.propose(city.licenses, look, "new-look", row["type_code"], Officer("account:lin", "lin", None))
    with (issuing.DATA / "departments.csv").open("rb") as stream:
        import_departments(city.licenses, open_rows(stream, "departments.csv", COLUMNS, max_rows=1000), actor="operator:test")
    batch = intake.take_in(
        city.licenses, issuing.csv_of(row, {**row, "type_code": "nothing"}), "batch.csv", operator("operator:test")
    )
    while work.work_one(city.licenses, batch.id):
        pass


def _pages(app: Flask) -> dict[str, str]:
    """Return the routes of pages by endpoint; files and machines' endpoints have tests of their own."""
    machines = (*MACHINE_PREFIXES, "/licenses/", "/metrics", "/healthz", "/readyz")
    return {
        rule.endpoint: rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(machines) and "static" not in rule.endpoint
    }


def log_in(city: Services, client: FlaskClient, who: str) -> None:
    """Let somebody have logged in with two factors just now."""
    account = accounts.get_by_username(city.idp, who)
    with city.idp.work.begin() as unit:
        started = sessions.start(unit, city.idp, account.id, ("pwd", "otp"), Device("192.0.2.7", "a test"))
    client.set_cookie(city.idp.node.cookie("session"), started.cookie)


def _walk(app: Flask, city: Services, who: str | None) -> tuple[set[str], list[str]]:
    """Go wherever links lead, once to each route, and return which routes these were, and what failed."""
    client, pages, seen, failed = app.test_client(), _pages(app), set[str](), list[str]()
    if who is not None:
        log_in(city, client, who)
    waiting = [
        *(rule for rule in pages.values() if "<" not in rule),
        *(f"/kiosk/hall-1{rest}" for rest in ("", "/code", "/session")),
    ]
    routes = app.url_map.bind("")
    while waiting:
        address = waiting.pop(0)
        try:
            endpoint = routes.match(address.partition("?")[0], method="GET")[0]
        except HTTPException:
            continue
        if endpoint in seen or endpoint not in pages:
            continue
        seen.add(endpoint)
        answer = client.get(address)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            failed.append(f"{address} for {who}: {answer.status_code}")
        if answer.mimetype == "text/html":
            waiting += LINK.findall(answer.text)
    return seen, failed


def test_every_page_is_shown_to_whoever_may_see_it(city: Services) -> None:
    app = create_app(city, Metrics())
    shown: set[str] = set()

    def note(_: Flask, template: object, **__: object) -> None:
        shown.add(str(getattr(template, "name", "")))

    with template_rendered.connected_to(note, app):
        walks = [_walk(app, city, who) for who in (None, "citizen", "chaolian", "official", "staff", "officer")]
    assert [each for _, failed in walks for each in failed] == []
    assert {"idp.home", "licenses.verify_page"} <= walks[0][0]
    assert set(_pages(app)) - set[str]().union(*(reached for reached, _ in walks)) == ELSEWHERE
    files = [file for room in ("admin_ui", "idp", "licenses", "service") for file in (ROOT / room).rglob("*.py")]
    all_templates = {name for file in files for name in RENDERED.findall(file.read_text(encoding="utf-8"))}
    assert sorted(all_templates - shown - FLOWS) == []


def test_what_waits_for_an_admin_stands_on_the_first_page(city: Services) -> None:
    client = create_app(city, Metrics()).test_client()
    log_in(city, client, "official")
    page = client.get("/admin/?lang=zh").text
    for waits in ("1个冒用举报等待处理", "签发CA更换密钥的申请等待批准", "可疑登录"):
        assert waits in page, waits
    assert "没有等着您处理的事" not in page


def test_a_template_shows_no_empty_place_for_what_it_was_not_given(city: Services) -> None:
    app = create_app(city, Metrics())
    assert app.jinja_env.undefined is NotThere
    for source in (
        "{{ nobody }}",
        "{% if nobody %}{% endif %}",
        "{% for one in (1, 2).named %}{% endfor %}",
        "{{ nobody == 1 }}",
    ):
        with pytest.raises(UndefinedError):
            app.jinja_env.from_string(source).render()
    lacking = "{{ typed.name }}{% if typed.name %}x{% endif %}{% for one in typed.names %}x{% endfor %}{{ typed.name == 'x' }}"
    assert app.jinja_env.from_string(lacking).render(typed={}) == "False"
