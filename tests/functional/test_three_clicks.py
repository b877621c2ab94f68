"""Whatever a citizen may do with their account is at most three links from home."""

from __future__ import annotations

import re

from idp.browsers import sessions
from service.app import create_app
from service.metrics import Metrics
from tests.support.lone_node import LoneNode

_LINK = re.compile(r'<a [^>]*href="(/[^"#?]*)"')
AFTER_A_FORM = {"/account/level/document"}
"""Pages to which somebody returns from a form or from another site."""
WITH_CERTIFICATES = {"/account/certificates"}
"""Pages that are led to where browsers are asked for certificates, as they are not here."""


def test_every_page_of_the_account_is_at_most_three_links_from_home(node: LoneNode) -> None:
    idp = node.services.idp
    node.add_account("threeclicks", name="黄垚", phone="+86 138 0000 0333")
    with idp.work.begin() as work:
        account = work.records.find_username("threeclicks")
        assert account is not None
        cookie = sessions.start(work, idp, account.id, ("pwd", "otp"), sessions.Device("127.0.0.1", "a test")).cookie
    app = create_app(node.services, Metrics())
    browser = app.test_client()
    browser.set_cookie(idp.node.cookie("session"), cookie)
    seen, reached = {"/"}, {"/"}
    for _click in range(3):
        linked = {href for page in reached for href in _LINK.findall(browser.get(page, base_url=node.url).get_data(as_text=True))}
        reached = {href for href in linked - seen if href == "/verify" or href.startswith("/account")}
        seen |= reached
    wanted = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and "<" not in rule.rule and rule.rule.startswith("/account")
    }
    assert {"/account/authenticators", "/account/history", "/account/level"} <= wanted
    assert wanted - AFTER_A_FORM - WITH_CERTIFICATES - seen == set()
    assert "/verify" in seen
