"""The PolicyMappings extension: ours is what openssl and asn1crypto understand."""

from __future__ import annotations

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from pki.policy_mappings import ANY_POLICY, OID, parse_policy_mappings, policy_mappings

PAIRS = (("2.25.1.445100.2", "2.25.1.445122.2"), ("2.25.1.445100.3", "2.25.1.445122.3"))


def test_pairs_are_written_in_order_and_read_back() -> None:
    extension = policy_mappings(PAIRS)
    assert parse_policy_mappings(extension) == PAIRS
    native = asn1_x509.PolicyMappings.load(extension.value).native
    assert [tuple(pair.values()) for pair in native] == list(PAIRS)


@pytest.mark.parametrize("pairs", [(), ((ANY_POLICY, "2.25.1"),), (("2.25.1", ANY_POLICY),)])
def test_nothing_and_any_policy_are_not_mapped(pairs: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="anyPolicy"):
        policy_mappings(pairs)


@given(data=st.binary(max_size=60))
def test_other_bytes_are_refused(data: bytes) -> None:
    extension = x509.UnrecognizedExtension(OID, data)
    try:
        pairs = parse_policy_mappings(extension)
    except ValueError:
        return
    assert all(len(pair) == 2 for pair in pairs)
