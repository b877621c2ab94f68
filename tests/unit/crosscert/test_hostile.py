"""Bytes made to keep the parsers busy or to fill the memory: refused by name, whatever they are, before anything is made of them."""

from __future__ import annotations

import base64
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscert.paths import encodings
from crosscert.paths.certificates import MAX_CERTIFICATE_BYTES, parse_certificate
from crosscert.paths.crls import MAX_FRAME_BYTES, parse_crl
from crosscert.paths.der import MAX_DEPTH, MAX_ELEMENTS, check_shape
from kernel.errors import Refusal
from pki.der import NULL, explicit, integer, octets, oid, sequence, set_of, tlv
from pki.der_reader import DerError, element
from tests.unit.crosscert.forge import signer

ROOT = signer("root")
LEAF = ROOT.leaf("seal")
LIST = ROOT.crl(LEAF)
TBS = asn1.Certificate.load(LEAF.der)["tbs_certificate"]
SIGNATURE = tlv(3, b"\0" + bytes(70))
UTF8, DNS, URI = 0x0C, 0x82, 0x86
MOST_BYTES = 50_000_000


def certificate(extensions: bytes = b"", **parts: bytes) -> bytes:
    names = ("serial_number", "signature", "issuer", "validity", "subject", "subject_public_key_info")
    fields = [parts.get(name, TBS[name].dump()) for name in names]
    signed = sequence(explicit(0, integer(2)), *fields, explicit(3, sequence(extensions)) if extensions else b"")
    return sequence(signed, TBS["signature"].dump(), SIGNATURE)


def crl(entries: bytes = b"", extensions: bytes = b"", **parts: bytes) -> bytes:
    tbs = asn1_crl.CertificateList.load(LIST.der)["tbs_cert_list"]
    fields = [parts.get(name, tbs[name].dump()) for name in ("signature", "issuer", "this_update", "next_update")]
    rest = [sequence(entries) if entries else b"", explicit(0, sequence(extensions)) if extensions else b""]
    return sequence(sequence(integer(1), *fields, *rest), tbs["signature"].dump(), SIGNATURE)


def extension(number: str, value: bytes) -> bytes:
    return sequence(oid(number), octets(value))


def extensions(count: int) -> bytes:
    """So many empty extensions, each of another number: written octet by octet, since encoding 100,000 takes seconds."""
    numbers = (bytes((0x81 + (n >> 14), 0x80 | n >> 7 & 0x7F, n & 0x7F)) for n in range(count))
    return b"".join(b"\x30\x08\x06\x04\x2a" + number + b"\x04\x00" for number in numbers)


def nested(depth: int) -> bytes:
    found = b""
    for _ in range(depth):
        found = sequence(found)
    return found


def part(text: str) -> bytes:
    return set_of(sequence(oid("2.5.4.3"), tlv(UTF8, text.encode())))


def pkcs7(certificates: bytes) -> bytes:
    signed = sequence(integer(1), set_of(), sequence(oid("1.2.840.113549.1.7.1")), explicit(0, certificates), set_of())
    return sequence(oid("1.2.840.113549.1.7.2"), explicit(0, signed))


def armoured(label: str, text: bytes) -> bytes:
    return b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label.encode(), text, label.encode())


HIGH_TAG = b"\x3f" + b"\xff" * 60_000 + b"\x01\x00"
ABSURD_OID = tlv(6, b"\x2a" + b"\x81" * 50_000 + b"\x01")
POINT = sequence(explicit(0, explicit(0, tlv(URI, b"http://localhost"))))

