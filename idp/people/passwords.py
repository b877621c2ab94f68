"""Passwords: argon2id at OWASP's minimum, never more at once than the machine has processors.

Left to others: which passwords are allowed (``policies.assurance``), how often one may be tried (``throttle``), storing the hash.
Hashing takes 18 ms of a processor, so it is never done inside a transaction or under a lock.
"""

from __future__ import annotations

import functools
import os
import re
import threading
import unicodedata

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from kernel.randomness import token

MAX_LENGTH = 1024
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_FOREIGN = re.compile(r"\$argon2id\$v=19\$m=[0-9]{1,6},t=[0-9]{1,2},p=[0-9]\$[A-Za-z0-9+/]{1,100}\$[A-Za-z0-9+/]{1,100}")
_SLOTS = threading.BoundedSemaphore(os.cpu_count() or 1)


def hash_password(password: str) -> bytes:
    """Return the argon2id hash (PHC string) of a password in NFC."""
    with _SLOTS:
        return _HASHER.hash(_normal(password)).encode()


def matches(password: str, stored: bytes | None) -> bool:
    """Tell whether ``password`` is the one that was hashed. ``None`` (nobody's) costs the same and is never right."""
    wanted = (stored or prepare()).decode()
    with _SLOTS:
        try:
            return _HASHER.verify(wanted, _normal(password)) and stored is not None
        except (Argon2Error, InvalidHashError):
            return False


def needs_new_hash(stored: bytes) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored.decode())


def is_acceptable_hash(text: str) -> bool:
    """Tell whether a hash from elsewhere is argon2id with parameters that are neither worthless nor ruinous to verify."""
    if not _FOREIGN.fullmatch(text):
        return False
    try:
        found = extract_parameters(text)
    except InvalidHashError:
        return False
    costs = (found.memory_cost in range(7 * 1024, 65 * 1024), found.time_cost in range(1, 11), found.parallelism in range(1, 5))
    return all(costs) and found.salt_len in range(8, 65) and found.hash_len in range(16, 65)


@functools.cache
def prepare() -> bytes:
    """Return the hash of a password that nobody knows; made once, before the first login needs it."""
    return hash_password(token())


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password[:MAX_LENGTH])
