"""The QR code says which licence it is and binds its data; it is read back from its picture."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses import qr
from licenses.data import make_identifier

IDENTIFIER = make_identifier(type_code="11440000MB2D0339XY001", issuer_uscc="11445122WBK871J86K", number="445122202100000002")
DIGEST = hashlib.sha256(b"data").digest()


def test_what_was_put_in_comes_out() -> None:
    said = qr.payload(IDENTIFIER, DIGEST)
    for text in (said, qr.address("http://localhost:18100", said)):
        claim = qr.parse_payload(text)
        assert claim.identifier == IDENTIFIER
        assert claim.agrees_with(DIGEST)
        assert not claim.agrees_with(hashlib.sha256(b"other data").digest())


def test_the_payload_needs_the_alphanumeric_mode_only() -> None:
    assert set(qr.payload(IDENTIFIER, DIGEST)) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


@pytest.mark.parametrize("position", range(len(qr.payload(IDENTIFIER, DIGEST)) - 17))
def test_a_misread_character_of_the_identifier_is_noticed(position: int) -> None:
    said = qr.payload(IDENTIFIER, DIGEST)
    wrong = "7" if said[position] != "7" else "8"
    with pytest.raises(Refusal) as caught:
        qr.parse_payload(said[:position] + wrong + said[position + 1 :])
    assert caught.value.code == "qr_invalid"


@given(st.text(max_size=300))
def test_only_refusals_come_out_of_arbitrary_text(text: str) -> None:
    with pytest.raises(Refusal):
        qr.parse_payload(text)


def test_a_huge_text_is_refused_at_once() -> None:
    with pytest.raises(Refusal):
        qr.parse_payload("1." + "A" * 10_000_000)


def test_the_picture_is_one_small_svg_without_a_script() -> None:
    picture = qr.picture("http://localhost:18100", qr.payload(IDENTIFIER, DIGEST))
    assert picture.startswith("<svg")
    assert "script" not in picture
    assert len(picture) < 12_000