CERTIFICATES = {
    "a deep alternative name": certificate(extension("2.5.29.17", sequence(explicit(4, nested(12_000))))),
    "a deep other name": certificate(extension("2.5.29.17", sequence(explicit(0, oid("1.2.3"), explicit(0, nested(12_000)))))),
    "a deep subject": certificate(subject=nested(12_000)),
    "a deep algorithm": certificate(signature=sequence(oid("1.2.840.113549.1.1.10"), nested(12_000))),
    "100,000 extensions": certificate(extensions(100_000)),
    "4,000 extensions": certificate(extensions(4_000)),
    "one extension twice": certificate(2 * extension("1.2.3", b"")),
    "an absurd identifier": certificate(sequence(ABSURD_OID, octets(b""))),
    "an absurd policy": certificate(extension("2.5.29.32", sequence(sequence(ABSURD_OID)))),
    "an absurd tag": certificate(subject=HIGH_TAG),
    "an absurd tag first": HIGH_TAG,
    "an absurd serial number": certificate(serial_number=tlv(2, b"\x01" * 50_000)),
    "a padded serial number": certificate(serial_number=tlv(2, b"\x00\x01")),
    "an empty serial number": certificate(serial_number=tlv(2)),
    "a long name": certificate(subject=sequence(part("饶") * 3_000)),
    "a long part of a name": certificate(subject=sequence(part("饶" * 10_000))),
    "a name that grows when it is normalised": certificate(subject=sequence(part("ﷺ" * 10_000))),
    "a thousand marks above one letter": certificate(subject=sequence(part("a" + "\u0315\u0300" * 10_000))),
    "a name of half characters": certificate(subject=sequence(set_of(sequence(oid("2.5.4.3"), tlv(0x1E, b"\xd8\x00" * 9))))),
    "9,000 alternative names": certificate(extension("2.5.29.17", sequence(tlv(DNS, b"a.cn") * 9_000))),
    "4,000 directory names": certificate(extension("2.5.29.17", sequence(explicit(4, sequence(part("a"))) * 3_000))),
    "9,000 constraints": certificate(extension("2.5.29.30", sequence(explicit(0, sequence(tlv(DNS, b"a.cn")) * 7_000)))),
    "4,000 mappings": certificate(extension("2.5.29.33", sequence(sequence(oid("1.2.3"), oid("1.2.4")) * 4_000))),
    "2,000 places of lists": certificate(extension("2.5.29.31", sequence(POINT * 2_000))),
    "an endless date": certificate(validity=sequence(tlv(0x17, b"9" * 30_000), tlv(0x17, b"9" * 30_000))),
    "an endless second": certificate(validity=2 * tlv(0x18, b"20260101000000." + b"9" * 30_000 + b"Z")),
    "a curve of its own": certificate(
        subject_public_key_info=sequence(sequence(oid("1.2.840.10045.2.1"), sequence(tlv(2, b"\x01" * 50_000))), SIGNATURE)
    ),
    "a length without end": b"\x30\x80" + LEAF.der[4:] + b"\0\0",
    "lengths without end inside each other": b"\x30\x80" * 30_000,
    "a string in pieces": certificate(subject=sequence(set_of(sequence(oid("2.5.4.3"), tlv(0x2C, tlv(UTF8, b"a") * 100))))),
    "a length of 127 octets": b"\x30\xff" + b"\x01" * 127,
    "a length of 2^63": b"\x30\x88\x7f" + b"\xff" * 7 + LEAF.der,
    "a length in too long a form": b"\x30\x83\x00" + LEAF.der[2:],
    "nothing": b"\0" * 60_000,
}
LISTS = {
    "100,000 extensions": crl(extensions=extensions(100_000)),
    "4,000 extensions": crl(extensions=extensions(4_000)),
    "one extension twice": crl(extensions=2 * extension("2.5.29.20", integer(1))),
    "a deep extension": crl(extensions=extension("2.5.29.28", nested(12_000))),
    "9,000 names of a place": crl(extensions=extension("2.5.29.28", sequence(explicit(0, explicit(0, tlv(URI, b"a") * 9_000))))),
    "9,000 places": crl(extensions=extension("2.5.29.46", sequence(POINT * 4_000))),
    "an absurd identifier": crl(extensions=sequence(ABSURD_OID, octets(b""))),
    "an absurd tag": crl(issuer=HIGH_TAG),
    "an endless issuer": crl(issuer=sequence(part("饶") * 100_000)),
    "an endless date": crl(this_update=tlv(0x18, b"20260101000000." + b"9" * 30_000 + b"Z")),
    "much before the entries": sequence(sequence(NULL * 500_000), sequence(), SIGNATURE),
    "nothing that is signed": sequence(NULL, sequence(), SIGNATURE),
    "more bytes around its entries than any": crl(extensions=extension("1.2.3", bytes(MAX_FRAME_BYTES))),
}
FILES = {
    "blocks that do not end": b"-----BEGIN CERTIFICATE-----\n" * 50_000,
    "a label that does not end": b"-----BEGIN " + b"-" * 1_000_000,
    "a block of headers": armoured("CERTIFICATE", b"a:b\n" * 200_000),
    "a block of empty lines": armoured("CERTIFICATE", b"\n" * 2_000_000),
    "a block of 40 MB": armoured("CERTIFICATE", b"A" * 40_000_000),
    "no Base64": armoured("CERTIFICATE", b"MAAA="),
    "keys only": armoured("PRIVATE KEY", b"MAAA") * 9_000,
    "more certificates than any": pkcs7(LEAF.der * (encodings.MAX_OBJECTS + 1)),
    "two million tiny certificates": pkcs7(b"\x30\x00" * 2_000_000),
    "attribute certificates only": pkcs7(explicit(1, b"") * 100_000),
    "deep data": sequence(oid("1.2.840.113549.1.7.2"), explicit(0, nested(60_000))),
    "other data": sequence(oid("1.2.840.113549.1.7.1"), explicit(0, octets(b""))),
    "data in data": sequence(oid("1.2.840.113549.1.7.2"), explicit(0, pkcs7(LEAF.der))),
    "60 MB of nothing": bytes(60_000_000),
    "text": b"a\n" * 1_000_000 + armoured("CERTIFICATE", b""),
}


