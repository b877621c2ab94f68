"""Hands account events out to departments that fetch them (RFC 8936), since nothing can be posted to them.

1. What they have taken, or say that they cannot take, is settled: each once, by one conditional statement, and audited with it.
2. What they are still owed is told, the oldest first, with the same ``jti`` each time, until it is settled.

Every answer comes at once, also one without events: how long one is held where ``returnImmediately`` is not asked for is the transmitter's matter
(2.4), and each that is held would keep a thread from others. Of a stream that is paused or switched off nothing is told but verifications.
Left to others: what is owed to whom (``owed_events``), the alarm where nobody fetches it for a day (``sending``), whose stream it is (``streams``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.events import stream_documents as documents
from idp.events.errors import STREAM_PUSHED, STREAM_UNKNOWN
from idp.events.sending import VERIFICATION, sign, tell_end
from idp.events.stream_documents import wrong
from idp.events.subjects import is_identifier
from idp.ports import IdpDeps
from idp.records import POLLED, Client
from kernel.errors import Refusal

MOST = 100
"""Events in one answer."""
_MOST_SETTLED = 200
_MAX_ERROR = 100


@dataclass(frozen=True, slots=True)
class _Asked:
    most: int
    taken: Sequence[str]
    failed: Mapping[str, str]


def poll(deps: IdpDeps, client: Client, body: bytes) -> dict[str, Any]:
    """Answer a poll request (2.4); ``Refusal`` where it cannot be read, or the system's events are pushed."""
    asked = _read(body)
    if client.events_uri != POLLED:
        raise Refusal(STREAM_UNKNOWN if client.events_uri is None else STREAM_PUSHED)
    if asked.taken or asked.failed:
        _settle(deps, client, asked)
    # 2.
    with deps.work.read() as work:
        stream = work.records.find_event_stream(client.client_id)
        event = VERIFICATION if stream is not None and stream.status != "enabled" else None
        owed = work.records.owed_events(client.client_id, event=event, limit=asked.most + 1)
    now = deps.clock.now()
    told: dict[str, Any] = {"sets": {one.jti: sign(deps, client, one, now) for one in owed[: asked.most]}}
    return told | {"moreAvailable": True} if len(owed) > asked.most else told


def _settle(deps: IdpDeps, client: Client, asked: _Asked) -> None:
    # 1.
    said: dict[str, str | None] = {**asked.failed, **dict.fromkeys(asked.taken)}
    with deps.work.begin() as work:
        for jti, error in sorted(said.items()):  # in one order everywhere, so that no two polls wait for each other's rows
            settled = work.records.settle_event(client.client_id, jti, "delivered" if error is None else "refused", error)
            if settled is not None:
                tell_end(work, deps, settled, failed=error is not None)


def _read(body: bytes) -> _Asked:
    document = documents.parse(body)
    most, at_once = document.get("maxEvents", MOST), document.get("returnImmediately", True)
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise wrong(name="maxEvents", zh="须为不小于零的整数", en="no number of events")
    if not isinstance(at_once, bool):
        raise wrong(name="returnImmediately", zh="须为 true 或 false", en="neither true nor false")
    taken, failed = document.get("ack", []), document.get("setErrs", {})
    if not isinstance(taken, list) or len(taken) > _MOST_SETTLED or not all(map(is_identifier, taken)):
        raise wrong(name="ack", zh=f"须为至多 {_MOST_SETTLED} 个 jti 的数组", en=f"no array of at most {_MOST_SETTLED} jti")
    if not isinstance(failed, dict) or len(failed) > _MOST_SETTLED:
        raise wrong(name="setErrs", zh=f"须为至多 {_MOST_SETTLED} 个 jti 的对象", en=f"no object of at most {_MOST_SETTLED} jti")
    return _Asked(min(most, MOST), taken, {jti: _read_error(jti, said) for jti, said in failed.items()})


def _read_error(jti: str, said: object) -> str:
    """Return what a receiver says of a token that it cannot take (2.6), as far as it is kept."""
    texts = [said.get(name, "") for name in ("err", "description")] if isinstance(said, dict) else []
    if not texts or not is_identifier(jti) or not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise wrong(name="setErrs", zh="每个 jti 须有 err 和 description", en="without err and description for each jti")
    return ": ".join(text for text in texts if text)[:_MAX_ERROR]
