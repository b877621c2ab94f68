"""Reads a licence in the form that ``pki.pdf_signatures`` and ``licenses.render`` write: one seal, its evidence, the attached data.

Nothing is read that is not wanted for the :class:`~licenses.reading.Reading`; the seal covers all of it. Only a document about which
nothing is wrong is read here: :func:`find_reading` returns None for any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from kernel.errors import ChaoxinError
from licenses import data
from licenses.own_form.objects import Dictionary, File, Hex, Ref, UnusualError, Value, open_file, text_of, unusual
from licenses.own_form.signature import read_value
from licenses.reading import Reading, Seal, with_material
from licenses.unverified import MAX_ATTACHMENT, MAX_STORE, MAX_VALUE

_MAX_CERTIFICATE = 64 * 1024
_MAX_LIST = 4 * 1024 * 1024
_NO_CHANGES = 1


def find_reading(pdf: bytes, sha256: str) -> Reading | None:
    """Return what ``pdf`` shows, or None when it is not in the form, or not sound. Never raises for what was handed in."""
    try:
        return _read(open_file(pdf), sha256)
    except (UnusualError, LookupError, ValueError, TypeError):
        return None


def _read(file: File, sha256: str) -> Reading:
    root = file.dictionary(file.trailer[b"Root"])
    store = file.dictionary(root[b"DSS"])
    certificates = _streams(file, store[b"Certs"], _MAX_CERTIFICATE)
    attachment = _attachment(file, root)
    try:
        attached = data.parse(attachment)
    except ChaoxinError:
        unusual()
    reading = Reading(
        sha256=sha256,
        size=len(file.pdf),
        signatures=1,
        seal=_seal(file, root, frozenset(certificates)),
        attachment_sha256=hashlib.sha256(attachment).hexdigest(),
        data=attached,
        data_flaw=None,
        signer_material=False,
        stamper_material=False,
        certificates=certificates,
        crls=_streams(file, store[b"CRLs"], _MAX_LIST),
        changes=(),
    )
    return with_material(reading)


def _seal(file: File, root: Dictionary, vouched: frozenset[bytes]) -> Seal:
    fields = file.array(file.dictionary(root[b"AcroForm"])[b"Fields"])
    if len(fields) != 1:
        unusual()
    field = file.dictionary(fields[0])
    value = field[b"V"]
    if field[b"FT"] != b"Sig" or b"Kids" in field or b"Parent" in field or not text_of(field[b"T"]):
        unusual()
    if not isinstance(value, Ref) or file.dictionary(root[b"Perms"])[b"DocMDP"] != value:
        unusual()
    signature = file.dictionary(value)
    if signature[b"Type"] != b"Sig" or signature[b"SubFilter"] != b"ETSI.CAdES.detached" or _permission(signature) != _NO_CHANGES:
        unusual()
    contents, covered = signature[b"Contents"], signature[b"ByteRange"]
    if not isinstance(contents, Hex) or not isinstance(covered, list) or len(contents.digits) > 4 * MAX_VALUE:
        unusual()
    start, end = contents.span
    written = contents.octets.hex().encode("ascii")
    if covered != [0, start, end, len(file.pdf) - end] or contents.digits not in (written, written.upper()):
        unusual()
    digest = hashlib.sha256(memoryview(file.pdf)[:start])
    digest.update(memoryview(file.pdf)[end:])
    found = read_value(contents.octets, digest.digest())
    if not vouched.issuperset(found.others):
        unusual()
    return Seal(
        kind="signature",
        byte_range=(0, start, end, len(file.pdf) - end),
        digest=digest.hexdigest(),
        permission=_NO_CHANGES,
        is_author=True,
        gap=None,
        flaw=None,
        algorithm=found.algorithm,
        signer=found.signer,
        stamp=found.stamp,
        stamp_flaw=None,
    )


def _permission(signature: Dictionary) -> Value:
    references = signature[b"Reference"]
    if not isinstance(references, list) or len(references) != 1 or not isinstance(references[0], dict):
        unusual()
    reference = references[0]
    parameters = reference[b"TransformParams"]
    if reference[b"TransformMethod"] != b"DocMDP" or not isinstance(parameters, dict):
        unusual()
    return parameters[b"P"]


def _attachment(file: File, root: Dictionary) -> bytes:
    names = file.array(file.dictionary(file.dictionary(root[b"Names"])[b"EmbeddedFiles"])[b"Names"])
    if len(names) != 2 or text_of(names[0]) != data.ATTACHMENT:  # noqa: PLR2004 - a name and its file
        unusual()
    return file.stream(file.dictionary(file.dictionary(names[1])[b"EF"])[b"F"], MAX_ATTACHMENT)


def _streams(file: File, value: Value, most: int) -> tuple[bytes, ...]:
    found: Sequence[Value] = file.array(value)
    if len(found) > MAX_STORE:
        unusual()
    return tuple(file.stream(each, most) for each in found)
