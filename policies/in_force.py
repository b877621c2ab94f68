"""The policies of a process that runs: the seven documents as they were at its start, and the licence types that its folder has come to hold since.

What is in force stays as it is: a version of a type that was changed or taken away is told, and goes on as it was. What is new counts all
at once or, with a fault anywhere in it, not at all; a file is read when it has been left alone for a moment, so that no half of one is.

Left to others: reading documents and whether they contradict each other (``loader``), who is told (``service``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeAlias

from kernel.clock import Clock, monotonic
from kernel.errors import Misuse
from policies import loader
from policies.errors import POLICY_MISSING, POLICY_TYPE_CHANGED
from policies.models import CertificatePolicies, LicensePolicies, LicenseType, Policies
from policies.role_models import RolePolicies

LOOKED_SECONDS = 1
"""How long what was found is held for true without looking at the folder."""
QUIET_SECONDS = 2
"""How long the files must have been left alone before they are read."""

_Seen: TypeAlias = "tuple[tuple[str, int, int, int], ...]"
"""The types' files: name, size, moment of the last change to contents or name (nanoseconds), and which file it is."""


class Licensing(Protocol):
    """What the licence room is told of the policies, as they are now."""

    @property
    def certificates(self) -> CertificatePolicies:
        """certificates.toml."""
        ...

    @property
    def licenses(self) -> LicensePolicies:
        """licenses.toml, with all types."""
        ...

    @property
    def roles(self) -> RolePolicies:
        """roles.toml."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look at the folder: types that are in force from now on, or what keeps the new ones from it."""

    added: tuple[LicenseType, ...] = ()
    fault: Misuse | None = None


class PoliciesInForce:
    """:class:`Licensing` over a policy folder; ``Misuse`` when it cannot be begun with. ``told`` hears what comes of each change."""

    def __init__(
        self, directory: Path | None, clock: Clock, told: Callable[[Looked], None], now: Callable[[], float] = monotonic
    ) -> None:
        self._directory, self._clock, self._told, self._now = directory, clock, told, now
        self._seen: _Seen | None = ()
        self._seen = self._look()
        self._documents = loader.read_documents(directory)
        self.at_start: Policies = loader.with_types(self._documents, directory)
        self._held = self.at_start
        self._fault: Misuse | None = None
        self._lock, self._looked_at = Lock(), now()

    @property
    def certificates(self) -> CertificatePolicies:
        """Return certificates.toml as it was at the start."""
        return self.at_start.certificates

    @property
    def roles(self) -> RolePolicies:
        """Return roles.toml as it was at the start."""
        return self.at_start.roles

    @property
    def licenses(self) -> LicensePolicies:
        """Return licenses.toml as it was at the start, with the types that there are now."""
        self._keep_up()
        return self._held.licenses

    @property
    def fault(self) -> Misuse | None:
        """What keeps the types that the folder holds from being in force as they stand there; None where nothing does."""
        self._keep_up()
        return self._fault

    def _keep_up(self) -> None:
        # Nobody waits for a look that another thread takes.
        if self._now() - self._looked_at >= LOOKED_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._looked_at = self._now()
                self._take_over()
            finally:
                self._lock.release()

    def _take_over(self) -> None:
        seen = self._look()
        if seen == self._seen or (seen and self._is_busy(seen)):
            return
        self._seen = seen
        looked = self._read(seen)
        self._fault = looked.fault
        if looked.added:
            self._held = loader.join_types(self._held, looked.added)
        if looked != Looked():
            self._told(looked)

    def _read(self, seen: _Seen | None) -> Looked:
        if seen is None:
            return Looked(fault=Misuse(POLICY_MISSING, file=str(self._directory), problem=loader.TYPES))
        try:
            found = loader.with_types(self._documents, self._directory)
            return Looked(tuple(_new(self._held.licenses.types, found.licenses.types)))
        except Misuse as fault:
            return Looked(fault=fault)

    def _look(self) -> _Seen | None:
        """Return what stands for the types' files; None when they cannot be looked at, though there were some."""
        if self._directory is None:
            return ()
        try:
            with os.scandir(self._directory / loader.TYPES) as entries:
                files = [(each.name, each.stat()) for each in entries if each.name.endswith(".toml")]
        except FileNotFoundError:
            return () if self._seen == () else None
        except OSError:
            return None
        return tuple(sorted((name, stat.st_size, stat.st_ctime_ns, stat.st_ino) for name, stat in files))

    def _is_busy(self, seen: _Seen) -> bool:
        return max(changed for _name, _size, changed, _which in seen) / 1e9 > self._clock.now().timestamp() - QUIET_SECONDS


def _new(held: Iterable[LicenseType], found: Iterable[LicenseType]) -> Iterable[LicenseType]:
    """Yield the types that were not there; ``Misuse(policy_type_changed)`` when one that was has gone or says something else."""
    there = {(kind.code, kind.version): kind for kind in found}
    for kind in held:
        if there.pop((kind.code, kind.version), None) != kind:
            raise Misuse(POLICY_TYPE_CHANGED, type_code=kind.code, version=kind.version)
    yield from there.values()
