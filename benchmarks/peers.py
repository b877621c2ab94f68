"""Our hot operations beside the libraries that one would reach for first, on the same inputs, in one process.

The peers do less where it is said: ours seals B-LT with a time-stamp and evidence where pyHanko's stock signer makes a bare B-B.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwt
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from benchmarks.figures import Figure, cpu_milliseconds
from crosscert.paths.certificates import parse_certificate
from crosscert.paths.crls import CrlSet, parse_crl
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest
from kernel.clock import Clock, SystemClock, timestamp
from licenses.documents import parse
from licenses.inspection import inspect
from licenses.issue import issue
from licenses.ports import LicenseDeps
from pki import authority, crl, jose, jwk, seals
from pki.records import Department
from pki.roles import CA_ROLES
from tests.support.databases import engine_on
from tests.support.issuing import COUNTY, application, make_license_deps


def measure() -> Iterator[Figure]:
    """Measure sealing, looking at a seal, and signing a token."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder, engine_on(f"sqlite:///{folder}/node.sqlite") as engine:
        deps = make_license_deps(engine, Path(folder), clock, node=COUNTY)
        yield from _seals(deps, clock)
        yield from _paths(deps, clock)
        yield from _tokens(clock)


def _seals(deps: LicenseDeps, clock: Clock) -> Iterator[Figure]:
    pdf = issue(deps, application(deps), actor="operator:bench").pdf
    department = Department("11445122WBK871J86K", "饶平县市场监督管理局", "445122", COUNTY.names)
    seal = seals.get_or_create_seal(deps.pki, department)
    page = _one_page()
    ours = cpu_milliseconds(lambda: seals.seal_pdf(deps.pki, seal, page, at=clock.now(), reason="bench"))
    key = deps.pki.keys.get(seal.key_label)
    signer = SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(seal.certificate.der),
        signing_key=asn1_keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        cert_registry=SimpleCertificateStore(),
    )
    metadata = PdfSignatureMetadata(field_name="Seal", certify=True, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    stock = cpu_milliseconds(lambda: PdfSigner(metadata, signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(page))))
    yield Figure("seal a page (B-LT)", ours, "ms CPU", "pyHanko as it comes, B-B only", stock)

    root = asn1_x509.Certificate.load(authority.get_principal(deps.pki).der)
    issuing = asn1_x509.Certificate.load(authority.get_issuing(deps.pki).der)

    def stock_validation() -> None:
        context = ValidationContext(trust_roots=[root], other_certs=[issuing], time_tolerance=timedelta(seconds=5))
        found = validate_pdf_signature(PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0], context)
        assert found.intact
        assert found.valid

    def our_inspection() -> None:
        found = inspect(parse(pdf))
        assert found is not None

    yield Figure(
        "look at a seal", cpu_milliseconds(our_inspection), "ms CPU", "pyHanko, one signature", cpu_milliseconds(stock_validation)
    )


def _paths(deps: LicenseDeps, clock: Clock) -> Iterator[Figure]:
    seal = seals.find_seal(deps.pki, "11445122WBK871J86K")
    assert seal is not None
    chain = [seal.certificate.der, authority.get_issuing(deps.pki).der, authority.get_principal(deps.pki).der]
    lists = [crl.current(deps.pki, ca).der for ca in CA_ROLES]
    target, issuing, anchor = (parse_certificate(der) for der in chain)
    pool, crls, request = Pool([issuing]), CrlSet([parse_crl(der) for der in lists]), PathRequest(at=clock.now())
    assert find_path(target, anchor, pool, crls, request).valid
    leaf, below, root = (asn1_x509.Certificate.load(der) for der in chain)

    def stock() -> None:
        context = ValidationContext(trust_roots=[root], crls=lists, revocation_mode="require", allow_fetching=False)
        validator = CertificateValidator(leaf, intermediate_certs=[below], validation_context=context)
        asyncio.run(validator.async_validate_usage(set()))

    yield Figure(
        "find and validate a path of 3",
        cpu_milliseconds(lambda: find_path(target, anchor, pool, crls, request)),
        "ms CPU",
        "pyhanko-certvalidator, its own builder",
        cpu_milliseconds(stock),
    )


def _one_page() -> bytes:
    import typst  # noqa: PLC0415 - only here

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.typ"
        source.write_text("= Licence\n" + "text " * 300, encoding="utf-8")
        page: bytes = typst.compile(source, pdf_standards=["a-3b"])
    return page


def _tokens(clock: Clock) -> Iterator[Figure]:
    key = ec.generate_private_key(ec.SECP256R1())
    now = timestamp(clock.now())
    claims = {
        "iss": "http://localhost:8100",
        "sub": "s" * 43,
        "aud": "department",
        "iat": now,
        "exp": now + 300,
        "nonce": "n" * 22,
    }
    ours = jwk.signing_key(key, kid="k")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    yield Figure(
        "sign an ID token (ES256)",
        cpu_milliseconds(lambda: jose.sign(claims, ours, kid="k", alg="ES256", typ="JWT")),
        "ms CPU",
        "python-jose from PEM",
        cpu_milliseconds(lambda: jwt.encode(claims, pem, algorithm="ES256", headers={"kid": "k"})),
    )
    token = jose.sign(claims, ours, kid="k", alg="ES256", typ="JWT")
    public = jwk.verifying_key(key.public_key(), kid="k")
    public_jwk = jwk.public_jwk(key.public_key(), "k", "ES256")
    yield Figure(
        "verify an ID token (ES256)",
        cpu_milliseconds(
            lambda: jose.verify(
                token,
                public,
                algorithms=["ES256"],
                typ="JWT",
                audience="department",
                issuer="http://localhost:8100",
                now=clock.now(),
            )
        ),
        "ms CPU",
        "python-jose, a JWK each time",
        cpu_milliseconds(lambda: jwt.decode(token, public_jwk, algorithms=["ES256"], audience="department")),
    )
