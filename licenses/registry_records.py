"""What is stored of the licences themselves: applied for, reserved, issued, with how they stand and what their documents were read to show.

Left to others: SQL (``storage.registry``), the shape of a licence's JSON (``data``), every decision. Moments are aware and in UTC; dates are the
calendar dates that stand on the page, which have no time zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, Protocol

from policies.models import HolderKind

if TYPE_CHECKING:
    from pki.cms import Digest

State = Literal["intent", "issued", "void"]
"""``intent``: reserved, nothing signed that counts. ``issued``: sealed, logged, stored. ``void``: given up; its number is free."""

StatusCode = Literal["01", "02", "03", "04", "05", "06", "07", "99"]
"""有效 valid, 暂扣 suspended, 撤销 revoked, 注销 cancelled, 失效 expired, 转出 transferred out, 吊销 withdrawn, 其他 other."""

VALID: StatusCode = "01"


@dataclass(frozen=True, slots=True)
class Application:
    """An application (申请) that has passed every check. ``number`` is None when the node is to give one.

    ``fields`` holds the type's extension fields by key (``KZ_…``), in the order of the type. ``valid_to`` None means without end.
    """

    type_code: str
    number: str | None
    holder_kind: HolderKind
    holder_name: str
    holder_id: str
    issuer_uscc: str
    issuer_name: str
    area_code: str
    issue_date: date
    valid_from: date
    valid_to: date | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LicenseRecord:
    """A licence in the registry.

    ``application_digest`` is a keyed digest (hex) of what was asked for: the same application again is known by it and nobody
    without the node's key can guess a person from it. ``requested_at`` is the moment of the intent and of the rendered page,
    ``issued_at`` that of the seal. ``pdf_sha256`` (lower hex) and ``log_index`` are there once issued. ``replaces`` is the identifier of
    the version before this one.
    """

    identifier: str
    number: str
    version: str
    type_code: str
    holder_kind: HolderKind
    holder_name: str
    holder_id: str
    issuer_uscc: str
    issuer_name: str
    area_code: str
    issue_date: date
    valid_from: date
    valid_to: date | None
    fields: Mapping[str, str]
    application_digest: str
    requested_at: datetime
    status_index: int
    state: State = "intent"
    issued_at: datetime | None = None
    pdf_sha256: str | None = None
    log_index: int | None = None
    status: StatusCode = VALID
    status_at: datetime | None = None
    status_reason: str = ""
    replaces: str | None = None
    type_version: int = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing a licence gave, as it is recorded: the conditional change of an intent into an issued licence.

    ``stamped_over`` is the hash that the document's newest time-stamp is over.
    """

    identifier: str
    issued_at: datetime
    pdf_sha256: str
    log_index: int
    stamped_over: Digest


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: only of these issuers (None: of all), and where given of one type, status, number or holder."""

    issuers: Sequence[str] | None
    type_code: str | None = None
    status: StatusCode | None = None
    number: str | None = None
    holder_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """A document that the registry has: its licence (of a copy, with what that adds) and what it was read to show, if it was."""

    record: LicenseRecord
    reading: bytes | None


class RegistryRecords(Protocol):
    """The licences, in one transaction."""

    def greatest_number(self, prefix: str, length: int) -> str | None:
        """Return the greatest number in use of ``length`` digits that starts with ``prefix``."""
        ...

    def reserve(self, record: LicenseRecord) -> bool:
        """Store an intent; False when its number, identifier or application is taken by one that is not void."""
        ...

    def lock_intents(self, identifiers: Collection[str]) -> frozenset[str]:
        """Return those that are still intents; until the transaction ends nobody else completes or voids them."""
        ...

    def complete(self, sealed: Sealed, document: bytes) -> bool:
        """Make an intent an issued licence and store its encrypted PDF; False when it is no intent any more."""
        ...

    def void(self, identifier: str, reason: str) -> bool:
        """Give an intent up; False when it is no intent any more."""
        ...

    def intents(self, *, limit: int) -> Sequence[LicenseRecord]:
        """Return intents that wait to be finished, oldest first."""
        ...

    def find_number(self, number: str) -> LicenseRecord | None:
        """Return the latest issued version of the licence with this number, or the intent of its first."""
        ...

    def find_successor(self, identifier: str) -> LicenseRecord | None:
        """Return the version (or intent) that replaces this one."""
        ...

    def find_digest(self, application_digest: str) -> LicenseRecord | None:
        """Return the licence (or intent) that this application led to and that is not void."""
        ...

    def find_license(self, identifier: str) -> LicenseRecord | None:
        """Return the licence (or intent) with this identifier that is not void."""
        ...

    def find_known(self, digests: Collection[str]) -> Mapping[str, Known]:
        """Return what is known of the issued licences whose documents have these SHA-256 (lower hex), by those."""
        ...

    def keep_readings(self, kept: Mapping[str, bytes]) -> None:
        """Keep what documents were read to show, by SHA-256; the first one stays."""
        ...

    def held_by(self, holder_id: str) -> Sequence[LicenseRecord]:
        """Return the issued licences of a holder, newest first."""
        ...

    def sealed_by(self, issuer_name: str, first: datetime, last: datetime) -> Sequence[str]:
        """Return the numbers of a department's licences that were sealed between two moments, the oldest first."""
        ...

    def licenses(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        type_code: str | None = None,
        area_code: str | None = None,
        holder_name: str | None = None,
        state: State | None = "issued",
    ) -> Sequence[tuple[int, LicenseRecord]]:
        """Return licences with their row keys, in the order in which they were asked for, from after row key ``after``."""
        ...

    def search(self, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> Sequence[tuple[int, LicenseRecord]]:
        """Return the issued licences that are ``wanted`` with their row keys, the newest first, from below row key ``before``."""
        ...

    def issued_since(self, since: datetime, *, after: int, limit: int) -> Sequence[tuple[int, LicenseRecord]]:
        """Return the licences sealed since a moment with their row keys, in their order, from after row key ``after``."""
        ...

    def find_document(self, identifier: str) -> bytes | None:
        """Return the encrypted PDF of an issued licence."""
        ...

    def set_status(self, identifier: str, *, before: StatusCode, after: StatusCode, at: datetime, reason: str) -> bool:
        """Change the status of an issued licence; False when it is not ``before`` any more."""
        ...

    def statuses(self) -> Iterator[tuple[int, StatusCode]]:
        """Return the status index and status of every issued licence that is not valid."""
        ...
