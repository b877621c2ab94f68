"""A receipt proves without the node that a licence is in its log; the audit reads all of the log and misses nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses import checkpoint, log, status
from licenses.issue import issue
from licenses.log_ports import Cosigned
from licenses.notes import LOG, VerifierKey
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from licenses.transparency.audit import audit
from licenses.transparency.receipts import make_receipt, verify_receipt
from tests.support.issuing import application

ACTOR = "operator:test"


@pytest.fixture
def record(deps: LicenseDeps) -> LicenseRecord:
    made = issue(deps, application(deps), actor=ACTOR).record
    return status.change(deps, made.identifier, "02", reason="", actor=ACTOR)


def test_a_receipt_is_verified_with_the_logs_key_alone(deps: LicenseDeps, record: LicenseRecord) -> None:
    text = make_receipt(deps, 0)
    assert text.startswith("c2sp.org/tlog-proof@v1\nextra ")
    proven = verify_receipt(text, checkpoint.own_keys(deps).log)
    assert (proven.leaf.event, proven.leaf.pdf_sha256, proven.index, proven.head.size) == ("issued", record.pdf_sha256, 0, 2)
    with pytest.raises(Refusal, match="checkpoint_invalid"):
        verify_receipt(text, checkpoint.own_keys(deps).witness)


def test_no_changed_character_of_a_receipt_is_believed(deps: LicenseDeps, record: LicenseRecord) -> None:
    assert record.log_index == 0
    text, key = make_receipt(deps, 0), checkpoint.own_keys(deps).log
    for position in range(0, len(text) - 1, 3):
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(Refusal):
            verify_receipt(changed, key)


def test_there_is_no_receipt_for_what_is_not_there(deps: LicenseDeps) -> None:
    with pytest.raises(Refusal, match="license_not_found"):
        make_receipt(deps, 0)


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_refusals_come_out_of_arbitrary_receipts(text: str) -> None:
    for said in (text, f"c2sp.org/tlog-proof@v1\nextra {text}\nindex 0\n\n{text}\n\n{text}"):
        with pytest.raises(Refusal):
            verify_receipt(said, VerifierKey("a", LOG, bytes(32)))


def test_the_audit_finds_a_sound_log_sound(deps: LicenseDeps, record: LicenseRecord) -> None:
    assert record.status == "02"
    read: list[int] = []
    found = audit(deps, read.append)
    assert (found.size, found.problems, sum(read)) == (2, [], 2)
    with deps.work.read() as work:
        assert found.root == log.root(work.records, 2)


CHANGES = (
    ("UPDATE licenses_licenses SET status = '01'", "has status 01, the log says 02"),
    ("UPDATE licenses_licenses SET log_index = 1", "the issue of"),
    ("UPDATE licenses_log_nodes SET hash = (SELECT hash FROM licenses_log_nodes WHERE level = 0 AND place = 1) WHERE level = 1",
     "do not lead to the root"),
    ("DELETE FROM licenses_log_leaves WHERE place = 1", "leaf 1 is missing"),
)  # fmt: skip


def test_the_audit_finds_what_somebody_changed_in_the_database(
    deps: LicenseDeps, engine: sa.Engine, record: LicenseRecord
) -> None:
    assert record.status == "02"
    for statement, problem in CHANGES:
        assert not any(problem in each for each in audit(deps).problems)
        with engine.begin() as connection:
            connection.execute(sa.text(statement))
        assert any(problem in each for each in audit(deps).problems)


def test_the_audit_finds_that_witnesses_saw_something_else(deps: LicenseDeps, record: LicenseRecord) -> None:
    assert record.status == "02"
    with deps.work.begin() as work:
        sound = f"x\n2\n{checkpoint.encode_root(log.root(work.records, 2))}\n\n"
        for witness, size, note in (
            ("445122", 2, "x\n2\nAAAA\n\n"),
            ("445121", 2, "x\n2\nBBBB\n\n"),
            ("445103", 9, ""),
            ("445199", 2, sound),
        ):
            work.records.put_cosigned(Cosigned(witness, "key", size, note, record.status_at or record.requested_at))
    assert audit(deps).problems == [
        "the first 2 leaves are not those that 445121 saw",
        "the first 2 leaves are not those that 445122 saw",
        "445103 saw 9 leaves, there are 2",
    ]
