"""What the records promise beyond what the operations' tests show."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from pki import authority, revocation, storage
from pki.ports import PkiDeps, read_generation
from pki.records import SealRecord
from pki.roles import get_credential
from pki.storage import tables


def test_every_column_says_how_sensitive_it_is() -> None:
    for table in storage.metadata.tables.values():
        assert table.name.startswith("pki_")
        for column in table.columns:
            assert column.info.get("sensitivity") in {"public", "internal", "personal", "secret"}, column


def test_certificates_are_paged_by_serial_and_filtered(stored_pki: PkiDeps) -> None:
    with stored_pki.work.read() as work:
        every = work.records.certificates()
        assert [one.serial for one in every] == sorted(one.serial for one in every)
        assert len(every) == 6
        first = work.records.certificates(limit=2)
        rest = work.records.certificates(after=first[-1].serial)
        assert [*first, *rest] == list(every)
        assert {one.profile for one in work.records.certificates(ca="principal")} == {"principal_ca", "issuing_ca", "ocsp"}
        assert [one.profile for one in work.records.certificates(profile="tsa")] == ["tsa"]


def test_a_status_is_that_of_the_ca_asked_for(stored_pki: PkiDeps, clock: FixedClock) -> None:
    serial = authority.get_issuing(stored_pki).serial
    with stored_pki.work.read() as work:
        status = work.records.find_status("principal", serial)
        assert status is not None
        assert status.revoked_at is None
        assert work.records.find_status("issuing", serial) is None
        assert work.records.find_status("principal", "77") is None
    with stored_pki.work.begin() as work:
        assert work.records.revoke(serial, "superseded", clock.now() - timedelta(hours=1))
        assert not work.records.revoke(serial, "superseded", clock.now())
        status = work.records.find_status("principal", serial)
        assert status is not None
        assert (status.revoked_at, status.reason) == (clock.now() - timedelta(hours=1), "superseded")


def test_a_department_has_one_seal_and_it_is_replaced_only_by_who_knows_it(stored_pki: PkiDeps) -> None:
    serials = authority.get_principal(stored_pki).serial, authority.get_issuing(stored_pki).serial
    first, second = (SealRecord("114451220071234567", "甲", "seal-a", serial) for serial in serials)
    with stored_pki.work.begin() as work:
        assert work.records.add_seal(first)
        assert not work.records.add_seal(second)
        assert not work.records.replace_seal(second, instead_of="77")
        assert work.records.find_seal(first.uscc) == first
        assert work.records.replace_seal(second, instead_of=first.serial)
        assert work.records.find_seal(first.uscc) == second


def test_a_role_names_a_certificate_that_exists(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    with pytest.raises(sa.exc.IntegrityError), stored_pki.work.begin() as work:
        work.records.add_seal(SealRecord("1", "x", "seal-x", "77"))


def test_entries_come_in_blocks_octet_for_octet(stored_pki: PkiDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero octets too: one database joins octets as if they were text."""
    rows: list[dict[str, object]] = [
        {"id": number, "serial": f"{number:x}", "ca": "issuing", "partition": number % 2, "entry": bytes((0x30, 2, number, 0))}
        for number in range(1, 12)
        if number not in {4, 5, 6}  # released: a block may be empty
    ]
    monkeypatch.setattr("pki.storage.revocation._BLOCK", 3)
    with stored_pki.work.begin() as work:
        connection: sa.Connection = work.records._connection  # type: ignore[attr-defined]
        connection.execute(tables.crl_entries.insert(), rows)

    def found(*scope: object) -> tuple[list[int], set[bytes]]:
        with stored_pki.work.read() as work:
            blocks = list(work.records.entries(*scope))  # type: ignore[arg-type]
        joined = b"".join(entries for _, entries in blocks)
        return [count for count, _ in blocks], {joined[place : place + 4] for place in range(0, len(joined), 4)}

    assert found("issuing") == ([3, 3, 2], {row["entry"] for row in rows})
    assert found("issuing", 1) == ([2, 2, 1], {row["entry"] for row in rows if row["partition"] == 1})
    assert found("principal") == ([], set())


def test_the_generation_rises_with_each_change_and_is_seen_through_any_reader(
    stored_pki: PkiDeps, engine: sa.Engine, clock: FixedClock
) -> None:
    moments = iter(range(100))
    reader = storage.GenerationReader(engine, lambda: next(moments))
    before = reader()
    assert reader() == before
    serial = authority.get_certificate(stored_pki, get_credential(stored_pki, "tsa").record.serial).serial
    for step in (
        lambda: revocation.suspend(stored_pki, serial),
        lambda: revocation.release(stored_pki, serial),
        lambda: revocation.revoke(stored_pki, serial, "superseded", clock.now()),
    ):
        step()
        assert reader() == before + 1 == read_generation(stored_pki.work)
        before += 1
    reader.close()
    assert reader() == before
    reader.close()


def test_the_generation_is_not_read_again_within_a_millisecond(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    moments = iter((1.0, 1.0005, 1.0011))
    reader = storage.GenerationReader(engine, lambda: next(moments))
    before = reader()
    revocation.suspend(stored_pki, get_credential(stored_pki, "tsa").record.serial)
    assert [reader(), reader()] == [before, before + 1]
    reader.close()


def test_a_lost_connection_is_opened_again(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    moments = iter(range(100))
    reader = storage.GenerationReader(engine, lambda: next(moments))
    before = reader()
    reader._connection.close()
    revocation.suspend(stored_pki, get_credential(stored_pki, "tsa").record.serial)
    assert reader() == before + 1
    reader.close()
