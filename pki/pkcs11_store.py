"""A key store on a PKCS#11 token: private keys are made on it and stay there.

Secrets that the node needs in memory (for encryption and HMAC) lie in the folder as files, encrypted under a random key that only the
token can open: the file ``store``. Without the token the folder is worth nothing.

Left to others: the token (``pkcs11``), the keys as objects (``pkcs11_keys``), files (``keyfolder``). A token belongs to one node; of
several machines that share it, one makes keys at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import Misuse
from kernel.randomness import random_bytes
from pki.errors import KEY_EXISTS, KEY_MISSING
from pki.keyfolder import NONCE, KeyFolder, check_label
from pki.pkcs11 import Token
from pki.pkcs11_keys import key_on
from pki.ports import KeyPlace
from pki.records import PrivateKey
from policies.models import KeyAlgorithm

_MAGIC = b"chaoxin-token-keys-1\n"
_KEY = 32


class TokenKeyStore:
    """Keys on ``token``, secrets in ``directory``."""

    place: KeyPlace = "token"

    def __init__(self, token: Token, directory: Path) -> None:
        self._token = token
        self._folder = KeyFolder(directory, self._open)
        self._keys: dict[str, PrivateKey] = {}

    def create(self, label: str, algorithm: KeyAlgorithm) -> PrivateKey:
        """Make a key; ``Misuse(key_exists)`` when the label is taken."""
        check_label(label)
        with self._folder.alone():  # a token would take two keys of one label
            if self._token.find(label):
                raise Misuse(KEY_EXISTS, label=label)
            self._token.generate(label, algorithm)
        return self.get(label)

    def get(self, label: str) -> PrivateKey:
        """Return the key; ``Misuse(key_missing)`` when there is none."""
        key = self.find(label)
        if key is None:
            raise Misuse(KEY_MISSING, label=label)
        return key

    def find(self, label: str) -> PrivateKey | None:
        """Return the key or None."""
        key = self._keys.get(check_label(label))
        if key is not None:
            return key
        found = self._token.find(label)
        if not found:
            return None
        if len(found) > 1:
            raise self._folder.unusable(problem=f"{len(found)} keys {label} on the token {self._token.label}")
        return self._keys.setdefault(label, key_on(self._token, *found[0]))

    def labels(self) -> Sequence[str]:
        """Return the labels of all private keys, sorted."""
        return self._token.labels()

    def secret(self, label: str, length: int = 32) -> bytes:
        """Return the secret under ``label``, made of ``length`` random octets when it is first asked for."""
        return self._folder.secret(label, length)

    def has_secret(self, label: str) -> bool:
        """Tell whether there is a secret under ``label``; none is made."""
        return self._folder.has_secret(label)

    def _open(self) -> AESGCM:
        """Return the cipher of the secrets, whose key the token opened."""
        file = self._folder.path / "store"
        with self._folder.alone():
            sealed = self._folder.read(file)
            if sealed is None:
                if any(self._folder.path.glob("*.secret")):
                    raise self._folder.unusable(problem=f"{file.name} is missing")
                nonce = random_bytes(NONCE)
                sealed = _MAGIC + nonce + self._token.seal(nonce, random_bytes(_KEY), _MAGIC)
                self._folder.write_once(file, sealed)
        nonce, data = sealed[len(_MAGIC) :][:NONCE], sealed[len(_MAGIC) + NONCE :]
        key = self._token.unseal(nonce, data, _MAGIC) if sealed.startswith(_MAGIC) and data else None
        if key is None:
            raise self._folder.unusable(problem=f"{file.name} is damaged or of another token than {self._token.label}")
        return AESGCM(key)
