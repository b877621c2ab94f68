"""Whatever write the database refuses while a licence is issued or renewed: after a restart what was issued can be revoked, and nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from licenses import issue, recover, status
from licenses.life import acts
from licenses.life.orders import Order, operator
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from tests.support.issuing import application

OFFICER = operator("operator:陈")
WRITES = ("INSERT", "UPDATE", "DELETE")


class RefusedError(Exception):
    """The database refuses this write."""


@contextmanager
def refusing(engine: sa.Engine, which: int) -> Iterator[list[str]]:
    """Refuse write number ``which`` (from 0) and yield the writes that came."""
    seen: list[str] = []

    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            seen.append(
                statement.split(None, 3)[2] if statement.lstrip().upper().startswith("INSERT") else statement.split(None, 2)[1]
            )
            if len(seen) == which + 1:
                raise RefusedError(statement)

    sa.event.listen(engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", before)


def each_write(engine: sa.Engine, do: Callable[[int], object], check: Callable[[int], None]) -> list[str]:
    """Do it again and again, each time refusing the next write, until none was left to refuse; return the writes of the last time."""
    for which in range(100):
        with refusing(engine, which) as seen, suppress(RefusedError):
            do(which)
        check(which)
        if len(seen) <= which:
            return seen
    message = "so many writes for one licence"
    raise AssertionError(message)


def everything(deps: LicenseDeps) -> list[LicenseRecord]:
    with deps.work.read() as work:
        return [one for _key, one in work.records.licenses(state=None, limit=1000)]


def number_of(which: int) -> str:
    return f"4451222021000001{which:02d}"


def issued_once_and_revocable(deps: LicenseDeps, number: str) -> None:
    recover.finish_or_void(deps)  # the restart
    there = [one for one in everything(deps) if one.number == number and one.state != "void"]
    assert len(there) <= 1
    (answer,) = issue.issue_many(deps, [application(deps, number=number)], actor=OFFICER.actor)
    assert isinstance(answer, issue.Issued)
    assert not there or answer.record.identifier == there[0].identifier
    assert status.change(deps, answer.record.identifier, "03", reason="撤销", actor=OFFICER.actor).status == "03"


def test_a_write_refused_while_issuing_leaves_what_can_be_revoked(deps_sqlite: LicenseDeps, sqlite_engine: sa.Engine) -> None:
    deps = deps_sqlite
    issue.issue(deps, application(deps, number=number_of(99)), actor=OFFICER.actor)  # the department's seal is there
    writes = each_write(
        sqlite_engine,
        lambda which: issue.issue(deps, application(deps, number=number_of(which)), actor=OFFICER.actor),
        lambda which: issued_once_and_revocable(deps, number_of(which)),
    )
    assert {"licenses_licenses", "licenses_documents", "licenses_log_leaves", "licenses_log_nodes"} <= set(writes)
    stored = everything(deps)
    assert len({one.identifier for one in stored}) == len(stored) == len({one.status_index for one in stored})
    leaves = [one.log_index for one in stored if one.state == "issued"]
    assert len(set(leaves)) == len(leaves)


def test_a_write_refused_while_renewing_leaves_one_version_in_force(deps_sqlite: LicenseDeps, sqlite_engine: sa.Engine) -> None:
    deps = deps_sqlite

    def renew(which: int) -> object:
        record = issue.issue_many(deps, [application(deps, number=number_of(which))], actor=OFFICER.actor)[0]
        assert isinstance(record, issue.Issued)
        order = Order("renew", record.record.identifier, "validity", columns={"valid_to": "2036-01-01"})
        with refusing(sqlite_engine, which) as seen, suppress(RefusedError):
            acts.ask(deps, order, OFFICER)
        return seen

    for which in range(100):
        seen = renew(which)
        recover.finish_or_void(deps)
        versions = [one for one in everything(deps) if one.number == number_of(which) and one.state == "issued"]
        in_force = [one for one in versions if one.status == "01"]
        assert len(in_force) == 1
        assert [one.status for one in versions if one is not in_force[0]] == ["05"] * (len(versions) - 1)
        assert all(act.state in {"done", "failed"} for act in acts.list_acts(deps, OFFICER, number=number_of(which)))
        status.change(deps, in_force[0].identifier, "03", reason="撤销", actor=OFFICER.actor)
        if isinstance(seen, list) and len(seen) <= which:
            return
    message = "so many writes for one renewal"
    raise AssertionError(message)
