"""Entries of revocation lists: found whatever their number, and the library told no less than it needs."""

from __future__ import annotations

import tracemalloc
from datetime import datetime

import pytest
from asn1crypto import crl as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko_certvalidator.revinfo.validate_crl import find_cert_in_list

from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl, parse_crl
from crosscert.paths.entries import Entries
from crosscert.paths.names import CertificateList
from pki.der import explicit, integer, octets, oid, sequence, tlv
from pki.der_reader import DerError
from tests.unit.crosscert.forge import judge, key, reason, signer

ROOT, COUNTY, OTHER = signer("root"), signer("county"), signer("other")
ANCHOR = ROOT.root()
LEAF = COUNTY.leaf("seal", serial=77)
MOMENT = tlv(0x17, b"261101000000Z")
BIG = 1 << 150


def entry(serial: int, *extensions: bytes) -> bytes:
    return sequence(integer(serial), MOMENT, sequence(*extensions) if extensions else b"")


def issuer(name: x509.Name, *, critical: bool = True) -> bytes:
    value = octets(sequence(explicit(4, name.public_bytes())))
    return sequence(oid("2.5.29.29"), b"\x01\x01\xff" if critical else b"", value)


def signed_list(entries: bytes) -> ParsedCrl:
    """The county's list with these entries, really signed."""
    like = COUNTY.crl(number=9)
    signed = sequence(like.der[like.frame.before], sequence(entries), like.der[like.frame.behind])
    signature = key("county").sign(signed, ec.ECDSA(hashes.SHA256()))
    return parse_crl(sequence(signed, like.signature.algorithm.dump(), tlv(3, b"\0" + signature)))


def made(data: bytes) -> Entries:
    return Entries(b"--" + data + b"--", slice(2, 2 + len(data)))


def told(found: asn1.CertificateList, certificate: ParsedCertificate) -> tuple[datetime | None, str | None]:
    """What the library says of a certificate by this list."""
    moment, why = find_cert_in_list(certificate.asn1, certificate.asn1.issuer, found, found.issuer)
    return moment, None if why is None else why.native


def test_a_list_of_a_hundred_thousand_entries_is_looked_up_without_parsing_them() -> None:
    found = signed_list(b"".join(entry(BIG + 2 * n) for n in range(100_000)) + entry(LEAF.serial))
    pool, lists = [ROOT.ca(COUNTY)], [ROOT.crl(), found]
    assert judge(COUNTY.leaf("good"), ANCHOR, pool, lists, check_revocation=True).valid
    assert reason(judge(LEAF, ANCHOR, pool, lists, check_revocation=True)) == ("certificate_revoked", "seal")
    listed = COUNTY.leaf("listed", serial=BIG + 2 * 50_000)
    assert reason(judge(listed, ANCHOR, pool, lists, check_revocation=True)) == ("certificate_revoked", "listed")
    assert len(found.about(BIG).crl_data["tbs_cert_list"]["revoked_certificates"]) == 1
    assert found.about(BIG + 1) is found.without_entries


def test_the_index_takes_few_bytes_an_entry() -> None:
    entries = made(b"".join(entry(BIG + 2 * n) for n in range(20_000)))
    tracemalloc.start()
    try:
        entries.prepare()
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 20_000 * 10
    assert peak < 20_000 * 100
    assert entries.about(BIG + 2 * 19_999)
    assert not entries.about(BIG + 1)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_the_library_says_by_the_entries_of_one_serial_is_what_it_says_by_all(data: st.DataObject) -> None:
    """Also where entries speak of other issuers' certificates, for themselves and for those that follow (RFC 5280 5.3.3)."""
    names = [COUNTY.subject, OTHER.subject]
    serials = st.sampled_from([1, 77, 128, BIG])
    parts = []
    for _ in range(data.draw(st.integers(0, 12))):
        extensions = []
        if data.draw(st.booleans()):
            extensions.append(issuer(data.draw(st.sampled_from(names)), critical=data.draw(st.booleans())))
        if data.draw(st.booleans()):
            extensions.append(sequence(oid("2.5.29.21"), octets(tlv(0x0A, data.draw(st.sampled_from([b"\1", b"\4", b"\x08"]))))))
        parts.append(entry(data.draw(serials), *extensions))
    found = signed_list(b"".join(parts)) if parts else COUNTY.crl()
    whole = CertificateList.load(found.der)
    for serial in (1, 77, 128, BIG, 5):
        for each in (COUNTY, OTHER):
            certificate = each.leaf("seal", serial=serial)
            assert told(found.about(serial).crl_data, certificate) == told(whole, certificate)


