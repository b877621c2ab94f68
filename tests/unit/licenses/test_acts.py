"""What officers do to licences: by the table of what may follow what, for reasons of the policies, by two where policies say so."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.people import person_of
from licenses import archive, documents, issue, log, recover, status
from licenses.act_records import Act
from licenses.errors import GLYPH_MISSING
from licenses.life import acts, orders, reading, versions
from licenses.life.orders import Officer, Order, operator
from licenses.life.transitions import TRANSITIONS
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord, StatusCode, Wanted
from licenses.storage import tables
from policies.life_models import ActName
from service.audit import SqlAuditTrail
from tests.support.issuing import GOOD_ROW, application, with_licenses

CHEN, LIN = operator("operator:陈"), operator("operator:林")
ISSUER = GOOD_ROW["issuer_id"]
REASONS: dict[ActName, str] = {
    "suspend": "investigation", "restore": "cleared", "annotate": "use", "renew": "validity", "replace": "lost",
    "correct": "changed", "revoke": "deception", "withdraw": "penalty", "cancel": "holder_request", "transfer": "moved",
}  # fmt: skip
COLUMNS: dict[ActName, dict[str, str]] = {
    "renew": {"valid_to": "2035-01-01", "issue_date": "2026-11-23"},
    "correct": {"holder_name": "饶平县金顺食品有限公司"},
    "annotate": {"purpose": "申请贷款", "receiver": "饶平农商银行", "until": "2026-12-31"},
}
SOURCES = [code for code in get_args(StatusCode) if code != "99"]


def issued(deps: LicenseDeps, number: str = "445122202100000002") -> LicenseRecord:
    return issue.issue(deps, application(deps, number=number), actor="operator:test").record


def order(name: ActName, record: LicenseRecord, **more: Any) -> Order:
    return Order(name, record.identifier, REASONS[name], columns=more.pop("columns", COLUMNS.get(name, {})), **more)


def do(deps: LicenseDeps, name: ActName, record: LicenseRecord, **more: Any) -> Act:
    """Do it, by two officers where that takes two."""
    act = acts.ask(deps, order(name, record, **more), CHEN)
    return acts.agree(deps, act.id, LIN) if act.state == "waiting" else act


def now(deps: LicenseDeps, record: LicenseRecord) -> LicenseRecord:
    with deps.work.read() as work:
        found = work.records.find_license(record.identifier)
    assert found is not None
    return found


def leaves(deps: LicenseDeps) -> list[tuple[str, str, str]]:
    with deps.work.read() as work:
        read = [log.parse_leaf(work.records.find_log_leaf(place) or b"") for place in range(work.records.log_size())]
    return [(one.event, one.pdf_sha256, one.status) for one in read]


def events(engine: sa.Engine, action: str) -> list[tuple[str, str]]:
    with engine.begin() as connection:
        page = SqlAuditTrail(connection).page(limit=50, contains=action)
    return [(stored.event.actor, stored.event.outcome) for stored in reversed(page)]


def refused(wanted: str, what: Any, *arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        what(*arguments)
    assert caught.value.code == wanted
    return caught.value


# One by one


def test_suspended_and_restored_each_is_a_status_a_leaf_and_an_event(deps: LicenseDeps, engine: sa.Engine) -> None:
    record = issued(deps)
    act = do(deps, "suspend", record, note="群众举报", basis="饶市监〔2026〕12号")
    assert (act.state, act.asked_by, act.decided_by) == ("done", CHEN.actor, CHEN.actor)
    assert (now(deps, record).status, now(deps, record).status_reason) == ("02", "涉嫌违法，立案调查")
    do(deps, "restore", record)
    assert now(deps, record).status == "01"
    assert leaves(deps) == [
        (event, record.pdf_sha256, code) for event, code in (("issued", "01"), ("status", "02"), ("status", "01"))
    ]
    assert events(engine, "licenses.act") == [(CHEN.actor, "ok")] * 2
    stored = acts.list_acts(deps, CHEN, number=record.number)
    assert [(one.name, one.state) for one in stored] == [("restore", "done"), ("suspend", "done")]
    assert (stored[1].note, stored[1].basis) == ("群众举报", "饶市监〔2026〕12号")


def test_what_an_officer_writes_stays_out_of_the_audit_trail_and_is_encrypted(deps: LicenseDeps, engine: sa.Engine) -> None:
    record = issued(deps)
    do(deps, "suspend", record, note="邱斌伟被举报")
    with engine.begin() as connection:
        assert "邱斌伟" not in str([one.event.as_json() for one in SqlAuditTrail(connection).page(limit=100)])
        words = connection.execute(sa.text("SELECT words FROM licenses_acts")).scalar_one()
    assert "邱斌伟".encode() not in bytes(words)


def test_an_act_is_possible_in_the_statuses_of_the_table_and_in_no_other(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    for code in SOURCES:
        with deps_sqlite.work.begin() as work:
            current = work.records.find_license(record.identifier)
            assert current is not None
            work.records.set_status(record.identifier, before=current.status, after=code, at=deps_sqlite.clock.now(), reason="")
        for name, transition in TRANSITIONS.items():
            if code in transition.sources:
                assert acts.plan(deps_sqlite, order(name, record), CHEN).record is not None
            else:
                assert refused("act_not_in_status", acts.plan, deps_sqlite, order(name, record), CHEN).error.status == 409


def test_what_ended_never_comes_back() -> None:
    final = {one.target for one in TRANSITIONS.values()} - {None, "01", "02"}
    assert final == {"03", "04", "05", "06", "07"}
    assert not any(one.sources & final for one in TRANSITIONS.values())


NOT_IN_ORDER: list[tuple[dict[str, Any], str]] = [
    ({"reason": "因为"}, "act_reason"),
    ({"reason": "cleared"}, "act_reason"),  # a reason, but of another act
    ({"note": "x" * 501}, "act_text"),
    ({"basis": "号\u202e"}, "act_text"),
    ({"columns": {"holder_name": "别人"}}, "act_column"),
    ({"identifier": "1.2.3"}, "license_not_found"),
]


def test_an_order_that_is_not_in_order_is_refused_and_leaves_nothing(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    for change, code in NOT_IN_ORDER:
        refused(code, acts.ask, deps_sqlite, replace(order("suspend", record), **change), CHEN)
    assert now(deps_sqlite, record).status == "01"
    assert acts.list_acts(deps_sqlite, CHEN) == []


def test_an_act_that_policies_do_not_name_is_not_done(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    others = {name: rules for name, rules in deps_sqlite.policies.licenses.acts.items() if name != "suspend"}
    deps = with_licenses(deps_sqlite, acts=others)
    refused("act_not_done_here", acts.ask, deps, order("suspend", record), CHEN)


# Two officers


def test_two_officers_revoke_and_one_alone_changes_nothing(deps: LicenseDeps) -> None:
    record = issued(deps)
    act = acts.ask(deps, order("revoke", record), CHEN)
    assert (act.state, now(deps, record).status) == ("waiting", "01")
    done = acts.agree(deps, act.id, LIN)
    assert (done.state, done.asked_by, done.decided_by) == ("done", CHEN.actor, LIN.actor)
    assert now(deps, record).status == "03"
    refused("act_decided", acts.agree, deps, act.id, LIN)


def test_the_same_officer_never_agrees_under_whatever_spelling(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    act = acts.ask(deps_sqlite, order("revoke", record), CHEN)
    for same in ("operator:陈", "operator: 陈 ", "account:陈"):
        refused("same_officer", acts.agree, deps_sqlite, act.id, operator(same))
    refused("same_officer", acts.agree, deps_sqlite, act.id, Officer(CHEN.actor, person_of("别名"), None))
    assert now(deps_sqlite, record).status == "01"


def test_a_rejected_act_is_over_and_another_one_may_be_asked_for(deps: LicenseDeps) -> None:
    record = issued(deps)
    act = acts.ask(deps, order("revoke", record), CHEN)
    waiting = refused("act_waiting", acts.ask, deps, order("cancel", record), LIN)
    assert act.id in waiting.text.zh
    assert acts.reject(deps, act.id, LIN).state == "rejected"
    refused("act_decided", acts.agree, deps, act.id, LIN)
    assert do(deps, "cancel", record).state == "done"
    assert now(deps, record).status == "04"


def test_what_was_agreed_to_late_is_held_against_the_licence_as_it_is_then(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    act = acts.ask(deps_sqlite, order("transfer", record), CHEN)
    do(deps_sqlite, "suspend", record)
    refused("act_not_in_status", acts.agree, deps_sqlite, act.id, LIN)
    assert now(deps_sqlite, record).status == "02"


# Whose licence


def test_a_department_reaches_its_own_licences_and_nobody_elses(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    own, other = Officer("client:a", "a", (ISSUER,)), Officer("client:b", "b", ("114451008W15P11PMR",))
    refused("license_not_found", acts.ask, deps_sqlite, order("suspend", record), other)
    waiting = acts.ask(deps_sqlite, order("revoke", record), own)
    for what in (acts.agree, acts.reject, acts.get_act):
        refused("act_not_found", what, deps_sqlite, waiting.id, other)
    assert acts.list_acts(deps_sqlite, other) == []
    assert [one.id for one in acts.list_acts(deps_sqlite, own)] == [waiting.id]
    columns = {**GOOD_ROW, "number": ""}
    refused("not_your_department", acts.ask, deps_sqlite, Order("issue", None, "application", columns=columns), other)


def test_a_department_that_no_longer_has_the_type_reaches_nothing(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    own = Officer("client:a", "a", (ISSUER,))
    with deps_sqlite.work.begin() as work:
        department = work.records.find_department(ISSUER)
        assert department is not None
        work.records.put_department(replace(department, types=department.types[1:]), deps_sqlite.clock.now())
    refused("license_not_found", acts.ask, deps_sqlite, order("suspend", record), own)
    assert acts.ask(deps_sqlite, order("suspend", record), CHEN).state == "done"  # the node's operator may


def test_a_page_of_licences_that_are_a_departments_no_longer_does_not_hide_those_after_it(
    deps_sqlite: LicenseDeps, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    records = [issued(deps_sqlite, f"44512220210000000{number}") for number in (2, 3, 4)]
    with sqlite_engine.begin() as connection:
        connection.execute(tables.licenses.update().where(tables.licenses.c.id > 1).values(type_code="114400000069400990001"))
    own = Officer("client:a", "a", (ISSUER,))
    first = reading.search(deps_sqlite, Wanted(None), own)
    assert first == reading.Page([], 2)
    second = reading.search(deps_sqlite, Wanted(None), own, before=first.older)
    assert [record.number for _key, record in second.found] == [records[0].number]
    assert second.older is None


# Documents


def test_a_version_takes_the_place_of_the_one_before_with_number_and_link(deps: LicenseDeps) -> None:
    record = issued(deps)
    act = do(deps, "renew", record)
    assert act.state == "done"
    newer = archive.get_license(deps, record.number)
    assert (newer.identifier, newer.version, newer.replaces) == (act.result, "002", record.identifier)
    assert (newer.number, newer.status, str(newer.valid_to)) == (record.number, "01", "2035-01-01")
    assert newer.holder_name == record.holder_name
    assert newer.status_index != record.status_index
    old = now(deps, record)
    assert (old.status, newer.identifier in old.status_reason) == ("05", True)
    with deps.work.read() as work:
        assert work.records.find_successor(record.identifier) == newer
    assert leaves(deps)[1:] == [("status", record.pdf_sha256, "05"), ("issued", newer.pdf_sha256, "01")]
    document = documents.parse(archive.get_document(deps, newer))
    assert document.data is not None
    assert document.data.identifier == newer.identifier
    # The old application, handed in again, is what it led to; nothing gets its number.
    (again,) = issue.issue_many(deps, [application(deps)], actor="operator:test")
    assert isinstance(again, issue.Issued)
    assert (again.already, again.record.identifier) == (True, record.identifier)


def test_a_correction_takes_two_and_the_next_version_counts_on(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    do(deps_sqlite, "replace", record)
    second = archive.get_license(deps_sqlite, record.number)
    do(deps_sqlite, "correct", second)
    third = archive.get_license(deps_sqlite, record.number)
    assert (third.version, third.holder_name, third.replaces) == ("003", "饶平县金顺食品有限公司", second.identifier)
    refused("act_not_in_status", acts.ask, deps_sqlite, order("replace", second), CHEN)


WRONG_DOCUMENTS: list[tuple[ActName, dict[str, str], str]] = [
    ("renew", {}, "act_unchanged"),
    ("renew", {"holder_name": "别人"}, "act_column"),
    ("renew", {"valid_to": "2001-01-01"}, "dates_reversed"),
    ("correct", {"holder_id": "91445122855JTN13AH"}, "holder_id_check"),
    ("correct", {"number": "445122202100000099"}, "act_column"),
    ("annotate", {"purpose": "贷款", "receiver": "", "until": "2026-12-31"}, "act_text"),
    ("annotate", {"purpose": "贷款", "receiver": "银行", "until": "2026-02-30"}, "bad_date"),
]


def test_a_document_that_would_be_wrong_is_refused_before_anybody_agrees(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    for name, columns, code in WRONG_DOCUMENTS:
        refused(code, acts.ask, deps_sqlite, order(name, record, columns=columns), CHEN)


def test_an_annotated_copy_is_a_document_of_the_same_licence(deps: LicenseDeps) -> None:
    record = issued(deps)
    act = do(deps, "annotate", record)
    second = do(deps, "annotate", record, columns={"purpose": "投标", "receiver": "甲公司", "until": "2027-01-01"})
    assert act.result is not None
    with deps.work.read() as work:
        found = work.records.find_known([act.result])[act.result].record
        stored = work.records.find_copy_document(act.result)
    assert stored is not None
    assert (found.identifier, found.fields["JZ_YT"], found.fields["JZ_XH"]) == (record.identifier, "申请贷款", "1")
    pdf = deps.vault.decrypt_bytes(stored, archive.DOCUMENT_CONTEXT)
    document = documents.parse(pdf)
    assert document.data is not None
    assert document.data.fields["JZ_SYF"] == "饶平农商银行"
    assert now(deps, record) == record  # the licence itself is as it was
    assert leaves(deps)[1][:2] == ("issued", act.result)
    assert second.result != act.result


def test_an_application_is_an_act_too_and_gets_its_number(deps: LicenseDeps) -> None:
    asked = Order("issue", None, "application", columns={**GOOD_ROW, "number": ""})
    act = acts.ask(deps, asked, CHEN)
    assert act.result is not None
    with deps.work.read() as work:
        record = work.records.find_license(act.result)
    assert record is not None
    assert (act.state, record.state, act.number) == ("done", "issued", record.number)


# Once, whatever happens


def test_the_same_key_is_the_same_act_and_another_request_by_it_is_refused(deps: LicenseDeps) -> None:
    record = issued(deps)
    first = acts.ask(deps, order("suspend", record, key="k1"), CHEN)
    assert acts.ask(deps, order("suspend", record, key="k1"), CHEN) == first
    refused("key_reused", acts.ask, deps, order("restore", record, key="k1"), CHEN)
    refused("act_not_in_status", acts.ask, deps, order("suspend", record, key="k1"), LIN)  # another officer's k1 is another key
    assert len(leaves(deps)) == 2


def test_what_failed_fails_again_for_the_same_reason_when_asked_for_by_the_same_key(deps: LicenseDeps) -> None:
    record = issued(deps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issue.render, "render", _out_of_glyphs)
        first = refused("glyph_missing", acts.ask, deps, order("renew", record, key="k1"), CHEN)
    again = refused("glyph_missing", acts.ask, deps, order("renew", record, key="k1"), CHEN)
    assert (again.text, again.field) == (first.text, first.field)
    assert [act.state for act in acts.list_acts(deps, CHEN)] == ["failed"]
    assert acts.ask(deps, order("renew", record, key="k2"), CHEN).state == "done"


def _out_of_glyphs(*_: Any, **__: Any) -> None:
    raise Refusal(GLYPH_MISSING, field="holder_name", name="姓名", character="𪚥", point="U+2A6A5")


def test_another_types_acts_do_not_crowd_out_an_officers_own(
    deps_sqlite: LicenseDeps, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MAX_SHOWN", 2)
    record = issued(deps_sqlite)
    mine = acts.ask(deps_sqlite, order("suspend", record), CHEN)
    for name in ("restore", "suspend"):
        other = acts.ask(deps_sqlite, order(name, record), CHEN)
        with sqlite_engine.begin() as connection:
            connection.execute(tables.acts.update().where(tables.acts.c.id == other.id).values(type_code="114400000069400990001"))
    assert [act.id for act in acts.list_acts(deps_sqlite, Officer("client:a", "a", (ISSUER,)))] == [mine.id]


@pytest.mark.parametrize("name", ["suspend", "renew", "annotate", "revoke"])
def test_the_same_request_twice_at_once_is_one_act_and_one_answer(deps: LicenseDeps, name: ActName) -> None:
    record = issued(deps)
    answers = at_once(*3 * (lambda: acts.ask(deps, order(name, record, key="k1"), CHEN),))
    assert {type(answer) for answer in answers} == {Act}, answers
    assert len({answer.id for answer in answers}) == 1
    assert [act.state for act in acts.list_acts(deps, CHEN)] == ["waiting" if name == "revoke" else "done"]
    assert len(leaves(deps)) == {"renew": 3, "revoke": 1}.get(name, 2)


def test_two_officers_at_once_on_one_licence_one_wins(deps: LicenseDeps) -> None:
    record = issued(deps)
    answers = at_once(
        lambda: acts.ask(deps, order("suspend", record), CHEN),
        lambda: acts.ask(deps, replace(order("renew", record), columns={"valid_to": "2036-01-01"}), LIN),
        lambda: acts.ask(deps, order("replace", record), CHEN),
    )
    won = [answer for answer in answers if isinstance(answer, Act)]
    lost = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert len(won) == 1, answers
    assert set(lost) <= {"status_overtaken", "act_not_in_status", "act_waiting"}
    with deps.work.read() as work:
        versions = [one for _key, one in work.records.licenses(state=None, limit=10)]
    in_force = [one for one in versions if (one.state, one.status) == ("issued", "01")]
    assert len(in_force) == (0 if won[0].name == "suspend" else 1)
    assert all(act.state in {"done", "failed"} for act in acts.list_acts(deps, CHEN))


def test_two_officers_agreeing_at_once_do_it_once(deps: LicenseDeps) -> None:
    record = issued(deps)
    act = acts.ask(deps, order("revoke", record), CHEN)
    answers = at_once(*(lambda name=name: acts.agree(deps, act.id, operator(f"operator:{name}")) for name in "林黄许"))
    assert [isinstance(answer, Act) for answer in answers].count(True) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refusal)} <= {
        "act_decided",
        "act_not_in_status",
        "status_overtaken",
    }
    assert leaves(deps)[1:] == [("status", record.pdf_sha256, "03")]


def at_once(*calls: Any) -> list[Any]:
    answers: list[Any] = []
    start = threading.Barrier(len(calls))

    def run(call: Any) -> None:
        start.wait()
        try:
            answers.append(call())
        except Refusal as refusal:
            answers.append(refusal)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(calls)
    return answers


@pytest.mark.parametrize("name", ["renew", "annotate"])
def test_what_a_crash_left_agreed_is_finished_at_start_up(
    deps_sqlite: LicenseDeps, name: ActName, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = issued(deps_sqlite)

    def die(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(acts, "_finish", die)
    with pytest.raises(KeyboardInterrupt):
        acts.ask(deps_sqlite, order(name, record), CHEN)
    assert acts.list_acts(deps_sqlite, CHEN)[0].state == "agreed"
    monkeypatch.undo()
    recover.finish_or_void(deps_sqlite)
    (act,) = acts.list_acts(deps_sqlite, CHEN)
    assert act.state == "done"
    assert now(deps_sqlite, record).status == ("05" if name == "renew" else "01")
    assert len(leaves(deps_sqlite)) == (3 if name == "renew" else 2)


def test_a_version_whose_licence_was_suspended_meanwhile_is_given_up(deps_sqlite: LicenseDeps, clock: FixedClock) -> None:
    record = issued(deps_sqlite)
    with deps_sqlite.work.begin() as work:
        planned = orders.check_order(deps_sqlite, work.records, order("renew", record), CHEN)
        assert planned.application is not None
        intent = versions.reserve_version(deps_sqlite, work.records, record, planned.application)
    status.change(deps_sqlite, record.identifier, "02", reason="", actor=CHEN.actor)
    answer = issue.finish(deps_sqlite, [intent], actor=CHEN.actor)[intent.identifier]
    assert isinstance(answer, Refusal)
    assert answer.code == "status_overtaken"
    assert archive.get_license(deps_sqlite, record.number).status == "02"
    assert do(deps_sqlite, "restore", record).state == "done"
    assert do(deps_sqlite, "renew", record).state == "done"  # its version's number was free again
    assert clock.now() == deps_sqlite.clock.now()
