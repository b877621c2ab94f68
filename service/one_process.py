"""granian with its one worker in this very process: nobody beside it holds what is imported and built a second time.

granian has threads in place of processes where Python has no global lock; with one of them that lock takes nothing away. A crash ends the
server, and so does a worker that fails twice within seconds: starting it again is the service manager's. Left to others: several processes
(granian's own ``Server``), what is served (``app``).
"""

from __future__ import annotations

import signal
from typing import Any

from granian.server.common import AbstractServer
from granian.server.mt import MTServer

STOP_SECONDS = 10
"""How long a worker that is told to stop may take for the requests that it has. Rarely one does not hear it: it is killed, which loses nothing."""


class OneProcess(MTServer):
    """A server of one worker and no other process."""

    def signal_handler_interrupt(self, *args: Any) -> None:
        """Stop. The system ends whoever is not through by then: nobody else would. Whoever asks again gives no more time."""
        if not self.interrupt_signal:
            signal.alarm(STOP_SECONDS)
        super().signal_handler_interrupt(*args)  # type: ignore[no-untyped-call]  # granian says nothing of its types

    def serve(self, *arguments: Any, **named: Any) -> None:
        """Serve until stopped, without the warning that Python without the lock is experimental: this one has it."""
        AbstractServer.serve(self, *arguments, **named)

    def _check_gil(self) -> None:
        pass
