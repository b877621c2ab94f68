"""A list put together by us is octet for octet the one that a general builder makes, but for the signature."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from pki import crl_der
from pki.certificates import hash_for
from pki.keyfiles import generate
from pki.records import ListedReason, PrivateKey
from policies.models import KeyAlgorithm

KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER = x509.Name(
    [x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(x509.NameOID.COMMON_NAME, "饶平县签发CA")]
)
TIMES = datetime(2026, 11, 23, 8, tzinfo=UTC), datetime(2026, 11, 24, 8, tzinfo=UTC)
FLAGS: dict[ListedReason, x509.ReasonFlags | None] = {"unspecified": None} | {
    reason: x509.ReasonFlags[reason] for reason in crl_der.REASONS
}  # type: ignore[assignment]

moments = st.integers(631_152_000, 4_733_510_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # 1990 to 2120
revocations = st.tuples(st.integers(1, 2**159 - 1), moments, st.sampled_from(sorted(FLAGS)))


def extensions(number: int, url: str | None) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key()), False),
        (x509.CRLNumber(number), False),
    ]
    if url is not None:
        point = x509.IssuingDistributionPoint([x509.UniformResourceIdentifier(url)], None, False, False, None, False, False)
        found.append((point, True))
    return found


def by_builder(
    key: PrivateKey,
    times: tuple[datetime, datetime],
    listed: list[tuple[int, datetime, ListedReason]],
    more: list[tuple[x509.ExtensionType, bool]],
) -> x509.CertificateRevocationList:
    builder = x509.CertificateRevocationListBuilder().issuer_name(ISSUER).last_update(times[0]).next_update(times[1])
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    for serial, at, reason in listed:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        flag = FLAGS[reason]
        if flag is not None:
            entry = entry.add_extension(x509.CRLReason(flag), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, hash_for(key))


@settings(max_examples=60)
@given(
    st.lists(revocations, max_size=12),
    st.tuples(moments, moments).map(sorted),
    st.integers(0, 2**63),
    st.none() | st.just("http://localhost:8122/pki/issuing/7.crl"),
)
def test_the_octets_are_those_of_a_general_builder(
    listed: list[tuple[int, datetime, ListedReason]], times: list[datetime], number: int, url: str | None
) -> None:
    begin, end = times
    if begin == end:
        end = end.replace(year=end.year + 1, day=1)
    more = extensions(number, url)
    entries = [crl_der.entry(format(serial, "x"), at, reason) for serial, at, reason in listed]
    made = x509.load_der_x509_crl(crl_der.build(KEY, ISSUER, (begin, end), entries, more))
    wanted = by_builder(KEY, (begin, end), listed, more)
    assert made.tbs_certlist_bytes == wanted.tbs_certlist_bytes
    assert made.signature_algorithm_oid == wanted.signature_algorithm_oid
    assert made.is_signature_valid(KEY.public_key())


@pytest.mark.parametrize("algorithm", ["P-256", "P-384", "RSA-3072", "Ed25519"])
def test_any_kind_of_key_signs(algorithm: KeyAlgorithm) -> None:
    key = generate(algorithm)
    made = x509.load_der_x509_crl(crl_der.build(key, ISSUER, TIMES, [], extensions(1, None)))
    assert made.is_signature_valid(key.public_key())
    wanted = by_builder(key, TIMES, [], extensions(1, None))
    assert made.tbs_certlist_bytes == wanted.tbs_certlist_bytes


def test_a_piece_may_hold_many_entries() -> None:
    entries = [crl_der.entry(format(serial, "x"), TIMES[0], "superseded") for serial in range(1, 400)]
    apart = crl_der.build(KEY, ISSUER, TIMES, entries, extensions(1, None))
    joined = crl_der.build(KEY, ISSUER, TIMES, [b"".join(entries[:250]), b"".join(entries[250:])], extensions(1, None))
    lists = [x509.load_der_x509_crl(der) for der in (apart, joined)]
    assert lists[0].tbs_certlist_bytes == lists[1].tbs_certlist_bytes
    assert len(lists[0]) == len(entries)
