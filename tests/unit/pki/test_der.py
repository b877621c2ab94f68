"""Our writer of DER agrees with asn1crypto's."""

from __future__ import annotations

from datetime import UTC, datetime

from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from pki import der


@given(value=st.integers(0, 2**600))
def test_integers(value: int) -> None:
    assert der.integer(value) == core.Integer(value).dump()


@given(data=st.binary(max_size=70000))
def test_lengths_of_every_size(data: bytes) -> None:
    assert der.octets(data) == core.OctetString(data).dump()


@given(parts=st.lists(st.binary(max_size=70000), max_size=3))
def test_a_long_sequence_is_a_sequence(parts: list[bytes]) -> None:
    assert der.long_sequence(*parts) == der.sequence(*parts)


@given(arcs=st.lists(st.integers(0, 2**128), min_size=1, max_size=8))
def test_object_identifiers(arcs: list[int]) -> None:
    for dotted in (f"2.25.{'.'.join(map(str, arcs))}", f"1.2.{'.'.join(map(str, arcs))}"):
        assert core.ObjectIdentifier.load(der.oid(dotted)).dotted == dotted


def test_a_moment_is_written_in_utc_to_the_second() -> None:
    moment = datetime(2026, 11, 23, 8, 0, 1, 999999, tzinfo=UTC)
    assert core.GeneralizedTime.load(der.generalized_time(moment)).native == moment.replace(microsecond=0)


@given(parts=st.lists(st.binary(max_size=5)))
def test_a_set_is_in_the_order_of_der(parts: list[bytes]) -> None:
    class Octets(core.SetOf):  # type: ignore[misc]  # asn1crypto has no types
        _child_spec = core.OctetString

    assert der.set_of(*map(der.octets, parts)) == Octets(parts).dump()
