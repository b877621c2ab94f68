"""The one error family. A code is stable for ever; its texts may be improved.

A *refusal* is the user's fault and is explained to them. A *misuse* is the operator's (configuration, a wrong command) and
stops the program with one line. Everything else is ours: an opaque 500 with an identifier. Each package defines its own codes
in its ``errors.py`` by :func:`define`; the map to HTTP and to OAuth is in ``service`` and ``idp/views``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages; ``{name}`` places are filled from an error's details."""

    zh: str
    en: str

    def fill(self, details: Mapping[str, Any]) -> Text:
        """Return the text with its places filled."""
        return Text(self.zh.format_map(details), self.en.format_map(details))

    def as_json(self) -> dict[str, str]:
        """Return the wire form, ``{"zh": …, "en": …}``."""
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """What can go wrong: a stable snake_case code, the HTTP status it maps to, what the user reads and what to do about it."""

    code: str
    status: int
    message: Text
    remedy: Text


_catalogue: dict[str, ErrorCode] = {}
CATALOGUE: Mapping[str, ErrorCode] = MappingProxyType(_catalogue)
"""Every code that is defined, by code: the source of the error catalogue page."""


def define(code: str, *, status: int = 422, zh: str, en: str, remedy_zh: str, remedy_en: str) -> ErrorCode:
    """Add a code to the catalogue. A code that is defined twice is a programming error (``ValueError``)."""
    if code in _catalogue:
        message = f"error code {code!r} is defined twice"
        raise ValueError(message)
    error = ErrorCode(code, status, Text(zh, en), Text(remedy_zh, remedy_en))
    _catalogue[code] = error
    return error


class ChaoxinError(Exception):
    """An explained failure: a code from the catalogue, the field at fault if there is one, and the details for its texts."""

    def __init__(self, error: ErrorCode, *, field: str | None = None, **details: Any) -> None:
        self.error = error
        self.field = field
        self.details = details
        super().__init__(f"{error.code}: {self.text.en}")

    @property
    def code(self) -> str:
        """The stable code."""
        return self.error.code

    @property
    def text(self) -> Text:
        """What the user reads."""
        return self.error.message.fill(self.details)

    @property
    def remedy(self) -> Text:
        """What the user can do about it."""
        return self.error.remedy.fill(self.details)


class Refusal(ChaoxinError):  # noqa: N818 - a refusal is an answer, not an accident
    """Somebody asked for what is not allowed or not well formed. Shown to them; nothing was changed."""


class Misuse(ChaoxinError):  # noqa: N818 - named for whose it is
    """The operator's configuration or command is wrong. The program says so in one line and exits 2."""


def wait_seconds(error: ChaoxinError) -> int | None:
    """Return after how long it makes sense to try again, where the error tells that (its ``seconds`` or ``minutes``)."""
    seconds, minutes = error.details.get("seconds"), error.details.get("minutes")
    return int(seconds) if seconds is not None else None if minutes is None else int(minutes) * 60
