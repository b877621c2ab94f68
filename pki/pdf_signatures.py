"""A rendered PDF made ready to be signed, in one revision that already holds the evidence, and the signature put in its place.

The document security store (certificates, revocation lists) is written together with the signature field, so the signature
covers the whole file and the certification can forbid every later change (ISO 32000-2 12.8.2.2, ETSI EN 319 142-1).

The page comes from our own renderer, whose files have one plain form: a table of cross-references, and catalogue and pages on a line each,
to which entries are added. Any other form is refused.

Left to others: the signature itself (``cms``), whose it is (``seals``), the form of revisions (``pdf_revisions``), reading signed
files (``licenses``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kernel.errors import Refusal
from pki import pdf_revisions
from pki.errors import DOCUMENT_CHANGED, DOCUMENT_UNSUITABLE
from pki.pdf_revisions import Below, references_to

FIELD = "Seal"
RESERVED_DIGITS = 16384
"""Hexadecimal digits kept for the CMS: twice its size. Fixed, so that nothing has to be signed for the sake of measuring."""

_TAIL = 1024
_TRAILER = re.compile(
    rb"\ntrailer\n<</Size (\d{1,6})/Root (\d{1,6}) 0 R/Info (\d{1,6}) 0 R/ID\[\(([\w+/=]{1,64})\)\([\w+/=]{1,64}\)\]>>\n"
    rb"startxref\n(\d{1,9})\n%%EOF\n?\Z"
)
_ENTRY = 20
_DICTIONARY = re.compile(rb"(\d{1,6}) 0 obj\n<<([^\n]*)>>\nendobj\n")
_PAGES, _KIDS = re.compile(rb"/Pages (\d{1,6}) 0 R"), re.compile(rb"/Kids\[(\d{1,6}) 0 R")
_SIGNED = (b"/AcroForm", b"/DSS", b"/Extensions", b"/Perms")


@dataclass(frozen=True, slots=True)
class Statement:
    """What the signature dictionary says in plain text."""

    name: str
    location: str
    reason: str
    at: datetime


class PreparedPdf:
    """A file with an empty place for its signature. It gives its digest away once and takes one signature, over these bytes."""

    def __init__(self, before: bytes, after: bytes) -> None:
        digest = hashlib.sha256(before)
        digest.update(after)
        self.digest = digest.digest()
        """The SHA-256 over all but the empty place."""
        self._taken = False
        self._parts = before, after

    def take(self) -> bytes:
        """Return the SHA-256 over all but the empty place; ``Refusal(document_changed)`` when it was taken before."""
        if self._taken:
            raise Refusal(DOCUMENT_CHANGED)
        self._taken = True
        return self.digest

    def rehearse(self, value: Callable[[bytes], bytes]) -> bytes:
        """Return the file as it is with another signature over the same digest in the place, which stays empty here."""
        return self.embed(value(self.digest))

    def embed(self, cms: bytes) -> bytes:
        """Put the signature over the digest that was taken into its place and return the file."""
        before, after = self._parts
        return b"".join((before, pdf_revisions.value(cms, RESERVED_DIGITS), after))


@dataclass(frozen=True, slots=True)
class _Rendered:
    """What is added to in a rendered file: catalogue and first page, each as it stands between its brackets, and the page's number."""

    below: Below
    catalogue: bytes
    page: bytes
    page_number: int


def prepare(pdf: bytes, statement: Statement, certificates: Sequence[bytes], crls: Sequence[bytes]) -> PreparedPdf:
    """Return ``pdf`` ready for a certifying signature that allows no changes, with the evidence (all DER) inside.

    ``Refusal(document_unsuitable)`` for a file that is damaged, encrypted, signed already, or not from our renderer.
    """
    body = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    try:
        rendered = _look(body)
    except (ValueError, IndexError):
        rendered = None
    if rendered is None:
        raise Refusal(DOCUMENT_UNSUITABLE, field="file", problem="signed, or not as it was rendered")
    before, after = _revision(rendered, statement, certificates, crls)
    return PreparedPdf(body + before, after)


