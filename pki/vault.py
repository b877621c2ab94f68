"""Encrypts personal data for the database and makes the keyed index by which it is looked up.

Left to others: where the keys come from (a :class:`~pki.ports.KeyStore`), bringing a value into its normal form before it is
indexed.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import Misuse
from kernel.randomness import random_bytes
from pki.errors import VALUE_UNREADABLE
from pki.ports import KeyStore

_VERSION = 1
_HEADER = 3  # version (1), key number (2)
_NONCE = 12


class Vault:
    """AES-256-GCM under a key of the key store, and HMAC-SHA256 blind indexes.

    A value is ``version (1) ‖ key number (2) ‖ nonce (12) ‖ ciphertext and tag``. The context (say ``idp.phone``) is
    authenticated with it, so a value moved to another column does not decrypt. ``current`` is the number of the key that
    encrypts; older numbers still decrypt.
    """

    def __init__(self, keys: KeyStore, *, current: int = 1) -> None:
        self._keys = keys
        self._current = current
        self._ciphers: dict[int, AESGCM] = {}
        self._index_key: bytes | None = None

    def encrypt(self, text: str, context: str) -> bytes:
        """Return ``text`` encrypted for ``context``."""
        return self.encrypt_bytes(text.encode(), context)

    def decrypt(self, blob: bytes, context: str) -> str:
        """Return the text of ``blob``; ``Misuse(value_unreadable)`` when key, context or bytes are not those it was made with."""
        return self.decrypt_bytes(blob, context).decode()

    def encrypt_bytes(self, data: bytes, context: str) -> bytes:
        """Return ``data`` encrypted for ``context``."""
        header = bytes([_VERSION]) + self._current.to_bytes(2, "big")
        nonce = random_bytes(_NONCE)
        return header + nonce + self._cipher(self._current).encrypt(nonce, data, header + context.encode())

    def decrypt_bytes(self, blob: bytes, context: str) -> bytes:
        """Return the octets of ``blob``; ``Misuse(value_unreadable)`` as :meth:`decrypt`."""
        header, nonce, sealed = blob[:_HEADER], blob[_HEADER : _HEADER + _NONCE], blob[_HEADER + _NONCE :]
        number = int.from_bytes(header[1:], "big")
        # A number that was never in use must not make a key: secret() would create it.
        if len(nonce) != _NONCE or header[0] != _VERSION or not 1 <= number <= self._current:
            raise Misuse(VALUE_UNREADABLE, context=context)
        try:
            return self._cipher(number).decrypt(nonce, sealed, header + context.encode())
        except InvalidTag:
            raise Misuse(VALUE_UNREADABLE, context=context) from None

    def index(self, text: str, context: str) -> bytes:
        """Return the 32 octets under which ``text`` is looked up: equal texts of one context, equal octets; nothing else shows."""
        if self._index_key is None:
            self._index_key = self._keys.secret("vault-index")
        return hmac.digest(self._index_key, context.encode() + b"\0" + text.encode(), sha256)

    def _cipher(self, number: int) -> AESGCM:
        cipher = self._ciphers.get(number)
        if cipher is None:
            cipher = self._ciphers[number] = AESGCM(self._keys.secret(f"vault-{number}"))
        return cipher
