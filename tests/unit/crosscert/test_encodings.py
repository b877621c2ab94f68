"""Files of every form, good and bad: certificates and lists out of DER, PEM and PKCS#7, and nothing else out of anything else."""

from __future__ import annotations

import pytest
from asn1crypto import cms, crl
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscert.paths import encodings
from crosscert.paths.certificates import MAX_CERTIFICATE_BYTES, parse_certificate
from crosscert.paths.crls import parse_crl
from kernel.errors import Refusal
from tests.unit.crosscert.forge import key, signer

ROOT = signer("root")
LEAF = ROOT.leaf("饶平县", "印章")
LIST = ROOT.crl(LEAF)
CERTIFICATES = [x509.load_der_x509_certificate(each.der) for each in (ROOT.root(), LEAF)]


def pem(*objects: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in objects)


def bundle_with_list() -> bytes:
    info = cms.ContentInfo.load(pkcs7.serialize_certificates(CERTIFICATES, Encoding.DER))
    info["content"]["crls"] = [cms.RevocationInfoChoice("crl", crl.CertificateList.load(LIST.der))]
    return bytes(info.dump(force=True))


def test_one_certificate_or_list_as_der_or_pem() -> None:
    assert encodings.read(LEAF.der).certificates == [LEAF]
    assert encodings.read(LIST.der).crls == [LIST]
    assert encodings.read(pem(CERTIFICATES[1])).certificates == [LEAF]
    assert encodings.read(b"subject=x\r\n" + pem(x509.load_der_x509_crl(LIST.der))).crls == [LIST]


def test_many_in_one_file() -> None:
    both = pem(*CERTIFICATES, x509.load_der_x509_crl(LIST.der))
    private = key("root").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    found = encodings.read(private + both)
    assert (len(found.certificates), found.crls) == (2, [LIST])


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_pkcs7_bundles(encoding: Encoding) -> None:
    data = pkcs7.serialize_certificates(CERTIFICATES, encoding)
    assert {each.sha256 for each in encodings.read(data).certificates} >= {LEAF.sha256}
    assert encodings.read(bundle_with_list()).crls == [LIST]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"hello",
        b"\x30\x82\xff\xff" + b"\x30" * 100,
        b"\x30\x80" * 2000,
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n",
        b"-----BEGIN PUBLIC KEY-----\nMAAA\n-----END PUBLIC KEY-----\n",
        LEAF.der + b"\x00",
        LEAF.der[:-1],
        b"\x30\x84\x7f\xff\xff\xff" + LEAF.der,
        b"\x30" + b"\x06\x03\x55\x1d\x0f" * 50,
        key("root").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        b"0" * (MAX_CERTIFICATE_BYTES + 1),
    ],
)
def test_everything_else_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as raised:
        encodings.read(data)
    assert raised.value.code in {"certificate_unreadable", "crl_unreadable"}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([LEAF.der, LIST.der, bundle_with_list(), pem(*CERTIFICATES)]), st.data())
def test_no_bytes_make_anything_but_a_refusal(good: bytes, data: st.DataObject) -> None:
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(bad) - 1))
        bad[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    for parse in (encodings.read, parse_certificate, parse_crl):
        try:
            parse(bytes(bad))  # type: ignore[operator]
        except Refusal as refusal:
            assert refusal.code in {"certificate_unreadable", "crl_unreadable"}  # noqa: PT017 - or it was read after all


@given(st.binary(max_size=200))
def test_nor_do_bytes_of_no_form_at_all(data: bytes) -> None:
    with pytest.raises(Refusal):
        encodings.read(data)
