"""The only place that draws random values, all from the operating system's generator."""

from __future__ import annotations

import binascii
import os
import secrets
from functools import lru_cache

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_OCTETS = 256
SERIAL_BITS = 159
"""RFC 5280 4.1.2.2 allows 20 octets; one bit less keeps the DER integer positive."""


def random_bytes(length: int = 32) -> bytes:
    """Return ``length`` random octets."""
    return os.urandom(length)


def token(length: int = 32) -> str:
    """Return ``length`` random octets as unpadded base64url: for codes, tokens, session identifiers, client secrets."""
    return binascii.b2a_base64(os.urandom(length), newline=False).translate(_URL_SAFE, b"=").decode()


def digits(length: int) -> str:
    """Return ``length`` random decimal digits, for codes that people type."""
    return "".join(str(secrets.randbelow(10)) for _ in range(length))


def fraction() -> float:
    """Return a number from 0 up to but not including 1: to spread what many would do at the same moment."""
    return secrets.randbits(53) / (1 << 53)


def serial_number() -> int:
    """Return a positive certificate serial number of 159 random bits with the top bit set, so that all have one length."""
    return secrets.randbits(SERIAL_BITS - 1) | (1 << (SERIAL_BITS - 1))


def choose(alphabet: str, length: int) -> str:
    """Return ``length`` random characters of ``alphabet``, each as likely as any other: for codes that people type."""
    meant, left_out = _drawn(alphabet)
    drawn = b""
    while len(drawn) < length:
        drawn += os.urandom(2 * length).translate(meant, left_out)
    return drawn[:length].decode("ascii")


@lru_cache(maxsize=20)
def _drawn(alphabet: str) -> tuple[bytes, bytes]:
    """Return which character each octet stands for, as many octets for each, and those that are left over."""
    most = _OCTETS - _OCTETS % len(alphabet)
    return (alphabet * _OCTETS)[:_OCTETS].encode("ascii"), bytes(range(most, _OCTETS))
