"""What an identity room has from elsewhere, in its tests: licences in a list, documents by their address, a clock that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from crosscert.errors import PEER_UNREACHABLE
from crosscert.http import is_below
from crosscert.records import Fetched
from idp.ports import HeldLicense
from kernel.errors import Refusal, Text


@dataclass
class Licenses:
    """The licence room as a list."""

    held: list[HeldLicense] = field(default_factory=list)

    def of(self, holder_id: str) -> Sequence[HeldLicense]:
        return self.held if holder_id else ()

    def traces(self, holder_id: str) -> dict[str, Text]:
        return {f"license:{one.identifier}": Text(one.type_name, one.type_name_en) for one in self.of(holder_id)}


@dataclass
class Published:
    """What is to be had from elsewhere, by address: a ``Fetcher`` without a network."""

    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    posted: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def get(self, url: str, *, below: str, max_bytes: int, timeout: float, etag: str | None = None) -> Fetched:
        assert is_below(url, below)
        assert timeout <= 5
        assert etag is None
        self.asked.append(url)
        document = self.documents.get(url)
        if document is None or len(document) > max_bytes:
            raise Refusal(PEER_UNREACHABLE, url=url, problem="not there")
        return Fetched(200, document, None)

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        below: str,
        max_bytes: int,
        timeout: float,
        authorization: str | None = None,
    ) -> Fetched:
        """Take a form or an event; ``answers`` has the status for each address, 0 for nobody there."""
        assert is_below(url, below)
        assert max_bytes <= 64 * 1024
        assert timeout <= 5
        if content_type == "application/secevent+jwt":
            self.posted.append(
                (url, {"set": body.decode()} | ({} if authorization is None else {"authorization": authorization}))
            )
        else:
            assert content_type == "application/x-www-form-urlencoded"
            self.posted.append((url, dict(parse_qsl(body.decode(), strict_parsing=True))))
        status = self.answers.get(url, 0)
        if status in range(200, 300):
            return Fetched(status, b"", None)
        raise Refusal(
            PEER_UNREACHABLE, url=url, **({"problem": f"HTTP {status}", "status": status} if status else {"problem": "away"})
        )


@dataclass
class TickingClock:
    """A clock that is a little later each time it is read, like the real one."""

    moment: datetime

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment
