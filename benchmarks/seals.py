"""Seals, side by side with pyHanko's stock signer in one run: the same page, key, certificates, lists and time-stamp authority's key.

B-B, B-LT and B-LTA as PAdES has them, each certified against changes. Left to others: whole licences (``licences``).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from benchmarks.figures import Figure, cpu_milliseconds
from kernel.clock import SystemClock
from licenses import qr_keys, render
from licenses.codes import code_of
from licenses.issue import issue
from licenses.ports import LicenseDeps
from licenses.seals import place_in_tree
from pki import archiving, cms, crl, pdf_signatures, seals, tsa
from pki.ports import PkiDeps
from pki.records import Department
from pki.roles import get_credential
from pki.seals import Seal
from policies.licenses import find_type
from tests.support.databases import engine_on
from tests.support.issuing import application, make_license_deps

TIMES_FASTER = {"B-B": 8.0, "B-LT": 4.0, "B-LTA": 4.0}
FORMS = tuple(TIMES_FASTER)


class _OurAuthority(TimeStamper):
    """The node's time-stamp authority, asked without a connection: pyHanko's own for tests knows RSA only, and loads its key each time."""

    def __init__(self, pki: PkiDeps) -> None:
        super().__init__()
        self._pki = pki

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Answer a request."""
        return tsp.TimeStampResp.load(tsa.answer(self._pki, req.dump()))


def measure() -> Iterator[Figure]:
    """Seal one licence's page at each level, by both."""
    logging.getLogger("pyhanko").setLevel(logging.ERROR)  # it says at each signature that nothing is fetched
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder, engine_on(f"sqlite:///{folder}/node.sqlite") as engine:
        deps = make_license_deps(engine, Path(folder), SystemClock())
        page, seal = _page_and_seal(deps)
        ours, theirs = _ours(deps, seal, page), _theirs(deps, seal, page)
        for form in FORMS:
            mine = cpu_milliseconds(ours[form], rounds=5)
            stock = cpu_milliseconds(theirs[form], rounds=3)
            yield Figure(f"seal {form}", mine, "ms CPU", "pyHanko, stock signer", stock)
            yield Figure(f"seal {form}: times faster than pyHanko", stock / mine, "x", "limit", TIMES_FASTER[form], "higher")


def _page_and_seal(deps: LicenseDeps) -> tuple[bytes, Seal]:
    record = issue(deps, application(deps), actor="operator:bench").record
    kind = find_type(deps.policies.licenses, record.type_code)
    assert kind is not None
    page = render.render(record, kind, deps.node, qr_keys.stating(deps, record), code_of(deps.vault, record.identifier)).pdf
    names = place_in_tree(deps.node, record.issuer_name, record.area_code)
    department = Department(record.issuer_uscc, record.issuer_name, record.area_code, names)
    return page, seals.get_or_create_seal(deps.pki, department)


def _ours(deps: LicenseDeps, seal: Seal, page: bytes) -> dict[str, Callable[[], bytes]]:
    pki = deps.pki

    def full() -> bytes:
        return seals.seal_pdf(pki, seal, page, at=pki.clock.now(), reason="bench")

    def bare() -> bytes:
        statement = pdf_signatures.Statement("n", "l", "r", pki.clock.now())
        prepared = pdf_signatures.prepare(page, statement, (), ())
        return prepared.embed(cms.finish(cms.sign(seals.signer_of(pki, seal), cms.DATA, prepared.take(), None)))

    return {"B-B": bare, "B-LT": full, "B-LTA": lambda: archiving.archive(pki, full())}


def _theirs(deps: LicenseDeps, seal: Seal, page: bytes) -> dict[str, Callable[[], bytes]]:
    pki = deps.pki
    root, issuing, stamping = (get_credential(pki, role) for role in ("principal", "issuing", "tsa"))
    certificates = [_loaded(one.record.der) for one in (root, issuing, stamping)]
    store = SimpleCertificateStore.from_certs(certificates)
    lists = [crl.current(pki, "principal").der, crl.current(pki, "issuing", 1).der]
    signer = signers.SimpleSigner(_loaded(seal.certificate.der), _key(pki.keys.get(seal.key_label)), store)
    stamper = _OurAuthority(pki)

    def sign(form: str) -> bytes:
        lasting = form != "B-B"
        context = ValidationContext(trust_roots=certificates[:1], other_certs=certificates, crls=lists, allow_fetching=False)
        metadata = signers.PdfSignatureMetadata(
            field_name="Seal",
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            embed_validation_info=lasting,
            use_pades_lta=form == "B-LTA",
            validation_context=context if lasting else None,
        )
        writer = IncrementalPdfFileWriter(BytesIO(page))
        signed: Any = signers.PdfSigner(metadata, signer, timestamper=stamper if lasting else None).sign_pdf(writer)
        return bytes(signed.getvalue())

    return {form: lambda form=form: sign(form) for form in FORMS}  # type: ignore[misc]


def _loaded(der: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(der)


def _key(key: Any) -> asn1_keys.PrivateKeyInfo:
    return asn1_keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
