"""Takes outsiders' PDFs apart in processes of its own, a few at a time: a file that costs too much costs the process, and nobody else.

Each process is started when it is first wanted, answers one file after another and is replaced when it ended over one, or after many.

Left to others: what happens in the process (``forensic_worker``), what is made of an answer (``licenses``).
"""

from __future__ import annotations

import json
from queue import Empty, LifoQueue

import structlog

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

_WAIT_SECONDS = 10.0
_REFUSALS = {each.code: each for each in (DOCUMENT_NO_PDF, DOCUMENT_UNREADABLE, DOCUMENT_TOO_COSTLY, DOCUMENT_MANY_SIGNATURES)}

_log = structlog.get_logger()


class Forensics:
    """A few processes. Call it from any thread; closing it ends them."""

    def __init__(self, rules: VerificationRules) -> None:
        self._rules = rules
        self._idle: LifoQueue[Confined | None] = LifoQueue()
        for _ in range(rules.forensic_workers):
            self._idle.put(None)

    def __call__(self, pdf: bytes) -> bytes:
        """Do what ``licenses.ports.LicenseDeps.take_apart`` promises."""
        try:
            process = self._idle.get(timeout=_WAIT_SECONDS)
        except Empty:
            raise Refusal(VERIFICATION_BUSY) from None
        try:
            if process is None:
                process = self._start()
            said = process.ask(pdf)
            if said is None or process.is_old:
                process.end()
                process = None
        except BaseException:
            if process is not None:
                process.end()
            process = None
            raise
        finally:
            self._idle.put(process)
        return _understood(said)

    def _start(self) -> Confined:
        limits = (str(self._rules.forensic_seconds), str(self._rules.forensic_memory_bytes))
        return Confined("service.forensic_worker", *limits)

    def close(self) -> None:
        """End the processes that are idle."""
        for _ in range(self._rules.forensic_workers):
            try:
                process = self._idle.get_nowait()
            except Empty:
                return
            if process is not None:
                process.end()


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
