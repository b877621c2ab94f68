"""A citizen at level 2, as registration leaves one, and a clerk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.people.accounts import open_record
from idp.ports import IdpDeps
from idp.records import Account
from idp.registers.errors import REGISTER_AWAY
from idp.registers.ports import Match, Registers
from kernel.errors import Refusal
from tests.support.idp import TOTP_SECRET, add_account

HERE, HOME = Visit(("a browser",)), Device("192.0.2.1", "Firefox")
PAGES = (
    *(("GET", path) for path in ("/register", "/account/level", "/account/level/document")),
    *(("POST", path) for path in ("/register", "/register/code", "/register/code/again")),
    *(("POST", f"/account/level/{way}") for way in ("register", "document", "certificate", "window")),
)
"""The citizens' pages and forms; sent whatever in ``citizens/test_bad_forms.py``."""
NAME, NUMBER = "翁𬱖", "445102197105193010"


@dataclass
class People:
    """A population register as a dictionary; away when it is told so."""

    known: dict[str, str] = field(default_factory=lambda: {NUMBER: NAME})
    away: bool = False
    asked: int = 0

    def match(self, name: str, resident_id: str) -> Match:
        self.asked += 1
        if self.away:
            raise Refusal(REGISTER_AWAY)
        return "matched" if self.known.get(resident_id) == name else "not_matched"


@dataclass
class Checks:
    """Checks of documents whose result a test sets."""

    found: Match | None = "matched"
    begun: list[str] = field(default_factory=list)

    def begin(self, check_id: str, name: str, resident_id: str, return_url: str) -> str:
        assert (name, resident_id) == (NAME, NUMBER)
        assert return_url.endswith(f"?check={check_id}")
        self.begun.append(check_id)
        return "https://checks.example.cn/pages/1"

    def result(self, check_id: str, name: str, resident_id: str, now: datetime) -> Match | None:
        assert check_id in self.begun
        assert (name, resident_id) == (NAME, NUMBER)
        assert now.tzinfo is not None
        return self.found


def with_registers(deps: IdpDeps, **registers: Any) -> IdpDeps:
    return replace(deps, registers=Registers(**registers))


def citizen(deps: IdpDeps, username: str = "13900000009", **changes: Any) -> Current:
    """Return somebody who registered and is logged in."""
    account = add_account(deps, username, **{"name": NAME, "resident_id": NUMBER, "phone": "13900000009", **changes})
    with deps.work.begin() as work:
        started = sessions.start(work, deps, account.id, ("pwd",), HOME)
    return Current(started.session, account)


def clerk(deps: IdpDeps, **changes: Any) -> str:
    """Return the account of a clerk."""
    values = {"kind": "staff", "name": "林文书", "roles": ("clerk",), "totp_secret": TOTP_SECRET, "real_name_level": 5}
    return add_account(deps, "linwenshu", **{**values, "proofed_by": "counter", **changes}).id


def account_of(deps: IdpDeps, current: Current) -> Account:
    with deps.work.read() as work:
        record = work.records.find_account(current.account.id)
    assert record is not None

    return open_record(deps, record)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code
