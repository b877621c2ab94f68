"""A process that is killed after any step that lasts: what was written is there, nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from kernel.work import UnitOfWork, Work
from pki.ports import KeyPlace, KeyStore, PkiDeps
from pki.records import PrivateKey
from policies.models import KeyAlgorithm

Records = TypeVar("Records")


class KilledError(BaseException):
    """The process is gone: nothing after this moment runs."""


@dataclass
class Fuse:
    """Burns down by one at each step that lasts (a key or a transaction written) and kills before or after the last."""

    left: int

    def burn(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KilledError


@dataclass
class DyingWork(Generic[Records]):
    """The unit of work of a process that dies."""

    inner: UnitOfWork[Records]
    fuse: Fuse

    @contextmanager
    def begin(self) -> Iterator[Work[Records]]:
        self.fuse.burn()
        with self.inner.begin() as work:
            yield work
        self.fuse.burn()

    def read(self) -> AbstractContextManager[Work[Records]]:
        return self.inner.read()


@dataclass
class DyingKeys:
    """The key store of a process that dies."""

    inner: KeyStore
    fuse: Fuse

    def create(self, label: str, algorithm: KeyAlgorithm) -> PrivateKey:
        self.fuse.burn()
        key = self.inner.create(label, algorithm)
        self.fuse.burn()
        return key

    @property
    def place(self) -> KeyPlace:
        return self.inner.place

    def get(self, label: str) -> PrivateKey:
        return self.inner.get(label)

    def find(self, label: str) -> PrivateKey | None:
        return self.inner.find(label)

    def labels(self) -> Sequence[str]:
        return self.inner.labels()

    def secret(self, label: str, length: int = 32) -> bytes:
        return self.inner.secret(label, length)

    def has_secret(self, label: str) -> bool:
        return self.inner.has_secret(label)


def dying(deps: PkiDeps, steps: int) -> PkiDeps:
    fuse = Fuse(steps)
    return replace(deps, keys=DyingKeys(deps.keys, fuse), work=DyingWork(deps.work, fuse), kept={})
