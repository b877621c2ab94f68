"""A receipt: that a leaf is in the log, for whoever wants to prove it without the node (C2SP ``tlog-proof``).

The text holds the leaf (as extra data), its place, the hashes beside its path and the signed head. Left to others: the proof
(``licenses.log``), the head (``licenses.checkpoint``).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from kernel.errors import Refusal
from licenses import checkpoint, log
from licenses.checkpoint import Checkpoint
from licenses.errors import LICENSE_NOT_FOUND, PROOF_INVALID
from licenses.log import InclusionProof, Leaf
from licenses.notes import VerifierKey, unbase64
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MEDIA_TYPE = "text/plain"
_FILE_ENDING = ".tlog-proof"
MAX_BYTES = 65_536
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})", re.ASCII)
_EXTRA = "extra "


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves: that the log whose head this is holds this leaf."""

    leaf: Leaf
    index: int
    head: Checkpoint


def receipt_of(deps: LicenseDeps, record: LicenseRecord) -> tuple[str, str]:
    """Return the name of a file, and the receipt for the issue of a licence in it."""
    return f"{record.number}{_FILE_ENDING}", make_receipt(deps, -1 if record.log_index is None else record.log_index)


def make_receipt(deps: LicenseDeps, index: int) -> str:
    """Return the receipt for leaf ``index`` in the log as it stands; ``Refusal(license_not_found)`` when there is no such leaf."""
    with deps.work.read() as work:
        leaf = work.records.find_log_leaf(index)
        if leaf is None:
            raise Refusal(LICENSE_NOT_FOUND, field="index")
        proof = log.inclusion_proof(work.records, index, work.records.log_size())
        head = checkpoint.sign_checkpoint(deps, work.records)
    lines = [FIRST_LINE, f"{_EXTRA}{base64.b64encode(leaf).decode()}", f"index {index}"]
    return "\n".join([*lines, *(base64.b64encode(value).decode() for value in proof.hashes), "", head])


def verify_receipt(text: str, key: VerifierKey) -> VerifiedReceipt:
    """Return what the receipt ``text`` proves about the log that holds ``key``; ``Refusal`` when it does not hold."""
    said, _, head_text = text[: MAX_BYTES + 1].partition("\n\n")
    first, *lines = said.split("\n")
    match = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
    if first != FIRST_LINE or match is None or not lines[0].startswith(_EXTRA) or len(text) > MAX_BYTES:
        raise Refusal(PROOF_INVALID, problem="form")
    head = checkpoint.verify_checkpoint(head_text, key)
    proof = InclusionProof(int(match[1]), head.size, tuple(unbase64(line) for line in lines[2:]))
    leaf = log.verify_inclusion(unbase64(lines[0].removeprefix(_EXTRA)), proof, head.root)
    return VerifiedReceipt(leaf, proof.index, head)
