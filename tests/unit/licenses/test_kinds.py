"""What a type is called that has left the catalogue: what was sealed says it, whatever stands above the document."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from licenses import archive, kinds
from licenses.issue import issue
from licenses.ports import LicenseDeps
from pki.archiving import Worn
from tests.support.issuing import application, with_form, with_licenses


def without_types(deps: LicenseDeps) -> LicenseDeps:
    return with_licenses(deps, types=())


def test_its_name_is_the_sealed_one_and_its_code_where_the_document_is_damaged(deps_sqlite: LicenseDeps) -> None:
    deps = deps_sqlite
    record = issue(with_form(deps, "B-LTA"), application(deps), actor="operator:test").record
    known, left = kinds.kind_of(deps, record), kinds.kind_of(without_types(deps), record)
    assert (known.name.zh, known.listed, left.name.zh, left.listed) == ("营业执照", True, "营业执照（类型已不在目录）", False)
    assert left.labels.keys() == record.fields.keys() <= known.labels.keys()
    assert kinds.name_of(without_types(deps), record) == known.name.zh
    with deps.work.begin() as work:
        ((stamped, _pdf),) = work.records.worn_documents(
            Worn(deps.clock.now() + timedelta(days=1), frozenset()), after=None, limit=2
        )
        damaged = deps.vault.encrypt_bytes(b"%PDF-1.7 damaged", archive.DOCUMENT_CONTEXT)
        assert work.records.renew_document(stamped, damaged, "sha256", deps.clock.now())
    assert kinds.name_of(without_types(deps), record) == known.name.zh  # it was read before
    deps.kept.clear()
    assert kinds.name_of(without_types(deps), record) == record.type_code


def test_what_cannot_be_read_for_a_while_is_not_remembered_as_having_no_name(deps_sqlite: LicenseDeps) -> None:
    deps = without_types(deps_sqlite)
    record = issue(deps_sqlite, application(deps_sqlite), actor="operator:test").record
    intent = replace(record, pdf_sha256=None, type_code="0" * 21, identifier="1.2.156.3005.2.0")
    assert [kinds.name_of(deps, one) for one in (intent, replace(intent, type_code="1" * 21))] == ["0" * 21, "1" * 21]
    away = replace(record, identifier=intent.identifier)  # as if the database had it not yet
    assert [kinds.name_of(deps, one) for one in (away, record)] == [record.type_code, "营业执照"]
