"""Networks by their addresses."""

from __future__ import annotations

import pytest

from kernel.networks import is_network, stands_in


@pytest.mark.parametrize(
    ("text", "it_is"),
    [
        ("10.1.0.0/16", True),
        ("10.1.2.3", True),
        ("2001:db8::/48", True),
        ("10.1.2.3/16", False),
        ("10.0.0.0/33", False),
        ("", False),
    ],
)
def test_an_address_or_a_network_without_surplus_bits_is_one(text: str, it_is: bool) -> None:
    assert is_network(text) is it_is


@pytest.mark.parametrize(
    ("address", "it_does"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("10.2.0.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("unix:", False),
    ],
)
def test_who_stands_in_one_of_them_does_also_by_a_dual_stack_socket(address: str, it_does: bool) -> None:
    assert stands_in(("10.1.0.0/16", "2001:db8::/48"), address) is it_does
    assert not stands_in((), address)
