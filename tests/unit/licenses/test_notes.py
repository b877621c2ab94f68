"""Signed notes are written and read as C2SP has them."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses import notes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BODY = "example.com/log\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG = notes.key_of("example.com/log", notes.LOG, KEY.public_key())
WITNESS = notes.key_of("witness.example", notes.WITNESS, KEY.public_key())
NOTE = f"{BODY}\n{notes.sign(BODY, LOG.name, KEY)}{notes.cosign(BODY, WITNESS.name, KEY, AT)}"


def test_a_cosignature_is_over_the_moment_and_the_text_with_the_key_id_of_its_type() -> None:
    line = NOTE.splitlines()[-1]
    raw = base64.b64decode(line.rpartition(" ")[2])
    assert line.startswith("— witness.example ")
    assert raw[:4] == hashlib.sha256(b"witness.example\n\x04" + WITNESS.raw).digest()[:4]
    assert int.from_bytes(raw[4:12], "big") == int(AT.timestamp())
    KEY.public_key().verify(raw[12:], b"cosignature/v1\ntime %d\n" % AT.timestamp() + BODY.encode())


def test_each_key_verifies_its_own_line() -> None:
    assert notes.verify(NOTE, LOG) == BODY
    assert notes.verify_cosignature(NOTE, WITNESS) == AT
    assert notes.line_of(NOTE, WITNESS) == NOTE.splitlines()[-1]


def test_a_log_and_a_witness_of_one_key_are_not_mistaken_for_each_other() -> None:
    other = notes.VerifierKey(LOG.name, notes.WITNESS, LOG.raw)
    with pytest.raises(Refusal, match="checkpoint_invalid"):
        notes.verify_cosignature(NOTE, other)


def test_a_cosignature_of_another_moment_is_not_believed() -> None:
    raw = bytearray(base64.b64decode(NOTE.splitlines()[-1].rpartition(" ")[2]))
    raw[4:12] = int((AT + timedelta(days=1)).timestamp()).to_bytes(8, "big")
    forged = f"{BODY}\n— witness.example {base64.b64encode(bytes(raw)).decode()}\n"
    with pytest.raises(Refusal, match="checkpoint_invalid"):
        notes.verify_cosignature(forged, WITNESS)


def test_keys_are_read_back() -> None:
    for key in (LOG, WITNESS):
        assert notes.parse_key(str(key)) == key


@given(st.text(max_size=120))
def test_only_refusals_come_out_of_arbitrary_keys(text: str) -> None:
    with pytest.raises(Refusal):
        notes.parse_key(text)


@given(st.text(max_size=300), st.sampled_from([LOG, WITNESS]))
def test_only_refusals_come_out_of_arbitrary_notes(text: str, key: notes.VerifierKey) -> None:
    for note in (text, f"{text}\n\n— {key.name} {text}\n"):
        with pytest.raises(Refusal):
            notes.verify(note, key)
