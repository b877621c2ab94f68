"""One contract for all key stores: files, a token, memory. What is particular to one is tested beside."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from kernel.errors import Misuse
from pki.keyfiles import FileKeyStore
from pki.pkcs11_store import TokenKeyStore
from pki.ports import KeyStore
from policies.models import KeyAlgorithm
from tests.support.pki import MemoryKeys
from tests.support.tokens import SoftHsm


@pytest.fixture(params=["files", "token", "memory"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    if request.param == "files":
        return FileKeyStore(tmp_path / "keys", b"right")
    if request.param == "memory":
        return MemoryKeys()
    softhsm: SoftHsm = request.getfixturevalue("softhsm")
    return TokenKeyStore(softhsm.open(softhsm.make()), tmp_path / "keys")


def test_every_key_store_keeps_the_same_contract(any_store: KeyStore) -> None:
    assert any_store.find("a") is None
    assert any_store.labels() == []
    made = [any_store.create(label, "P-256") for label in ("b", "a")]
    assert any_store.labels() == ["a", "b"]
    assert any_store.get("b").public_key() == made[0].public_key()
    assert any_store.find("a") is any_store.get("a")
    with pytest.raises(Misuse, match="key_exists"):
        any_store.create("a", "P-256")
    with pytest.raises(Misuse, match="key_missing"):
        any_store.get("c")
    assert any_store.secret("s") == any_store.secret("s")
    assert any_store.secret("s") != any_store.secret("t")
    assert [len(any_store.secret("s")), len(any_store.secret("long", 64))] == [32, 64]
    assert any_store.labels() == ["a", "b"]


@pytest.mark.parametrize("algorithm", ["P-256", "P-384", "RSA-3072", "Ed25519"])
def test_what_a_key_of_any_store_signs_its_public_part_verifies(any_store: KeyStore, algorithm: KeyAlgorithm) -> None:
    key, data = any_store.create("a", algorithm), b"data"
    public = any_store.get("a").public_key()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        assert isinstance(public, ec.EllipticCurvePublicKey)
        assert f"P-{key.curve.key_size}" == f"P-{key.key_size}" == algorithm
        public.verify(key.sign(data, ec.ECDSA(hashes.SHA384())), data, ec.ECDSA(hashes.SHA384()))
    elif isinstance(key, rsa.RSAPrivateKey):
        assert isinstance(public, rsa.RSAPublicKey)
        assert f"RSA-{key.key_size}" == algorithm
        public.verify(key.sign(data, padding.PKCS1v15(), hashes.SHA256()), data, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(public, ed25519.Ed25519PublicKey)
        public.verify(key.sign(data), data)
