"""What a PDF claims, in plain values, and what is told of one without taking it apart.

Left to others: taking it apart (``documents``, where the library for that is loaded), every judgement (``verify``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from kernel.errors import ChaoxinError, Refusal
from licenses.data import LicenseData
from licenses.errors import DOCUMENT_NO_PDF
from licenses.other_signatures import OtherSignature
from licenses.pdf_changes import Change
from licenses.report_data import ReportData

MAX_ATTACHMENT = 256 * 1024
MAX_VALUE = 64 * 1024
MAX_STORE = 64
"""Certificates, revocation lists and OCSP answers, each, that are read from a document security store."""

_HEADER_WITHIN = 1024
_SEAL = re.compile(rb"/ByteRange\s{0,8}\[\s{0,8}0\s{1,8}(\d{1,10})\s{1,8}(\d{1,10})\s{1,8}(\d{1,10})\s{0,64}\]")


@dataclass(frozen=True, slots=True)
class UnverifiedSignature:
    """A signature as the file has it. ``position`` is where its Contents value stands, brackets included; None: in no plain form.

    ``digest`` is the hash over what ``byte_range`` names; ``permission`` the DocMDP level it asks for; ``is_author`` tells whether
    the catalogue names it as the certifying signature.
    """

    kind: Literal["signature", "time_stamp"]
    byte_range: tuple[int, ...]
    position: tuple[int, int] | None
    contents: bytes
    digest: bytes
    subfilter: str
    permission: int | None
    is_author: bool


@dataclass(frozen=True, slots=True)
class UnverifiedLicense:
    """What a PDF claims. ``data`` is the attachment read, ``data_fault`` why it could not be; both None: nothing is attached.

    ``certificates`` and ``crls`` are the DSS's, DER, in no order that means anything. Without attached data nothing claims to be a licence:
    then ``others`` are the signatures as any PDF may have them, what came in these is among ``certificates`` and ``crls``, and ``ocsps``
    are the answers of responders; ``report`` is what a verification report says of itself.
    """

    pdf: bytes
    sha256: str
    signatures: tuple[UnverifiedSignature, ...]
    attachment: bytes | None
    data: LicenseData | None
    data_fault: ChaoxinError | None
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    changes: tuple[Change, ...]
    others: tuple[OtherSignature, ...]
    report: ReportData | None


def check_is_pdf(pdf: bytes) -> None:
    """Refuse (``document_no_pdf``) what has no PDF header within its first 1024 bytes."""
    if b"%PDF-" not in pdf[:_HEADER_WITHIN]:
        raise Refusal(DOCUMENT_NO_PDF)


def has_broken_seal(pdf: bytes) -> bool:
    """Tell whether an unreadable ``pdf`` still shows a sealed file: a signature range up to its end with the value's hex in it.

    Then somebody changed it after sealing, which says more than "damaged". A cheap look at bytes, never a reason to believe.
    """
    for match in _SEAL.finditer(pdf):
        first, second, length = (int(group) for group in match.groups())
        value = pdf[first:second]
        named = pdf[:first].rstrip().endswith(b"/Contents")
        if named and second + length == len(pdf) and value[:3] == b"<30" and value[-1:] == b">":
            return True
    return False
