"""An official in a real browser: in by the password of the department's directory and a code, out as soon as the directory says so; and the directory away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect

from service.cli import cli
from tests.functional.test_pages import lacks
from tests.functional.test_walk import log_in
from tests.support.demo import one_time_code
from tests.support.lone_node import LoneNode, lone_node
from tests.support.slapd import Slapd
from tests.support.staff_slapd import PASSWORD, PEOPLE, configure, staff_slapd

NEW = "tides come in and tides go out"


@dataclass
class Office:
    """A node, and the directory of one of its departments."""

    node: LoneNode
    server: Slapd

    def chaoxin(self, *command: str) -> dict[str, Any]:
        answer = CliRunner().invoke(cli, ["--config", str(self.node.services.config.file), *command, "--yes", "--json"])
        assert answer.exit_code == 0, answer.output
        done: dict[str, Any] = json.loads(answer.output)
        return done

    def sync(self) -> dict[str, int]:
        """Do what the worker does each minute."""
        counts: dict[str, int] = self.chaoxin("directory", "sync", "scjg", "--by", "Chen")["counts"]
        return counts

    def say(self, change: str) -> None:
        self.server.change(f"dn: uid=lin,{PEOPLE}\nchangetype: modify\n{change}\n")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with staff_slapd() as server, lone_node(tmp_path) as made:
        configure(made.services.config.file, server)
        with made.served():
            yield Office(made, server)


def enter(page: Page, office: Office, official: dict[str, Any]) -> None:
    page.goto(f"{office.node.url}/login")
    log_in(page, official)
    code = page.locator('input[autocomplete="one-time-code"]')
    expect(code).to_be_visible()
    assert lacks(page) == []
    code.fill(one_time_code(official))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="林文书，您好")).to_be_visible()


def test_an_official_is_in_by_the_directory_and_out_when_it_says_so(office: Office, page: Page, browser: Browser) -> None:
    # 1. Taken over from the directory, given a second factor, and in.
    assert office.sync() == {"new": 2}
    secret = office.chaoxin("user", "enroll", "lin@scjg")["totp_secret"]
    official = {"username": "lin@scjg", "password": PASSWORD, "totp_secret": secret}
    enter(page, office, official)

    # 2. A clerk by the role of a group: opens an account for somebody without a telephone, who sets the first password with a code on paper.
    page.goto(f"{office.node.url}/admin/window")
    page.get_by_label("证件上的姓名").fill("翁𬱖")
    page.get_by_label("证件上的号码").fill("445102197105193010")
    page.get_by_role("button", name="新开账号").click()
    username, code = page.locator(".cx-mono").first.inner_text(), page.locator(".cx-big").inner_text()
    with browser.new_context(locale="zh-CN") as context:
        other = context.new_page()
        other.goto(f"{office.node.url}/recovery/window")
        other.locator('input[autocomplete="username"]').fill(username)
        other.locator('input[autocomplete="one-time-code"]').fill(code)
        other.locator('input[autocomplete="new-password"]').fill(NEW)
        other.keyboard.press("Enter")
        expect(other.get_by_role("heading", name="已经找回")).to_be_visible()
        other.goto(f"{office.node.url}/login")
        log_in(other, {"username": username, "password": NEW})
        expect(other.get_by_role("heading", name="翁𬱖，您好")).to_be_visible()
        other.goto(f"{office.node.url}/account/level")
        expect(other.locator('[aria-current="step"]')).to_contain_text("5级")

    # 3. Out with the directory's next word, the open page too.
    office.say("replace: employeeType\nemployeeType: 离职")
    assert office.sync()["locked"] == 1
    page.reload()
    expect(page.locator('input[autocomplete="current-password"]')).to_be_visible()
    log_in(page, official)
    expect(page.get_by_role("alert")).to_be_visible()

    # 4. Back with it.
    office.say("delete: employeeType")
    office.sync()
    enter(page, office, official)

    # 5. The directory away: said plainly, and nobody else waits for it.
    office.server.stop()
    citizen = office.node.add_account()
    with browser.new_context(locale="zh-CN") as context:
        other = context.new_page()
        other.goto(f"{office.node.url}/login")
        log_in(other, {"username": "lin@scjg", "password": PASSWORD})
        expect(other.get_by_role("alert")).to_contain_text("单位目录暂时没有应答")
        log_in(other, citizen)
        expect(other.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()
    page.goto(f"{office.node.url}/account")
    expect(page.get_by_text("林文书").first).to_be_visible()
