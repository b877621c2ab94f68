"""The registry in SQL: what happens once is one statement, what is personal is encrypted; the same on both engines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from licenses import numbering
from licenses import storage as licenses_storage
from licenses.data import make_identifier
from licenses.registry_records import Known, LicenseRecord, Sealed
from licenses.shelf_records import Department
from licenses.storage import SqlLicenseRecords, tables
from licenses.storage.templates import SqlTemplates
from pki.vault import Vault
from tests.support.databases import create_all, first_step_on_sqlite

AT = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
TYPE, ISSUER = "11440000MB2D0339XY001", "11445122WBK871J86K"

Opened = Callable[[], "contextmanager[SqlLicenseRecords]"]


def record(serial: int = 1, **changes: object) -> LicenseRecord:
    number = f"4451222026{serial:08d}"
    made = LicenseRecord(
        identifier=make_identifier(type_code=TYPE, issuer_uscc=ISSUER, number=number),
        number=number,
        version="001",
        type_code=TYPE,
        holder_kind="enterprise",
        holder_name="饶平县金顺卤味食品厂",
        holder_id="91445122855JTN13AG",
        issuer_uscc=ISSUER,
        issuer_name="饶平县市场监督管理局",
        area_code="445122",
        issue_date=date(2026, 6, 6),
        valid_from=date(2026, 6, 6),
        valid_to=None,
        fields={"KZ_FDDBR": "邱斌伟"},
        application_digest=f"{serial:064x}",
        requested_at=AT,
        status_index=serial,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def sealed(of: LicenseRecord, index: int = 0) -> Sealed:
    return Sealed(of.identifier, AT, f"{index + 1000:064x}", index, "sha256")


@pytest.fixture
def opened(engine: sa.Engine, vault: Vault) -> Callable[[], contextmanager[SqlLicenseRecords]]:  # type: ignore[type-arg]
    create_all(engine, licenses_storage.metadata)

    @contextmanager
    def open_records() -> Iterator[SqlLicenseRecords]:
        with engine.begin() as connection:
            yield SqlLicenseRecords(connection, vault)

    return open_records  # type: ignore[return-value]


def test_a_licence_is_read_back_as_it_was_stored(opened: Opened) -> None:
    intent = record(valid_to=date(2031, 1, 1))
    with opened() as records:
        assert records.reserve(intent)
        assert records.find_number(intent.number) == intent
        assert records.complete(sealed(intent), b"encrypted")
    issued = replace(intent, state="issued", issued_at=AT, status_at=AT, pdf_sha256=sealed(intent).pdf_sha256, log_index=0)
    with opened() as records:
        assert records.find_license(intent.identifier) == issued
        assert records.find_digest(intent.application_digest) == issued
        assert records.find_known([sealed(intent).pdf_sha256, "00"]) == {issued.pdf_sha256: Known(issued, None)}
        for kept in (b"first", b"second"):
            records.keep_readings({sealed(intent).pdf_sha256: kept})
        assert records.find_known([sealed(intent).pdf_sha256]) == {issued.pdf_sha256: Known(issued, b"first")}
        assert records.held_by("91445122855JTN13AG") == [issued]
        assert records.held_by("91445122855JTN13AH") == []
        assert records.find_document(intent.identifier) == b"encrypted"
        assert records.find_document("1.2.3") is None
        assert [found for _key, found in records.licenses(holder_name="饶平县金顺卤味食品厂")] == [issued]


def test_nothing_personal_is_stored_in_clear(opened: Opened, engine: sa.Engine) -> None:
    with opened() as records:
        records.reserve(record())
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM licenses_licenses")).mappings().one()
    stored = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())
    for secret in ("饶平县金顺卤味食品厂", "91445122855JTN13AG", "邱斌伟"):
        assert secret.encode() not in stored


def test_every_column_says_how_sensitive_it_is() -> None:
    kinds = {"public", "internal", "personal", "secret"}
    columns = [column for table in licenses_storage.metadata.tables.values() for column in table.columns]
    assert all(column.info.get("sensitivity") in kinds for column in columns)


@pytest.mark.parametrize(
    "second",
    [
        record(2, number=record(1).number),
        record(2, identifier=record(1).identifier),
        record(2, application_digest=record(1).application_digest),
    ],
)
def test_number_identifier_and_application_are_taken_once(opened: Opened, second: LicenseRecord) -> None:
    with opened() as records:
        assert records.reserve(record(1))
        assert not records.reserve(second)
        assert records.reserve(record(3))


def test_a_void_intent_frees_its_number_and_keeps_its_row(opened: Opened) -> None:
    with opened() as records:
        records.reserve(record(1))
        assert records.void(record(1).identifier, "glyph_missing")
        assert not records.void(record(1).identifier, "again")
        assert records.find_number(record(1).number) is None
        assert records.reserve(record(1, status_index=2))
        assert [one.state for _key, one in records.licenses(state=None)] == ["void", "intent"]


def test_an_intent_is_completed_once_and_never_after_it_was_voided(opened: Opened) -> None:
    with opened() as records:
        records.reserve(record(1))
        records.reserve(record(2))
        assert [one.number for one in records.intents(limit=9)] == [record(1).number, record(2).number]
        assert records.complete(sealed(record(1), 0), b"a")
        assert not records.complete(sealed(record(1), 1), b"b")
        assert not records.void(record(1).identifier, "late")
        assert records.void(record(2).identifier, "x")
        assert not records.complete(sealed(record(2), 1), b"c")
        assert records.lock_intents([record(1).identifier, record(2).identifier]) == frozenset()
        assert records.intents(limit=9) == []


def test_lists_are_filtered_and_continued(opened: Opened) -> None:
    with opened() as records:
        for serial in range(1, 6):
            records.reserve(record(serial, area_code="445122" if serial % 2 else "445100"))
            records.complete(sealed(record(serial), serial), b"")
        first = records.licenses(limit=2)
        rest = records.licenses(after=first[-1][0])
        assert [one.number[-1] for _key, one in (*first, *rest)] == ["1", "2", "3", "4", "5"]
        assert [one.number[-1] for _key, one in records.licenses(area_code="445100")] == ["2", "4"]
        assert records.licenses(type_code="x" * 21) == []
        assert list(records.statuses()) == []
        assert records.set_status(record(3).identifier, before="01", after="02", at=AT, reason="")
        assert list(records.statuses()) == [(3, "02")]


def test_departments_are_replaced_and_a_repetition_changes_nothing(opened: Opened) -> None:
    one = Department(ISSUER, "饶平县市场监督管理局", "445122", (TYPE,))
    with opened() as records:
        assert records.put_department(one, AT)
        assert not records.put_department(one, AT)
        assert records.put_department(replace(one, types=()), AT)
        assert records.find_department(ISSUER) == replace(one, types=())
        assert records.find_department("1" * 18) is None
        assert records.departments() == [replace(one, types=())]


def test_counters_go_on_from_what_is_known(opened: Opened) -> None:
    with opened() as records:
        assert records.counter("x") == 0
        assert records.take_counter("x") == 1
        assert records.take_counter("x", 5) == 2
        assert records.take_counter("x") == 7
        assert records.take_counter("x", at_least=100) == 101
        assert records.take_counter("x", at_least=50) == 102
        assert records.take_counter("y", at_least=9) == 10
        assert records.counter("x") == 102


def test_numbers_given_by_departments_can_be_skipped(opened: Opened) -> None:
    with opened() as records:
        assert numbering.take_number(records, "445122", 2026) == "445122202600000001"
        records.reserve(record(7))
        records.reserve(record(8, number="4451222026ABCDEFGH"))
        records.reserve(record(9, number="44512220269"))
        assert records.greatest_number("4451222026", 18) == record(7).number
        assert numbering.take_number(records, "445122", 2026, beyond_given=True) == "445122202600000008"
        assert numbering.take_number(records, "445122", 2025, beyond_given=True) == "445122202500000001"


def test_an_issuers_slots_fill_its_own_blocks_in_no_order_that_shows(opened: Opened, vault: Vault) -> None:
    with opened() as records:
        mine = [numbering.take_status_index(records, vault, ISSUER) for _ in range(4097)]
        theirs = numbering.take_status_index(records, vault, "1" * 18)
        assert numbering.count_status_slots(records) == 3 * 4096
    assert sorted(mine[:4096]) == list(range(4096))
    assert 4096 <= mine[4096] < 2 * 4096 <= theirs < 3 * 4096
    rising = sum(first < second for first, second in pairwise(mine[:4096]))
    assert 1900 < rising < 2200  # of an ordered block it were 4095


def test_only_one_of_many_at_once_gets_a_number(opened: Opened, vault: Vault) -> None:
    taken: list[str] = []
    slots: list[int] = []
    start = threading.Barrier(6)

    def run(me: int) -> None:
        start.wait()
        for serial in range(1, 9):
            with opened() as records:
                slots.append(numbering.take_status_index(records, vault, ISSUER))
                if records.reserve(record(serial, application_digest=f"{me}{serial:063x}", status_index=slots[-1])):
                    taken.append(record(serial).number)

    threads = [threading.Thread(target=run, args=(me,)) for me in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [record(serial).number for serial in range(1, 9)]
    assert len(set(slots)) == 48


@pytest.mark.parametrize("asked", [{}, {"state": "waiting"}, {"before": "p1"}])
def test_templates_are_listed_from_their_index_and_not_past_all_files_and_pictures(
    tmp_path: Path, vault: Vault, asked: dict[str, Any]
) -> None:
    def ask(connection: sa.Connection) -> None:
        SqlTemplates(connection, vault).proposals(types=["1", "2"], limit=9, **asked)

    step = first_step_on_sqlite(tmp_path, tables.metadata, ask)
    assert step.endswith("USING COVERING INDEX ix_licenses_template_proposals_listed")
