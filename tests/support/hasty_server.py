"""``chaoxin serve`` that gives its workers a moment only when it is told to stop: that they are killed then is tested, not how long it waits."""

from __future__ import annotations

from service import one_process
from service.cli import main

if __name__ == "__main__":
    one_process.STOP_SECONDS = 1
    main()
