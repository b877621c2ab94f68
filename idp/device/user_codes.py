"""User codes (RFC 8628 6.1): eight consonants, which spell no words and are hard to confuse; 34 bits for some minutes of life.

They can be guessed only at the page, where tries are limited, for the database keeps a keyed index and the ciphertext.
"""

from __future__ import annotations

from idp.ports import IdpDeps
from idp.records import DeviceRequest
from kernel.randomness import choose

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
_MOST_TYPED = 40


def draw() -> str:
    """Return a new user code."""
    return choose(ALPHABET, LENGTH)


def shown(code: str) -> str:
    """Return a code as people read it: in two halves."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def normal_form(typed: str) -> str | None:
    """Return the code that somebody typed, whatever they put between the letters; None when it is none."""
    code = "".join(character for character in typed[:_MOST_TYPED].upper() if character.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


def index(deps: IdpDeps, code: str) -> bytes:
    """Return what a code is looked up by."""
    return deps.vault.digest(code, "idp.user_code")


def seal(deps: IdpDeps, request_id: str, code: str) -> bytes:
    """Return the code encrypted, to be shown once more on the phone."""
    return deps.vault.encrypt(code, _context(request_id))


def unseal(deps: IdpDeps, request: DeviceRequest) -> str:
    """Return a request's code."""
    return deps.vault.decrypt(request.user_code, _context(request.id))


def _context(request_id: str) -> str:
    return f"idp.user_code:{request_id}"
