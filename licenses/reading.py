"""What a document shows by itself, in plain values: the one thing that all ways of reading it give, and all that is judged of it.

Three ways lead to a :class:`Reading`, and they must agree: what was kept when the very file was read before (``known``), the form that
this system itself writes (``own_form``), and taking any PDF apart in a process of its own (``forensics``). Nothing in it is believed.

Left to others: taking a file apart (``documents``, ``inspection``), whom to trust (``gathering``), the rules (``checks``), the
written form (``reading_json``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.errors import Text
from licenses.data import LicenseData
from licenses.inspection import Inspection, inspect
from licenses.other_signatures import OtherSignature
from licenses.pdf_changes import Change
from licenses.report_data import ReportData
from licenses.signatures import Fault, FaultKind, is_time_stamp_certificate
from licenses.unverified import UnverifiedLicense

_SMALL = 64 * 1024
"""Of stores with longer lists it is not kept what they hold."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a seal or a time-stamp does not hold."""

    kind: FaultKind
    text: Text


@dataclass(frozen=True, slots=True)
class DataFlaw:
    """Why the attached data could not be read."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time-stamp that holds, whoever's it is. ``dedicated``: its certificate (DER) is for time-stamps and nothing else."""

    generated_at: datetime
    policy: str
    certificate: bytes
    dedicated: bool


@dataclass(frozen=True, slots=True)
class Seal:
    """The document's first signature. ``gap`` says how it fails to cover the whole file, ``flaw`` why its value does not hold.

    ``signer`` (DER) and ``algorithm`` are there when the value could be read; who the signer is, is not known.
    """

    kind: Literal["signature", "time_stamp"]
    byte_range: tuple[int, ...]
    digest: str
    permission: int | None
    is_author: bool
    gap: Text | None
    flaw: Flaw | None
    algorithm: str | None
    signer: bytes | None
    stamp: Stamp | None
    stamp_flaw: Flaw | None


@dataclass(frozen=True, slots=True)
class Reading:
    """All of it. ``data`` and ``data_flaw`` are both None when nothing is attached.

    ``signer_material`` and ``stamper_material`` tell whether the document security store has certificate and revocation list of whoever
    certified the signer and the time-stamper. ``certificates`` and ``crls`` are that store's (DER): offers, which prove nothing. ``others`` are
    the signatures of a file that does not claim to be a licence, ``ocsps`` the answers of responders (DER) that came with these; ``report`` is
    what a verification report says of itself.
    """

    sha256: str
    size: int
    signatures: int
    seal: Seal | None
    attachment_sha256: str | None
    data: LicenseData | None
    data_flaw: DataFlaw | None
    signer_material: bool
    stamper_material: bool
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    changes: tuple[Change, ...]
    others: tuple[OtherSignature, ...] = ()
    report: ReportData | None = None
    ocsps: tuple[bytes, ...] = ()


def read(pdf: bytes) -> Reading:
    """Take ``pdf`` apart. ``Refusal`` (``document_no_pdf``, ``document_many_signatures``, ``document_unreadable``) when that cannot be done.

    For a process that may be lost: memory and time are the file's to waste within what ``pdf_bounds`` can hold it to.
    """
    from licenses.documents import parse  # noqa: PLC0415 - pyHanko, with its kin 8 MB, which no server needs that takes nothing apart itself

    document = parse(pdf)
    return describe(document, inspect(document))


def describe(document: UnverifiedLicense, inspection: Inspection) -> Reading:
    """Put down what was found in ``document``."""
    signer = None if inspection.signer is None else inspection.signer.public_bytes(Encoding.DER)
    seal = _seal(inspection, signer)
    fault = document.data_fault
    reading = Reading(
        sha256=document.sha256,
        size=len(document.pdf),
        signatures=len(document.signatures),
        seal=seal,
        attachment_sha256=None if document.attachment is None else hashlib.sha256(document.attachment).hexdigest(),
        data=document.data,
        data_flaw=None if fault is None else DataFlaw(fault.code, fault.text),
        signer_material=False,
        stamper_material=False,
        certificates=document.certificates,
        crls=document.crls,
        changes=document.changes,
        others=document.others,
        report=document.report,
        ocsps=document.ocsps,
    )
    return with_material(reading)


def with_material(reading: Reading) -> Reading:
    """Return ``reading`` with what its store has of those who certified signer and time-stamper."""
    seal = reading.seal
    if seal is None or seal.signer is None:
        return reading
    look = _look_for_material if sum(map(len, reading.crls)) <= _SMALL else _look_for_material.__wrapped__
    stamper = None if seal.stamp is None else seal.stamp.certificate
    signer_material, stamper_material = look(seal.signer, stamper, reading.certificates, reading.crls)
    return replace(reading, signer_material=signer_material, stamper_material=stamper_material)


@lru_cache(maxsize=64)
def _look_for_material(
    signer: bytes, stamper: bytes | None, certificates: tuple[bytes, ...], crls: tuple[bytes, ...]
) -> tuple[bool, bool]:
    both = {_names(der)[0] for der in certificates} & {_list_issuer(der) for der in crls} - {None}
    return _names(signer)[1] in both, stamper is not None and _names(stamper)[1] in both


def _names(der: bytes) -> tuple[x509.Name | None, x509.Name | None]:
    """Return whose the certificate is and who issued it; None for what cannot be read."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        names = certificate.subject, certificate.issuer
    except (ValueError, x509.InvalidVersion):
        return None, None
    return names


def _list_issuer(der: bytes) -> x509.Name | None:
    try:
        return x509.load_der_x509_crl(der).issuer
    except (ValueError, x509.InvalidVersion):
        return None


def _seal(inspection: Inspection, signer: bytes | None) -> Seal | None:
    signature, signed = inspection.signature, inspection.signed
    if signature is None:
        return None
    stamp = inspection.time_stamp
    return Seal(
        kind=signature.kind,
        byte_range=signature.byte_range,
        digest=signature.digest.hex(),
        permission=signature.permission,
        is_author=signature.is_author,
        gap=inspection.gap,
        flaw=_flaw(inspection.fault),
        algorithm=None if signed is None else str(signed.signer["signature_algorithm"]["algorithm"].native),
        signer=signer,
        stamp=None
        if stamp is None
        else Stamp(stamp.generated_at, stamp.policy, stamp.certificate.dump(), is_time_stamp_certificate(stamp.certificate)),
        stamp_flaw=_flaw(inspection.time_stamp_fault),
    )


def _flaw(fault: Fault | None) -> Flaw | None:
    return None if fault is None else Flaw(fault.kind, fault.text)
