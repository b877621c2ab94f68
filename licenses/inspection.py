"""Looking at a document's one licence signature from all sides that need nobody else: its range, its value, its time-stamp.

Pure, and without trust: who signed is left to ``evidence`` (paths) and ``checks`` (rules).
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from kernel.errors import Text
from licenses.signatures import (
    Fault,
    SignedValue,
    TimeStamp,
    find_stray,
    find_time_stamp_token,
    read_signed_value,
    verify_signature,
    verify_time_stamp,
)
from licenses.unverified import UnverifiedLicense, UnverifiedSignature

_PARTS = 4
_SUBFILTER = "/ETSI.CAdES.detached"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found. ``gap`` says how the signature fails to cover the whole file exactly; None: it covers it.

    ``signed`` is there when the signature value could be read, ``fault`` when it does not hold. ``time_stamp`` is a token that
    holds (whoever's it is), ``time_stamp_fault`` says why there is none. ``signer`` and ``time_stamper`` are who they say they are.
    """

    signature: UnverifiedSignature | None
    gap: Text | None = None
    signed: SignedValue | None = None
    fault: Fault | None = None
    time_stamp: TimeStamp | None = None
    time_stamp_fault: Fault | None = None
    signer: x509.Certificate | None = None
    time_stamper: x509.Certificate | None = None


def inspect(document: UnverifiedLicense) -> Inspection:
    """Return what ``document``'s first signature shows. More than one signature is for ``checks`` to refuse."""
    if not document.signatures:
        return Inspection(None)
    signature = document.signatures[0]
    gap = find_gap(document, signature)
    try:
        return _inspect(signature, gap, frozenset(document.certificates))
    except Fault as fault:
        return Inspection(signature, gap, fault=fault)
    except Exception:  # noqa: BLE001 - ASN.1 is read lazily, so a hostile value fails anywhere, in any way
        return Inspection(
            signature, gap, fault=Fault(kind="tampered", zh="签名值读不懂", en="the signature value cannot be read")
        )


def _inspect(signature: UnverifiedSignature, gap: Text | None, vouched: frozenset[bytes]) -> Inspection:
    signed = read_signed_value(signature.contents)
    signer = _load(signed.certificate.dump())
    fault = _find_fault(signed, signature, vouched)
    try:
        time_stamp = _time_stamp(signed, vouched)
        stamper = None if time_stamp is None else _load(time_stamp.certificate.dump())
    except Fault as found:
        return Inspection(signature, gap, signed, fault, None, found, signer)
    return Inspection(signature, gap, signed, fault, time_stamp, None, signer, stamper)


def _load(der: bytes) -> x509.Certificate:
    """Return the certificate, read to the end: its parts are parsed when they are asked for, and nobody shall ask in vain later."""
    certificate = x509.load_der_x509_certificate(der)
    certificate.subject, certificate.issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc  # noqa: B018
    return certificate


def find_gap(document: UnverifiedLicense, signature: UnverifiedSignature) -> Text | None:
    """Return how ``signature`` fails to cover every byte of the file but its own value, or None.

    The range starts at 0, ends at the end of the file, and its hole is exactly the Contents value of the signature dictionary,
    written in hexadecimal of one case, so that nothing can hide in the hole.
    """
    if len(signature.byte_range) != _PARTS:
        return Text("签名没有写明它覆盖的范围", "the signature does not say what it covers")
    start, length, second, rest = signature.byte_range
    end, size = second + rest, len(document.pdf)
    written = signature.contents.hex()
    forms = (f"<{written}>".encode(), f"<{written.upper()}>".encode())
    gaps = (
        (
            start != 0 or length <= 0 or second <= length or rest <= 0,
            Text("签名的覆盖范围被改过", "the range that the signature covers was changed"),
        ),
        (end < size, Text("签名之后又加了内容", "something was added after the signature")),
        (end > size, Text("文件被截短", "the file was cut short")),
        (
            signature.position != (length, second),
            Text("覆盖范围的缺口不是签名值所在的位置", "the hole in the range is not where the signature value stands"),
        ),
        (
            document.pdf[max(length, 0) : max(second, 0)] not in forms,
            Text("签名值的写法被改过", "the signature value is not written as it was"),
        ),
    )
    return next((gap for wrong, gap in gaps if wrong), None)


def _find_fault(signed: SignedValue, signature: UnverifiedSignature, vouched: frozenset[bytes]) -> Fault | None:
    if signature.subfilter != _SUBFILTER:
        return Fault(kind="format", zh="签名不是 PAdES 格式", en="the signature is not in PAdES form")
    try:
        verify_signature(signed, signature.digest, "data")
    except Fault as fault:
        return fault
    return _find_stray(signed, vouched)


def _time_stamp(signed: SignedValue, vouched: frozenset[bytes]) -> TimeStamp | None:
    token = find_time_stamp_token(signed)
    if token is None:
        return None
    time_stamp = verify_time_stamp(token, signed.value)
    for certificate in time_stamp.others:
        if vouched and certificate.dump() not in vouched:
            raise _stray()
    return time_stamp


def _find_stray(signed: SignedValue, vouched: frozenset[bytes]) -> Fault | None:
    # Without a security store nothing vouches for the other certificates; the level then says that the file is not complete.
    return _stray() if vouched and find_stray(signed, vouched) is not None else None


def _stray() -> Fault:
    return Fault(
        kind="tampered",
        zh="签名值里有文件本身没有提到的证书",
        en="the signature value carries a certificate that the signed file does not mention",
    )
