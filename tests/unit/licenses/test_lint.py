"""A licence is looked at before it is sealed, as the very bytes that are sealed, and every night again; a fault stops issuing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from kernel.errors import Refusal
from licenses import archive, issue, lint, own_form, recover, render, review, seals
from licenses.life import acts
from licenses.life.orders import Order, operator
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from pki import pdf_signatures
from pki.seals import PreparedSeal
from tests.support.issuing import application, with_licenses

CHEN, LIN = "operator:陈", "operator:林"


def issued(deps: LicenseDeps, number: str = "445122202100000002") -> LicenseRecord:
    return issue.issue(deps, application(deps, number=number), actor=CHEN).record


def with_type(deps: LicenseDeps, **changes: Any) -> LicenseDeps:
    """Return the node with other rules for the first type."""
    first, *others = deps.policies.licenses.types
    return with_licenses(deps, types=(first.model_copy(update=changes), *others))


def test_the_bytes_that_are_sealed_are_those_that_were_looked_at(
    deps_sqlite: LicenseDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[tuple[bytes, bytes | None]] = []
    find: Callable[..., Any] = lint.find_faults

    def listen(deps: LicenseDeps, record: LicenseRecord, pdf: bytes, *, digest: bytes | None = None) -> Any:
        looked_at.append((pdf, digest))
        return find(deps, record, pdf, digest=digest)

    monkeypatch.setattr(lint, "find_faults", listen)
    record = issued(deps_sqlite)
    sealed = archive.get_document(deps_sqlite, record)
    ((rehearsed, digest),) = looked_at
    real = own_form.find_reading(sealed, hashlib.sha256(sealed).hexdigest())
    assert real is not None
    assert real.seal is not None
    assert digest is not None
    assert real.seal.digest == digest.hex()
    start, end = real.seal.byte_range[1:3]
    assert (rehearsed[:start], rehearsed[end:]) == (sealed[:start], sealed[end:])
    assert rehearsed[start:end] != sealed[start:end]  # by a key that is worth nothing


def test_a_fault_is_refused_by_name_before_anything_is_sealed(deps_sqlite: LicenseDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[PreparedSeal] = []
    monkeypatch.setattr(seals.seals, "sign", lambda _deps, prepared: signed.append(prepared))
    describe = render.data.describe

    def lying(record: LicenseRecord, *rest: Any) -> Any:
        return describe(replace(record, holder_name="别家食品厂"), *rest)

    monkeypatch.setattr(render.data, "describe", lying)  # what is attached is not what is recorded
    with pytest.raises(Refusal) as caught:
        issued(deps_sqlite)
    assert (caught.value.code, caught.value.details["finding"]) == ("license_fault", "data")
    assert signed == []
    with deps_sqlite.work.read() as work:
        assert work.records.log_size() == 0
        assert work.records.find_number("445122202100000002") is None


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("holder", {"holder_id": "91445122855JTN13AH"}),
    ("dates", {"valid_to": None, "valid_from": None}),
    ("field", {"fields": {}}),
    ("field", {"fields": {"KZ_X": "1"}}),
    ("data", {"number": "445122202100000003"}),
    ("identifier", {"identifier": "1.2.3"}),
]


def test_each_rule_finds_its_fault(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    pdf = archive.get_document(deps_sqlite, record)
    assert lint.find_faults(deps_sqlite, record, pdf) == []
    for code, change in FAULTS:
        if code == "dates":
            change = {"valid_to": record.valid_from.replace(year=2000)}  # noqa: PLW2901 - before its first day
        assert code in {fault.code for fault in lint.find_faults(deps_sqlite, replace(record, **change), pdf)}, change
    assert [one.code for one in lint.find_faults(deps_sqlite, record, pdf[:-40])] == ["form"]
    assert "digest" in {one.code for one in lint.find_faults(deps_sqlite, record, pdf, digest=bytes(32))}
    assert [one.code for one in lint.find_faults(with_type(deps_sqlite, code="0" * 21), record, pdf)] == ["type"]
    assert pdf_signatures.FIELD == "Seal"


def test_the_review_finds_nothing_wrong_with_what_was_issued_right(deps: LicenseDeps) -> None:
    record = issued(deps)
    acts.ask(deps, Order("renew", record.identifier, "validity", columns={"valid_to": "2036-01-01"}), operator(CHEN))
    assert review.review(deps) == review.Reviewed(2, [])


def test_a_type_that_was_taken_away_since_stops_nothing_but_a_fault_of_its_licence_does(deps_sqlite: LicenseDeps) -> None:
    record = issued(deps_sqlite)
    left = with_type(deps_sqlite, code="0" * 21)
    assert review.review(left) == review.Reviewed(1, [])
    assert issued(deps_sqlite, "445122202100000003").state == "issued"
    pdf = archive.get_document(deps_sqlite, record)
    other = replace(record, holder_name="另一个人")
    assert [one.code for one in lint.find_faults(left, other, pdf)] == ["data", "type"]


def test_a_stricter_rule_of_today_stops_issuing_until_two_agree(deps: LicenseDeps) -> None:
    record = issued(deps)
    stricter = with_type(deps, max_validity_days=366)
    found = review.review(stricter)
    assert [(one.identifier, fault.code) for one, fault in found.faulty] == [(record.identifier, "dates")]
    with pytest.raises(Refusal) as caught:
        issued(deps, "445122202100000003")
    assert (caught.value.code, caught.value.error.status) == ("licenses_stopped", 503)
    with pytest.raises(Refusal):
        acts.ask(deps, Order("replace", record.identifier, "lost"), operator(CHEN))
    assert acts.ask(deps, Order("suspend", record.identifier, "safety"), operator(CHEN)).state == "done"  # that does not stop
    assert not review.resume(deps, by="陈")
    with pytest.raises(Refusal) as caught:
        review.resume(deps, by=" 陈 ")
    assert caught.value.code == "two_needed"
    assert review.resume(deps, by="林")
    assert issued(deps, "445122202100000003").state == "issued"
    review.review(stricter)  # the same licence stops nothing again; the new one does
    with deps.work.read() as work:
        stop = work.records.find_stop()
    assert stop is not None
    assert stop.identifier != record.identifier


def test_intents_wait_while_issuing_is_stopped(deps_sqlite: LicenseDeps) -> None:
    issued(deps_sqlite)
    with deps_sqlite.work.begin() as work:
        intent = issue.reserve(deps_sqlite, work.records, application(deps_sqlite, number="445122202100000009")).record
    review.review(with_type(deps_sqlite, max_validity_days=1))
    assert recover.finish_or_void(deps_sqlite) == recover.Recovered((), ())
    review.resume(deps_sqlite, by="陈")
    review.resume(deps_sqlite, by="林")
    assert recover.finish_or_void(deps_sqlite).finished == (intent.identifier,)


TAMPERED: list[tuple[str, str]] = [
    ("document", "UPDATE licenses_documents SET pdf = zeroblob(200)"),
    ("log", "UPDATE licenses_log_leaves SET leaf = CAST('{}' AS BLOB)"),
    ("data", "UPDATE licenses_licenses SET area_code = '445103'"),
    ("seal", "UPDATE pki_certificates SET der = zeroblob(10) WHERE profile = 'department_seal'"),
]


@pytest.mark.parametrize(("code", "statement"), TAMPERED)
def test_what_was_changed_in_the_database_is_found(
    deps_sqlite: LicenseDeps, sqlite_engine: sa.Engine, code: str, statement: str
) -> None:
    issued(deps_sqlite)
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text(statement))
    ((_record, fault),) = review.review(deps_sqlite).faulty
    assert fault.code == code
