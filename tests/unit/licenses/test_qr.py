"""The QR code says which licence it is, signed; nobody else's code, and no garbage, passes for one."""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import replace
from datetime import date
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses import qr
from licenses.data import make_identifier
from licenses.qr import QrClaim

IDENTIFIER = make_identifier(type_code="11440000MB2D0339XY001", issuer_uscc="11445122WBK871J86K", number="445122202100000002")
DATA = hashlib.sha256(b"data").digest()
CLAIM = QrClaim(IDENTIFIER, "饶平县金顺卤味食品厂", "13AG", date(2021, 6, 6), date(2031, 6, 6), 40_960, qr.digest_of(DATA))
KEY, KEY_ID = ec.generate_private_key(ec.SECP256R1()), b"12345678"
KEYS = {KEY_ID: KEY.public_key()}
SAID = qr.sign(CLAIM, KEY, KEY_ID)


def packed(raw: bytes) -> str:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, 0, qr._DICTIONARY)
    return "2" + base64.b32encode(deflate.compress(raw) + deflate.flush()).decode().rstrip("=")


@pytest.mark.parametrize(
    "claim",
    [CLAIM, replace(CLAIM, valid_to=None, holder_name="𠮷野陈晓潮", status_index=0), replace(CLAIM, valid_from=date(1999, 1, 1))],
)
def test_what_was_put_in_comes_out(claim: QrClaim) -> None:
    said = qr.sign(claim, KEY, KEY_ID)
    for text in (said, qr.address("http://localhost:18100", said), f" {said}\n"):
        assert qr.verify(qr.parse(text), KEYS) == claim
    assert claim.agrees_with(DATA)
    assert not claim.agrees_with(hashlib.sha256(b"other data").digest())


def test_it_is_a_cose_sign1_that_others_can_read() -> None:
    raw = zlib.decompressobj(-15, qr._DICTIONARY).decompress(base64.b32decode(SAID[1:] + "=" * (-len(SAID[1:]) % 8)))
    message = cbor2.loads(raw)
    assert message.tag == 18  # RFC 9052 2
    protected, unprotected, payload, signature = message.value
    assert (cbor2.loads(protected), unprotected, len(signature)) == ({1: -7, 4: KEY_ID}, {}, 64)
    assert set(cbor2.loads(payload)) == set(range(1, 8))


def test_the_statement_is_small_and_needs_the_alphanumeric_mode_only() -> None:
    assert set(SAID) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert len(SAID) < 300


@pytest.mark.parametrize("position", range(0, len(SAID) - 3, 5))  # the last bits only fill the last octets
def test_no_misread_character_is_believed(position: int) -> None:
    wrong = "7" if SAID[position] != "7" else "5"
    with pytest.raises(Refusal, match="qr_invalid"):
        qr.verify(qr.parse(SAID[:position] + wrong + SAID[position + 1 :]), KEYS)


def test_another_key_is_not_believed_whatever_it_is_called() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    for said, keys in ((qr.sign(CLAIM, other, KEY_ID), KEYS), (SAID, {KEY_ID: other.public_key()}), (SAID, {})):
        with pytest.raises(Refusal, match="qr_invalid"):
            qr.verify(qr.parse(said), keys)


def message(payload: Any = None, *, header: Any = None, beside: Any = None, signature: Any = bytes(64)) -> bytes:
    fields = payload if payload is not None else {1: IDENTIFIER[15:-2], 2: "n", 3: "t", 4: 1, 5: None, 6: 1, 7: bytes(10)}
    inner = [cbor2.dumps(header or {1: -7, 4: KEY_ID}), beside or {}, cbor2.dumps(fields, canonical=True), signature]
    return b"\xd2" + cbor2.dumps(inner)


FIELDS: dict[Any, Any] = {1: IDENTIFIER[15:-2], 2: "n", 3: "t", 4: 1, 5: None, 6: 1, 7: bytes(10)}


def test_the_message_that_the_malformed_ones_differ_from_is_well_formed() -> None:
    assert qr.parse(packed(message(FIELDS))).claim.identifier == IDENTIFIER


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xd2",
        bytes(500_000),  # a bomb
        b"\xd2" + b"\x81" * 900 + b"\x00",  # deep
        b"\xd2\x9f" + b"\x81" * 100,
        b"\xd2\x9b" + b"\xff" * 8,  # an array of 2^64 things
        b"\xd2\x5b" + b"\xff" * 8,
        b"\xd1" + message(FIELDS)[1:],  # COSE_Mac0
        message(FIELDS) + b"\x00",
        message(FIELDS, header={1: -8, 4: KEY_ID}),
        message(FIELDS, header={1: -7, 4: KEY_ID, 5: b"x"}),
        message(FIELDS, header={1: -7, 4: b"short"}),
        message(FIELDS, beside={4: KEY_ID}),
        message(FIELDS, signature=bytes(63)),
        message(FIELDS, signature="text"),
        message({**FIELDS, 8: 1}),
        message({**FIELDS, 1: "a.b.c.d"}),
        message({**FIELDS, 1: "no points"}),
        message({**FIELDS, 2: "line\nbreak"}),
        message({**FIELDS, 2: "right\u202eleft"}),
        message({**FIELDS, 4: 10**12}),
        message({**FIELDS, 4: True}),
        message({**FIELDS, 5: "2031"}),
        message({**FIELDS, 6: -1}),
        message({**FIELDS, 7: bytes(11)}),
        message({key: value for key, value in FIELDS.items() if key != 5}),
        message([1, 2, 3]),
        b"\xd2" + cbor2.dumps([b"\xa2\x01&\x04H12345678", {}, b"\xa7\x01\x01\x01\x01", bytes(64)]),
    ],
)
def test_a_malformed_statement_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(Refusal, match="qr_invalid"):
        qr.parse(packed(raw))


@given(st.text(max_size=300) | st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", max_size=600).map(lambda text: f"2{text}"))
def test_only_refusals_come_out_of_arbitrary_text(text: str) -> None:
    with pytest.raises(Refusal, match="qr_invalid"):
        qr.parse(text)


TAGS = st.integers(0, 300)
CBOR = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 9), inner, max_size=7)
        | st.builds(cbor2.CBORTag, TAGS, inner)
    ),
    max_leaves=12,
)


@given(CBOR, CBOR, CBOR, st.binary(max_size=40))
def test_only_refusals_come_out_of_arbitrary_cbor(header: Any, beside: Any, fields: Any, rest: bytes) -> None:
    inner = [cbor2.dumps(header), beside, cbor2.dumps(fields), bytes(64)]
    for raw in (b"\xd2" + cbor2.dumps(inner), b"\xd2" + cbor2.dumps(fields), b"\xd2\x84" + rest, b"\xd2" + rest):
        with pytest.raises(Refusal, match="qr_invalid"):
            qr.parse(packed(raw))


def test_a_huge_text_is_refused_at_once() -> None:
    for text in ("2" + "A" * 10_000_000, "#" * 10_000_000):
        with pytest.raises(Refusal):
            qr.parse(text)
