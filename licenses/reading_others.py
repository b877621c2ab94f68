"""Signatures of a PDF that is no licence, as anybody's software makes them (ISO 32000-2 12.8, ETSI EN 319 142-1), read by pyHanko.

Licences have one form, and theirs is held strictly (``signatures``); here several may have signed, one after another, and evidence
may have been added since. For a process that may be lost. Left to others: what is made of them (``other_signatures``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any, Literal

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.general import (
    MultivaluedAttributeError,
    NonexistentAttributeError,
    extract_signer_info,
    find_unique_cms_attribute,
)
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, extract_tst_data_iter, validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from licenses.other_signatures import ByteRange, OtherSignature, OtherSignatures, OtherStamp, Problem
from licenses.signatures import is_time_stamp_certificate

MAX_STAMPS = 8
_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
_KEYS = frozenset({"rsassa_pkcs1v15", "rsassa_pss", "ecdsa"})
_LEAST_RSA = 2048
_TIME_STAMP = "/DocTimeStamp"
_TAIL = 16 * 1024


def read_others(reader: PdfFileReader, pdf: bytes) -> OtherSignatures:
    """Return the signatures of a file; nothing when one of them cannot be read: then the file is judged as what it is not."""
    try:
        found = [
            EmbeddedPdfSignature(reader, field.get_object(), str(name))
            for name, _value, field in enumerate_sig_fields(reader, filled_status=True)
        ]
        found.sort(key=lambda one: one.signed_revision)
        signed = [one for one in found if one.sig_object_type != _TIME_STAMP]
        documents = list(_document_stamps([one for one in found if one.sig_object_type == _TIME_STAMP]))
        certificates = dict.fromkeys(der for one in found for der in _certificates(one))
        crls, ocsps = (dict.fromkeys(der for one in found for der in _archived(one, kind)) for kind in ("crl", "ocsp"))
        whole = _ends_well(reader, pdf, signed)
        made = tuple(_read(one, documents, last=one is signed[-1], whole=whole) for one in signed)
    except Exception:  # noqa: BLE001 - ASN.1 and PDF are read lazily, so a hostile file fails anywhere, in any way
        return OtherSignatures()
    return OtherSignatures(made, tuple(certificates), tuple(crls), tuple(ocsps))


def _read(one: EmbeddedPdfSignature, documents: Sequence[tuple[int, OtherStamp]], *, last: bool, whole: bool) -> OtherSignature:
    certificate = one.signer_cert.dump()
    x509.load_der_x509_certificate(certificate).public_key()
    later = [stamp for revision, stamp in documents if revision > one.signed_revision]
    return OtherSignature(
        field=one.field_name,
        signer=certificate,
        algorithm=str(one.signer_info["signature_algorithm"]["algorithm"].native),
        problem=_find_problem(one, last=last, whole=whole),
        stamps=tuple(islice(chain(_signature_stamps(one.signer_info), later), MAX_STAMPS)),
        byte_range=_byte_range(one),
        cms=cms.ContentInfo.load(one.pkcs7_content).dump(),
        value=one.signer_info["signature"].native,
    )


def _byte_range(one: EmbeddedPdfSignature) -> ByteRange:
    start, length, second, rest = map(int, one.byte_range)
    return start, length, second, rest


def _certificates(one: EmbeddedPdfSignature) -> Iterator[bytes]:
    yield from (each.dump() for each in one.other_embedded_certs)
    for token in extract_tst_data_iter(one.signer_info, signed=False):
        yield from (each.chosen.dump() for each in token["certificates"] if each.name == "certificate")


def _archived(one: EmbeddedPdfSignature, kind: Literal["crl", "ocsp"]) -> Iterator[bytes]:
    """Yield what was known of revocations when it was signed, as software for ``adbe.pkcs7.detached`` puts it in (ISO 32000-2 12.8.3.3.2)."""
    with suppress(NonexistentAttributeError, MultivaluedAttributeError):
        known = find_unique_cms_attribute(one.signer_info["signed_attrs"], "adobe_revocation_info_archival")
        yield from (each.dump() for each in known[kind])


def _find_problem(one: EmbeddedPdfSignature, *, last: bool, whole: bool) -> Problem | None:
    one.compute_integrity_info()
    encapsulated = one.signed_data["encap_content_info"]
    if encapsulated["content_type"].native != "data" or not isinstance(encapsulated["content"], core.Void):
        return "FORMAT_FAILURE"
    problem = _find_weakness(one.signer_info, one.signer_cert) or _find_break(
        one.signer_info, one.signer_cert, "data", one.compute_digest()
    )
    if problem is None and not (whole and _is_unchanged(one, last=last)):
        return "TAMPERED"
    return problem


def _is_unchanged(one: EmbeddedPdfSignature, *, last: bool) -> bool:
    """Tell whether all that came after the signature is what one may add: evidence for it, and before others signed, forms they filled in."""
    facts = one.summarise_integrity_info()
    difference = facts["diff_result"]
    allowed = ModificationLevel.LTA_UPDATES if last else ModificationLevel.FORM_FILLING
    return bool(facts["docmdp_ok"]) and isinstance(difference, DiffResult) and difference.modification_level <= allowed


def _ends_well(reader: PdfFileReader, pdf: bytes, signed: Sequence[EmbeddedPdfSignature]) -> bool:
    """Tell whether nothing stands behind the last revision, and no revision after the last signature refers into what was signed.

    pyHanko looks at neither: hidden content could be brought to light by a table alone.
    """
    last = signed[-1]
    covered = int(last.byte_range[2]) + int(last.byte_range[3])
    references = reader.xrefs
    tail = pdf[references.get_xref_container_info(references.total_revisions - 1).start_location :]
    if not tail.rstrip(b"\r\n").endswith(b"%%EOF") or tail.count(b"%%EOF") != 1 or len(tail) > _TAIL + len(pdf) - covered:
        return False
    for revision in range(last.signed_revision + 1, references.total_revisions):
        if references.get_xref_container_info(revision).start_location < covered:
            return False
        for reference in references.explicit_refs_in_revision(revision):
            place = references.get_historical_ref(reference, revision)
            if isinstance(place, int) and place < covered:
                return False
    return True


def _find_weakness(signer: cms.SignerInfo, certificate: asn1_x509.Certificate) -> Problem | None:
    algorithm = signer["signature_algorithm"]
    key = certificate.public_key
    if signer["digest_algorithm"]["algorithm"].native not in _DIGESTS or algorithm.signature_algo not in _KEYS:
        return "CRYPTO_CONSTRAINTS_FAILURE"
    return "CRYPTO_CONSTRAINTS_FAILURE" if key.algorithm == "rsa" and key.bit_size < _LEAST_RSA else None


def _find_break(signer: cms.SignerInfo, certificate: asn1_x509.Certificate, content: str, digest: bytes) -> Problem | None:
    if isinstance(signer["signed_attrs"], core.Void):
        return "FORMAT_FAILURE"  # without attributes a signature over some could be passed off as one over a file
    try:
        intact, valid = validate_sig_integrity(signer, certificate, content, digest)
    except (SignatureValidationError, ValueError, TypeError, KeyError):
        return "FORMAT_FAILURE"
    if not intact:
        return "HASH_FAILURE"
    return None if valid else "SIG_CRYPTO_FAILURE"


def _signature_stamps(signer: cms.SignerInfo) -> Iterator[OtherStamp]:
    for token in extract_tst_data_iter(signer, signed=False):
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            found = _stamp(token, lambda name: hashlib.new(name, signer["signature"].native).digest(), None)
            if found is not None:
                yield found


def _document_stamps(found: Sequence[EmbeddedPdfSignature]) -> Iterator[tuple[int, OtherStamp]]:
    """Yield the document time-stamps that hold, each with the revision that it closes."""
    for one in found:
        one.compute_integrity_info(skip_diff=True)
        digest = one.compute_digest()
        stamp = _stamp(one.signed_data, lambda _name, digest=digest: digest, _byte_range(one))
        if stamp is not None and bool(one.summarise_integrity_info()["docmdp_ok"] is not False):
            yield one.signed_revision, stamp


def _stamp(token: cms.SignedData, digest_by: Any, byte_range: ByteRange | None) -> OtherStamp | None:
    """Return an RFC 3161 time-stamp that holds over what ``digest_by`` gives the digest of; None for any other."""
    content = token["encap_content_info"]
    info = content["content"].parsed
    imprint = info["message_imprint"]
    name = imprint["hash_algorithm"]["algorithm"].native
    if (
        content["content_type"].native != "tst_info"
        or name not in _DIGESTS
        or imprint["hashed_message"].native != digest_by(name)
    ):
        return None
    signer, certificate = extract_signer_info(token), extract_certs_for_validation(token).signer_cert
    raw = bytes(content["content"])
    algorithm = signer["digest_algorithm"]["algorithm"].native
    if _find_weakness(signer, certificate) or _find_break(signer, certificate, "tst_info", hashlib.new(algorithm, raw).digest()):
        return None
    x509.load_der_x509_certificate(certificate.dump())
    whole = cms.ContentInfo({"content_type": "signed_data", "content": token}).dump()
    return OtherStamp(info["gen_time"].native, certificate.dump(), is_time_stamp_certificate(certificate), whole, byte_range)
