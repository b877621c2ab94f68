"""A node whose keys are of each algorithm that the policies allow: what it signs is good for openssl."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.clock import FixedClock, timestamp
from pki import authority, cms, crl, jose, ocsp, tsa
from pki.ports import PkiDeps
from pki.roles import CA_ROLES, get_credential
from policies.consistency import find_contradictions
from policies.loader import load
from policies.models import KeyAlgorithm
from tests.support.databases import engine_on
from tests.support.pki import COUNTY, MemoryKeys, OpenSsl, chain_of, make_deps, pem

# The CAs' and the responders' algorithm, that of seals and time-stamps, that of tokens.
KINDS: tuple[tuple[KeyAlgorithm, KeyAlgorithm, KeyAlgorithm], ...] = (
    ("P-256", "P-256", "P-256"),
    ("P-384", "P-384", "P-256"),
    ("RSA-3072", "RSA-3072", "RSA-3072"),
    ("Ed25519", "P-256", "P-256"),
)


class FewRsaKeys(MemoryKeys):
    """RSA keys take long to make: beside the CAs' all of one node are one."""

    def create(self, label: str, algorithm: KeyAlgorithm) -> object:  # type: ignore[override]
        if algorithm == "RSA-3072" and label not in CA_ROLES:
            self.keys[label] = self.find("shared") or super().create("shared", algorithm)
            return self.keys[label]
        return super().create(label, algorithm)


@pytest.fixture(scope="module", params=KINDS, ids=[kind[0] for kind in KINDS])
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PkiDeps]:
    folder: Path = tmp_path_factory.mktemp("algorithms")
    of_cas, of_seals, of_tokens = request.param
    wanted = {
        "principal_ca": of_cas, "issuing_ca": of_cas, "ocsp": of_cas, "tsa": of_seals, "department_seal": of_seals,
        "token_signer": of_tokens,
    }  # fmt: skip
    policies = load(None)
    profiles = {
        name: profile.model_copy(update={"key_algorithm": wanted.get(name, profile.key_algorithm), "also_accepted": ()})
        for name, profile in policies.certificates.profiles.items()
    }
    changed = policies.model_copy(update={"certificates": policies.certificates.model_copy(update={"profiles": profiles})})
    assert list(find_contradictions(changed)) == []
    with engine_on(f"sqlite:///{folder / 'node.sqlite'}") as engine:
        clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
        deps = replace(make_deps(engine, folder, clock), keys=FewRsaKeys(), policies=changed.certificates)
        authority.initialise(deps)
        yield deps


def test_paths_and_lists(node: PkiDeps, openssl: OpenSsl) -> None:
    anchor, between = chain_of(node)
    lists = b"".join(x509.load_der_x509_crl(crl.current(node, ca).der).public_bytes(Encoding.PEM) for ca in CA_ROLES)
    options = "-crl_check_all", "-CRLfile", openssl.file("lists.pem", lists)
    judged = openssl.verify(pem(get_credential(node, "node_signer").record), anchor, between, node.clock.now(), *options)
    assert judged.returncode == 0, judged.stderr


def test_ocsp_answers(node: PkiDeps, openssl: OpenSsl) -> None:
    anchor, between = (openssl.file(name, text) for name, text in zip(("anchor.pem", "issuing.pem"), chain_of(node), strict=True))
    about = "-issuer", between, "-cert", openssl.file("leaf.pem", pem(get_credential(node, "tsa").record))
    openssl.run("ocsp", "-no_nonce", *about, "-reqout", "request")
    response = openssl.file("response", ocsp.answer(node, (openssl.folder / "request").read_bytes()).der)
    judged = openssl.run(
        "ocsp", "-no_nonce", "-respin", response, *about, "-CAfile", anchor, "-verify_other", between,
        "-attime", str(timestamp(node.clock.now())), "-validity_period", "4000000000",
    )  # fmt: skip
    assert b"Response verify OK" in judged.stderr, judged.stderr
    assert b"leaf.pem: good" in judged.stdout


def test_time_stamps(node: PkiDeps, openssl: OpenSsl) -> None:
    token = tsa.token(node, hashlib.sha256(b"data").digest())
    anchor, between = chain_of(node)
    judged = openssl.run(
        "ts", "-verify", "-token_in", "-in", openssl.file("token", token), "-data", openssl.file("data", b"data"),
        "-CAfile", openssl.file("anchor.pem", anchor), "-untrusted", openssl.file("between.pem", between),
        "-attime", str(timestamp(node.clock.now())),
    )  # fmt: skip
    assert b"Verification: OK" in judged.stdout + judged.stderr, judged.stderr


def test_signatures_of_seals(node: PkiDeps, openssl: OpenSsl) -> None:
    key = authority.get_or_create_key(node.keys, "seal", node.policies.profiles["department_seal"].key_algorithm)
    names = (*COUNTY.names, ("OU", "某局"), ("CN", "印章"))
    record = authority.issue(node, "department_seal", names, key.public_key())
    issuing = get_credential(node, "issuing").certificate
    signer = cms.make_signer(key, x509.load_der_x509_certificate(record.der), [issuing])
    signed = cms.finish(cms.sign(signer, cms.DATA, hashlib.sha256(b"data").digest(), None))
    anchor, _ = chain_of(node)
    judged = openssl.run(
        "cms", "-verify", "-binary", "-inform", "DER", "-in", openssl.file("signed", signed), "-purpose", "any",
        "-content", openssl.file("data", b"data"), "-CAfile", openssl.file("anchor.pem", anchor),
        "-attime", str(timestamp(node.clock.now())),
    )  # fmt: skip
    assert judged.returncode == 0, judged.stderr


def test_tokens(node: PkiDeps, openssl: OpenSsl) -> None:
    signer = get_credential(node, "node_signer")
    key = jose.signing_key(signer.key)
    token = jose.sign({"iss": COUNTY.url}, key, kid=None, alg=key.alg, typ="JWT")
    body, _, encoded = token.rpartition(".")
    signature = base64.urlsafe_b64decode(encoded + "==")
    if key.alg == "ES256":
        halves = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        signature = utils.encode_dss_signature(*halves)
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    public = openssl.file("public.pem", signer.certificate.public_key().public_bytes(*form))
    judged = openssl.run(
        "dgst",
        "-sha256",
        "-verify",
        public,
        "-signature",
        openssl.file("signature", signature),
        openssl.file("body", body.encode()),
    )
    assert judged.stdout == b"Verified OK\n", judged.stderr
