"""Two pages to look things up in: every error with its cause and remedy, and every building block of the pages.

Left to others: the errors (each room's ``errors``), the blocks (``templates/components.html``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask import Blueprint, render_template, request

from kernel.errors import CATALOGUE, ErrorCode, Text

_LONGEST_QUESTION = 100
_OURS = 500
"""From this status on an error is not of the asker's making: the node's configuration, a command, a peer that is away."""
_PLACE = re.compile(r"\{([a-z_]+)(?:!r)?\}")


def find_errors(asked: str) -> list[ErrorCode]:
    """Return the errors whose code or texts say ``asked`` (all for nothing asked), sorted by code."""
    needle = asked.casefold()

    def says(error: ErrorCode) -> bool:
        texts: Iterable[Text] = (error.message, error.remedy)
        return needle in error.code or any(needle in text.zh or needle in text.en.casefold() for text in texts)

    return sorted((error for error in CATALOGUE.values() if says(error)), key=lambda error: error.code)


def with_places(sentence: str) -> str:
    """Return a catalogue's sentence with its places shown as such: ``{file}`` becomes ``‹file›``."""
    return _PLACE.sub(r"‹\1›", sentence)


def make_blueprint() -> Blueprint:
    """Return the pages, which need nothing of the node."""
    pages = Blueprint("reference", __name__)
    pages.add_app_template_filter(with_places)

    @pages.get("/errors")
    def list_errors() -> str:
        asked = request.args.get("q", "").strip()[:_LONGEST_QUESTION]
        found = find_errors(asked)
        groups = ([error for error in found if error.status < _OURS], [error for error in found if error.status >= _OURS])
        return render_template("errors.html", asked=asked, groups=groups)

    @pages.get("/components")
    def list_components() -> str:
        return render_template("component_list.html")

    return pages