def _look(pdf: bytes) -> _Rendered | None:
    trailer = _TRAILER.search(pdf, max(0, len(pdf) - _TAIL))
    if trailer is None:
        return None
    size, root, info, start = (int(trailer[group]) for group in (1, 2, 3, 5))
    catalogue = _dictionary(pdf, start, size, root)
    tree = _PAGES.search(catalogue)
    first = _KIDS.search(_dictionary(pdf, start, size, int(tree[1]))) if tree else None
    page = _dictionary(pdf, start, size, int(first[1])) if first else b""
    if first is None or not page.startswith(b"/Type/Page/") or any(key in catalogue for key in _SIGNED):
        return None
    if b"/Annots" in page and b"/Annots[" not in page:
        return None
    return _Rendered(Below(len(pdf), size, root, info, trailer[4].hex().encode("ascii"), start), catalogue, page, int(first[1]))


def _dictionary(pdf: bytes, start: int, size: int, number: int) -> bytes:
    """Return what stands between the brackets of an object that is a dictionary; ``ValueError`` when it is not where the table says."""
    head = b"xref\n0 %d\n" % size
    entry = start + len(head) + _ENTRY * number
    found = _DICTIONARY.match(pdf, int(pdf[entry : entry + 10]))
    if not pdf.startswith(head, start) or number >= size or found is None or int(found[1]) != number:
        message = f"no dictionary {number}"
        raise ValueError(message)
    return found[2]


def _revision(
    rendered: _Rendered, statement: Statement, certificates: Sequence[bytes], crls: Sequence[bytes]
) -> tuple[bytes, bytes]:
    below, evidence = rendered.below, (*certificates, *crls)
    first = below.size
    store = first + len(evidence)
    form, field, signature = store + 1, store + 2, store + 3
    held = range(first, store)
    page = rendered.page
    annotations = b"/Annots[%d 0 R" % field
    page = page.replace(b"/Annots[", annotations + b" ", 1) if b"/Annots[" in page else page + annotations + b"]"
    objects = [
        (rendered.page_number, b"<<%s>>\n" % page),
        (below.root, _catalogue(rendered.catalogue, store, form, signature)),
        *((first + place, pdf_revisions.stream(der)) for place, der in enumerate(evidence)),
        # ETSI EN 319 142-1 5.4.2. Without VRI: all of it belongs to the one signature that there is.
        (
            store,
            b"<<\n/Certs [ %s ]\n/CRLs [ %s ]\n>>\n"
            % (references_to(held[: len(certificates)]), references_to(held[len(certificates) :])),
        ),
        (form, b"<<\n/Fields [ %d 0 R ]\n/SigFlags 3\n>>\n" % field),
        (field, _field(rendered.page_number, signature)),
    ]
    return pdf_revisions.write(below, objects, signature, _entries(statement), RESERVED_DIGITS)


def _catalogue(entries: bytes, store: int, form: int, signature: int) -> bytes:
    return (
        b"<<%s\n/Extensions <<\n/ESIC <<\n/Type /DeveloperExtensions\n/BaseVersion /1.7\n/ExtensionLevel 1\n>>\n>>\n"
        b"/DSS %d 0 R\n/AcroForm %d 0 R\n/Perms <<\n/DocMDP %d 0 R\n>>\n>>\n"
    ) % (entries, store, form, signature)


def _field(page: int, signature: int) -> bytes:
    return (b"<<\n/FT /Sig\n/T (%s)\n/Type /Annot\n/Subtype /Widget\n/F 132\n/Rect [ 0 0 0 0 ]\n/P %d 0 R\n/V %d 0 R\n>>\n") % (
        FIELD.encode("ascii"),
        page,
        signature,
    )


def _entries(statement: Statement) -> bytes:
    said = tuple(map(_text, (statement.name, statement.location, statement.reason)))
    return (
        b"/Type /Sig\n/Filter /Adobe.PPKLite\n/SubFilter /ETSI.CAdES.detached\n/M (D:%sZ)\n/Name %s\n/Location %s\n/Reason %s\n"
        b"/Reference [ <<\n/Type /SigRef\n/TransformMethod /DocMDP\n/TransformParams <<\n/Type /TransformParams\n/V /1.2\n/P 1\n>>\n>> ]\n"
    ) % (statement.at.astimezone(UTC).strftime("%Y%m%d%H%M%S").encode("ascii"), *said)


def _text(text: str) -> bytes:
    """Return a text string in UTF-16 (ISO 32000-2 7.9.2.2), in hexadecimal digits: nothing in it needs an escape."""
    return b"<FEFF%s>" % text.encode("utf-16-be").hex().upper().encode("ascii")
