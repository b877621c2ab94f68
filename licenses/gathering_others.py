"""Collecting what bears on the signatures of a file that is no licence: for each one whose it is, and the first proof of when it was there.

Left to others: asking for paths (``gathering``, which hands in how), judging (``verify_others``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from kernel.clock import CLOCKS_MAY_DIFFER
from licenses.evidence import Evidence, OtherEvidence, Standing
from licenses.other_signatures import OtherSignature, OtherStamp
from licenses.reading import Seal, Stamp

Ask = Callable[[bytes, datetime | None], Standing]
"""How a certificate (DER) stands now, and where it only ended meanwhile, at a moment."""


def gather_others(evidence: Evidence, ask: Ask) -> tuple[OtherEvidence, ...]:
    """Return what bears on each signature."""
    return tuple(_gather(evidence, one, ask) for one in evidence.reading.others)


def _gather(evidence: Evidence, one: OtherSignature, ask: Ask) -> OtherEvidence:
    stamps = [(stamp, ask(stamp.certificate, stamp.generated_at)) for stamp in one.stamps if stamp.dedicated]
    proven = [pair for pair in stamps if _proves(*pair, evidence.gathered_at)]
    stamp, stamper = min(proven, key=lambda pair: pair[0].generated_at, default=(None, None))
    signer = ask(one.signer, None if stamp is None else stamp.generated_at)
    gathered = replace(
        evidence,
        reading=replace(evidence.reading, seal=_seal(one, stamp), others=()),
        signer=signer,
        time_stamper=stamper,
    )
    return OtherEvidence(one, gathered, stamp)


def _proves(stamp: OtherStamp, stamper: Standing, at: datetime) -> bool:
    """Tell whether a time-stamp counts: its authority is trusted, and its certificate was good when it stamped."""
    if stamper.trusted is None or stamp.generated_at > at + CLOCKS_MAY_DIFFER:
        return False
    return stamper.revoked is None or stamper.revoked.at > stamp.generated_at


def _seal(one: OtherSignature, stamp: OtherStamp | None) -> Seal:
    """Return the signature as the checks of seals read one; that it holds is said by ``OtherSignature.problem``."""
    proof = None if stamp is None else Stamp(stamp.generated_at, "", stamp.certificate, dedicated=True)
    return Seal(
        kind="signature",
        byte_range=(),
        digest="",
        permission=None,
        is_author=False,
        gap=None,
        flaw=None,
        algorithm=one.algorithm,
        signer=one.signer,
        stamp=proof,
        stamp_flaw=None,
    )
