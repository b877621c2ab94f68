"""The only place that draws random values, all from the operating system's generator."""

from __future__ import annotations

import secrets

SERIAL_BITS = 159
"""RFC 5280 4.1.2.2 allows 20 octets; one bit less keeps the DER integer positive."""


def random_bytes(length: int = 32) -> bytes:
    """Return ``length`` random octets."""
    return secrets.token_bytes(length)


def token(length: int = 32) -> str:
    """Return ``length`` random octets as unpadded base64url: for codes, tokens, session identifiers, client secrets."""
    return secrets.token_urlsafe(length)


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
    drawn, characters = secrets.randbelow(len(alphabet) ** length), []
    for _ in range(length):
        drawn, place = divmod(drawn, len(alphabet))
        characters.append(alphabet[place])
    return "".join(characters)
