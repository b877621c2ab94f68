"""Sealed PDFs from throw-away keys, and what attackers make of them.

The file is written object by object, so that every part of it can be made wrong. It has the form in which a node seals: one
revision, a certified P1 signature over the whole file, DSS in the same revision, a signature time-stamp (PAdES B-LT).
:func:`sealed` makes a good one; each function below it takes a good one and spoils it in one way, named for the way.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData

from tests.support.authorities import Authority, Credential

SEALED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
RESERVED = 12288

Data = Mapping[str, Any]
Make = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Sealing:
    """Who seals, who stamps the time, and what goes into the signature: change one part with ``dataclasses.replace``."""

    authority: Authority
    seal: Credential
    time_stamper: Credential | None
    stamper_authority: Authority
    at: datetime = SEALED_AT
    permission: int | None = 1
    with_dss: bool = True
    crls: Sequence[x509.CertificateRevocationList] = ()
    without_attributes: frozenset[str] = frozenset()
    attributes_for: x509.Certificate | None = None
    token_over: bytes | None = None
    twist: Make = field(default=lambda signature: signature)

    @classmethod
    def by(cls, authority: Authority, **changes: Any) -> Sealing:
        """Return an honest sealing by a new seal and time-stamp certificate of ``authority``."""
        at = changes.get("at", SEALED_AT)
        seal = changes.pop("seal", None) or authority.seal()
        stamper = changes.pop("time_stamper", None) or authority.time_stamper()
        crls = authority.crls(at - timedelta(hours=1))
        return replace(cls(authority, seal, stamper, authority, crls=crls), **changes)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _attribute(kind: str, value: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": (value,)})


def _signing_certificate(certificate: x509.Certificate) -> tsp.SigningCertificateV2:
    return tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(_der(certificate)).digest()})]})


def _signed_data(
    signer: Credential,
    chain: Sequence[x509.Certificate],
    *,
    content: dict[str, Any],
    attributes: Sequence[cms.CMSAttribute],
    version: str,
    unsigned: Callable[[bytes], Sequence[cms.CMSAttribute]] = lambda _: (),
    twist: Make = lambda signature: signature,
) -> cms.ContentInfo:
    signed = cms.CMSAttributes(attributes)
    signature = twist(signer.key.sign(signed.dump(), ec.ECDSA(hashes.SHA256())))
    certificate = asn1_x509.Certificate.load(_der(signer.certificate))
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            {
                "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                )
            }
        ),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signed_attrs": signed,
        "signature": signature,
    }
    if more := unsigned(signature):
        info["unsigned_attrs"] = cms.CMSAttributes(more)
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": version,
                    "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
                    "encap_content_info": content,
                    "certificates": [certificate, *(asn1_x509.Certificate.load(_der(c)) for c in chain)],
                    "signer_infos": [cms.SignerInfo(info)],
                }
            ),
        }
    )


def time_stamp_token(stamper: Credential, chain: Sequence[x509.Certificate], over: bytes, at: datetime) -> cms.ContentInfo:
    """Return an RFC 3161 token that says ``over`` existed at ``at``."""
    return time_stamp_of(stamper, chain, hashlib.sha256(over).digest(), at)


def time_stamp_of(stamper: Credential, chain: Sequence[x509.Certificate], digest: bytes, at: datetime) -> cms.ContentInfo:
    """Return an RFC 3161 token over what has the SHA-256 ``digest``."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "2.25.191306484610487963425811083126484103681.445100.20",
            "message_imprint": imprint,
            "serial_number": int.from_bytes(digest[:8], "big"),
            "gen_time": at,
        }
    ).dump()
    attributes = [
        _attribute("content_type", "tst_info"),
        _attribute("message_digest", hashlib.sha256(info).digest()),
        _attribute("signing_certificate_v2", _signing_certificate(stamper.certificate)),
    ]
    content = {"content_type": "tst_info", "content": core.ParsableOctetString(info)}
    return _signed_data(stamper, chain, content=content, attributes=attributes, version="v3")


