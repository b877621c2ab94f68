"""Partitions: each of its size, each with a list of its own that is there before a certificate points to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.clock import FixedClock
from pki import authority, crl, revocation
from pki.partitions import issuer_with_place
from pki.ports import PkiDeps
from pki.records import CertificateRecord
from pki.roles import get_credential
from tests.support.pki import COUNTY, OpenSsl, certificate, chain_of, pem, with_partitions_of

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
PERSON = (*COUNTY.names, ("CN", "张三"))


def issue(pki: PkiDeps) -> CertificateRecord:
    return authority.issue(pki, "person", PERSON, KEY)


def distribution_url(record: CertificateRecord) -> str:
    (point,) = certificate(record).extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (name,) = point.full_name or ()
    return str(name.value)


def entries(pki: PkiDeps, partition: int) -> int:
    return crl.current(pki, "issuing", partition).entries


def test_partitions_are_filled_one_after_the_other_and_certificates_point_to_their_own(pki: PkiDeps) -> None:
    small = with_partitions_of(5, pki)  # three are taken by the node's own services
    records = [issue(small) for _ in range(8)]
    assert [record.partition for record in records] == [1, 1, 2, 2, 2, 2, 2, 3]
    assert [distribution_url(record) for record in records] == [
        f"{COUNTY.url}/pki/issuing/{record.partition}.crl" for record in records
    ]
    assert [authority.get_certificate(small, record.serial) for record in records] == records


def test_a_partitions_list_bears_critically_the_address_that_its_certificates_point_to(pki: PkiDeps) -> None:
    record = issue(pki)
    found = x509.load_der_x509_crl(crl.current(pki, "issuing", record.partition).der)
    point = found.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert point.critical
    assert [name.value for name in point.value.full_name or ()] == [distribution_url(record)]
    assert not point.value.only_contains_ca_certs
    assert not point.value.indirect_crl


def test_a_new_partitions_list_is_out_before_a_certificate_points_to_it(pki: PkiDeps) -> None:
    record = issue(with_partitions_of(1, pki))
    assert record.partition == 2
    assert crl.find_current(pki, "issuing", 2) is not None
    assert crl.find_current(pki, "issuing", 3) is None


def test_a_new_partitions_list_is_out_although_whoever_opened_it_was_killed(pki: PkiDeps) -> None:
    with pki.work.begin() as work:
        assert work.records.take_places("issuing", 1, 1) == 2
    assert crl.find_current(pki, "issuing", 2) is None
    record = issue(with_partitions_of(2, pki))
    assert record.partition == 2
    assert crl.find_current(pki, "issuing", 2) is not None


def test_a_revocation_stands_on_its_own_partitions_list_and_on_the_complete_one_only(pki: PkiDeps, clock: FixedClock) -> None:
    small = with_partitions_of(3, pki)
    first, second = issue(small), issue(small)
    assert first.partition == second.partition == 2
    revocation.revoke(small, first.serial, "superseded", clock.now())
    assert [entries(pki, partition) for partition in (0, 1, 2)] == [1, 0, 1]


def test_openssl_judges_by_the_partitions_list(pki: PkiDeps, openssl: OpenSsl, clock: FixedClock) -> None:
    good, bad = issue(pki), issue(pki)
    revocation.suspend(pki, bad.serial)
    other = with_partitions_of(1, pki)
    stranger = issue(other)
    anchor, issuing = chain_of(pki)

    def judged(record: CertificateRecord, partition: int) -> bytes:
        lists = (crl.current(pki, "principal"), crl.current(pki, "issuing", partition))
        text = b"".join(x509.load_der_x509_crl(one.der).public_bytes(Encoding.PEM) for one in lists)
        checked = ("-crl_check_all", "-CRLfile", openssl.file("crls.pem", text))
        return openssl.verify(pem(record), anchor, issuing, clock.now(), *checked).stderr

    assert judged(good, 1) == b""
    assert b"certificate revoked" in judged(bad, 1)
    assert judged(stranger, stranger.partition) == b""
    assert b"CRL scope" in judged(good, stranger.partition)


def test_places_taken_at_once_never_overfill_a_partition(stored_pki: PkiDeps) -> None:
    small = with_partitions_of(4, stored_pki)
    with ThreadPoolExecutor(6) as pool:
        taken = [
            issuer.partition
            for issuer in pool.map(lambda _: issuer_with_place(small, get_credential(small, "issuing")), range(13))
        ]
    assert sorted(taken) == [1, *[2] * 4, *[3] * 4, *[4] * 4]
    assert issuer_with_place(small, get_credential(small, "issuing"), count=3).partition == 5  # what is left of none
    assert (
        issuer_with_place(small, get_credential(small, "issuing"), count=9).partition == 6
    )  # more than a partition takes: one of its own
    assert issuer_with_place(small, get_credential(small, "issuing")).partition == 7


def test_the_principals_certificates_are_in_no_partition(pki: PkiDeps) -> None:
    assert issuer_with_place(pki, get_credential(pki, "principal")).partition == 0
    assert authority.get_issuing(pki).partition == 0
    assert distribution_url(authority.get_issuing(pki)) == f"{COUNTY.url}/pki/principal.crl"


@pytest.fixture
def crowded(pki: PkiDeps, clock: FixedClock) -> PkiDeps:
    """A CA whose complete list is larger than a partition."""
    small = with_partitions_of(1, pki)
    for _ in range(2):
        revocation.revoke(small, issue(small).serial, "superseded", clock.now())
    return small


def test_a_large_complete_list_waits_a_little_while_the_partitions_is_out_at_once(crowded: PkiDeps, clock: FixedClock) -> None:
    record = issue(crowded)
    revocation.revoke(crowded, record.serial, "key_compromise", clock.now())
    assert (entries(crowded, record.partition), entries(crowded, 0)) == (1, 2)
    clock.advance(crl.LARGE_LIST_WAITS - timedelta(seconds=1))
    assert list(crl.refresh_due(crowded)) == []
    clock.advance(timedelta(seconds=1))
    assert [(one.partition, one.entries) for one in crl.refresh_due(crowded)] == [(0, 3)]
    assert list(crl.refresh_due(crowded)) == []


def test_a_certificate_that_points_to_the_complete_list_stands_on_it_at_once_however_large_it_is(
    pki: PkiDeps, clock: FixedClock
) -> None:
    small = with_partitions_of(1, pki)
    for count in (1, 2, 3):
        responder = get_credential(small, "ocsp_principal").record
        assert distribution_url(responder) == f"{COUNTY.url}/pki/principal.crl"
        authority.revoke(small, responder.serial, "key_compromise", clock.now())
        assert crl.current(small, "principal").entries == count
