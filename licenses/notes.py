"""Signed notes (C2SP ``signed-note``) as logs and their witnesses write them: a text, a blank line, and one line a signature.

A log signs the text as it is (type 1), a witness with the moment at which it saw it (C2SP ``tlog-cosignature``, type 4); both by
Ed25519. Left to others: what the text says (``checkpoint``), whose keys are believed (``transparency``).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kernel.clock import timestamp
from kernel.errors import Refusal
from licenses.errors import CHECKPOINT_INVALID

LOG, WITNESS = 0x01, 0x04
"""The types of signatures."""

_MAX_CHARACTERS = 16_384
_KEY_LENGTH = 32
_KEY_ID_LENGTH = 4
_TIME_LENGTH = 8
_LATEST = 253_402_300_799  # the last second of the calendar


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key that verifies notes: whose, of which type."""

    name: str
    kind: int
    raw: bytes

    @property
    def key_id(self) -> bytes:
        """The octets by which a signature names it."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.raw).digest()[:_KEY_ID_LENGTH]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.raw).decode()}"


def key_of(name: str, kind: int, public: ed25519.Ed25519PublicKey) -> VerifierKey:
    """Return the key by which others verify what ``name`` signs."""
    return VerifierKey(name, kind, public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def parse_key(text: str) -> VerifierKey:
    """Return the key in ``text`` (``name+id+key``); ``Refusal`` for anything else."""
    name, _, rest = text[:_MAX_CHARACTERS].partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = unbase64(encoded)
    if raw[:1] not in {bytes([LOG]), bytes([WITNESS])} or len(raw) != 1 + _KEY_LENGTH:
        raise Refusal(CHECKPOINT_INVALID, problem="key")
    key = VerifierKey(name, raw[0], raw[1:])
    if not name or not name.isprintable() or " " in name or key_id != key.key_id.hex():
        raise Refusal(CHECKPOINT_INVALID, problem="key")
    return key


def sign(body: str, name: str, key: ed25519.Ed25519PrivateKey) -> str:
    """Return the log's signature line over ``body``."""
    return _line(key_of(name, LOG, key.public_key()), key.sign(body.encode()))


def cosign(body: str, name: str, key: ed25519.Ed25519PrivateKey, at: datetime) -> str:
    """Return a witness's signature line over ``body``: that it saw it at ``at``."""
    seconds = timestamp(at)
    signature = key.sign(_timed(body, seconds))
    return _line(key_of(name, WITNESS, key.public_key()), seconds.to_bytes(_TIME_LENGTH, "big") + signature)


def split(note: str) -> tuple[str, list[str]]:
    """Return the text of ``note`` and its signature lines; ``Refusal`` when it has not that form or is too long."""
    body, blank, signatures = note.partition("\n\n")
    if len(note) > _MAX_CHARACTERS or not blank:
        raise Refusal(CHECKPOINT_INVALID, problem="form")
    return body + "\n", signatures.split("\n")


def verify(note: str, key: VerifierKey) -> str:
    """Return the text of ``note`` when the holder of ``key`` signed it; signatures of others beside it are not looked at."""
    return _verified(note, key)[0]


def verify_cosignature(note: str, key: VerifierKey) -> datetime:
    """Return when the witness that holds ``key`` cosigned ``note``; ``Refusal`` when it did not."""
    return _verified(note, key)[1]


def line_of(note: str, key: VerifierKey) -> str:
    """Return the line of ``note`` that ``key`` verifies; ``Refusal`` when there is none."""
    return _verified(note, key)[2]


def unbase64(text: str) -> bytes:
    """Return what ``text`` encodes, for the one text that those octets have; ``Refusal`` otherwise."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refusal(CHECKPOINT_INVALID, problem="base64") from None
    if base64.b64encode(raw).decode() != text:  # bits beyond the last octet: another text for the same octets
        raise Refusal(CHECKPOINT_INVALID, problem="base64")
    return raw


def _verified(note: str, key: VerifierKey) -> tuple[str, datetime, str]:
    body, lines = split(note)
    for line in lines:
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        if dash != "—" or signer != key.name:
            continue
        raw = unbase64(encoded)
        if raw[:_KEY_ID_LENGTH] != key.key_id:
            continue
        return body, _check(body, key, raw[_KEY_ID_LENGTH:]), line
    raise Refusal(CHECKPOINT_INVALID, problem=f"not signed by {key.name}")


def _check(body: str, key: VerifierKey, signature: bytes) -> datetime:
    message, seconds = body.encode(), 0
    if key.kind == WITNESS:
        seconds = int.from_bytes(signature[:_TIME_LENGTH], "big")
        message, signature = _timed(body, seconds), signature[_TIME_LENGTH:]
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, message)
    except InvalidSignature:
        raise Refusal(CHECKPOINT_INVALID, problem="signature") from None
    return datetime.fromtimestamp(min(seconds, _LATEST), UTC)


def _timed(body: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()


def _line(key: VerifierKey, signature: bytes) -> str:
    return f"— {key.name} {base64.b64encode(key.key_id + signature).decode()}\n"
