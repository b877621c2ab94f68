"""The node's own licence templates: kept in its policy folder, typeset by a confined process for each.

Left to others: what a template may be (``licenses.own_templates``), what happens in the process (``typeset_worker``).
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

import structlog

from kernel.clock import rfc3339
from kernel.errors import Refusal
from licenses.errors import PAGE_UNPRINTABLE
from licenses.errors.templates import TEMPLATE_INVALID, TEMPLATE_NO_FOLDER, TEMPLATE_TAKEN
from licenses.own_templates import HOUSE, Template, read_template
from licenses.render import TEMPLATES
from policies.loader import TYPES
from service.confined import Confined

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SECONDS, _MEMORY = 5, 768 * 1024 * 1024
_NOWHERE = "http://127.0.0.1:9"
_PROXIES = {name: _NOWHERE for each in ("http_proxy", "https_proxy", "all_proxy") for name in (each, each.upper())}

_log = structlog.get_logger()


@dataclass(slots=True)
class _Running:
    """A template's process with the folder that it sees; one page at a time."""

    folder: Path
    lock: Lock = field(default_factory=Lock)
    process: Confined | None = None


class Typesetting:
    """``licenses.own_templates.OwnTemplates`` over the policy folder ``directory``. Closing it ends its processes."""

    def __init__(self, directory: Path | None) -> None:
        self._kept = None if directory is None else directory / TYPES / "templates"
        self._running: dict[str, _Running] = {}
        self._starting = Lock()

    def names(self) -> list[str]:
        """Return the names of the templates that are kept."""
        return [] if self._kept is None or not self._kept.is_dir() else sorted(each.name for each in self._kept.iterdir())

    def get(self, name: str) -> Template:
        """Return a template that is kept; ``Refusal(template_invalid)`` when there is none, or it is none."""
        if self._kept is None:
            raise Refusal(TEMPLATE_NO_FOLDER)
        return read_template(self._kept / name)

    def add(self, name: str, template: Template) -> bool:
        """Keep a template, whole or not at all; False when it is there. ``Refusal(template_taken)`` when the name is another's."""
        if self._kept is None:
            raise Refusal(TEMPLATE_NO_FOLDER)
        if not _NAME.fullmatch(name):
            raise Refusal(TEMPLATE_INVALID, field="name", file=ascii(name[:60]), problem="a-z 0-9 -")
        if (self._kept / name).exists():
            if self.get(name).sha256 != template.sha256:
                raise Refusal(TEMPLATE_TAKEN, field="name", name=name)
            return False
        self._kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._kept.parent, prefix=".template-") as draft:
            made = Path(draft) / name
            _write(made, template)
            made.rename(self._kept / name)
        return True

    def has(self, name: str, sha256: str) -> bool:
        """Tell whether there is such a template with this digest."""
        try:
            return self.get(name).sha256 == sha256
        except Refusal:
            return False

    def typeset(self, name: str, sha256: str, inputs: Mapping[str, str], at: datetime) -> bytes:
        """Do what ``OwnTemplates`` promises."""
        running = self._running.get(sha256)
        if running is None:
            if not self.has(name, sha256):
                raise Refusal(PAGE_UNPRINTABLE, template=name, problem="no such template with the digest that its type names")
            running = self._run(self.get(name))
        return _ask(running, name, inputs, at)

    def try_out(self, template: Template, name: str, inputs: Mapping[str, str], at: datetime) -> bytes:
        """Typeset by a template that need not be kept yet."""
        return _ask(self._run(template), name, inputs, at)

    def close(self) -> None:
        """End the processes and remove what they saw."""
        for running in self._running.values():
            if running.process is not None:
                running.process.end()
            shutil.rmtree(running.folder.parent, ignore_errors=True)
        self._running.clear()

    def _run(self, template: Template) -> _Running:
        with self._starting:
            found = self._running.get(template.sha256)
            if found is None:
                folder = Path(tempfile.mkdtemp(prefix="chaoxin-template-")) / "root"
                _write(folder, template)
                for name in HOUSE:
                    shutil.copy(TEMPLATES / name, folder)
                found = self._running[template.sha256] = _Running(folder)
            return found


def _ask(running: _Running, name: str, inputs: Mapping[str, str], at: datetime) -> bytes:
    question = json.dumps({"inputs": dict(inputs), "at": rfc3339(at)}).encode()
    with running.lock:
        if running.process is None:
            limits = (str(running.folder), str(_SECONDS), str(_MEMORY))
            running.process = Confined(
                "service.typeset_worker",
                *limits,
                environment={**_PROXIES, "TMPDIR": "/nonexistent"},
            )
        said = running.process.ask(question)
        if said is None or running.process.is_old:
            running.process.end()
            running.process = None
    if said is None:
        _log.warning("typeset_process_lost", template=name)
        raise Refusal(PAGE_UNPRINTABLE, template=name, problem="it takes too much time or memory")
    if said.startswith(b"{"):
        raise Refusal(PAGE_UNPRINTABLE, template=name, problem=json.loads(said)["problem"])
    return said


def _write(folder: Path, template: Template) -> None:
    folder.mkdir()
    for name, content in template.files.items():
        (folder / name).write_bytes(content)
