"""Templates at less cost: the parts of the pages' frame that are the same on every page of a language are rendered once and kept.

They are half of what a page costs. Left to others: what differs from page to page (``templates/layout.html``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from flask import Flask, render_template, request
from flask.sansio.app import App
from flask.templating import Environment
from jinja2 import Undefined
from markupsafe import Markup

from kernel.errors import Language
from service.i18n import current_language


class NotThere(Undefined):
    """What a template asks for and is not there: an error, never an empty place on a page. Only a mapping may lack a key."""

    __slots__ = ()

    def _check(self) -> None:
        if not isinstance(self._undefined_obj, Mapping):
            self._fail_with_undefined_error()

    def __bool__(self) -> bool:
        """Tell that there is nothing."""
        self._check()
        return super().__bool__()

    def __str__(self) -> str:
        """Show nothing."""
        self._check()
        return super().__str__()

    def __iter__(self) -> Iterator[Any]:
        """Go through nothing."""
        self._check()
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        """Tell that nothing is like nothing else."""
        self._check()
        return super().__eq__(other)

    def __hash__(self) -> int:
        """Tell nothings alike."""
        self._check()
        return super().__hash__()


class Templates(Environment):
    """Flask's templates, which look their globals up where they are: all of them are there before the first template is."""

    def __init__(self, app: App, **options: Any) -> None:
        """Take the options that Flask has."""
        super().__init__(app, undefined=NotThere, **options)

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
