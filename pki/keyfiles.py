"""A key store of encrypted files: one PKCS#8 file a key, readable by ``openssl pkey`` with the store's passphrase.

Left to others: how files are written and secrets kept (``keyfolder``), where the passphrase comes from (``service.config``), keys on a
token (``pkcs11_store``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kernel.errors import Misuse
from kernel.randomness import random_bytes
from pki.errors import KEY_EXISTS, KEY_MISSING, WRONG_PASSPHRASE
from pki.keyfolder import NONCE, KeyFolder
from pki.ports import KeyPlace
from pki.records import PrivateKey
from policies.models import KeyAlgorithm

_MAGIC = b"chaoxin-keys-1\n"
_SALT = 16

_GENERATORS: dict[KeyAlgorithm, Callable[[], PrivateKey]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA-3072": lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


def generate(algorithm: KeyAlgorithm) -> PrivateKey:
    """Return a new key that nobody keeps yet."""
    return _GENERATORS[algorithm]()


class FileKeyStore:
    """Keys and secrets in ``directory`` (mode 0700, files 0600), each written whole or not at all, never overwritten.

    The file ``store`` proves the passphrase before anything is read or made, so that a store never holds files under two of them.
    """

    place: KeyPlace = "files"

    def __init__(self, directory: Path, passphrase: bytes) -> None:
        self._folder = KeyFolder(directory, self._open)
        self._passphrase = passphrase
        self._keys: dict[str, PrivateKey] = {}

    def create(self, label: str, algorithm: KeyAlgorithm) -> PrivateKey:
        """Make a key; ``Misuse(key_exists)`` when the label is taken."""
        file = self._folder.file(label, "pem")
        self._folder.cipher()
        if file.exists():
            raise Misuse(KEY_EXISTS, label=label)
        key = generate(algorithm)
        encryption = serialization.BestAvailableEncryption(self._passphrase)
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        if not self._folder.write_once(file, pem):
            raise Misuse(KEY_EXISTS, label=label)
        self._keys[label] = key
        return key

    def get(self, label: str) -> PrivateKey:
        """Return the key; ``Misuse(key_missing)`` when there is none."""
        key = self.find(label)
        if key is None:
            raise Misuse(KEY_MISSING, label=label)
        return key

    def find(self, label: str) -> PrivateKey | None:
        """Return the key or None."""
        key = self._keys.get(label)
        if key is not None:
            return key
        file = self._folder.file(label, "pem")
        self._folder.cipher()
        pem = self._folder.read(file)
        if pem is None:
            return None
        try:
            key = cast("PrivateKey", serialization.load_pem_private_key(pem, self._passphrase))
        except (ValueError, TypeError):
            raise self._folder.unusable(problem=f"{file.name} is damaged") from None
        return self._keys.setdefault(label, key)

    def labels(self) -> Sequence[str]:
        """Return the labels of all private keys, sorted."""
        self._folder.cipher()
        return sorted(file.stem for file in self._folder.path.glob("*.pem"))

    def secret(self, label: str, length: int = 32) -> bytes:
        """Return the secret under ``label``, made of ``length`` random octets when it is first asked for."""
        return self._folder.secret(label, length)

    def has_secret(self, label: str) -> bool:
        """Tell whether there is a secret under ``label``; none is made."""
        return self._folder.has_secret(label)

    def _open(self) -> AESGCM:
        """Return the cipher of the secrets, after the passphrase has been proven."""
        file = self._folder.path / "store"
        proof = self._folder.read(file)
        if proof is None:
            if any(self._folder.path.glob("*.pem")):
                raise self._folder.unusable(problem=f"{file.name} is missing")
            self._folder.write_once(file, self._make_proof())
            proof = self._folder.read(file) or b""
        salt, nonce, sealed = (
            proof[len(_MAGIC) :][:_SALT],
            proof[len(_MAGIC) + _SALT :][:NONCE],
            proof[len(_MAGIC) + _SALT + NONCE :],
        )
        if not proof.startswith(_MAGIC) or not sealed:
            raise self._folder.unusable(problem=f"{file.name} is damaged")
        cipher = self._derive(salt)
        try:
            cipher.decrypt(nonce, sealed, _MAGIC)
        except InvalidTag:
            raise Misuse(WRONG_PASSPHRASE, path=str(self._folder.path)) from None
        return cipher

    def _make_proof(self) -> bytes:
        salt, nonce = random_bytes(_SALT), random_bytes(NONCE)
        return _MAGIC + salt + nonce + self._derive(salt).encrypt(nonce, b"", _MAGIC)

    def _derive(self, salt: bytes) -> AESGCM:
        return AESGCM(Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(self._passphrase))
