"""The signatures of a verified file that anybody can check without us: each with the octets that it is over and the paths of those who made it.

One that does not hold, or whose signer has no path, is none of them: anybody can write a trusted certificate beside a signature that is not its
owner's. What is thought of it stands in the verdict. Left to others: what tells whether a certificate was revoked (``collected``), commands and
files (``evidence``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from kernel.errors import Refusal
from licenses.errors import EVIDENCE_TOO_LARGE
from licenses.evidence import Evidence, OtherEvidence, PathEvidence
from licenses.other_signatures import ByteRange
from licenses.reading import Seal
from licenses.signatures import find_time_stamp_token, read_signed_value

_HOLE = 4
_HOLDING = (None, "TAMPERED")
"""The problems of a signature that holds over its own octets: the file may have been changed behind them."""

_MIB = 1024 * 1024
_MOST = 128 * _MIB
"""Of the octets that signatures are over: each one is over all that stood before it, so the file is there as often as it was signed."""

Octets: TypeAlias = "tuple[bytes | memoryview, ...]"
"""What a file is put together from; what is the verified file's is seen there and not copied."""


@dataclass(frozen=True, slots=True)
class StampProof:
    """A time-stamp token (DER) by somebody with a path, and what it is over: None for the signature's value, else most of the file."""

    token: bytes = field(repr=False)
    over: Octets | None = field(repr=False)
    path: PathEvidence


@dataclass(frozen=True, slots=True)
class Proof:
    """A signature (CMS), the octets that it is over, its value alone, and the path to ``name``, who made it."""

    name: str
    byte_range: Sequence[int]
    covered: Octets = field(repr=False)
    cms: bytes = field(repr=False)
    value: bytes = field(repr=False)
    signer: PathEvidence
    stamp: StampProof | None

    @property
    def paths(self) -> Sequence[PathEvidence]:
        """The paths behind it."""
        return (self.signer,) if self.stamp is None else (self.signer, self.stamp.path)


def proofs_of(pdf: bytes, evidence: Evidence) -> Sequence[Proof]:
    """Return the proofs of all signatures of ``pdf`` that have one, in the order in which they were made.

    ``Refusal`` (``evidence_too_large``) for a large file that was signed very often.
    """
    if evidence.others:
        holding = [other for other in evidence.others if other.signature.problem in _HOLDING]
        if sum(_size(pdf, one) for other in holding for one in _ranges(other)) > _MOST:
            raise Refusal(EVIDENCE_TOO_LARGE, field="file", limit_mib=_MOST // _MIB)
        return [found for other in holding for found in _of_other(pdf, other)]
    seal = evidence.reading.seal
    return [] if seal is None else list(_of_seal(pdf, evidence, seal))


def _of_seal(pdf: bytes, evidence: Evidence, seal: Seal) -> Iterator[Proof]:
    standing = evidence.signer
    if standing is None or standing.trusted is None or len(seal.byte_range) != _HOLE:
        return
    _, length, second, _ = seal.byte_range
    signed = read_signed_value(bytes.fromhex(pdf[length + 1 : second - 1].decode("ascii")))
    stamp, stamper = None, None if evidence.time_stamper is None else evidence.time_stamper.trusted
    if stamper is not None and (token := find_time_stamp_token(signed)) is not None:
        stamp = StampProof(token.dump(), None, stamper)
    covered = _cut(pdf, seal.byte_range)
    yield Proof(standing.shown.name, seal.byte_range, covered, signed.der, signed.value, standing.trusted, stamp)


def _of_other(pdf: bytes, other: OtherEvidence) -> Iterator[Proof]:
    one, standing, by = other.signature, other.gathered.signer, other.gathered.time_stamper
    if standing is None or standing.trusted is None:
        return
    stamp = None
    if other.stamp is not None and by is not None and by.trusted is not None:
        over = None if other.stamp.byte_range is None else _cut(pdf, other.stamp.byte_range)
        stamp = StampProof(other.stamp.token, over, by.trusted)
    covered = _cut(pdf, one.byte_range)
    yield Proof(standing.shown.name, one.byte_range, covered, one.cms, one.value, standing.trusted, stamp)


def _ranges(other: OtherEvidence) -> Iterator[ByteRange]:
    yield other.signature.byte_range
    if other.stamp is not None and other.stamp.byte_range is not None:
        yield other.stamp.byte_range


def _size(pdf: bytes, byte_range: ByteRange) -> int:
    """Return how many octets these are, whatever an outsider wrote for the range."""
    return sum(map(len, _cut(pdf, byte_range)))


def _cut(pdf: bytes, byte_range: Sequence[int]) -> Octets:
    start, length, second, rest = byte_range
    whole = memoryview(pdf)
    return whole[start : start + length], whole[second : second + rest]