def signature(sealing: Sealing, digest: bytes) -> bytes:
    """Return the CMS signature over the document's ``digest`` as ``sealing`` says."""
    stamper_chain = [sealing.stamper_authority.issuing.certificate]

    def unsigned(value: bytes) -> Sequence[cms.CMSAttribute]:
        if sealing.time_stamper is None:
            return ()
        token = time_stamp_token(sealing.time_stamper, stamper_chain, sealing.token_over or value, sealing.at)
        return (_attribute("signature_time_stamp_token", token),)

    attributes = {
        "content_type": "data",
        "message_digest": digest,
        "signing_certificate_v2": _signing_certificate(sealing.attributes_for or sealing.seal.certificate),
    }
    made = [_attribute(k, v) for k, v in attributes.items() if k not in sealing.without_attributes]
    chain = [sealing.authority.issuing.certificate]
    value: bytes = _signed_data(
        sealing.seal,
        chain,
        content={"content_type": "data"},
        attributes=made,
        version="v1",
        unsigned=unsigned,
        twist=sealing.twist,
    ).dump()
    return value


def stream(content: bytes, extra: str = "") -> bytes:
    return f"<</Length {len(content)}{extra}>>\nstream\n".encode() + content + b"\nendstream"


def _objects(data: Data, text: str, sealing: Sealing | None) -> dict[int, bytes]:
    attachment = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    objects = {
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R]>>",
        4: stream(f"BT /F 18 Tf 40 200 Td ({text}) Tj ET".encode()),
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        6: stream(attachment, "/Type/EmbeddedFile/Subtype/application#2Fjson"),
        7: b"<</Type/Filespec/F(license.json)/UF(license.json)/AFRelationship/Data/EF<</F 6 0 R>>>>",
        8: b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Seal)/F 132/Rect[0 0 0 0]/P 3 0 R" + (b"/V 9 0 R>>" if sealing else b">>"),
    }
    catalog = b"/Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(license.json)7 0 R]>>>>/AF[7 0 R]"
    catalog += b"/AcroForm<</Fields[8 0 R]/SigFlags 3>>"
    if sealing is not None:
        reference = b""
        if sealing.permission is not None:
            catalog += b"/Perms<</DocMDP 9 0 R>>"
            reference = b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams"
            reference += b"<</Type/TransformParams/V/1.2/P %d>>>>]" % sealing.permission
        objects[9] = (
            (b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(" + f"D:{sealing.at:%Y%m%d%H%M%S}Z)".encode())
            + reference
            + b"/ByteRange[0 0000000000 0000000000 0000000000]/Contents<"
            + b"0" * 2 * RESERVED
            + b">>>"
        )
        if sealing.with_dss:
            catalog += b"/DSS 10 0 R"
            chain = [sealing.authority.principal.certificate, sealing.authority.issuing.certificate, sealing.seal.certificate]
            if sealing.time_stamper is not None:
                chain += [sealing.stamper_authority.issuing.certificate, sealing.time_stamper.certificate]
            parts = {"Certs": [_der(c) for c in chain], "CRLs": [c.public_bytes(Encoding.DER) for c in sealing.crls]}
            dss, number = b"<<", 11
            for name, values in parts.items():
                dss += f"/{name}[".encode() + b" ".join(b"%d 0 R" % (number + i) for i in range(len(values))) + b"]"
                for value in values:
                    objects[number] = stream(value)
                    number += 1
            objects[10] = dss + b">>"
    objects[1] = b"<<" + catalog + b">>"
    return objects


def write(objects: Mapping[int, bytes], trailer: bytes = b"") -> bytes:
    """Return a PDF of one revision with ``objects`` (object 1 is the catalogue)."""
    out, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), {}
    for number in sorted(objects):
        offsets[number] = len(out)
        out += b"%d 0 obj\n" % number + objects[number] + b"\nendobj\n"
    size, start = max(objects) + 1, len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 n \n" % offsets[number]
    out += b"trailer\n<</Size %d/Root 1 0 R/ID[<00><00>]" % size + trailer + b">>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def unsealed(data: Data, text: str = "Licence") -> bytes:
    """Return the page with its data and no signature."""
    return write(_objects(data, text, None))


