"""The check code (核验码) that stands on a licence beside its number, for whoever holds the paper and has no camera.

The node's key for digests, which stays, gives it from the licence's identifier: nothing is stored, nobody without the key can know or list it. Eight characters are
39 bits; how often one may guess is limited (``number_check``). Left to others: printing it (``render``), what follows (``number_check``).
"""

from __future__ import annotations

from pki.vault import Vault

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without what is easily taken for something else: 0 and O, 1, I and L."""

_LENGTH = 8
_HALF = 4
_CONTEXT = "licenses.code"


def code_of(vault: Vault, identifier: str) -> str:
    """Return the code of the licence with this identifier, e.g. ``7K2M-9XQA``."""
    rest = int.from_bytes(vault.digest(identifier, _CONTEXT), "big")
    letters = []
    for _ in range(_LENGTH):
        rest, place = divmod(rest, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join((*letters[:_HALF], "-", *letters[_HALF:]))