@contextmanager
def little_memory() -> Iterator[None]:
    """What is done inside takes less than 50 MB beside its input, which also bounds the work: everything parsed is an object."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def refuses(read: Callable[[bytes], object], data: bytes) -> None:
    with little_memory(), pytest.raises(Refusal) as raised:
        read(data)
    assert raised.value.code in {"certificate_unreadable", "crl_unreadable"}
    assert raised.value.details["problem"]


@pytest.mark.parametrize("what", CERTIFICATES)
def test_a_certificate_with(what: str) -> None:
    refuses(parse_certificate, CERTIFICATES[what])
    refuses(encodings.read, CERTIFICATES[what])


@pytest.mark.parametrize("what", LISTS)
def test_a_revocation_list_with(what: str) -> None:
    refuses(parse_crl, LISTS[what])
    refuses(encodings.read, LISTS[what])


@pytest.mark.parametrize("what", FILES)
def test_a_file_of(what: str) -> None:
    refuses(encodings.read, FILES[what])


def test_what_they_are_made_of_is_good_in_a_small_number() -> None:
    """Otherwise the cases above would be refused for another reason than theirs."""
    names = sequence(tlv(DNS, b"a.cn"), explicit(4, sequence(part("饶"))))
    limits = extension("2.5.29.30", sequence(explicit(0, sequence(tlv(DNS, b"a.cn")))))
    mappings = extension("2.5.29.33", sequence(sequence(oid("1.2.3"), oid("1.2.4"))))
    places = extension("2.5.29.31", sequence(POINT))
    parse_certificate(
        certificate(
            b"".join([extension("2.5.29.17", names), limits, mappings, places, extensions(3)]),
            subject=sequence(part("饶")),
        )
    )
    parts = [extension("2.5.29.20", integer(1)), extension("1.2.3", nested(12_000)), extension("2.5.29.46", sequence(POINT))]
    parse_crl(crl(sequence(integer(1), tlv(0x17, b"261101000000Z")), b"".join(parts) + extensions(3)))
    assert encodings.read(pkcs7(LEAF.der * 3)).certificates == [LEAF] * 3
    assert encodings.read(
        b"text\n" + armoured("PRIVATE KEY", b"MAAA") + armoured("PKCS7", base64.encodebytes(pkcs7(LEAF.der)))
    ).certificates == [LEAF]


def test_the_shape_of_bytes_is_looked_at_within_its_limits() -> None:
    assert check_shape(sequence(NULL, NULL)) == MAX_ELEMENTS - 3
    check_shape(nested(MAX_DEPTH))
    check_shape(NULL * MAX_ELEMENTS)
    for bad in (
        nested(MAX_DEPTH + 1),
        NULL * (MAX_ELEMENTS + 1),
        b"\x30",
        b"\x30\x01",
        b"\x24\x00",
        b"\x1f\x01\x00",
        b"\x30\x81\x01\x00",
    ):
        with pytest.raises(DerError):
            check_shape(bad)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"\x30", b"\x80", b"\x81", b"\x02", b"\xff", b"\x00", b"\x01"])).map(b"".join)
)
def test_no_bytes_make_the_reader_of_der_do_anything_but_refuse(data: bytes) -> None:
    try:
        check_shape(data)
    except DerError:
        return
    place = 0
    while place < len(data):
        _, begin, after = element(data, place, len(data))
        assert place < begin <= after <= len(data)
        place = after


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*CERTIFICATES.values(), *LISTS.values()]).filter(lambda data: len(data) < MAX_CERTIFICATE_BYTES), st.data()
)
def test_what_is_bad_may_be_cut_and_changed_and_is_still_no_more_than_refused(bad: bytes, data: st.DataObject) -> None:
    changed = bytearray(bad)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, min(len(changed) - 1, 400)))
        changed[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    for parse in (encodings.read, parse_certificate, parse_crl):
        try:
            parse(bytes(changed))  # type: ignore[operator]
        except Refusal:
            continue
