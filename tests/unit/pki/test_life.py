"""Alarms, the review that stops issuing, and what becomes of a certificate when the database refuses a write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import alarms, authority, crl, issuance, renewal, review
from pki import der_reader as der
from pki.authority import CrossCertificateTemplate
from pki.ports import PkiDeps
from pki.records import CertificateRecord, CertificateRequest
from pki.roles import get_credential
from pki.storage import tables
from pki.storage.life import SqlLife
from pki.storage.prepared import Prepared
from policies.certificates import policy_oid
from service.audit import SqlAuditTrail
from service.connections import Kept
from tests.support.databases import first_step_on_sqlite
from tests.support.pki import COUNTY, MemoryKeys, certificate

KEY = ec.generate_private_key(ec.SECP256R1())
PERSON = (*COUNTY.names, ("CN", "张三"))


def issue(pki: PkiDeps, name: str = "张三", profile: str = "person") -> CertificateRecord:
    return authority.issue(pki, profile, (*COUNTY.names, ("CN", name)), KEY.public_key())


def told(pki: PkiDeps) -> list[tuple[str, int]]:
    return [(alarm.certificate.serial, alarm.days) for alarm in alarms.raise_due(pki)]


def events(pki: PkiDeps, action: str) -> int:
    with pki.work.read() as work:
        assert isinstance(work.audit, SqlAuditTrail)
        return sum(one.event.action == action for one in work.audit.page(limit=500))


# Alarms


def test_each_distance_is_told_once(stored_pki: PkiDeps, clock: FixedClock) -> None:
    record = issue(stored_pki)
    seen: list[int] = []
    for left in (200, 181, 180, 179, 91, 90, 89, 31, 30, 29, 8, 7, 6, 1, 0):
        clock.moment = record.not_after - timedelta(days=left)
        seen += [days for serial, days in told(stored_pki) if serial == record.serial]
        assert record.serial not in dict(told(stored_pki))  # run again at the same moment
    assert seen == [180, 90, 30, 7]


def test_a_node_that_was_away_says_the_nearest_only(pki: PkiDeps, clock: FixedClock) -> None:
    record = issue(pki)
    clock.moment = record.not_after - timedelta(days=20)
    assert dict(told(pki))[record.serial] == 30
    assert record.serial not in dict(told(pki))


def test_what_has_a_successor_or_is_revoked_or_over_is_quiet(pki: PkiDeps, clock: FixedClock) -> None:
    renewed, revoked, single = issue(pki), issue(pki, "李四"), issue(pki, "王五")
    clock.moment = renewed.not_after - timedelta(days=10)
    renewal.renew(pki, renewed.serial, actor="operator:cli")
    authority.revoke(pki, revoked.serial, "superseded", clock.now())
    people = {alarm.certificate.serial for alarm in alarms.raise_due(pki) if alarm.certificate.profile == "person"}
    assert people == {single.serial}
    clock.moment = renewed.not_after + timedelta(seconds=1)
    assert not [one for one in alarms.find_ending(pki, 180) if one.serial in {renewed.serial, revoked.serial, single.serial}]


def test_what_ends_is_read_a_piece_at_a_time_in_the_order_of_its_end(stored_pki: PkiDeps, clock: FixedClock) -> None:
    serials = [issue(stored_pki, name).serial for name in ("甲", "乙")]
    clock.advance(timedelta(hours=1))
    serials = [*sorted(serials), issue(stored_pki, "丙").serial]  # the first two end in the same second
    now, until = clock.now(), clock.now() + timedelta(days=20_000)
    with stored_pki.work.read() as work:
        whole = list(work.records.ending_before(until, now=now))
        found: list[CertificateRecord] = []
        while piece := work.records.ending_before(
            until, now=now, after=(found[-1].not_after, found[-1].serial) if found else None, limit=2
        ):
            found += piece
    assert found == whole
    assert [one.serial for one in whole if one.profile == "person"] == serials


@pytest.mark.parametrize(("profiles", "index"), [(None, "end"), ({"tls_server", "seal"}, "profile")])
def test_what_ends_is_found_by_an_index_of_few_where_sqlite_has_no_statistics(
    tmp_path: Path, clock: FixedClock, profiles: set[str] | None, index: str
) -> None:
    def ask(connection: sa.Connection) -> None:
        SqlLife(connection).ending_before(clock.now(), now=clock.now(), profiles=profiles)

    assert f"ix_pki_certificates_{index} (" in first_step_on_sqlite(tmp_path, tables.metadata, ask)


def test_a_successor_that_was_revoked_is_none(pki: PkiDeps, clock: FixedClock) -> None:
    record = issue(pki)
    clock.moment = record.not_after - timedelta(days=10)
    successor = renewal.renew(pki, record.serial, actor="operator:cli")
    authority.revoke(pki, successor.serial, "superseded", clock.now())
    assert record.serial in dict(told(pki))


def test_what_the_node_renews_by_itself_is_told_of_when_that_failed(pki: PkiDeps, clock: FixedClock) -> None:
    responder = get_credential(pki, "ocsp").record
    assert told(pki) == []  # a life of 90 days is no reason for an alarm on its first day
    clock.moment = responder.not_after - timedelta(days=29)
    assert responder.serial not in dict(told(pki))
    clock.moment = responder.not_after - timedelta(days=7)
    assert dict(told(pki))[responder.serial] == 7


def test_cas_are_told_of_too(pki: PkiDeps, clock: FixedClock) -> None:
    issuing = authority.get_issuing(pki)
    clock.moment = issuing.not_after - timedelta(days=100)
    assert dict(told(pki))[issuing.serial] == 180


def test_a_cross_certificate_is_told_of_until_it_is_renewed(pki: PkiDeps, city: PkiDeps, clock: FixedClock) -> None:
    ours, theirs = (policy_oid(pki.policies, code, "basic") for code in ("445122", "445100"))
    other = certificate(authority.get_principal(city))
    template = CrossCertificateTemplate(other, 2, (city.node.names,), (ours,), ((ours, theirs),), 1, 365)
    record = authority.issue_cross_certificate(pki, template)
    clock.moment = record.not_after - timedelta(days=30)
    assert dict(told(pki))[record.serial] == 30
    clock.moment = record.not_after - timedelta(days=7)
    authority.issue_cross_certificate(pki, template)
    assert record.serial not in dict(told(pki))


def test_of_many_workers_one_tells(stored_pki: PkiDeps, clock: FixedClock) -> None:
    record = issue(stored_pki)
    clock.moment = record.not_after - timedelta(days=30)
    with ThreadPoolExecutor(4) as pool:
        raised = [one for many in pool.map(lambda _: told(stored_pki), range(4)) for one in many if one[0] == record.serial]
    assert raised == [(record.serial, 30)]
    with stored_pki.work.read() as work:
        assert isinstance(work.audit, SqlAuditTrail)
        page = work.audit.page(limit=500, contains=record.serial)
    assert [one.event.details["days"] for one in page if one.event.action == "pki.expiry_alarm"] == [30]


# Renewal at the command line


def test_only_what_admins_may_ask_for_is_renewed_by_them(pki: PkiDeps, clock: FixedClock) -> None:
    record = issue(pki)
    clock.advance(timedelta(days=1))
    successor = renewal.renew(pki, record.serial, actor="operator:cli")
    assert certificate(successor).public_key() == KEY.public_key()
    assert successor.subject == record.subject
    for serial in (get_credential(pki, "tsa").record.serial, authority.get_issuing(pki).serial):
        with pytest.raises(Refusal, match="requester_unsuitable"):
            renewal.renew(pki, serial, actor="operator:cli")
    authority.revoke(pki, record.serial, "key_compromise", clock.now())
    with pytest.raises(Refusal, match="it is revoked"):
        renewal.renew(pki, record.serial, actor="operator:cli")


# The review


def with_rules(pki: PkiDeps, **changes: Any) -> PkiDeps:
    """The node after its policies changed."""
    profiles = pki.policies.profiles
    person = profiles["person"].model_copy(update=changes)
    return replace(pki, policies=pki.policies.model_copy(update={"profiles": profiles | {"person": person}}), kept={})


def test_what_obeys_todays_rules_stops_nothing(stored_pki: PkiDeps) -> None:
    issue(stored_pki)
    done = review.review(stored_pki)
    assert (done.certificates, done.faulty) == (7, [])
    assert review.find_stop(stored_pki) is None


def test_a_fault_by_todays_rules_stops_issuing_until_two_admins_agree(stored_pki: PkiDeps) -> None:
    record = issue(stored_pki)
    today = with_rules(stored_pki, validity_days=1000)
    ((found, fault),) = review.review(today).faulty
    assert (found.serial, fault.code) == (record.serial, "validity_length")
    stop = review.find_stop(today)
    assert stop is not None
    assert (stop.serial, stop.finding) == (record.serial, "validity_length")
    for refused in (lambda: issue(today), lambda: issue(today, "x", "tls_client")):
        with pytest.raises(Refusal, match=record.serial):
            refused()
    assert not review.resume(today, by="operator:陈")
    with pytest.raises(Refusal, match="two_admins_needed"):
        review.resume(today, by=" 陈 ·")
    with pytest.raises(Refusal, match="actor_unsuitable"):
        review.resume(today, by=" ")
    with pytest.raises(Refusal, match="issuance_stopped"):
        issue(today)
    assert review.resume(today, by="operator:林")
    assert issue(today).profile == "person"
    assert (events(today, "pki.stop_issuing"), events(today, "pki.agree_to_resume"), events(today, "pki.resume_issuing")) == (
        1,
        1,
        1,
    )


def test_a_certificate_that_was_accepted_does_not_stop_issuing_again(pki: PkiDeps) -> None:
    issue(pki)
    today = with_rules(pki, validity_days=1000)
    review.review(today)
    review.resume(today, by="operator:陈")
    review.resume(today, by="operator:林")
    assert len(review.review(today).faulty) == 1
    assert review.find_stop(today) is None
    assert review.resume(today, by="operator:陈")  # nothing is stopped


def test_what_somebody_changed_in_the_database_is_found(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    record = issue(stored_pki)
    other = issue(stored_pki, "李四")
    table = tables.certificates
    with engine.begin() as connection:
        connection.execute(table.update().where(table.c.serial == record.serial).values(der=other.der))
    ((found, fault),) = review.review(stored_pki).faulty
    assert (found.serial, fault.code) == (record.serial, "serial")
    with engine.begin() as connection:
        connection.execute(table.update().where(table.c.serial == record.serial).values(der=b"\x30\x00"))
    ((_, fault),) = review.review(stored_pki).faulty
    assert fault.code == "signature"


def test_it_looks_back_two_days(pki: PkiDeps, clock: FixedClock) -> None:
    issue(pki)
    clock.advance(timedelta(hours=47))
    assert review.review(pki).certificates == 7
    clock.advance(timedelta(hours=2))
    assert review.review(pki).certificates == 0


# A database that refuses a write


class RefusedError(Exception):
    """The database does not take it."""


@dataclass
class Recorder:
    """The CA's key, which remembers what it signed."""

    key: ec.EllipticCurvePrivateKey
    signed: list[bytes]

    def sign(self, data: bytes, algorithm: Any) -> bytes:
        self.signed.append(data)
        return self.key.sign(data, algorithm)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.key.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        return self.key.curve


