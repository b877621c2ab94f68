"""Setting the CAs up: once, whatever interrupts it and whoever else does it at the same moment. Issuing and revoking."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.clock import FixedClock
from kernel.errors import Misuse, Refusal
from kernel.work import UnitOfWork, Work
from pki import authority, crl, issuance
from pki.ports import PkiDeps, PkiRecords
from pki.roles import CA_ROLES, get_credential
from pki.storage import tables
from service.audit import SqlAuditTrail
from tests.support.dying import KilledError, dying
from tests.support.pki import COUNTY, MemoryKeys, OpenSsl, certificate, chain_of, make_deps, pem

KEY = ec.generate_private_key(ec.SECP256R1())
ROLES = ("principal", "issuing", "ocsp", "ocsp_principal", "tsa", "node_signer")
PERSON = (*COUNTY.names, ("CN", "张三"))


def states(engine: sa.Engine) -> dict[str, int]:
    table = tables.certificates
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table.c.state, sa.func.count().label("certificates")).group_by(table.c.state))
        return {row.state: row.certificates for row in rows}


def events(engine: sa.Engine) -> list[tuple[str, str, str]]:
    with engine.connect() as connection:
        page = reversed(SqlAuditTrail(connection).page(limit=500))
        return [(one.event.action, one.event.target, one.event.outcome) for one in page]


def check_whole(deps: PkiDeps, openssl: OpenSsl) -> None:
    """Each role is filled by a certificate for its key that validates, and the lists are there."""
    anchor, issuing = chain_of(deps)
    for role in ROLES:
        found = get_credential(deps, role)
        assert found.certificate.public_key() == found.key.public_key()
        assert openssl.verify(pem(found.record), anchor, issuing, deps.clock.now()).returncode == 0
    for ca in CA_ROLES:
        assert crl.current(deps, ca).next_update > deps.clock.now()


def test_initialise_fills_every_role_and_publishes_both_lists(stored_pki: PkiDeps, openssl: OpenSsl) -> None:
    check_whole(stored_pki, openssl)
    assert set(stored_pki.keys.labels()) == set(ROLES)


def test_a_second_initialise_changes_nothing(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    before = states(engine), [get_credential(stored_pki, role).record for role in ROLES]
    lists = [crl.current(stored_pki, ca) for ca in CA_ROLES]
    authority.initialise(replace(stored_pki, kept={}))
    assert (states(engine), [get_credential(stored_pki, role).record for role in ROLES]) == before
    assert [crl.current(stored_pki, ca) for ca in CA_ROLES] == lists


def test_killed_after_any_step_it_is_finished_by_the_next_run(
    sqlite_engine: sa.Engine, tmp_path: Path, clock: FixedClock, openssl: OpenSsl
) -> None:
    """One database after the other: killed after 0, 1, 2 … steps, then run again."""
    steps = 0
    while True:
        tables.metadata.drop_all(sqlite_engine)
        deps = replace(make_deps(sqlite_engine, tmp_path, clock), keys=MemoryKeys())
        try:
            authority.initialise(dying(deps, steps))
        except KilledError:
            authority.initialise(deps)
            assert states(sqlite_engine)["issued"] == len(ROLES)
            get_credential(deps, "tsa")
        else:
            break
        steps += 1
    assert steps > 20  # it really died at each of them
    check_whole(deps, openssl)


def test_an_abandoned_intent_is_voided_and_its_serial_revoked(new_pki: PkiDeps, engine: sa.Engine, clock: FixedClock) -> None:
    with pytest.raises(KilledError):
        authority.initialise(dying(new_pki, 5))  # the intent of the principal CA's certificate is on disk
    authority.initialise(new_pki)
    assert states(engine) == {"intent": 1, "issued": len(ROLES)}
    clock.advance(issuance.ABANDONED_AFTER + timedelta(seconds=1))
    crl.refresh_due(new_pki)
    assert states(engine) == {"void": 1, "issued": len(ROLES)}
    (listed,) = x509.load_der_x509_crl(crl.current(new_pki, "principal").der)
    assert ("pki.issue", f"certificate:{listed.serial_number:x}", "failed") in events(engine)


def test_a_signature_that_comes_after_its_intent_was_voided_is_not_released(
    stored_pki: PkiDeps, engine: sa.Engine, clock: FixedClock
) -> None:
    @dataclass
    class SlowWork:
        inner: UnitOfWork[PkiRecords]

        @contextmanager
        def begin(self) -> Iterator[Work[PkiRecords]]:
            with self.inner.begin() as work:
                yield work
            clock.advance(issuance.ABANDONED_AFTER + timedelta(seconds=1))
            issuance.settle(stored_pki)

        def read(self) -> AbstractContextManager[Work[PkiRecords]]:
            return self.inner.read()

    issued = states(engine)["issued"]
    with pytest.raises(Refusal, match="issuance_voided"):
        authority.issue(replace(stored_pki, work=SlowWork(stored_pki.work)), "person", PERSON, KEY.public_key())
    assert states(engine) == {"issued": issued, "void": 1}


def test_two_at_once_make_one_authority(new_pki: PkiDeps, engine: sa.Engine, openssl: OpenSsl) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: authority.initialise(replace(new_pki, kept={})), range(4)))
    check_whole(new_pki, openssl)
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.roles)).scalar_one() == len(ROLES)
    assert states(engine)["issued"] == len(ROLES)


def test_before_it_is_set_up_the_authority_is_missing(new_pki: PkiDeps) -> None:
    for ask in (
        lambda: authority.get_principal(new_pki),
        lambda: authority.get_issuing(new_pki),
        lambda: crl.current(new_pki, "issuing"),
        lambda: crl.publish(new_pki, "issuing"),
        lambda: authority.issue(new_pki, "person", PERSON, KEY.public_key()),
    ):
        with pytest.raises(Misuse, match="authority_missing"):
            ask()


def test_intent_and_outcome_are_audited_in_order(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    record = authority.issue(stored_pki, "person", PERSON, KEY.public_key(), actor="account:7")
    ours = [event for event in events(engine) if event[1] == f"certificate:{record.serial}"]
    assert ours == [("pki.issue", f"certificate:{record.serial}", outcome) for outcome in ("intent", "ok")]


def test_the_record_tells_what_the_certificate_says(stored_pki: PkiDeps) -> None:
    record = authority.issue(stored_pki, "person", PERSON, KEY.public_key())
    found = certificate(record)
    assert int(record.serial, 16) == found.serial_number
    assert (record.subject, record.issuer) == (found.subject.rfc4514_string(), found.issuer.rfc4514_string())
    assert (record.not_before, record.not_after) == (found.not_valid_before_utc, found.not_valid_after_utc)
    assert authority.get_certificate(stored_pki, record.serial) == record
    colons = ":".join(record.serial[i : i + 2] for i in range(0, 40, 2)).upper()
    assert authority.get_certificate(stored_pki, colons) == record


def test_a_revocation_is_on_the_list_that_is_published_with_it(stored_pki: PkiDeps, engine: sa.Engine, clock: FixedClock) -> None:
    record = authority.issue(stored_pki, "person", PERSON, KEY.public_key())
    clock.advance(timedelta(hours=1))
    revoked = authority.revoke(stored_pki, record.serial, "key_compromise", clock.now(), actor="account:7")
    assert (revoked.revoked_at, revoked.reason) == (clock.now(), "key_compromise")
    current = crl.current(stored_pki, "issuing")
    entry = x509.load_der_x509_crl(current.der).get_revoked_certificate_by_serial_number(int(record.serial, 16))
    assert entry is not None
    assert entry.revocation_date_utc == clock.now()
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason == x509.ReasonFlags.key_compromise
    assert ("pki.revoke", f"certificate:{record.serial}", "ok") in events(engine)


def test_of_many_that_revoke_one_certificate_one_does(stored_pki: PkiDeps, clock: FixedClock) -> None:
    record = authority.issue(stored_pki, "person", PERSON, KEY.public_key())

    def revoke(_: int) -> str:
        try:
            authority.revoke(stored_pki, record.serial, "superseded", clock.now())
        except Refusal as error:
            return error.code
        return "ok"

    with ThreadPoolExecutor(5) as pool:
        outcomes = sorted(pool.map(revoke, range(5)))
    assert outcomes == ["certificate_revoked_already"] * 4 + ["ok"]


def test_what_cannot_be_revoked_is_refused(stored_pki: PkiDeps, clock: FixedClock) -> None:
    record = authority.issue(stored_pki, "person", PERSON, KEY.public_key())
    cases = (
        ("7f", clock.now(), "certificate_unknown"),
        ("no hexadecimal", clock.now(), "certificate_unknown"),
        (authority.get_principal(stored_pki).serial, clock.now(), "certificate_in_service"),
        (authority.get_issuing(stored_pki).serial, clock.now(), "certificate_in_service"),
        (record.serial, clock.now() + timedelta(seconds=1), "revocation_moment"),
        (record.serial, record.not_before - timedelta(seconds=1), "revocation_moment"),
    )
    for serial, at, code in cases:
        with pytest.raises(Refusal, match=code):
            authority.revoke(stored_pki, serial, "unspecified", at)
    assert authority.get_certificate(stored_pki, record.serial).revoked_at is None


@pytest.mark.parametrize("role", ["ocsp", "ocsp_principal", "tsa", "node_signer"])
def test_a_service_certificate_is_renewed_for_its_key_before_it_ends(stored_pki: PkiDeps, clock: FixedClock, role: str) -> None:
    before = get_credential(stored_pki, role)
    authority.renew_due(stored_pki)
    assert get_credential(stored_pki, role).record == before.record
    clock.moment = before.record.not_after - timedelta(days=29)
    authority.renew_due(stored_pki)
    after = get_credential(stored_pki, role)
    assert after.record.not_after > before.record.not_after
    assert after.key.public_key() == before.key.public_key()


def test_a_revoked_service_certificate_is_replaced_with_a_new_key(stored_pki: PkiDeps, clock: FixedClock) -> None:
    before = get_credential(stored_pki, "tsa")
    authority.revoke(stored_pki, before.record.serial, "key_compromise", clock.now())
    authority.renew_due(stored_pki)
    after = get_credential(stored_pki, "tsa")
    assert after.key.public_key() != before.key.public_key()
    assert after.certificate.public_key() == after.key.public_key()
