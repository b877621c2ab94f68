"""Running the library's coroutines, which never wait because they may fetch nothing: an event loop would cost more than the work."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any


def run_now(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine to its end; ``RuntimeError`` if it waits for something after all."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    message = "the library waits for something although it may fetch nothing"
    raise RuntimeError(message)
