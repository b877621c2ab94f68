"""Issuing: an application leads to one licence, sealed, logged, audited; whatever happens in between, never to two."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from kernel.errors import Misuse, Refusal
from kernel.identifiers import parse_license_identifier
from licenses import archive, checkpoint, documents, issue, log, recover
from licenses.ports import LicenseDeps
from licenses.registry_records import Application, LicenseRecord
from service.audit import SqlAuditTrail
from tests.support.issuing import application

ACTOR = "operator:test"


def outcomes(engine: sa.Engine) -> list[tuple[str, str]]:
    with engine.begin() as connection:
        page = SqlAuditTrail(connection).page(limit=100, contains="licenses.issue")
    return [(stored.event.outcome, stored.event.target) for stored in reversed(page)]


def intent_of(deps: LicenseDeps, asked: Application) -> LicenseRecord:
    """Leave the intent that a crash after step 2 leaves."""
    with deps.work.begin() as work:
        answer = issue.reserve(deps, work.records, asked)
    assert not answer.already
    return answer.record


def everything(deps: LicenseDeps) -> list[LicenseRecord]:
    with deps.work.read() as work:
        return [one for _key, one in work.records.licenses(state=None, limit=1000)]


def test_a_licence_is_issued_with_its_receipt(deps: LicenseDeps, engine: sa.Engine) -> None:
    receipt = issue.issue(deps, application(deps), actor=ACTOR)
    record = receipt.record
    assert (record.state, record.status, record.log_index, record.number) == ("issued", "01", 0, "445122202100000002")
    identifier = parse_license_identifier(record.identifier)
    assert (identifier.type_code, identifier.issuer, identifier.serial, identifier.version) == (
        "11440000MB2D0339XY001",
        "11445122WBK871J86K",
        "445122202100000002",
        "001",
    )
    assert hashlib.sha256(receipt.pdf).hexdigest() == record.pdf_sha256
    head = checkpoint.verify_checkpoint(receipt.checkpoint, checkpoint.own_keys(deps).log)
    leaf = log.verify_inclusion(receipt.leaf, receipt.proof, head.root)
    assert (leaf.event, leaf.issuer_uscc, leaf.pdf_sha256) == ("issued", record.issuer_uscc, record.pdf_sha256)
    assert outcomes(engine) == [("intent", f"license:{record.identifier}"), ("ok", f"license:{record.identifier}")]


def test_the_document_is_sealed_by_the_department_over_data_of_its_status_slot(deps: LicenseDeps) -> None:
    receipt = issue.issue(deps, application(deps), actor=ACTOR)
    document = documents.parse(receipt.pdf)
    assert len(document.signatures) == 1
    assert document.data is not None
    assert document.data.status_index == receipt.record.status_index
    assert document.data.status_uri == "http://localhost:18100/licenses/status"
    (seal,) = [one for one in deps.pki.keys.labels() if one.startswith("seal-")]
    assert seal == "seal-11445122WBK871J86K"


def test_no_personal_data_reaches_the_audit_trail_or_the_log(deps: LicenseDeps, engine: sa.Engine) -> None:
    receipt = issue.issue(deps, application(deps), actor=ACTOR)
    with engine.begin() as connection:
        trail = str([stored.event.as_json() for stored in SqlAuditTrail(connection).page(limit=100)])
    for secret in ("金顺", "91445122855JTN13AG", "邱斌伟"):
        assert secret not in trail
        assert secret.encode() not in receipt.leaf


def test_the_same_application_again_is_the_same_licence(deps: LicenseDeps) -> None:
    first = issue.issue(deps, application(deps), actor=ACTOR)
    (again,) = issue.issue_many(deps, [application(deps)], actor=ACTOR)
    assert isinstance(again, issue.Issued)
    assert (again.already, again.record, again.pdf) == (True, first.record, None)
    assert len(everything(deps)) == 1


def test_the_same_number_for_something_else_is_refused(deps: LicenseDeps) -> None:
    issue.issue(deps, application(deps), actor=ACTOR)
    with pytest.raises(Refusal) as caught:
        issue.issue(deps, application(deps, holder_name="饶平县另一家食品厂"), actor=ACTOR)
    assert (caught.value.code, caught.value.field) == ("duplicate_number", "number")
    assert len(everything(deps)) == 1


def test_the_node_gives_numbers_that_nobody_has(deps: LicenseDeps) -> None:
    given = application(deps, number="445122202100000001")
    without = [application(deps, number="", holder_name=f"饶平县第{name}厂") for name in "一二三"]
    answers = issue.issue_many(deps, [given, *without], actor=ACTOR)
    numbers = [answer.record.number for answer in answers if isinstance(answer, issue.Issued)]
    assert numbers == [f"44512220210000000{last}" for last in (1, 2, 3, 4)]
    again = issue.issue_many(deps, without, actor=ACTOR)
    assert [answer.record.number for answer in again if isinstance(answer, issue.Issued) and answer.already] == numbers[1:]


def test_the_same_application_twice_in_one_call_is_issued_once(deps: LicenseDeps) -> None:
    asked = application(deps)
    answers = issue.issue_many(deps, [asked, asked, replace(asked, holder_name="另一家")], actor=ACTOR)
    assert [isinstance(answer, issue.Issued) and answer.already for answer in answers] == [False, True, False]
    assert isinstance(answers[2], Refusal)
    assert len(everything(deps)) == 1


def test_policy_is_asked_again_at_the_moment_of_issuing(deps: LicenseDeps, engine: sa.Engine) -> None:
    asked = application(deps)
    with deps.work.begin() as work:
        issuer = work.records.find_department(asked.issuer_uscc)
        assert issuer is not None
        work.records.put_department(replace(issuer, types=()), deps.clock.now())
    with pytest.raises(Refusal) as caught:
        issue.issue(deps, asked, actor=ACTOR)
    assert caught.value.code == "not_its_type"
    assert everything(deps) == []
    assert outcomes(engine) == []


def test_a_page_that_cannot_be_printed_takes_no_number(deps: LicenseDeps) -> None:
    good = application(deps, number="445122202100000009")
    answers = issue.issue_many(deps, [application(deps, holder_name="饶平县\U0002ffff厂"), good], actor=ACTOR)
    assert isinstance(answers[0], Refusal)
    assert answers[0].code == "glyph_missing"
    assert isinstance(answers[1], issue.Issued)
    assert [one.number for one in everything(deps)] == ["445122202100000009"]


def test_an_intent_that_a_crash_left_is_finished_at_start_up(deps: LicenseDeps) -> None:
    intent = intent_of(deps, application(deps))
    done = recover.finish_or_void(deps)
    assert (done.finished, done.voided) == ((intent.identifier,), ())
    record = archive.get_license(deps, intent.number)
    assert record.state == "issued"
    assert documents.parse(archive.get_document(deps, record)).data is not None
    assert recover.finish_or_void(deps) == recover.Recovered((), ())
    assert issue.receipt(deps, record.identifier).proof.size == 1


def test_an_intent_that_a_crash_left_is_finished_by_asking_again(deps: LicenseDeps) -> None:
    intent = intent_of(deps, application(deps))
    (answer,) = issue.issue_many(deps, [application(deps)], actor=ACTOR)
    assert isinstance(answer, issue.Issued)
    assert (answer.already, answer.record.identifier) == (False, intent.identifier)
    assert answer.record.status_index == intent.status_index


def test_an_intent_that_can_no_longer_be_issued_is_voided_and_its_number_free(deps: LicenseDeps, engine: sa.Engine) -> None:
    intent = intent_of(deps, application(deps))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE licenses_licenses SET type_code = 'GONE'"))
    done = recover.finish_or_void(deps)
    assert (done.finished, done.voided) == ((), (intent.identifier,))
    assert outcomes(engine)[-1] == ("refused", f"license:{intent.identifier}")
    assert issue.issue(deps, application(deps), actor=ACTOR).record.state == "issued"


def test_what_another_process_recorded_first_counts(deps: LicenseDeps) -> None:
    intent = intent_of(deps, application(deps))
    first = issue.finish(deps, [intent], actor="system")[intent.identifier]
    second = issue.finish(deps, [intent], actor=ACTOR)[intent.identifier]
    assert isinstance(first, issue.Issued)
    assert isinstance(second, issue.Issued)
    assert second.record == first.record
    with deps.work.read() as work:
        assert work.records.log_size() == 1


def test_what_another_process_voided_is_not_issued(deps: LicenseDeps) -> None:
    intent = intent_of(deps, application(deps))
    with deps.work.begin() as work:
        work.records.void(intent.identifier, "x")
    answer = issue.finish(deps, [intent], actor=ACTOR)[intent.identifier]
    assert isinstance(answer, Refusal)
    assert answer.code == "intent_overtaken"
    with deps.work.read() as work:
        assert work.records.log_size() == 0


def test_many_at_once_issue_each_application_once(deps: LicenseDeps) -> None:
    asked = [application(deps, number=f"44512220210000010{last}") for last in range(4)]
    asked += [application(deps, number="", holder_name=f"饶平县第{name}厂") for name in "一二"]
    answers: list[issue.Issued | Refusal] = []
    start = threading.Barrier(3)

    def run() -> None:
        start.wait()
        for one in asked:
            answers.extend(issue.issue_many(deps, [one], actor=ACTOR))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    issued = [answer.record for answer in answers if isinstance(answer, issue.Issued)]
    assert len(issued) == 18
    assert len({record.identifier for record in issued}) == 6
    stored = everything(deps)
    assert sorted(record.log_index for record in stored if record.log_index is not None) == list(range(6))
    assert len({record.status_index for record in stored}) == len(stored) == 6


def test_a_document_that_was_changed_in_the_database_is_noticed(deps: LicenseDeps, engine: sa.Engine) -> None:
    record = issue.issue(deps, application(deps), actor=ACTOR).record
    other = deps.vault.encrypt_bytes(b"%PDF-1.7 another", archive.DOCUMENT_CONTEXT)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE licenses_documents SET pdf = :pdf"), {"pdf": other})
    with pytest.raises(Misuse) as caught:
        archive.get_document(deps, record)
    assert caught.value.code == "document_damaged"


def test_what_is_not_there_is_not_found(deps: LicenseDeps) -> None:
    intent_of(deps, application(deps))
    for name in ("445122202100000002", "1.2.3", ""):
        with pytest.raises(Refusal) as caught:
            archive.get_license(deps, name)
        assert caught.value.code == "license_not_found"