def rendered(data: Data, text: str = "Licence") -> bytes:
    """Return the page with its data as the renderer's pages are before they are sealed: without a form, with the renderer's trailer."""
    objects = _objects(data, text, None)
    del objects[8]
    plain = {number: body.replace(b"/AcroForm<</Fields[8 0 R]/SigFlags 3>>", b"") for number, body in objects.items()}
    plain[3] = plain[3].replace(b"/Annots[8 0 R]", b"")
    return write(plain).replace(b"/ID[<00><00>]", b"/Info 2 0 R/ID[(00)(00)]")


def sealed(sealing: Sealing, data: Data, text: str = "Licence", *, attached: str = "license.json") -> bytes:
    """Return the page with its data, sealed."""
    objects = {number: body.replace(b"license.json", attached.encode()) for number, body in _objects(data, text, sealing).items()}
    return sign(write(objects), sealing)


_RANGE = b"/ByteRange[0 0000000000 0000000000 0000000000]"


def sign(pdf: bytes, sealing: Sealing) -> bytes:
    """Fill the placeholders of ``pdf``: ByteRange over all but Contents, then Contents."""
    start = pdf.index(b"/Contents<0000") + len(b"/Contents")
    end = start + 2 * RESERVED + 2
    filled = bytearray(pdf)
    at = pdf.index(_RANGE)
    filled[at : at + len(_RANGE)] = b"/ByteRange[0 %010d %010d %010d]" % (start, end, len(pdf) - end)
    digest = hashlib.sha256(bytes(filled[:start]) + bytes(filled[end:])).digest()
    value = signature(sealing, digest).hex().encode()
    filled[start + 1 : start + 1 + len(value)] = value
    return bytes(filled)


def hole(pdf: bytes) -> tuple[int, int]:
    """Return where the Contents value of the (first) signature begins and ends, brackets included."""
    match = re.search(rb"/ByteRange ?\[ ?0 +0*(\d+) +0*(\d+) ", pdf)
    assert match is not None
    return int(match[1]), int(match[2])


# What attackers do. Each takes a good file.


def byte_flipped(pdf: bytes, at: int | None = None) -> bytes:
    """One bit of the page's content is another."""
    position = pdf.index(b"(Licence)") + 1 if at is None else at
    return pdf[:position] + bytes([pdf[position] ^ 1]) + pdf[position + 1 :]


def cms_moved(pdf: bytes) -> bytes:
    """The signature value stands where the ByteRange does not say: a comment before it, the range unchanged."""
    start, end = hole(pdf)
    return pdf[:start] + b"%moved\n" + pdf[start : end - 8] + b">" + pdf[end:]


def byte_range_zeroed(pdf: bytes) -> bytes:
    """The ByteRange says that nothing is covered."""
    return re.sub(rb"/ByteRange ?\[[^\]]*\]", lambda m: b"/ByteRange[0 0 0 0]".ljust(len(m[0])), pdf, count=1)


def signature_value_flipped(pdf: bytes, value: bytes) -> bytes:
    """A bit inside the ECDSA value (given) is another; everything else is right."""
    position = pdf.index(value.hex().encode()) + len(value.hex()) - 2
    return pdf[:position] + (b"0" if pdf[position : position + 1] != b"0" else b"1") + pdf[position + 1 :]


