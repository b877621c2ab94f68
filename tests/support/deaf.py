"""A server that does not hear that it is told to stop, nor does the process it began: ``python -m tests.support.deaf FILE``, which both keep locked."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(sys.argv[1], "wb") as held:  # noqa: PTH123 - a lock is of an open file
        fcntl.flock(held, fcntl.LOCK_EX)
        os.fork()
        os.write(1, b"deaf\n")
        time.sleep(60)
