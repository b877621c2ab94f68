"""Structured logs: one JSON object a line on standard error, for people in colour when it is a terminal. Never a secret.

What must be kept as evidence goes to the audit trail instead.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_WORDS = ("password", "passphrase", "secret", "token", "code", "cookie", "authorization", "assertion", "otp")
_HARMLESS = frozenset({"code", "status_code", "area_code", "error_code", "node_code"})


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every key that sounds like a secret. A guard behind the rule that none is logged at all."""
    for key in event:
        if key not in _HARMLESS and any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "[redacted]"
    return event


def configure_logs(level: str = "INFO") -> None:
    """Send structlog and the standard library's loggers to standard error in one form."""
    people = sys.stderr.isatty()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    renderer: Any = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries are heard from warnings upwards only: at DEBUG some of them print what passes through them.
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format='{"level":"%(levelname)s","logger":"%(name)s","event":"%(message)s"}'
    )
