"""Revocation lists: numbered without gaps or repeats, complete, on time, understood by openssl."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import authority, crl
from pki.keyfiles import generate
from pki.ports import PkiDeps
from pki.records import CaName, CrlRecord
from pki.roles import CA_ROLES
from pki.storage import tables
from tests.support.pki import COUNTY, MemoryKeys, OpenSsl, certificate, chain_of, pem

KEY = ec.generate_private_key(ec.SECP256R1())
PERSON = (*COUNTY.names, ("CN", "张三"))


def parse(record: CrlRecord) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(record.der)


def serials(record: CrlRecord) -> set[str]:
    return {format(entry.serial_number, "x") for entry in parse(record)}


@pytest.mark.parametrize("ca", ["principal", "issuing"])
def test_a_list_is_signed_by_its_ca_and_says_which_and_when(pki: PkiDeps, ca: CaName) -> None:
    record = crl.publish(pki, ca)
    found, issuer = parse(record), certificate(authority.get_principal(pki) if ca == "principal" else authority.get_issuing(pki))
    assert found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    assert found.issuer == issuer.subject
    value = found.extensions.get_extension_for_class
    assert value(x509.CRLNumber).value.crl_number == record.number
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert value(x509.AuthorityKeyIdentifier).value.key_identifier == identifier
    assert (found.last_update_utc, found.next_update_utc) == (record.this_update, record.next_update)
    wanted = {"principal": timedelta(days=7), "issuing": timedelta(days=1)}
    assert record.next_update - record.this_update == wanted[ca]


def test_the_principals_list_says_critically_that_it_has_ca_certificates_only(pki: PkiDeps) -> None:
    point = parse(crl.current(pki, "principal")).extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert point.critical
    assert point.value.only_contains_ca_certs
    assert point.value.full_name is None
    with pytest.raises(x509.ExtensionNotFound):
        parse(crl.current(pki, "issuing")).extensions.get_extension_for_class(x509.IssuingDistributionPoint)


def test_openssl_refuses_what_the_lists_revoke_and_nothing_else(pki: PkiDeps, openssl: OpenSsl, clock: FixedClock) -> None:
    good, bad = (authority.issue(pki, "person", PERSON, KEY.public_key()) for _ in range(2))
    authority.revoke(pki, bad.serial, "superseded", clock.now())
    lists = b"".join(parse(crl.current(pki, ca)).public_bytes(Encoding.PEM) for ca in CA_ROLES)
    file = openssl.file("crls.pem", lists)
    anchor, issuing = chain_of(pki)
    checked = ("-crl_check_all", "-extended_crl", "-CRLfile", file)
    assert openssl.verify(pem(good), anchor, issuing, clock.now(), *checked).returncode == 0
    judged = openssl.verify(pem(bad), anchor, issuing, clock.now(), *checked)
    assert judged.returncode != 0
    assert b"certificate revoked" in judged.stderr


def test_numbers_rise_by_one_however_many_publish_at_once(stored_pki: PkiDeps) -> None:
    first = crl.publish(stored_pki, "issuing").number
    with ThreadPoolExecutor(5) as pool:
        published = list(pool.map(lambda partition: crl.publish(stored_pki, "issuing", partition=partition), [0, 1] * 5))
    assert sorted(record.number for record in published) == list(range(first + 1, first + 11))
    for partition in (0, 1):
        newest = max(record.number for record in published if record.partition == partition)
        assert crl.current(stored_pki, "issuing", partition).number == newest


def test_a_higher_number_never_lacks_an_entry_of_a_lower_one(stored_pki: PkiDeps, clock: FixedClock) -> None:
    records = [authority.issue(stored_pki, "person", PERSON, KEY.public_key()) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda record: authority.revoke(stored_pki, record.serial, "superseded", clock.now()), records))
    with stored_pki.work.read() as work:
        newest = work.records.find_crl("issuing")
        assert newest is not None
    assert serials(newest) == {record.serial for record in records}
    archived = all_lists(stored_pki)
    for older, newer in pairwise(archived):
        assert serials(older) <= serials(newer)


def all_lists(deps: PkiDeps) -> list[CrlRecord]:
    with deps.work.read() as work:
        connection = work.records._connection  # type: ignore[attr-defined]
        wanted = sa.select(tables.crls).where(tables.crls.c.ca == "issuing", tables.crls.c.partition == 0)
        rows = connection.execute(wanted.order_by(tables.crls.c.number))
        return [
            CrlRecord("issuing", row.number, deps.clock.now(), deps.clock.now(), row.entries, row.sha256, bytes(row.der))
            for row in rows
        ]


def test_nothing_is_published_before_it_is_due(stored_pki: PkiDeps, clock: FixedClock) -> None:
    assert list(crl.refresh_due(stored_pki)) == []
    clock.advance(timedelta(seconds=14399))
    assert list(crl.refresh_due(stored_pki)) == []
    clock.advance(timedelta(seconds=1))
    assert [(record.ca, record.partition) for record in crl.refresh_due(stored_pki)] == [("issuing", 0), ("issuing", 1)]
    clock.advance(timedelta(days=1))
    assert [record.ca for record in crl.refresh_due(stored_pki)] == ["principal", "issuing", "issuing"]


def test_a_revocation_that_was_recorded_but_not_published_is_published_when_due_is_looked_at(
    stored_pki: PkiDeps, clock: FixedClock
) -> None:
    record = authority.issue(stored_pki, "person", PERSON, KEY.public_key())
    with stored_pki.work.begin() as work:  # the process died before publishing
        assert work.records.revoke(record.serial, "superseded", clock.now())
    published = crl.refresh_due(stored_pki)
    assert [(one.partition, serials(one)) for one in published] == [(0, {record.serial}), (1, {record.serial})]


def test_a_list_that_cannot_be_signed_keeps_no_other_from_being_published(pki: PkiDeps, clock: FixedClock) -> None:
    clock.advance(timedelta(days=2))
    broken = MemoryKeys({**vars(pki.keys)["keys"], "principal": generate("P-256")})
    with pytest.raises(Refusal, match="lint_fault"):
        crl.refresh_due(replace(pki, keys=broken, kept={}))
    assert crl.current(pki, "principal").this_update < clock.now()
    assert crl.current(pki, "issuing").this_update == clock.now()


def test_an_entry_stays_after_its_certificate_expired(stored_pki: PkiDeps, clock: FixedClock) -> None:
    record = authority.issue(stored_pki, "person", PERSON, KEY.public_key())
    authority.revoke(stored_pki, record.serial, "key_compromise", clock.now())
    clock.moment = record.not_after + timedelta(days=365)
    assert serials(crl.publish(stored_pki, "issuing")) == {record.serial}


def test_the_reason_unspecified_is_said_by_saying_nothing(pki: PkiDeps, clock: FixedClock) -> None:
    record = authority.issue(pki, "person", PERSON, KEY.public_key())
    authority.revoke(pki, record.serial, "unspecified", clock.now())
    (entry,) = parse(crl.current(pki, "issuing"))
    assert len(entry.extensions) == 0


def test_lists_are_archived_and_found_by_the_moment_they_were_current(stored_pki: PkiDeps, clock: FixedClock) -> None:
    old = crl.current(stored_pki, "issuing")
    between = clock.now() + timedelta(hours=1)
    clock.advance(timedelta(hours=5))
    new = crl.publish(stored_pki, "issuing")
    with stored_pki.work.read() as work:
        assert work.records.find_crl("issuing", at=between) == old
        assert work.records.find_crl("issuing", at=clock.now()) == new
        assert work.records.find_crl("issuing", at=old.this_update - timedelta(seconds=1)) is None
        assert work.records.find_crl("issuing") == new
        assert work.records.crl_digests()["issuing"] == new.sha256
        assert set(work.records.crl_digests()) == {"principal", "issuing"}


def test_a_publication_that_fails_leaves_no_number_taken(stored_pki: PkiDeps) -> None:
    before = crl.publish(stored_pki, "issuing").number
    broken = replace(stored_pki, policies=stored_pki.policies.model_copy(update={"revocation": None}))
    with pytest.raises(AttributeError):
        crl.publish(broken, "issuing")
    assert crl.publish(stored_pki, "issuing").number == before + 1
