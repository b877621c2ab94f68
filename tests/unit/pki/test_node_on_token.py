"""A whole node whose keys are on a token: every role signs there, as openssl and others judge it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko_certvalidator import ValidationContext

from kernel.clock import FixedClock, timestamp
from pki import authority, crl, jose, seals, tsa
from pki import ocsp as responder
from pki.pkcs11_store import TokenKeyStore
from pki.ports import PkiDeps
from pki.roles import CA_ROLES, get_credential
from tests.support.databases import engine_on
from tests.support.pki import COUNTY, DEPARTMENT, OpenSsl, chain_of, judged_by_pyhanko, make_deps, pem
from tests.support.tokens import SoftHsm

MOMENT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class OnToken:
    deps: PkiDeps
    folder: Path


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, softhsm: SoftHsm) -> Iterator[OnToken]:
    folder = tmp_path_factory.mktemp("on-token")
    store = TokenKeyStore(softhsm.open(softhsm.make()), folder / "keys")
    with engine_on(f"sqlite:///{folder / 'node.sqlite'}") as engine:
        deps = replace(make_deps(engine, folder, FixedClock(MOMENT)), keys=store)
        authority.initialise(deps)
        yield OnToken(deps, folder)


def test_its_certificates_and_lists_are_good_for_openssl(node: OnToken, openssl: OpenSsl) -> None:
    anchor, between = chain_of(node.deps)
    lists = b"".join(x509.load_der_x509_crl(crl.current(node.deps, ca).der).public_bytes(Encoding.PEM) for ca in CA_ROLES)
    names = (*COUNTY.names, ("CN", "张三"))
    person = authority.issue(node.deps, "person", names, ec.generate_private_key(ec.SECP256R1()).public_key())
    judged = openssl.verify(pem(person), anchor, between, MOMENT, "-crl_check_all", "-CRLfile", openssl.file("lists.pem", lists))
    assert judged.returncode == 0, judged.stderr


def test_its_responder_answers_and_its_signature_is_good(node: OnToken) -> None:
    issuing, signer = (get_credential(node.deps, role) for role in ("issuing", "node_signer"))
    builder = ocsp.OCSPRequestBuilder()
    request = builder.add_certificate(signer.certificate, issuing.certificate, hashes.SHA256()).build()
    answer = ocsp.load_der_ocsp_response(responder.answer(node.deps, request.public_bytes(Encoding.DER)).der)
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    key = answer.certificates[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert answer.signature_hash_algorithm is not None
    key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm))


def test_its_time_stamps_are_good_for_openssl(node: OnToken, openssl: OpenSsl) -> None:
    token = tsa.token(node.deps, hashlib.sha256(b"data").digest())
    anchor, between = chain_of(node.deps)
    judged = openssl.run(
        "ts", "-verify", "-token_in", "-in", openssl.file("token", token), "-data", openssl.file("data", b"data"),
        "-CAfile", openssl.file("anchor.pem", anchor), "-untrusted", openssl.file("between.pem", between),
        "-attime", str(timestamp(MOMENT)),
    )  # fmt: skip
    assert b"Verification: OK" in judged.stdout + judged.stderr, judged.stderr


def test_its_seals_are_good_for_pyhanko(node: OnToken) -> None:
    page = typst.compile(b"Licence")
    assert isinstance(page, bytes)
    seal = seals.get_or_create_seal(node.deps, DEPARTMENT)
    signed = seals.seal_pdf(node.deps, seal, page, at=MOMENT, reason="证照")
    (found,) = PdfFileReader(BytesIO(signed)).embedded_signatures
    status = judged_by_pyhanko(found, ValidationContext(trust_roots=[], moment=MOMENT, allow_fetching=False))
    assert (status.intact, status.valid) == (True, True)


def test_its_tokens_are_good_for_whoever_has_the_public_key(node: OnToken) -> None:
    signer = get_credential(node.deps, "node_signer")
    key = jose.signing_key(signer.key)
    public = signer.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    for repeatable in (False, True):  # a token signs by chance either way
        said = {"iss": COUNTY.url, "exp": timestamp(MOMENT) + 60}
        token = jose.sign(said, key, kid=None, alg=key.alg, typ="JWT", repeatable=repeatable)
        claims = jose.verify(token, public, algorithms=("ES256",), typ="JWT", audience=None, issuer=COUNTY.url, now=MOMENT)
        assert claims["iss"] == COUNTY.url


def test_nothing_private_lies_in_its_folder(node: OnToken) -> None:
    secret = node.deps.keys.secret("csrf")
    assert sorted(file.name for file in (node.folder / "keys").iterdir()) == ["csrf.secret", "store"]
    for file in node.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"PRIVATE KEY" not in content
            assert secret not in content
