"""People who look at licences in this process: a node with an issued licence, and browsers in which its holder and others are logged in."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.browsers import sessions
from idp.browsers.sessions import Device
from service.wiring import Services
from tests.support.idp import add_account

HOLDER, OTHER = "445102198806123626", "11010519491231002X"
CARD = {
    "type_name": "社会保障卡",
    "type_code": "114400000069400560001",
    "number": "445100202190000001",
    "holder_kind": "citizen",
    "holder_name": "陈𠮷潮",
    "holder_id": HOLDER,
    "issuer_name": "潮州市人力资源和社会保障局",
    "issuer_id": "114451006B39GGDTXW",
    "area_code": "445100",
    "issue_date": "2021-04-12",
    "valid_from": "2021-04-12",
    "valid_to": "2031-04-11",
    "extra": f"社会保障号码={HOLDER}",
}


class Person:
    """Somebody's browser, with whatever forms a page gave it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, form: dict[str, Any] | None = None) -> TestResponse:
        """Post a form of this browser's."""
        token = re.findall(r'name="csrf_token" value="([0-9a-f]+)"', self.client.get("/share").text)[0]
        return self.client.post(path, data={**(form or {}), "csrf_token": token})


def person(services: Services, client: FlaskClient, username: str | None, **described: Any) -> Person:
    """Return the browser of a new account that is logged in; a stranger's for None."""
    if username is not None:
        account = add_account(services.idp, username, **described)
        with services.idp.work.begin() as work:
            started = sessions.start(work, services.idp, account.id, ("pwd",), Device("192.0.2.7", "a test"))
        client.set_cookie(services.node.cookie("session"), started.cookie, domain="localhost")
    return Person(client)


def link_of(page: TestResponse) -> str:
    """Return the token of the link that a page shows."""
    found = re.findall(r"/share#([A-Za-z0-9_-]+)", html.unescape(page.text))
    assert found, page.text
    return str(found[0])
