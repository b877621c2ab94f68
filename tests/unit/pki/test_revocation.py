"""Revoking, suspending and releasing: each step once, in order, on the lists and in the archive."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import authority, crl, revocation
from pki.ports import PkiDeps
from pki.records import CertificateRecord, CrlRecord
from service import audit
from tests.support.pki import COUNTY

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
PERSON = (*COUNTY.names, ("CN", "张三"))


@pytest.fixture
def person(stored_pki: PkiDeps) -> CertificateRecord:
    return authority.issue(stored_pki, "person", PERSON, KEY)


def listed(record: CrlRecord) -> dict[str, x509.ReasonFlags | None]:
    """The serials on a list, each with its reason."""
    found: dict[str, x509.ReasonFlags | None] = {}
    for entry in x509.load_der_x509_crl(record.der):
        reasons = [extension.value.reason for extension in entry.extensions if isinstance(extension.value, x509.CRLReason)]
        found[format(entry.serial_number, "x")] = reasons[0] if reasons else None
    return found


def outcome(step: Callable[[], object]) -> str:
    try:
        step()
    except Refusal as refusal:
        return refusal.code
    return "ok"


def test_a_suspended_certificate_stands_on_both_its_lists_until_it_is_released(
    stored_pki: PkiDeps, person: CertificateRecord, engine: sa.Engine, clock: FixedClock
) -> None:
    suspended = revocation.suspend(stored_pki, person.serial, actor="account:7")
    assert (suspended.revoked_at, suspended.reason) == (clock.now(), "certificate_hold")
    for partition in (0, person.partition):
        assert listed(crl.current(stored_pki, "issuing", partition)) == {person.serial: x509.ReasonFlags.certificate_hold}
    clock.advance(timedelta(hours=1))
    released = revocation.release(stored_pki, person.serial, actor="account:7")
    assert (released.revoked_at, released.reason) == (None, None)
    for partition in (0, person.partition):
        assert listed(crl.current(stored_pki, "issuing", partition)) == {}
    told = sa.select(audit.events.c.action, audit.events.c.actor).where(audit.events.c.target == f"certificate:{person.serial}")
    with engine.connect() as connection:
        rows = connection.execute(told.order_by(audit.events.c.number)).all()
    assert [tuple(row) for row in rows][-2:] == [("pki.suspend", "account:7"), ("pki.release", "account:7")]


def test_the_past_is_judged_by_the_list_of_its_day(stored_pki: PkiDeps, person: CertificateRecord, clock: FixedClock) -> None:
    moments = [clock.now()]
    for step in (revocation.suspend, revocation.release):
        clock.advance(timedelta(hours=1))
        step(stored_pki, person.serial)
        moments.append(clock.now())
    clock.advance(timedelta(hours=1))
    revocation.revoke(stored_pki, person.serial, "superseded", clock.now())
    moments.append(clock.now())
    with stored_pki.work.read() as work:
        for partition in (0, person.partition):
            then = [work.records.find_crl("issuing", partition=partition, at=moment) for moment in moments]
            assert [listed(record).get(person.serial, "good") for record in then if record] == [
                "good",
                x509.ReasonFlags.certificate_hold,
                "good",
                x509.ReasonFlags.superseded,
            ]


def test_only_the_steps_of_the_state_machine_are_taken(stored_pki: PkiDeps, clock: FixedClock) -> None:
    def revoke(serial: str) -> object:
        return revocation.revoke(stored_pki, serial, "superseded", clock.now())

    def suspend(serial: str) -> object:
        return revocation.suspend(stored_pki, serial)

    def release(serial: str) -> object:
        return revocation.release(stored_pki, serial)

    revoked, not_held, held = "certificate_revoked_already", "certificate_not_suspended", "certificate_suspended_already"
    cases: tuple[tuple[tuple[Callable[[str], object], ...], dict[Callable[[str], object], str]], ...] = (
        ((), {release: not_held}),
        ((suspend,), {suspend: held}),
        ((suspend, release), {release: not_held}),
        ((revoke,), {revoke: revoked, suspend: revoked, release: revoked}),
        ((suspend, revoke), {revoke: revoked, suspend: revoked, release: revoked}),
        ((suspend, release, suspend, release, revoke), {release: revoked}),
    )
    for before, refused in cases:
        serial = authority.issue(stored_pki, "person", PERSON, KEY).serial
        for step in before:
            step(serial)
        state = authority.get_certificate(stored_pki, serial)
        for step, code in refused.items():
            assert outcome(lambda step=step, serial=serial: step(serial)) == code  # type: ignore[misc]
        assert authority.get_certificate(stored_pki, serial) == state


def test_what_is_unknown_or_a_ca_in_service_is_neither_suspended_nor_released(stored_pki: PkiDeps) -> None:
    for step in (revocation.suspend, revocation.release):
        assert outcome(lambda step=step: step(stored_pki, "7f")) == "certificate_unknown"  # type: ignore[misc]
    for role in (authority.get_principal, authority.get_issuing):
        assert outcome(lambda role=role: revocation.suspend(stored_pki, role(stored_pki).serial)) == "certificate_in_service"  # type: ignore[misc]


def test_a_suspended_certificate_that_is_revoked_counts_as_revoked_since_its_suspension(
    stored_pki: PkiDeps, person: CertificateRecord, clock: FixedClock
) -> None:
    since = clock.now()
    revocation.suspend(stored_pki, person.serial)
    clock.advance(timedelta(days=1))
    revoked = revocation.revoke(stored_pki, person.serial, "key_compromise", clock.now())
    assert (revoked.revoked_at, revoked.reason) == (since, "key_compromise")
    other = authority.issue(stored_pki, "person", PERSON, KEY)
    earlier = clock.now()
    clock.advance(timedelta(hours=1))
    revocation.suspend(stored_pki, other.serial)
    assert revocation.revoke(stored_pki, other.serial, "key_compromise", earlier).revoked_at == earlier


def test_of_many_steps_at_once_the_certificate_takes_a_lawful_path(
    stored_pki: PkiDeps, person: CertificateRecord, clock: FixedClock
) -> None:
    """Whatever the order, one revocation succeeds, suspensions and releases alternate, and the lists agree with the record."""
    steps: list[Callable[[], object]] = [
        lambda: revocation.suspend(stored_pki, person.serial),
        lambda: revocation.release(stored_pki, person.serial),
        lambda: revocation.revoke(stored_pki, person.serial, "superseded", clock.now()),
    ] * 3
    with ThreadPoolExecutor(len(steps)) as pool:
        outcomes = list(pool.map(outcome, steps))
    suspended, released, revoked = (outcomes[place::3].count("ok") for place in range(3))
    assert revoked == 1
    assert released <= suspended <= released + 1
    assert authority.get_certificate(stored_pki, person.serial).reason == "superseded"
    for partition in (0, person.partition):
        assert listed(crl.current(stored_pki, "issuing", partition)) == {person.serial: x509.ReasonFlags.superseded}


def test_one_release_and_one_revocation_make_a_list_due_although_it_keeps_its_length(
    stored_pki: PkiDeps, clock: FixedClock
) -> None:
    first, second = (authority.issue(stored_pki, "person", PERSON, KEY) for _ in range(2))
    revocation.suspend(stored_pki, first.serial)
    with stored_pki.work.begin() as work:  # the process died before publishing
        assert work.records.release(first.serial)
        assert work.records.revoke(second.serial, "superseded", clock.now())
    published = crl.refresh_due(stored_pki)
    assert [(record.ca, record.partition) for record in published] == [("issuing", 0), ("issuing", 1)]
    assert all(listed(record) == {second.serial: x509.ReasonFlags.superseded} for record in published)
    assert list(crl.refresh_due(stored_pki)) == []


def test_a_step_that_is_rolled_back_leaves_no_entry_and_no_change(stored_pki: PkiDeps, person: CertificateRecord) -> None:
    with stored_pki.work.read() as work:
        before = work.records.generation(), list(work.records.entries("issuing"))

    def break_off() -> None:
        with stored_pki.work.begin() as work:
            assert work.records.suspend(person.serial, person.not_before)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    with stored_pki.work.read() as work:
        assert (work.records.generation(), list(work.records.entries("issuing"))) == before
