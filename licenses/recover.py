"""Finishes at start-up what a crash left between intent and record.

Harmless while another process is issuing: whoever records first counts, the other's document is dropped. Left to others: the
steps (``issue``), what officers had asked for (``life.acts``).
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel.errors import Refusal
from licenses import issue, template_proposals
from licenses.life import acts
from licenses.ports import LicenseDeps

_GROUP = 16


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was done: identifiers of licences that are issued now, and of intents that are void now."""

    finished: tuple[str, ...]
    voided: tuple[str, ...]


def finish_or_void(deps: LicenseDeps, *, actor: str = "system") -> Recovered:
    """Seal and record every intent that is left; one that can no longer be issued becomes void and its number free.

    While the review has stopped issuing nothing is done.
    """
    finished: list[str] = []
    voided: list[str] = []
    while True:
        with deps.work.read() as work:
            stopped = work.records.find_stop() is not None
            intents = [] if stopped else work.records.intents(limit=_GROUP)
        if not intents:
            if not stopped:
                acts.settle(deps)
            template_proposals.settle(deps)
            return Recovered(tuple(finished), tuple(voided))
        for identifier, answer in issue.finish(deps, intents, actor=actor).items():
            (voided if isinstance(answer, Refusal) else finished).append(identifier)
