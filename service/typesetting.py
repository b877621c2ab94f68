"""The node's own licence templates: kept in its policy folder, typeset by a confined process for each.

Left to others: what a template may be (``licenses.own_templates``), what happens in the process (``typeset_worker``).
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

import structlog

from kernel.clock import rfc3339
from kernel.errors import Refusal
from licenses.errors import PAGE_UNPRINTABLE
from licenses.errors.templates import TEMPLATE_INVALID, TEMPLATE_NO_FOLDER, TEMPLATE_NOT_KEPT, TEMPLATE_TAKEN
from licenses.own_templates import HOUSE, Template, Tried, read_template
from licenses.render import TEMPLATES
from policies.loader import TYPES
from policies.type_documents import add_version
from service.confined import Confined

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SECONDS, _MEMORY = 5, 768 * 1024 * 1024
_PATIENCE = 25.0
"""Seconds that a page may take when the machine has other things to do."""

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
        self._directory = directory
        self._running: dict[str, _Running] = {}
        self._starting, self._trying = Lock(), Lock()
        self._tried: tuple[str, _Running] | None = None
        """The process of the template that was tried out last, by its digest: there is never more than one."""

    def names(self) -> list[str]:
        """Return the names of the templates that are kept."""
        kept = None if self._directory is None else _kept(self._directory)
        return [] if kept is None or not kept.is_dir() else sorted(each.name for each in kept.iterdir())

    def get(self, name: str) -> Template:
        """Return a template that is kept; ``Refusal(template_invalid)`` when there is none, or it is none."""
        return read_template(self._place(name))

    def check_free(self, name: str, template: Template) -> None:
        """Do what ``OwnTemplates`` promises."""
        if self._place(name).exists() and self.get(name).sha256 != template.sha256:
            raise Refusal(TEMPLATE_TAKEN, field="name", name=name)

    def add(self, name: str, template: Template) -> bool:
        """Keep a template, whole or not at all; False when it is there."""
        self.check_free(name, template)
        place = self._place(name)
        if place.exists():
            return False
        with _writing():
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=place.parent.parent, prefix=".template-") as draft:
                made = Path(draft) / name
                _write(made, template)
                made.rename(place)
        return True

    def bind(self, type_code: str, name: str, sha256: str) -> int:
        """Do what ``OwnTemplates`` promises. What is in the folder counts, not what this process started with."""
        if self._directory is None:
            raise Refusal(TEMPLATE_NO_FOLDER)
        with _writing():
            return add_version(self._directory, type_code, {"template": name, "template_sha256": sha256})

    def has(self, name: str, sha256: str) -> bool:
        """Tell whether there is such a template with this digest."""
        try:
            return self.get(name).sha256 == sha256
        except Refusal:
            return False

    def typeset(self, name: str, sha256: str, inputs: Mapping[str, str], at: datetime) -> bytes:
        """Do what ``OwnTemplates`` promises."""
        with self._starting:
            running = self._running.get(sha256)
            if running is None:
                if not self.has(name, sha256):
                    raise Refusal(PAGE_UNPRINTABLE, template=name, problem="no such template with the digest that its type names")
                running = self._running[sha256] = _prepare(self.get(name))
        return _ask(running, name, inputs, at)

    def try_out(self, template: Template, name: str, inputs: Mapping[str, str], at: datetime) -> Tried:
        """Typeset by a template that need not be kept yet."""
        with self._trying:
            if self._tried is None or self._tried[0] != template.sha256:
                self._leave_tried()
                self._tried = template.sha256, _prepare(template)
            running = self._tried[1]
            pdf = _ask(running, name, inputs, at)
            return Tried(pdf, [b64decode(one) for one in json.loads(_ask(running, name, inputs, None))])

    def close(self) -> None:
        """End the processes and remove what they saw."""
        for running in self._running.values():
            _end(running)
        self._running.clear()
        self._leave_tried()

    def _place(self, name: str) -> Path:
        if self._directory is None:
            raise Refusal(TEMPLATE_NO_FOLDER)
        if not _NAME.fullmatch(name):
            raise Refusal(TEMPLATE_INVALID, field="name", file=ascii(name[:60]), problem="a-z 0-9 -")
        return _kept(self._directory) / name

    def _leave_tried(self) -> None:
        if self._tried is not None:
            _end(self._tried[1])
            self._tried = None


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refusal(TEMPLATE_NOT_KEPT, problem=error.strerror or type(error).__name__) from error


def _kept(directory: Path) -> Path:
    return directory / TYPES / "templates"


def _prepare(template: Template) -> _Running:
    """Return what a template's process will see; it is started by the first question."""
    folder = Path(tempfile.mkdtemp(prefix="chaoxin-template-")) / "root"
    _write(folder, template)
    for name in HOUSE:
        shutil.copy(TEMPLATES / name, folder)
    return _Running(folder)


def _end(running: _Running) -> None:
    if running.process is not None:
        running.process.end()
    shutil.rmtree(running.folder.parent, ignore_errors=True)


def _ask(running: _Running, name: str, inputs: Mapping[str, str], at: datetime | None) -> bytes:
    """Return a template's page as PDF; without a moment its pictures, as the process writes them."""
    question = json.dumps({"inputs": dict(inputs), "at": at and rfc3339(at)}).encode()
    with running.lock:
        if running.process is None:
            limits = (str(running.folder), str(_SECONDS), str(_MEMORY))
            running.process = Confined(
                "service.typeset_worker",
                *limits,
                environment={**_PROXIES, "TMPDIR": "/nonexistent"},
            )
        try:
            said = running.process.ask(question, _PATIENCE) if running.process.is_ready(_PATIENCE) else None
        except TimeoutError:
            said = None
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
