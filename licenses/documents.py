"""Reading a licence out of a PDF: bounded, believing nothing. :func:`parse` gives an :class:`UnverifiedLicense` or refuses.

What is collected: the signatures with their values and ranges, the attached data, the certificates and revocation lists of the
document security store (DSS), and what came after the signature. Only pyHanko's parser is used, inside the bounds of
``pdf_bounds``; whatever a hostile file makes it raise becomes one refusal, ``document_unreadable``.

Left to others: the CMS inside a signature (``signatures``), every judgement (``verify``), the page's text, which no rule here
reads: the signature covers page and data alike, and the issuer signs both.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from kernel.errors import ChaoxinError, Refusal
from licenses import report_data
from licenses.data import ATTACHMENT
from licenses.data import parse as parse_data
from licenses.errors import DOCUMENT_MANY_SIGNATURES, DOCUMENT_UNREADABLE
from licenses.other_signatures import OtherSignatures
from licenses.pdf_bounds import open_bounded, read_signature_dictionary
from licenses.pdf_changes import find_changes
from licenses.reading_others import read_others
from licenses.report_data import ReportData
from licenses.unverified import MAX_ATTACHMENT, MAX_STORE, MAX_VALUE, UnverifiedLicense, UnverifiedSignature, check_is_pdf

MAX_SIGNATURES = 16
"""In one file, time-stamps over all of it counted: each is held against every revision after it."""

_STORED = (("/Certs", DecodePurpose.CERTIFICATE), ("/CRLs", DecodePurpose.CRL), ("/OCSPs", DecodePurpose.OCSP_RESPONSE))


def parse(pdf: bytes) -> UnverifiedLicense:
    """Return what ``pdf`` claims; ``Refusal``: ``document_no_pdf``, ``document_many_signatures``, or ``document_unreadable``."""
    check_is_pdf(pdf)
    if not pdf.startswith(b"%PDF-"):
        _refuse("文件头前面有别的内容", "something stands before the PDF header")
    try:
        return _read(pdf)
    except Refusal:
        raise
    except MemoryError:
        _refuse("文件展开后太大", "the file is too large when unpacked")
    except Exception as error:  # noqa: BLE001 - a hostile file raises anything: AssertionError, RecursionError, struct.error …
        _refuse("文件结构已损坏或不合规范", f"the file's structure is damaged or improper ({type(error).__name__})")


def _read(pdf: bytes) -> UnverifiedLicense:
    reader = open_bounded(pdf)
    if "/Encrypt" in reader.trailer:
        _refuse("文件已加密", "the file is encrypted")
    signatures = tuple(_signatures(reader, pdf))
    attachment = _find_attachment(reader, ATTACHMENT)
    data, fault = None, None
    if attachment is not None:
        try:
            data = parse_data(attachment)
        except ChaoxinError as error:
            fault = error
    certificates, crls, ocsps = _store(reader)
    report = _find_report(reader) if attachment is None else None
    others = read_others(reader, pdf) if attachment is None and report is None and signatures else OtherSignatures()
    covered = max((s.byte_range[2] + s.byte_range[3] for s in signatures[:1] if len(s.byte_range) == 4), default=0)  # noqa: PLR2004
    return UnverifiedLicense(
        pdf=pdf,
        sha256=hashlib.sha256(pdf).hexdigest(),
        signatures=signatures,
        attachment=attachment,
        data=data,
        data_fault=fault,
        certificates=(*others.certificates[:MAX_STORE], *certificates),
        crls=(*others.crls[:MAX_STORE], *crls),
        ocsps=(*others.ocsps[:MAX_STORE], *ocsps) if others.signatures else (),
        changes=find_changes(reader, covered, len(pdf)) if signatures else (),
        others=others.signatures,
        report=report,
    )


def _signatures(reader: PdfFileReader, pdf: bytes) -> Iterator[UnverifiedSignature]:
    positions = dict(_positions(reader, pdf))
    author = None
    with contextlib.suppress(KeyError):
        author = reader.root["/Perms"].raw_get("/DocMDP").reference
    for count, (name, value, field) in enumerate(enumerate_sig_fields(reader, filled_status=True)):
        if count >= MAX_SIGNATURES:
            raise Refusal(DOCUMENT_MANY_SIGNATURES, limit=MAX_SIGNATURES)
        if not isinstance(value.get_object(), generic.DictionaryObject):
            _refuse("签名域的内容不是签名", "a signature field holds something else")
        embedded = EmbeddedPdfSignature(reader, field.get_object(), str(name))
        if len(embedded.pkcs7_content) > 4 * MAX_VALUE:
            _refuse("签名值过大", "a signature value is too large")
        reference = field.get_object().raw_get("/V").reference
        yield UnverifiedSignature(
            kind="time_stamp" if embedded.sig_object_type == "/DocTimeStamp" else "signature",
            byte_range=tuple(int(number) for number in embedded.byte_range),
            position=positions.get(reference),
            contents=embedded.pkcs7_content,
            digest=embedded.compute_digest(),
            subfilter=str(embedded.sig_object.get("/SubFilter", "")),
            permission=None if embedded.docmdp_level is None else int(embedded.docmdp_level.value),
            is_author=reference == author,
        )


def _positions(reader: PdfFileReader, pdf: bytes) -> Iterator[tuple[generic.Reference, tuple[int, int]]]:
    """Read the values of the form's top-level fields ahead, which is where a sealing system puts its one signature."""
    with contextlib.suppress(KeyError):
        for field in islice(reader.root["/AcroForm"]["/Fields"], MAX_SIGNATURES):
            content = field.get_object()
            value = content.raw_get("/V") if isinstance(content, generic.DictionaryObject) and "/V" in content else None
            if isinstance(value, generic.IndirectObject):
                position = read_signature_dictionary(reader, pdf, value.reference)
                if position is not None:
                    yield value.reference, position


def _find_report(reader: PdfFileReader) -> ReportData | None:
    content = _find_attachment(reader, report_data.ATTACHMENT)
    try:
        return None if content is None else report_data.parse(content)
    except ChaoxinError:
        return None


def _find_attachment(reader: PdfFileReader, name: str) -> bytes | None:
    try:
        names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    except KeyError:
        return None
    found = [names[i + 1] for i in range(0, len(names) - 1, 2) if str(names[i]) == name]
    if not found:
        return None
    if len(found) > 1:
        _refuse(f"附有两份 {name}", f"{name} is attached twice")
    content = found[0]["/EF"]["/F"].read_data(DecodePurpose.GENERIC)
    if len(content) > MAX_ATTACHMENT:
        _refuse("附带的数据太大", "the attached data is too large")
    return bytes(content)


def _store(reader: PdfFileReader) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    if "/DSS" not in reader.root:
        return (), (), ()
    store: Any = reader.root["/DSS"]
    found = []
    for key, purpose in _STORED:
        streams = store[key] if key in store else ()  # noqa: SIM401 - pyHanko's get() does not follow references
        if len(streams) > MAX_STORE:
            _refuse("验证资料太多", "there is too much validation material")
        found.append(tuple(bytes(stream.get_object().read_data(purpose)) for stream in streams))
    return found[0], found[1], found[2]


def _refuse(zh: str, en: str) -> NoReturn:
    raise Refusal(DOCUMENT_UNREADABLE, problem_zh=zh, problem_en=en) from None
