"""The pair of cross-certificates as a directory holds it: there and back, and garbage refused by name."""

from __future__ import annotations

import subprocess
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscert.directory.certificate_pair import MAX_PAIR_BYTES, CertificatePair, parse_pair
from crosscert.errors import CERTIFICATE_UNREADABLE, DIRECTORY_ANSWER
from kernel.errors import Refusal
from tests.support.programs import need
from tests.unit.crosscert.forge import signer

CITY, COUNTY, STRANGER = signer("潮州市"), signer("饶平县"), signer("陌生")
ISSUED, RECEIVED = CITY.ca(COUNTY), COUNTY.ca(CITY)
PAIR = CertificatePair(RECEIVED, ISSUED)


@pytest.mark.parametrize("pair", [PAIR, CertificatePair(RECEIVED, None), CertificatePair(None, ISSUED)])
def test_a_pair_comes_back_as_it_was(pair: CertificatePair) -> None:
    assert parse_pair(pair.encode()) == pair


def test_openssl_sees_two_certificates_under_explicit_tags() -> None:
    command = [need("openssl", "openssl"), "asn1parse", "-inform", "DER"]
    seen = subprocess.run(command, input=PAIR.encode(), capture_output=True, check=True).stdout.decode().splitlines()
    outer = [
        line.split("prim")[0].split("cons")[-1].split(":", 1)[-1].strip() for line in seen if "d=1" in line or "d=2 " in line
    ]
    assert outer == ["cont [ 0 ]", "SEQUENCE", "cont [ 1 ]", "SEQUENCE"]


def test_pairs_of_nothing_and_of_strangers_are_refused() -> None:
    for wrong in (b"0\x00", CertificatePair(RECEIVED, CITY.ca(STRANGER)).encode(), PAIR.encode() + b"\x00", ISSUED.der):
        with pytest.raises(Refusal) as refused:
            parse_pair(wrong)
        assert refused.value.error is DIRECTORY_ANSWER
    with pytest.raises(Refusal) as refused:
        parse_pair(b"0" * (MAX_PAIR_BYTES + 1))
    assert refused.value.error is DIRECTORY_ANSWER


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parse_pair(data)
    assert refused.value.error in {DIRECTORY_ANSWER, CERTIFICATE_UNREADABLE}


@given(st.data())
def test_a_pair_that_somebody_changed_is_a_pair_or_refused_by_name(data: st.DataObject) -> None:
    der = bytearray(PAIR.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refusal):
        found = parse_pair(bytes(der))
        assert found.forward or found.reverse
