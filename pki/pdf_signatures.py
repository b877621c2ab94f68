"""A PDF made ready to be signed, in one revision that already holds the evidence, and the signature put in its place.

The document security store (certificates, revocation lists) is written together with the signature field, so the signature
covers the whole file and the certification can forbid every later change (ISO 32000-2 12.8.2.2, ETSI EN 319 142-1).

Left to others: the signature itself (``cms``), whose it is (``seals``), reading signed files (``licenses``).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest, SignatureObject

from kernel.errors import Refusal
from pki.errors import DOCUMENT_CHANGED, DOCUMENT_UNSUITABLE

FIELD = "Seal"
RESERVED_BYTES = 16384
"""Hexadecimal digits kept for the CMS: twice its size. Fixed, so that nothing has to be signed for the sake of measuring."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the signature dictionary says in plain text."""

    name: str
    location: str
    reason: str
    at: datetime


class PreparedPdf:
    """A file with an empty place for its signature. It gives its digest away once and takes one signature, over these bytes."""

    def __init__(self, place: PreparedByteRangeDigest, output: BytesIO, embedder: Generator[Any, Any, None]) -> None:
        self.digest = place.document_digest
        """The SHA-256 over all but the empty place."""
        self._taken = False
        self._place = place
        self._output = output
        self._embedder = embedder

    def take(self) -> bytes:
        """Return the SHA-256 over all but the empty place; ``Refusal(document_changed)`` when it was taken before."""
        if self._taken:
            raise Refusal(DOCUMENT_CHANGED)
        self._taken = True
        return self.digest

    def rehearse(self, value: Callable[[bytes], bytes]) -> bytes:
        """Return the file as it is with another signature over the same digest in the place, which stays empty here."""
        copy = BytesIO(self._output.getvalue())
        self._place.fill_with_cms(copy, value(self.digest))
        return copy.getvalue()

    def embed(self, cms: bytes) -> bytes:
        """Put the signature over the digest that was taken into its place and return the file."""
        self._embedder.send(cms)
        return self._output.getvalue()


class _Writer(IncrementalPdfFileWriter):
    """Leaves the document's metadata as they were rendered: rewriting them would read the wall clock and parse XML each time."""

    def _update_meta(self) -> None:
        pass


def prepare(pdf: bytes, statement: Statement, certificates: Sequence[bytes], crls: Sequence[bytes]) -> PreparedPdf:
    """Return ``pdf`` ready for a certifying signature that allows no changes, with the evidence (all DER) inside.

    ``Refusal(document_unsuitable)`` for a file that is damaged, encrypted or signed already.
    """
    output = BytesIO(pdf)
    try:
        writer = _Writer(output)
        _check_unsigned(writer)
        writer.register_extension(ESIC_EXTENSION_1)
        writer.root["/DSS"] = writer.add_object(_security_store(writer, certificates, crls))
        writer.update_container(writer.root)
        return _write(writer, statement)
    except Refusal:
        raise
    except Exception as error:
        raise _unsuitable(problem=type(error).__name__) from error


def _write(writer: _Writer, statement: Statement) -> PreparedPdf:
    embedder: Generator[Any, Any, None] = PdfCMSEmbedder(SigFieldSpec(FIELD)).write_cms(FIELD, writer)
    next(embedder)
    signature = SignatureObject(
        timestamp=statement.at,
        subfilter=SigSeedSubFilter.PADES,
        name=statement.name,
        location=statement.location,
        reason=statement.reason,
        bytes_reserved=RESERVED_BYTES,
    )
    locking = SigMDPSetup(md_algorithm="sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES)
    embedder.send(SigObjSetup(sig_placeholder=signature, mdp_setup=locking))
    prepared, output = embedder.send(SigIOSetup(md_algorithm="sha256", in_place=True))
    return PreparedPdf(prepared, output, embedder)


def _check_unsigned(writer: _Writer) -> None:
    if writer.prev.encrypted:
        raise _unsuitable(problem="encrypted")
    if "/Perms" in writer.root or "/DSS" in writer.root or writer.prev.embedded_signatures:
        raise _unsuitable(problem="signed")


def _security_store(writer: _Writer, certificates: Sequence[bytes], crls: Sequence[bytes]) -> generic.DictionaryObject:
    def add(all_der: Sequence[bytes]) -> generic.ArrayObject:
        return generic.ArrayObject(writer.add_object(generic.StreamObject(stream_data=der)) for der in all_der)

    # ETSI EN 319 142-1 5.4.2. Without VRI: all of it belongs to the one signature that there is.
    entries = {generic.pdf_name("/Certs"): add(certificates), generic.pdf_name("/CRLs"): add(crls)}
    return generic.DictionaryObject(entries)


def _unsuitable(*, problem: str) -> Refusal:
    return Refusal(DOCUMENT_UNSUITABLE, field="file", problem=problem)