ec.EllipticCurvePrivateKey.register(Recorder)


@contextmanager
def refusing(engine: sa.Engine, at: int) -> Iterator[list[int]]:
    """Let the database refuse the statement or commit number ``at``, from 0."""
    seen = [0]

    def count(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == at + 1:
            raise RefusedError

    def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if text.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            count()

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*values: Any) -> Any:
            count()
            return method(*values)

        return counting

    sa.event.listen(engine, "before_cursor_execute", statement)
    with pytest.MonkeyPatch.context() as patched:
        for owner, name in (
            (Prepared, "change"),
            (Prepared, "put_off"),
            (Kept, "commit"),
        ):  # what the driver does past SQLAlchemy
            patched.setattr(owner, name, counted(getattr(owner, name)))
        try:
            yield seen
        finally:
            sa.event.remove(engine, "before_cursor_execute", statement)


def test_whichever_write_fails_what_was_signed_can_be_revoked_after_a_restart(
    stored_pki: PkiDeps, engine: sa.Engine, clock: FixedClock
) -> None:
    keys = stored_pki.keys
    assert isinstance(keys, MemoryKeys)
    signed: list[bytes] = []
    watched = MemoryKeys({**keys.keys, "issuing": Recorder(keys.keys["issuing"], signed)}, keys.secrets)  # type: ignore[dict-item, arg-type]
    requests = [CertificateRequest("person", (*COUNTY.names, ("CN", f"张{number}")), KEY.public_key()) for number in range(3)]
    write, failures = 0, 0
    while True:
        with refusing(engine, write) as seen:
            try:
                authority.issue_many(replace(stored_pki, keys=watched, kept={}), requests)
            except RefusedError:
                failures += 1
        if seen[0] <= write:
            break  # every write was there, and none was left to refuse
        write += 1
    assert failures == write >= 6  # two statements and a commit before the signatures, the same after them
    restarted = replace(stored_pki, kept={})
    clock.advance(issuance.ABANDONED_AFTER + timedelta(seconds=1))
    crl.refresh_due(restarted)
    serials = [format(_serial(tbs), "x") for tbs in signed]
    assert len(serials) >= 3 * 4
    with restarted.work.read() as work:
        recorded = {serial for serial in serials if work.records.find_certificate(serial) is not None}
    assert len(recorded) == 3  # the last run's
    for serial in recorded:
        authority.revoke(restarted, serial, "superseded", clock.now())
    listed = {format(entry.serial_number, "x") for entry in x509.load_der_x509_crl(crl.current(restarted, "issuing").der)}
    assert set(serials) <= listed


def _serial(tbs: bytes) -> int:
    parts: Sequence[tuple[int, bytes]] = der.elements(der.read(tbs, der.SEQUENCE))
    return int.from_bytes(parts[1][1], "big")