def test_an_entry_for_another_issuers_certificate_does_not_revoke_ours() -> None:
    pool = [ROOT.ca(COUNTY)]
    for entries, valid in (
        (entry(5, issuer(OTHER.subject)) + entry(77), True),
        (entry(5, issuer(OTHER.subject)) + entry(6, issuer(COUNTY.subject)) + entry(77), False),
        (entry(77) + entry(5, issuer(OTHER.subject)), False),
        (entry(77, issuer(OTHER.subject)), True),
    ):
        verdict = judge(LEAF, ANCHOR, pool, [ROOT.crl(), signed_list(entries)], check_revocation=True)
        assert verdict.valid == valid


@pytest.mark.parametrize(
    "entries",
    [
        b"\x30",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        sequence(MOMENT, integer(1)),
        sequence(tlv(2), MOMENT),
        sequence(tlv(2, b"\x00\x01"), MOMENT),
        entry(1) + b"\x00",
        entry(1)[:-1],
        entry(1, bytes(5_000)),
        entry(7, issuer(OTHER.subject), issuer(COUNTY.subject)),
        entry(7, sequence(oid("2.5.29.29"), octets(sequence()))),
        entry(7, sequence(oid("2.5.29.29"))),
        entry(77) * 101,
    ],
)
def test_entries_that_are_none_decide_nothing(entries: bytes) -> None:
    with pytest.raises(DerError):
        made(entries).about(77)
    found = signed_list(entries)
    assert found.lists(77)
    verdict = judge(LEAF, ANCHOR, [ROOT.ca(COUNTY)], [ROOT.crl(), found], check_revocation=True)
    assert reason(verdict) == ("revocation_malformed", "seal")


def test_entries_of_no_serial_asked_for_may_be_odd_inside() -> None:
    """Only what bears on a certificate is parsed; what the library then refuses refuses the certificate alone."""
    unknown = sequence(oid("1.2.3"), b"\x01\x01\xff", octets(b""))
    found = signed_list(entry(77, unknown) + entry(78, sequence(oid("2.5.29.21"), octets(b"\xff"))))
    pool, lists = [ROOT.ca(COUNTY)], [ROOT.crl(), found]
    assert judge(COUNTY.leaf("good"), ANCHOR, pool, lists, check_revocation=True).valid
    assert not judge(LEAF, ANCHOR, pool, lists, check_revocation=True).valid
    assert not judge(COUNTY.leaf("odd", serial=78), ANCHOR, pool, lists, check_revocation=True).valid


def test_a_delta_list_is_believed_only_under_the_key_of_its_base() -> None:
    """The library gets both without the entries that do not matter, so it cannot verify the delta again: we did, and under which key."""
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://localhost/delta.crl")], None, None, None)
    fresh = [(x509.FreshestCRL([point]), False)]
    base = COUNTY.crl(number=20, more=fresh)
    leaf = COUNTY.leaf("delta")
    many = [COUNTY.leaf("many") for _ in range(3)]
    delta = COUNTY.crl(*many, leaf, number=21, more=[(x509.DeltaCRLIndicator(20), True)])
    forged = COUNTY.crl(number=22, signed_by="attacker", more=[(x509.DeltaCRLIndicator(20), True)])
    pool = [ROOT.ca(COUNTY)]
    assert reason(judge(leaf, ANCHOR, pool, [ROOT.crl(), base, delta, forged], check_revocation=True))[0] == "certificate_revoked"
    assert judge(COUNTY.leaf("other"), ANCHOR, pool, [ROOT.crl(), base, delta, forged], check_revocation=True).valid
    # The base demands a delta: a forged one is none.
    assert reason(judge(leaf, ANCHOR, pool, [ROOT.crl(), base, forged], check_revocation=True))[0] == "revocation_unknown"
