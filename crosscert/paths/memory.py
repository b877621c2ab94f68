"""Remembers which paths were found valid, so that the same question costs no second validation.

Left to others: validating (``validation``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import lists_serial
from crosscert.paths.path_lists import PathCrls
from crosscert.paths.records import PathRequest


class Memory:
    """Paths that were found valid, by everything that the finding depended on but the moment.

    The key is made of digests: of the certificates, of the lists with their signers' keys, and of what was asked, so an entry never
    goes stale. The moment counts where certificates begin and end (checked anew), where lists begin and end (the entry's span) and
    where an entry of a list takes effect: so nothing is kept when a list names a serial of the path.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[object, tuple[datetime, datetime, tuple[str, ...]]] = OrderedDict()
        self._lock = Lock()

    def recall(self, path: Sequence[ParsedCertificate], chosen: PathCrls, request: PathRequest) -> tuple[str, ...] | None:
        """Return the policies under which this was found valid, if the moment lies in the entry's span."""
        found = self._entries.get(_identity(path, chosen, request))
        return found[2] if found is not None and found[0] <= request.at <= found[1] else None

    def keep(self, path: Sequence[ParsedCertificate], chosen: PathCrls, request: PathRequest, policies: tuple[str, ...]) -> None:
        """Keep a finding, unless a list says something about one of the path's serials or does not say when it ends."""
        if any(lists_serial(found, each.serial) for found, _ in chosen.all() for each in path[1:]):
            return
        begins = [moment for found, signer in chosen.all() for moment in (found.this_update, signer.not_before)]
        ends = [moment for found, signer in chosen.all() for moment in (found.next_update or request.at, signer.not_after)]
        span = max(begins, default=path[0].not_before), min(ends, default=path[0].not_after)
        with self._lock:
            self._entries[_identity(path, chosen, request)] = (*span, policies)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)


def _identity(path: Sequence[ParsedCertificate], chosen: PathCrls, request: PathRequest) -> object:
    return (
        tuple(certificate.sha256 for certificate in path),
        tuple((found.sha256, signer.sha256) for found, signer in chosen.all()),
        replace(request, at=path[0].not_before, budget_seconds=0),
    )
