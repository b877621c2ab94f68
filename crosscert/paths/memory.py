"""Remembers which paths were found valid, so that the same question costs no second validation.

Left to others: validating (``validation``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl
from crosscert.paths.path_lists import PlaceLists
from crosscert.paths.records import PathRequest


class Memory:
    """Paths that were found valid, by everything that the finding depended on but the moment.

    The key is made of digests: of the certificates, of each one's lists with their signers, and of what was asked, so an entry never
    goes stale. The moment counts where certificates begin and end (checked anew) and where lists begin and end (the entry's span).
    Nothing is kept when a list names the serial that it speaks for, nor when a list signer had to be judged as well.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[object, tuple[datetime, datetime, tuple[str, ...]]] = OrderedDict()
        self._lock = Lock()

    def recall(
        self, path: Sequence[ParsedCertificate], lists: Mapping[int, PlaceLists], request: PathRequest
    ) -> tuple[str, ...] | None:
        """Return the policies under which this was found valid, if the moment lies in the entry's span."""
        found = self._entries.get(_identity(path, lists, request))
        return found[2] if found is not None and found[0] <= request.at <= found[1] else None

    def keep(
        self,
        path: Sequence[ParsedCertificate],
        lists: Mapping[int, PlaceLists],
        request: PathRequest,
        policies: tuple[str, ...],
    ) -> None:
        """Keep a finding."""
        if any(signed.under is not None for found in lists.values() for signed in found.lists):
            return
        if any(each.lists(path[place].serial) for place, each in _each(lists)):
            return
        begin = max((each.this_update for _, each in _each(lists)), default=path[0].not_before)
        end = min((each.next_update or request.at for _, each in _each(lists)), default=path[0].not_after)
        with self._lock:
            self._entries[_identity(path, lists, request)] = (begin, end, policies)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)


def _each(lists: Mapping[int, PlaceLists]) -> Iterator[tuple[int, ParsedCrl]]:
    return ((place, signed.crl) for place, found in lists.items() for signed in found.lists)


def _identity(path: Sequence[ParsedCertificate], lists: Mapping[int, PlaceLists], request: PathRequest) -> object:
    return (
        tuple(certificate.sha256 for certificate in path),
        tuple((place, signed.crl.sha256, signed.signer.sha256) for place, found in lists.items() for signed in found.lists),
        replace(request, at=path[0].not_before, budget_seconds=0),
    )
