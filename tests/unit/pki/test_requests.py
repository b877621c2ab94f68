"""PKCS#10 as openssl and others write it: read, possession proven, held against the profile; whatever else it is, named."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import core, keys
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import Refusal
from pki import authority, requests
from pki.der_reader import read
from pki.lint.keys import key_algorithm
from pki.names import x509_name
from pki.ports import PkiDeps
from pki.requests import judge, verify_request
from policies.models import Requester
from tests.support.pki import COUNTY, OpenSsl, certificate

KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=3072)
PERSON = (*COUNTY.names, ("CN", "张三"))
CONFIG = """
[req]
prompt = no
utf8 = yes
string_mask = utf8only
distinguished_name = name
req_extensions = wanted
[name]
C = CN
ST = 广东省
L = 潮州市
O = 饶平县
CN = 张三
[wanted]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = email:zhangsan@chaoxin.test
"""

Builder = x509.CertificateSigningRequestBuilder


def builder() -> Builder:
    return Builder().subject_name(x509_name(PERSON))


def request(made: Builder | None = None, key: Any = KEY) -> bytes:
    return (
        (made or builder())
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else SHA256())
        .public_bytes(Encoding.DER)
    )


@pytest.mark.parametrize("form", ["PEM", "DER"])
@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA-3072"])
def test_what_openssl_asks_for_is_issued(pki: PkiDeps, openssl: OpenSsl, form: str, kind: str) -> None:
    key = {"P-256": KEY, "P-384": ec.generate_private_key(ec.SECP384R1()), "RSA-3072": RSA}[kind]
    openssl.file("key.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    config = openssl.file("req.cnf", CONFIG.encode())
    made = openssl.run("req", "-new", "-key", "key.pem", "-config", config, "-outform", form)
    assert made.returncode == 0, made.stderr
    asked = judge(pki, verify_request(made.stdout), "person", "admin")
    assert (asked.subject, asked.emails) == (PERSON, ("zhangsan@chaoxin.test",))
    (record,) = authority.issue_many(pki, [asked])
    assert certificate(record).public_key() == asked.public_key
    names = certificate(record).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == ["zhangsan@chaoxin.test"]


def test_a_request_signed_by_another_key_proves_nothing() -> None:
    mine, stolen = (key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in (KEY, OTHER))
    der = request()
    assert mine in der
    with pytest.raises(Refusal, match="not signed by the key"):
        verify_request(der.replace(mine, stolen))


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed448.Ed448PrivateKey.generate(),
    ],
    ids=["RSA-2048", "P-521", "secp256k1", "Ed448"],
)
def test_a_weak_or_unknown_key_is_refused_before_its_signature_is_looked_at(key: Any) -> None:
    with pytest.raises(Refusal, match="a key of a kind or size"):
        verify_request(request(key=key))


def rsa_key(modulus: int, exponent: int) -> bytes:
    numbers = core.SequenceOf(spec=core.Integer, value=[modulus, exponent]).dump()
    der: bytes = keys.PublicKeyInfo.wrap(keys.RSAPublicKey.load(numbers), "rsa").dump()
    return read(der, 0x30)


def test_an_rsa_key_is_judged_by_its_numbers() -> None:
    modulus = RSA.public_key().public_numbers().n
    assert key_algorithm(rsa_key(modulus, 65537)) == "RSA-3072"
    for wrong in (
        (modulus, 3),
        (modulus, 65538),
        (modulus - 1, 65537),
        (modulus >> 1024 | 1, 65537),
        (modulus << 6000 | 1, 65537),
    ):
        assert key_algorithm(rsa_key(*wrong)) is None


def test_a_signature_over_sha_1_is_refused(openssl: OpenSsl) -> None:
    config = openssl.file("req.cnf", CONFIG.encode())
    made = openssl.run(
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "k",
        "-config",
        config,
        "-sha1",
        "-outform",
        "DER",
    )
    assert made.returncode == 0, made.stderr
    assert isinstance(x509.load_der_x509_csr(made.stdout).signature_hash_algorithm, SHA1)
    with pytest.raises(Refusal, match="SHA-256 or stronger"):
        verify_request(made.stdout)


def having(value: x509.ExtensionType, *, critical: bool = False) -> Builder:
    return builder().add_extension(value, critical)


def usage(**more: bool) -> x509.KeyUsage:
    names = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
    bits = dict.fromkeys([*names.split(), "encipher_only", "decipher_only"], False) | {"digital_signature": True} | more
    return x509.KeyUsage(**bits)


REFUSED: tuple[tuple[str, Builder, str], ...] = (
    ("a CA", having(x509.BasicConstraints(ca=True, path_length=0), critical=True), "2.5.29.19"),
    ("keyCertSign", having(usage(key_cert_sign=True), critical=True), "2.5.29.15"),
    ("contentCommitment", having(usage(content_commitment=True), critical=True), "2.5.29.15"),
    ("server", having(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])), "2.5.29.37"),
    ("nocheck", having(x509.OCSPNoCheck()), "1.3.6.1.5.5.7.48.1.5"),
    ("name constraints", having(x509.NameConstraints([x509.DNSName("a.test")], None), critical=True), "2.5.29.30"),
    ("unknown", having(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")), "1.2.3.4"),
    ("dns", having(x509.SubjectAlternativeName([x509.DNSName("a.test")])), "kind dns"),
    ("address", having(x509.SubjectAlternativeName([x509.UniformResourceIdentifier("http://a.test")])), "DNS and e-mail"),
    ("wildcard", having(x509.SubjectAlternativeName([x509.DNSName("*.a.test")])), "no wildcards"),
    ("upper case", having(x509.SubjectAlternativeName([x509.DNSName("A.test")])), "lower case"),
    ("no mailbox", having(x509.SubjectAlternativeName([x509.RFC822Name("zhang")])), "lower case"),
    ("twice", having(x509.SubjectAlternativeName([x509.RFC822Name("a@b.test")] * 2)), "one twice"),
    ("many", having(x509.SubjectAlternativeName([x509.RFC822Name(f"a{n}@b.test") for n in range(21)])), "more than 20"),
    ("attribute", builder().add_attribute(x509.ObjectIdentifier("1.2.3.4"), b"x"), "attribute that is not accepted: 1.2.3.4"),
    ("other county", Builder().subject_name(x509_name((*COUNTY.names[:3], ("O", "潮安区"), ("CN", "张三")))), "name_unsuitable"),
    ("the node itself", Builder().subject_name(x509_name(COUNTY.names)), "name_unsuitable"),
    ("no CN", Builder().subject_name(x509_name((*COUNTY.names, ("OU", "张三")))), "CN once"),
    ("two CN", Builder().subject_name(x509_name((*PERSON, ("CN", "李四")))), "CN once"),
    ("empty", Builder().subject_name(x509.Name([])), "name_unsuitable"),
    ("mail in the name", Builder().subject_name(x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@b.test")])), "subject"),
)


@pytest.mark.parametrize(("made", "says"), [(made, says) for _, made, says in REFUSED], ids=[name for name, _, _ in REFUSED])
def test_what_a_profile_does_not_give_is_refused_by_name(pki: PkiDeps, made: Builder, says: str) -> None:
    with pytest.raises(Refusal, match=re.escape(says)):
        judge(pki, verify_request(request(made)), "person", "admin")


def test_a_challenge_password_is_passed_over_and_an_invisible_character_is_not(pki: PkiDeps) -> None:
    made = builder().add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"hello")
    assert judge(pki, verify_request(request(made)), "person", "admin").subject == PERSON
    hidden = Builder().subject_name(x509.Name([*x509_name(COUNTY.names), x509.NameAttribute(NameOID.COMMON_NAME, "张\u200b三")]))
    with pytest.raises(Refusal, match=re.escape("U+200B")):
        judge(pki, verify_request(request(hidden)), "person", "admin")


@pytest.mark.parametrize(
    ("profile", "way"),
    [("tsa", "admin"), ("ocsp", "admin"), ("department_seal", "invitation"), ("issuing_ca", "node"), ("person", "node")],
)
def test_a_profile_is_only_given_in_its_own_ways(pki: PkiDeps, profile: str, way: Requester) -> None:
    with pytest.raises(Refusal, match="requester_unsuitable"):
        judge(pki, verify_request(request()), profile, way)


def test_a_server_asks_with_its_names_and_a_seal_takes_the_nodes_own_kind_of_key(pki: PkiDeps) -> None:
    names = x509.SubjectAlternativeName([x509.DNSName("rp.chaoxin.test")])
    asked = judge(pki, verify_request(request(having(names))), "tls_server", "admin")
    assert asked.dns_names == ("rp.chaoxin.test",)
    with pytest.raises(Refusal, match="needs a DNS name"):
        judge(pki, verify_request(request()), "tls_server", "admin")
    with pytest.raises(Refusal, match="must be P-256"):
        judge(pki, verify_request(request(key=RSA)), "department_seal", "admin")
    with pytest.raises(Refusal, match="must be P-256 / P-384 / RSA-3072"):
        judge(pki, verify_request(request(key=ed25519.Ed25519PrivateKey.generate())), "person", "admin")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        bytes(requests.MAX_REQUEST_BYTES + 1),
        b"\x30\x84\xff\xff\xff\xff",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAA\n-----END CERTIFICATE REQUEST-----",
        b"\x30" * 4000,
        request().replace(b"\x02\x01\x00", b"\x02\x01\x01", 1),  # of a version that there is not
    ],
)
def test_what_is_no_request_is_called_malformed(content: bytes) -> None:
    with pytest.raises(Refusal, match="request_malformed"):
        verify_request(content)


@given(garbage=st.binary(max_size=300))
def test_garbage_is_called_malformed(garbage: bytes) -> None:
    with pytest.raises(Refusal, match=r"request_malformed|request_unsuitable"):
        verify_request(garbage)


GOOD = request(having(x509.SubjectAlternativeName([x509.RFC822Name("a@b.test")])))
BIG = request(key=RSA)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    good=st.sampled_from([GOOD, BIG]),
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=3),
    cut=st.integers(0, 20),
)
def test_a_request_that_was_changed_is_refused(pki: PkiDeps, good: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    content = bytearray(good)
    for position, value in changes:
        content[position % len(content)] = value
    changed = bytes(content[: len(content) - cut])
    if changed != good:
        with pytest.raises(Refusal):
            judge(pki, verify_request(changed), "person", "admin")


def test_nothing_is_stored_for_a_request_that_is_refused(pki: PkiDeps) -> None:
    def stored() -> int:
        with pki.work.read() as work:
            return len(work.records.certificates())

    before = stored()
    refusals: tuple[Callable[[], object], ...] = (
        lambda: verify_request(b"x"),
        lambda: judge(pki, verify_request(GOOD), "tsa", "admin"),
    )
    for refused in refusals:
        with pytest.raises(Refusal):
            refused()
    assert stored() == before
