"""Encrypts personal data for the database and makes the keyed indexes by which it is looked up.

Left to others: where the keys come from (a :class:`~pki.ports.KeyStore`), bringing a value into its normal form before it is
indexed.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import Misuse
from kernel.randomness import random_bytes
from pki.errors import VALUE_UNREADABLE
from pki.ports import KeyStore

_VERSION = 1
_HEADER = 3  # version (1), key number (2)
_NONCE = 12


class Index(bytes):
    """A keyed digest by which something is found: of key 1 its 32 octets, of a later ``key`` that key's number (2) before them.

    ``earlier`` is the same text's under the key before: until all are made anew, rows stand under either.
    """

    key: int
    earlier: bytes | None

    def __new__(cls, octets: bytes, *, key: int = 1, earlier: bytes | None = None) -> Self:
        """Return ``octets`` as an index."""
        made = super().__new__(cls, octets)
        made.key, made.earlier = key, earlier
        return made

    @property
    def both(self) -> tuple[bytes, ...]:
        """All that the text may be found by now."""
        return (bytes(self),) if self.earlier is None else (bytes(self), self.earlier)


def index_header(number: int) -> bytes:
    """Return what every index under a key begins with."""
    return b"" if number == 1 else number.to_bytes(2, "big")


class Vault:
    """AES-256-GCM under a key of the key store, and HMAC-SHA256 blind indexes.

    A value is ``version (1) ‖ key number (2) ‖ nonce (12) ‖ ciphertext and tag``. The context (say ``idp.phone``) is
    authenticated with it, so a value moved to another column does not decrypt. The key with the highest number encrypts; all of
    them decrypt. A process learns of a new key at the latest from the first value that it meets under it.
    """

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._current = 0
        self._ciphers: dict[int, AESGCM] = {}
        self._index_current = 1
        self._index_keys: dict[int, bytes] = {}

    @property
    def current(self) -> int:
        """The number of the key that encrypts."""
        return self._current or self._find_newest()

    def rotate(self) -> int:
        """Make a new key, which encrypts from now on, and return its number."""
        self._keys.secret(_label(self._find_newest() + 1))
        return self._find_newest()

    def is_current(self, blob: bytes) -> bool:
        """Tell whether a value is encrypted under the key that encrypts now."""
        return blob[:_HEADER] == self.header

    @property
    def header(self) -> bytes:
        """What every value begins with that is encrypted now."""
        return bytes([_VERSION]) + self.current.to_bytes(2, "big")

    def encrypt(self, text: str, context: str) -> bytes:
        """Return ``text`` encrypted for ``context``."""
        return self.encrypt_bytes(text.encode(), context)

    def decrypt(self, blob: bytes, context: str) -> str:
        """Return the text of ``blob``; ``Misuse(value_unreadable)`` when key, context or bytes are not those it was made with."""
        return self.decrypt_bytes(blob, context).decode()

    def encrypt_bytes(self, data: bytes, context: str) -> bytes:
        """Return ``data`` encrypted for ``context``."""
        header = self.header
        nonce = random_bytes(_NONCE)
        return header + nonce + self._cipher(self.current).encrypt(nonce, data, header + context.encode())

    def decrypt_bytes(self, blob: bytes, context: str) -> bytes:
        """Return the octets of ``blob``; ``Misuse(value_unreadable)`` as :meth:`decrypt`."""
        header, nonce, sealed = blob[:_HEADER], blob[_HEADER : _HEADER + _NONCE], blob[_HEADER + _NONCE :]
        number = int.from_bytes(header[1:], "big")
        # A number that was never in use must not make a key: secret() would create it.
        if len(nonce) != _NONCE or header[0] != _VERSION or not self._is_known(number):
            raise Misuse(VALUE_UNREADABLE, context=context)
        try:
            return self._cipher(number).decrypt(nonce, sealed, header + context.encode())
        except InvalidTag:
            raise Misuse(VALUE_UNREADABLE, context=context) from None

    def index(self, text: str, context: str) -> Index:
        """Return what ``text`` is looked up by: equal texts of one context, equal octets; nothing else shows.

        A new key counts in every process from the moment that it is there: each time it is looked whether there is one.
        """
        number = self.index_current
        earlier = self._index(number - 1, text, context) if number > 1 else None
        return Index(self._index(number, text, context), key=number, earlier=earlier)

    def digest(self, text: str, context: str) -> bytes:
        """Return 32 octets that stand for ``text``: of codes, marks and whatever else is never looked up by somebody's data. Its key stays."""
        return hmac.digest(self._index_key(1), context.encode() + b"\0" + text.encode(), sha256)

    @property
    def index_current(self) -> int:
        """The number of the key of new indexes."""
        while self._keys.has_secret(_index_label(self._index_current + 1)):
            self._index_current += 1
        return self._index_current

    def rotate_index(self) -> int:
        """Make a new key for indexes, and return its number. The one before must be nowhere any more (``service.indexed``)."""
        self._keys.secret(_index_label(self.index_current + 1))
        return self.index_current

    def _index(self, number: int, text: str, context: str) -> bytes:
        digest = hmac.digest(self._index_key(number), context.encode() + b"\0" + text.encode(), sha256)
        return index_header(number) + digest

    def _index_key(self, number: int) -> bytes:
        key = self._index_keys.get(number)
        if key is None:
            key = self._index_keys[number] = self._keys.secret(_index_label(number))
        return key

    def _cipher(self, number: int) -> AESGCM:
        cipher = self._ciphers.get(number)
        if cipher is None:
            cipher = self._ciphers[number] = AESGCM(self._keys.secret(_label(number)))
        return cipher

    def _is_known(self, number: int) -> bool:
        return 1 <= number <= self.current or 1 <= number <= self._find_newest()

    def _find_newest(self) -> int:
        number = max(self._current, 1)
        while self._keys.has_secret(_label(number + 1)):
            number += 1
        self._current = number
        return number


def _index_label(number: int) -> str:
    return "vault-index" if number == 1 else f"vault-index-{number}"


def _label(number: int) -> str:
    return f"vault-{number}"
