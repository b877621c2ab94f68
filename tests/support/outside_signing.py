"""PDFs that somebody signed with pyHanko under a certification authority that is no node, and the city's agreement with that authority."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from asn1crypto import crl, keys, tsp
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from crosscert.records import Peer, StoredCertificate, StoredCrl
from kernel.nodes import Node
from pki.authority import issue_cross_certificate
from pki.cross_certificates import CrossCertificateTemplate
from policies.certificates import policy_oid
from tests.support import pdfs
from tests.support.authorities import Authority, Credential
from tests.support.federation import CITY, Federation

COMPANY = (("C", "CN"), ("O", "广东某电子认证有限公司"))
CUSTOMERS = (("C", "CN"), ("O", "客户"))
NODE = Node("GDCA", "广东某电子认证有限公司", "outside", "http://ca.example", COMPANY)


class _Stamping(TimeStamper):
    """Stamps by one certificate at one moment, in P-256."""

    def __init__(self, stamper: Credential, chain: list[x509.Certificate], at: datetime) -> None:
        super().__init__(include_nonce=False)
        self._made = stamper, chain, at

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Answer."""
        stamper, chain, at = self._made
        token = pdfs.time_stamp_of(stamper, chain, req["message_imprint"]["hashed_message"].native, at)
        return tsp.TimeStampResp({"status": tsp.PKIStatusInfo({"status": "granted"}), "time_stamp_token": token})


def agree(nodes: Federation, ca: Authority) -> None:
    """Let the city certify ``ca`` for its own and its customers' names, and fetch its lists."""
    policies = nodes.city.policies.certificates
    pairs = tuple(
        (policy_oid(policies, CITY.code, name), ca.policy(level.number).policy_identifier.dotted_string)
        for name, level in policies.levels.items()
    )
    issue_cross_certificate(
        nodes.city.pki,
        CrossCertificateTemplate(
            certificate=ca.principal.certificate,
            path_length=1,
            permitted_names=(COMPANY, CUSTOMERS),
            policies=tuple(ours for ours, _ in pairs),
            mappings=pairs,
            inhibit_policy_mapping=0,
            validity_days=365,
        ),
    )
    with nodes.trust.work.begin() as work:
        work.records.put_peer(Peer(NODE, "outside", None, _key(ca.principal.certificate)))
        for kind, one in (("principal", ca.principal), ("issuing", ca.issuing)):
            der = one.certificate.public_bytes(Encoding.DER)
            work.records.add_certificate(StoredCertificate(hashlib.sha256(der).hexdigest(), kind, NODE.code, der, nodes.now))  # type: ignore[arg-type]
    fetch_lists(nodes, ca, number=1)


def fetch_lists(nodes: Federation, ca: Authority, *, number: int, valid: timedelta = timedelta(days=7)) -> None:
    """Let the city fetch the lists of ``ca`` as they stand now."""
    with nodes.trust.work.begin() as work:
        for one, issuer in zip(ca.crls(nodes.now, number=number, valid=valid), (ca.principal, ca.issuing), strict=True):
            der = one.public_bytes(Encoding.DER)
            times = (one.last_update_utc, one.next_update_utc, nodes.now)
            key = _key(issuer.certificate)
            work.records.add_crl(
                StoredCrl(hashlib.sha256(der).hexdigest(), NODE.code, key, "made by the test", number, *times, der)
            )
        work.records.note_heard(NODE.code, at=nodes.now)
        work.records.raise_generation()


def page(text: str = "Contract") -> bytes:
    """Return a PDF of one page that nobody signed and that has nothing attached."""
    return pdfs.write({
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        4: pdfs.stream(f"BT /F 18 Tf 40 200 Td ({text}) Tj ET".encode()),
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    })  # fmt: skip


def signed(
    pdf: bytes,
    ca: Authority,
    signer: Credential,
    *,
    at: datetime,
    stamper: Credential | None = None,
    field: str = "Signature1",
    **more: Any,
) -> bytes:
    """Return ``pdf`` signed by pyHanko as PAdES (``subfilter`` among ``more`` says otherwise), time-stamped by ``stamper`` at ``at``."""
    chain = SimpleCertificateStore()
    chain.register(_asn1(ca.issuing.certificate))
    by = signers.SimpleSigner(signing_cert=_asn1(signer.certificate), signing_key=_key_of(signer), cert_registry=chain)
    metadata = signers.PdfSignatureMetadata(
        field_name=field, md_algorithm="sha256", subfilter=more.pop("subfilter", SigSeedSubFilter.PADES), **more
    )
    stamping = None
    if stamper is not None:
        stamping = _Stamping(stamper, [ca.issuing.certificate], at)
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    signing = signers.PdfSigner(metadata, signer=by, timestamper=stamping, new_field_spec=SigFieldSpec(field))
    with ThreadPoolExecutor(1) as apart:  # pyHanko runs a loop of its own; a browser driven by this process may have one here
        out = apart.submit(signing.sign_pdf, writer).result()
    made: bytes = out.getvalue()
    return made


def stamped(pdf: bytes, ca: Authority, stamper: Credential, *, at: datetime) -> bytes:
    """Return ``pdf`` with a time-stamp over all of it, by an update."""
    stamping = _Stamping(stamper, [ca.issuing.certificate], at)
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    with ThreadPoolExecutor(1) as apart:
        out = apart.submit(signers.PdfTimeStamper(stamping).timestamp_pdf, writer, "sha256").result()
    made: bytes = out.getvalue()
    return made


def with_evidence(pdf: bytes, ca: Authority, at: datetime, *, about: Sequence[x509.Certificate] = ()) -> bytes:
    """Return ``pdf`` with certificates and lists added by an update, as B-LT is made by most software; with answers ``about`` some instead of lists."""
    out = BytesIO(pdf)
    lists = [] if about else [crl.CertificateList.load(one.public_bytes(Encoding.DER)) for one in ca.crls(at)]
    answers = [asn1_ocsp.OCSPResponse.load(ca.answer(one, at).public_bytes(Encoding.DER)) for one in about]
    certificates = [_asn1(one.certificate) for one in (ca.principal, ca.issuing)]
    writer = IncrementalPdfFileWriter(out)
    store = DocumentSecurityStore(writer=writer)
    store.register_vri(generic.pdf_name("/" + "A" * 40), certs=certificates, ocsps=answers, crls=lists)
    writer.root["/DSS"] = writer.add_object(store.as_pdf_object())
    writer.update_root()
    writer.write_in_place()
    return out.getvalue()


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _key_of(one: Credential) -> keys.PrivateKeyInfo:
    return keys.PrivateKeyInfo.load(one.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _key(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
