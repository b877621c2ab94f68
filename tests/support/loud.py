"""``chaoxin`` with every library's logger at its loudest: its log is for looking whether there is in it what must not be."""

from __future__ import annotations

import logging
import sys

from service.cli import main

# First come: where the root logger writes already, the command's own set-up leaves it and the libraries as they are.
logging.basicConfig(stream=sys.stderr, level=logging.DEBUG, format="%(levelname)s %(name)s %(message)s")
logging.getLogger("sqlalchemy").setLevel(logging.DEBUG)  # statements and the rows that came back

if __name__ == "__main__":
    main()
