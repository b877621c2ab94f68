"""Takes outsiders' PDFs apart in processes of its own, a few at a time: a file that costs too much costs the process, and nobody else.

Each process is started when it is first wanted, answers one file after another and is replaced at once when it ended over one, or after many.
Whoever asks is answered within :data:`ANSWER_SECONDS`, whatever is there before them or has to be started for them; one network address holds half
of the processes at most, and as many of its files wait. Only where nobody's request waits, in a command, the first start has time of its own.

Left to others: what happens in the process (``forensic_worker``), what is made of an answer (``licenses``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from threading import Condition

import structlog

from kernel.clock import monotonic
from kernel.errors import Refusal
from licenses.errors import (
    DOCUMENT_MANY_SIGNATURES,
    DOCUMENT_NO_PDF,
    DOCUMENT_TOO_COSTLY,
    DOCUMENT_UNREADABLE,
    VERIFICATION_BUSY,
)
from policies.models import VerificationRules
from service.confined import Confined
from service.forensic_worker import REFUSED

ANSWER_SECONDS = 4.5
"""From a file's arrival to its answer, waiting included. The rest of five is for what is made of it."""

_LEAST_SECONDS = 0.5
"""With less time than this left no process is asked: it would be ended over a file that is not to blame, and the next one starts while others wait."""

_FIRST_SECONDS = 30.0
"""What starting a process for the first time may take on top where no request waits for it."""

_REFUSALS = {each.code: each for each in (DOCUMENT_NO_PDF, DOCUMENT_UNREADABLE, DOCUMENT_TOO_COSTLY, DOCUMENT_MANY_SIGNATURES)}

_log = structlog.get_logger()


class Forensics:
    """A few processes. Call it from any thread; closing it ends them.

    ``asker`` tells whose request a file came with; what came with none, a command's, has no share and may wait for a start.
    """

    def __init__(self, rules: VerificationRules, asker: Callable[[], str | None] = lambda: None) -> None:
        self._rules, self._asker = rules, asker
        self._idle: list[Confined | None] = [None] * rules.forensic_workers
        self._share = max(1, rules.forensic_workers // 2)
        self._held: Counter[str | None] = Counter()
        self._waiting: Counter[str | None] = Counter()
        self._changed = Condition()

    def __call__(self, pdf: bytes) -> bytes:
        """Do what ``licenses.ports.LicenseDeps.take_apart`` promises."""
        end = monotonic() + ANSWER_SECONDS
        asker = self._asker()
        process, kept = self._take(asker, end - _LEAST_SECONDS), None
        try:
            if process is None:
                process = self._start()
                if asker is None:
                    process.is_ready(_FIRST_SECONDS)
                    end = monotonic() + ANSWER_SECONDS
            if not process.is_ready(end - _LEAST_SECONDS - monotonic()):
                kept = process  # it goes on starting
                raise self._busy()
            said = process.ask(pdf, end - monotonic())
            kept = self._start() if said is None or process.is_old else process
        except TimeoutError:
            # What a file costs is told by its work; that the machine had other things to do says nothing about it.
            _log.warning("forensic_process_late")
            kept = self._start()
            raise self._busy() from None
        finally:
            if process is not None and process is not kept:
                process.end()
            self._give_back(asker, kept)
        return _understood(said)

    def _take(self, asker: str | None, end: float) -> Confined | None:
        """Return an idle process, or None for one to be started; ``Refusal(verification_busy)`` when there is none until ``end``."""
        with self._changed:
            if not self._is_free(asker):
                if asker is not None and self._waiting[asker] >= self._share:
                    raise self._busy()
                self._waiting[asker] += 1
                free = self._changed.wait_for(lambda: self._is_free(asker), end - monotonic())
                self._waiting -= Counter([asker])
                if not free:
                    raise self._busy()
            self._held[asker] += 1
            return self._idle.pop()

    def _is_free(self, asker: str | None) -> bool:
        return bool(self._idle) and (asker is None or self._held[asker] < self._share)

    def _give_back(self, asker: str | None, process: Confined | None) -> None:
        with self._changed:
            self._idle.append(process)
            self._held -= Counter([asker])
            self._changed.notify_all()

    def _busy(self) -> Refusal:
        return Refusal(VERIFICATION_BUSY, seconds=self._rules.forensic_seconds)

    def _start(self) -> Confined:
        limits = (str(self._rules.forensic_seconds), str(self._rules.forensic_memory_bytes))
        return Confined("service.forensic_worker", *limits)

    def close(self) -> None:
        """End the processes that are idle."""
        with self._changed:
            for process in self._idle:
                if process is not None:
                    process.end()
            self._idle.clear()


def _understood(said: bytes | None) -> bytes:
    """Return an answer that is a reading; raise the refusal that another one tells of."""
    if said is None:
        _log.warning("forensic_process_lost")
        raise Refusal(DOCUMENT_TOO_COSTLY)
    if not said.startswith(REFUSED):
        return said
    try:
        value = json.loads(said)
        refusal = Refusal(_REFUSALS[value["refused"]], **value["details"])
        refusal.text  # noqa: B018 - its details must fill its places
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        _log.warning("forensic_answer_unreadable", error=type(error).__name__)
        raise Refusal(DOCUMENT_TOO_COSTLY) from error
    raise refusal
