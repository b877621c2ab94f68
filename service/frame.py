"""Templates at less cost: the parts of the pages' frame that are the same on every page of a language are rendered once and kept.

They are half of what a page costs. Left to others: what differs from page to page (``templates/layout.html``).
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask import Flask, render_template, request
from flask.templating import Environment
from markupsafe import Markup

from kernel.errors import Language
from service.i18n import current_language


class Templates(Environment):
    """Flask's templates, which look their globals up where they are: all of them are there before the first template is."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template: no layer over ours where it has none of its own, since every include and import goes through it."""
        return super().make_globals(d) if d else self.globals


class Frame:
    """The templates below ``templates/frame`` of one application; they may use nothing of the request but its language and where it is mounted."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Language, str], Markup] = {}

    def init_app(self, app: Flask) -> None:
        """Give the templates of ``app`` ``frame(part)``."""
        app.jinja_env.globals["frame"] = self._part

    def _part(self, name: str) -> Markup:
        key = name, current_language(), request.script_root
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = Markup(render_template(f"frame/{name}.html").strip())  # noqa: S704 - rendered with escaping
        return kept
