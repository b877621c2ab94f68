"""Signatures of a PDF that is no licence, as anybody's software makes them (ISO 32000-2 12.8, ETSI EN 319 142-1), as values.

Each signature is told with what is wrong with it in ETSI's words, nothing is believed. Left to others: reading them (``reading_others``), whose
the certificates are (``gathering_others``), the verdict (``checks.others``, ``verify_others``).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Problem = Literal["FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "CRYPTO_CONSTRAINTS_FAILURE", "TAMPERED"]
"""ETSI EN 319 102-1, tables 5 and 6; ``TAMPERED`` is ours: the file was changed after signing in a way that no signature allows."""

ByteRange: TypeAlias = tuple[int, int, int, int]
"""ISO 32000-2 12.8.1: where the two parts begin that are covered, and how long each is."""


@dataclass(frozen=True, slots=True)
class OtherStamp:
    """A time-stamp over a signature or the file, which holds, whoever's it is. ``dedicated``: its certificate (DER) is for nothing else.

    ``token`` is all of it (CMS); ``byte_range`` what of the file it is over, None when it is over a signature.
    """

    generated_at: datetime
    certificate: bytes
    dedicated: bool
    token: bytes = dataclasses.field(repr=False)
    byte_range: ByteRange | None


@dataclass(frozen=True, slots=True)
class OtherSignature:
    """One signature: whose certificate (DER) it names, by what algorithm, what is wrong with it, and the time-stamps over it.

    ``cms`` is all of it, ``value`` the signature value proper, ``byte_range`` what of the file it is over.
    """

    field: str
    signer: bytes
    algorithm: str
    problem: Problem | None
    stamps: tuple[OtherStamp, ...]
    byte_range: ByteRange
    cms: bytes = dataclasses.field(repr=False)
    value: bytes = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class OtherSignatures:
    """All signatures of a file in the order in which they were made, and what came in them (DER): certificates, revocation lists, OCSP answers."""

    signatures: tuple[OtherSignature, ...] = ()
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
