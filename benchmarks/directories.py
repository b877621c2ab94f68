"""Staff in a department's directory: a login by bind, and fifty thousand people taken over from a real slapd.

What counts is this process's CPU time; the directory's own is another server's. No peer takes people over in the same way, so these are
held against the limits of the design.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp

from benchmarks.figures import Figure, cpu_milliseconds
from idp.authorize.transactions import Visit
from idp.browsers.sessions import Device
from idp.directories import sync
from idp.interaction import login
from idp.people import accounts, one_time_codes
from idp.ports import IdpDeps
from kernel.clock import FixedClock, SystemClock
from tests.support.databases import engine_on
from tests.support.idp import OPERATOR, make_idp_deps
from tests.support.pki import MemoryKeys
from tests.support.staff_slapd import PASSWORD, openldap, people_ldif, staff_slapd

_STAFF = 50_000


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    many = "".join(people_ldif(f"staff{number:05}", "modifyTimestamp: 20260101000000Z\n") for number in range(_STAFF))
    with (
        tempfile.TemporaryDirectory() as folder,
        staff_slapd(many) as server,
        engine_on(f"sqlite:///{Path(folder) / 'node.sqlite'}") as engine,
    ):
        clock = FixedClock(SystemClock().now())
        deps = make_idp_deps(engine, MemoryKeys(), clock)
        directory = openldap(server, page_size=500, seconds=20.0)
        object.__setattr__(deps, "directories", {"scjg": directory})
        for name, limit in (("all are new", 60), ("nobody changed, all read", 5), ("nobody changed", 5)):
            started = time.process_time()
            report = sync.sync(deps, directory, actor=OPERATOR, full=name != "nobody changed")
            assert report.refusal is None
            assert sum(report.counts.values()) >= _STAFF or not report.is_full
            yield Figure(f"sync of {_STAFF} staff, {name}", time.process_time() - started, "CPU-s", "limit", limit)
        yield Figure("login by LDAP bind, password part", _login(deps, clock), "CPU-ms", "limit", 10)


def _login(deps: IdpDeps, clock: FixedClock) -> float:
    account = accounts.get_by_username(deps, "lin@scjg")
    secret = one_time_codes.enrol(deps, account.id, actor=OPERATOR)
    visit, device = Visit("a browser"), Device("192.0.2.1")

    def act() -> None:
        found = login.submit_password(
            deps, transaction_id=None, visit=visit, device=device, username="lin@scjg", password=PASSWORD
        )
        assert isinstance(found, login.NeedsCode)

    milliseconds = cpu_milliseconds(act)
    waiting = login.submit_password(deps, transaction_id=None, visit=visit, device=device, username="lin@scjg", password=PASSWORD)
    assert isinstance(waiting, login.NeedsCode)
    clock.advance(timedelta(seconds=30))
    code = pyotp.TOTP(secret).at(clock.now())
    login.submit_code(deps, transaction_id=waiting.transaction_id, visit=visit, device=device, code=code)
    return milliseconds