def _update(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def content_changed_by_update(pdf: bytes) -> bytes:
    """An incremental update replaces the page's content."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        new = writer.add_object(generic.StreamObject(stream_data=b"BT /F 18 Tf 40 200 Td (Forged) Tj ET"))
        page["/Contents"] = new
        writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0))

    return _update(pdf, change)


def annotation_added_by_update(pdf: bytes) -> bytes:
    """An incremental update puts a text note over the page."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        note = generic.DictionaryObject(
            {
                generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
                generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
                generic.pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 300, 300))),
                generic.pdf_name("/Contents"): generic.pdf_string("9999"),
            }
        )
        page["/Annots"].append(writer.add_object(note))
        writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0))

    return _update(pdf, change)


def attachment_changed_by_update(pdf: bytes, data: Data) -> bytes:
    """An incremental update replaces the attached data."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        files = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
        filespec = files[1]
        new = generic.StreamObject(stream_data=json.dumps(data).encode())
        filespec["/EF"][generic.pdf_name("/F")] = writer.add_object(new)
        writer.mark_update(files.raw_get(1))

    return _update(pdf, change)


def second_signature_added(pdf: bytes, sealing: Sealing) -> bytes:
    """A visible second signature in a new field, by an incremental update."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    spec = SigFieldSpec("Second", box=(10, 10, 200, 100))
    embedder = PdfCMSEmbedder(new_field_spec=spec).write_cms("Second", writer)
    next(embedder)
    placeholder = PdfSignedData(obj_type=generic.pdf_name("/Sig"), bytes_reserved=2 * RESERVED, timestamp=sealing.at)
    embedder.send(SigObjSetup(sig_placeholder=placeholder))
    prepared, output = embedder.send(SigIOSetup(md_algorithm="sha256"))
    embedder.send(signature(sealing, prepared.document_digest))
    made: bytes = output.getvalue()
    return made


def shadow_replaced(sealing: Sealing, data: Data) -> bytes:
    """Two texts stand in the file when it is signed; afterwards the reference is turned to the hidden one."""
    objects = _objects(data, "Shown", sealing)
    spare = max(objects) + 1
    objects[spare] = stream(b"BT /F 18 Tf 40 200 Td (Hidden) Tj ET")
    pdf = sign(write(objects), sealing)
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    return (
        pdf
        + b"xref\n4 1\n%010d 00000 n \n" % pdf.index(b"%d 0 obj\n" % spare)
        + b"trailer\n<</Size %d/Root 1 0 R/Prev %d/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF\n" % (spare + 1, start, len(pdf))
    )


def renumbered_shadow(sealing: Sealing, data: Data) -> bytes:
    """As the shadow attack, but the update is a well-formed copy of the hidden object under the shown one's number."""
    pdf = sealed(sealing, data, "Shown")
    at, start = len(pdf), int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    body = b"4 0 obj\n" + stream(b"BT /F 18 Tf 40 200 Td (Hidden) Tj ET") + b"\nendobj\n"
    size = int(re.findall(rb"/Size (\d+)", pdf)[-1])
    return (
        pdf
        + body
        + b"xref\n4 1\n%010d 00000 n \n" % at
        + b"trailer\n<</Size %d/Root 1 0 R/Prev %d/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF\n" % (size, start, at + len(body))
    )


def trailing_bytes(pdf: bytes) -> bytes:
    """Something stands after the end of the file."""
    return pdf + b"\n% 9999\n"


def junk_before_header(pdf: bytes) -> bytes:
    """Something stands before ``%PDF-``."""
    return b"junk\n" + pdf


def signature_stripped(data: Data, text: str = "Licence") -> bytes:
    """The page and its data without any signature."""
    return unsealed(data, text)


def contents_missing(pdf: bytes) -> bytes:
    """The signature dictionary has no Contents."""
    return pdf.replace(b"/Contents<", b"/Kontents<", 1)


def contents_zero(pdf: bytes) -> bytes:
    """The Contents are all zero."""
    start, end = hole(pdf)
    return pdf[: start + 1] + b"0" * (end - start - 2) + pdf[end - 1 :]


