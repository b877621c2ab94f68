"""``chaoxin`` with passwords that cost nothing to compare: what a login costs beside its password. Only for measuring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher

from idp.people import passwords
from service.cli import main


@contextmanager
def without_hashing() -> Iterator[None]:
    """Hash and compare passwords for next to nothing until the block ends."""
    usual = passwords._HASHER  # noqa: SLF001 - there is no door to this, and must not be
    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # noqa: SLF001
    try:
        yield
    finally:
        passwords._HASHER = usual  # noqa: SLF001


if __name__ == "__main__":
    with without_hashing():
        main()
