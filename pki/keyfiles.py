"""A key store of encrypted files: one PKCS#8 file a key, readable by ``openssl pkey`` with the store's passphrase.

Left to others: where the passphrase comes from (``service.config``), keys on a PKCS#11 token.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kernel.errors import Misuse
from kernel.randomness import random_bytes, token
from pki.errors import KEY_EXISTS, KEY_MISSING, KEYSTORE_UNUSABLE, WRONG_PASSPHRASE
from pki.records import PrivateKey
from policies.models import KeyAlgorithm

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_MAGIC = b"chaoxin-keys-1\n"
_SALT = 16
_NONCE = 12

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

    def __init__(self, directory: Path, passphrase: bytes) -> None:
        self._directory = directory
        self._passphrase = passphrase
        self._lock = threading.Lock()
        self._cipher: AESGCM | None = None
        self._keys: dict[str, PrivateKey] = {}
        self._secrets: dict[str, bytes] = {}

    def create(self, label: str, algorithm: KeyAlgorithm) -> PrivateKey:
        """Make a key; ``Misuse(key_exists)`` when the label is taken."""
        file = self._file(label, "pem")
        self._unlock()
        if file.exists():
            raise Misuse(KEY_EXISTS, label=label)
        key = generate(algorithm)
        encryption = serialization.BestAvailableEncryption(self._passphrase)
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        if not self._write_once(file, pem):
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
        file = self._file(label, "pem")
        self._unlock()
        pem = self._read(file)
        if pem is None:
            return None
        try:
            key = cast("PrivateKey", serialization.load_pem_private_key(pem, self._passphrase))
        except (ValueError, TypeError):
            raise self._unusable(problem=f"{file.name} is damaged") from None
        return self._keys.setdefault(label, key)

    def labels(self) -> Sequence[str]:
        """Return the labels of all private keys, sorted."""
        self._unlock()
        return sorted(file.stem for file in self._directory.glob("*.pem"))

    def secret(self, label: str, length: int = 32) -> bytes:
        """Return the secret under ``label``, made of ``length`` random octets when it is first asked for."""
        kept = self._secrets.get(label)
        if kept is not None:
            return kept
        file = self._file(label, "secret")
        cipher = self._unlock()
        sealed = self._read(file)
        if sealed is None:
            nonce = random_bytes(_NONCE)
            self._write_once(file, nonce + cipher.encrypt(nonce, random_bytes(length), label.encode()))
            sealed = self._read(file) or b""  # what is there counts: another process may have been first
        try:
            value = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode())
        except (InvalidTag, ValueError):
            raise self._unusable(problem=f"{file.name} is damaged") from None
        return self._secrets.setdefault(label, value)

    def _unlock(self) -> AESGCM:
        """Return the cipher of the secrets, after the passphrase has been proven (once a process)."""
        with self._lock:
            if self._cipher is None:
                self._cipher = self._open()
            return self._cipher

    def _open(self) -> AESGCM:
        file = self._directory / "store"
        proof = self._read(file)
        if proof is None:
            if any(self._directory.glob("*.pem")):
                raise self._unusable(problem=f"{file.name} is missing")
            self._write_once(file, self._make_proof())
            proof = self._read(file) or b""
        salt, nonce, sealed = (
            proof[len(_MAGIC) :][:_SALT],
            proof[len(_MAGIC) + _SALT :][:_NONCE],
            proof[len(_MAGIC) + _SALT + _NONCE :],
        )
        if not proof.startswith(_MAGIC) or not sealed:
            raise self._unusable(problem=f"{file.name} is damaged")
        cipher = self._derive(salt)
        try:
            cipher.decrypt(nonce, sealed, _MAGIC)
        except InvalidTag:
            raise Misuse(WRONG_PASSPHRASE, path=str(self._directory)) from None
        return cipher

    def _make_proof(self) -> bytes:
        salt, nonce = random_bytes(_SALT), random_bytes(_NONCE)
        return _MAGIC + salt + nonce + self._derive(salt).encrypt(nonce, b"", _MAGIC)

    def _derive(self, salt: bytes) -> AESGCM:
        return AESGCM(Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(self._passphrase))

    def _file(self, label: str, kind: str) -> Path:
        if not _LABEL.fullmatch(label):
            message = f"not a key label: {label!r}"
            raise ValueError(message)
        return self._directory / f"{label}.{kind}"

    def _read(self, file: Path) -> bytes | None:
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(problem=f"{file.name}: {error.strerror}") from None

    def _write_once(self, file: Path, content: bytes) -> bool:
        """Write ``file`` durably; False when it exists. A killed process leaves no half file under the name."""
        draft = self._directory / f".{file.name}.{token(6)}"
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            file.hardlink_to(draft)  # fails when the name is taken, unlike a rename
            self._sync_directory()
        except FileExistsError:
            return False
        except OSError as error:
            raise self._unusable(problem=f"{file.name}: {error.strerror}") from None
        finally:
            with suppress(OSError):
                draft.unlink()
        return True

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _unusable(self, *, problem: str) -> Misuse:
        return Misuse(KEYSTORE_UNUSABLE, path=str(self._directory), problem=problem)