def contents_padded_with_data(pdf: bytes) -> bytes:
    """The unused room behind the signature carries something."""
    _, end = hole(pdf)
    return pdf[: end - 9] + b"deadbeef" + pdf[end - 1 :]


def byte_range_wrapped(pdf: bytes) -> bytes:
    """Signature wrapping: the signed tail is moved away and new content, with a table of its own, stands before it.

    The signed bytes are all there, only ByteRange (which the signer covered) is stretched; the tail's ``startxref`` still says
    the old place, where the forger's own table now is.
    """
    start, end = hole(pdf)
    table = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    new = b">>\nendobj\n4 0 obj\n" + stream(b"BT /F 18 Tf 40 200 Td (Wrapped) Tj ET") + b"\nendobj\n"
    content_at = end + new.index(b"4 0 obj")
    new += b"%" + b" " * (table - end - len(new) - 2) + b"\n"
    count = int(re.findall(rb"/Size (\d+)", pdf)[-1])
    size = len(new) + len(b"xref\n") + len(b"0 %d\n" % count) + 20 * count + 100
    offsets = [int(offset) for offset in re.findall(rb"(\d{10}) 00000 n ", pdf)]
    moved = [content_at if n == 4 else o if o < end else o + size for n, o in enumerate(offsets, 1)]
    new += b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(b"%010d 00000 n \n" % o for o in moved)
    new += b"trailer\n<</Size %d/Root 1 0 R/ID[<00><00>]>>\n%%" % count
    new = new.ljust(size - 1) + b"\n"
    stretched = b"/ByteRange[0 %010d %010d %010d]" % (start, end + size, len(pdf) - end)
    return re.sub(rb"/ByteRange\[[^\]]*\]", stretched, pdf[:end], count=1) + new + pdf[end:]


def time_stamp_removed(pdf: bytes) -> bytes:
    """The time-stamp token, which the signature does not cover, is taken out: B-LT becomes less."""
    return _with_cms(pdf, _without_unsigned)


def _without_unsigned(value: cms.ContentInfo) -> cms.ContentInfo:
    copy = cms.ContentInfo.load(value.dump())
    signer = copy["content"]["signer_infos"][0]
    keep = {k: signer[k] for k in ("version", "sid", "digest_algorithm", "signature_algorithm", "signed_attrs", "signature")}
    content = copy["content"]
    keys = ("version", "digest_algorithms", "encap_content_info", "certificates")
    rebuilt = cms.SignedData({**{k: content[k] for k in keys}, "signer_infos": [cms.SignerInfo(keep)]})
    return cms.ContentInfo({"content_type": "signed_data", "content": rebuilt})


def _with_cms(pdf: bytes, change: Callable[[cms.ContentInfo], cms.ContentInfo]) -> bytes:
    start, end = hole(pdf)
    value: bytes = change(cms.ContentInfo.load(bytes.fromhex(pdf[start + 1 : end - 1].decode()))).dump()
    return pdf[: start + 1] + value.hex().encode().ljust(end - start - 2, b"0") + pdf[end - 1 :]


def moved_offsets(changed: bytes, original: bytes) -> bytes:
    """Return ``changed``, a file of this module with bytes inserted into its signature dictionary, with its table set right."""
    grown = len(changed) - len(original)
    at = original.index(b"9 0 obj")
    table = int(original.rsplit(b"startxref\n", 1)[1].split()[0])

    def move(match: re.Match[bytes]) -> bytes:
        offset = int(match[1])
        return b"%010d 00000 n " % (offset + grown if offset > at else offset)

    head, tail = changed[: table + grown], changed[table + grown :]
    tail = re.sub(rb"(\d{10}) 00000 n ", move, tail)
    return head + tail.replace(b"startxref\n%d" % table, b"startxref\n%d" % (table + grown))


def encrypted(data: Data) -> bytes:
    """A file that says it is encrypted."""
    return write(_objects(data, "Licence", None), b"/Encrypt 5 0 R")
