"""``chaoxin serve`` that can be killed as a whole between the moment a grant is consumed and the moment its tokens are signed.

It dies so as soon as the file that ``CHAOXIN_TEST_DIES_AT`` names is there.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from idp.tokens import token
from service.cli import main

VARIABLE = "CHAOXIN_TEST_DIES_AT"

_sign = token.sign


def sign_or_die(*arguments: Any) -> dict[str, Any]:
    """Sign, or kill this process group: the web processes and the one that would start them again."""
    if Path(os.environ[VARIABLE]).exists():
        os.killpg(0, signal.SIGKILL)
    return _sign(*arguments)


if __name__ == "__main__":
    token.sign = sign_or_die  # type: ignore[assignment]  # whatever it is given
    main()
