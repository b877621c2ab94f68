"""A process that typesets by one of the node's own templates: ``python -m service.typeset_worker FOLDER SECONDS MEMORY_BYTES``.

typst reads no file outside of FOLDER, and a package cannot be fetched: there is no way out of here but a proxy that there is not. A question
is JSON (inputs, and the moment where a PDF is wanted), an answer a PDF, a JSON list of pictures in base64, or a JSON object that says what is wrong. Left to others: what the process may do beside that
(``confined_worker``), what is in FOLDER and what an answer means (``typesetting``).
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from pathlib import Path

from kernel.clock import parse_rfc3339
from kernel.errors import Refusal
from licenses.own_templates import PAGE
from licenses.render import compiler_of, draw, typeset
from service.confined_worker import serve

OPEN_FILES = 64


class Template:
    """The template in a folder."""

    def __init__(self, folder: Path) -> None:
        self._page, self._compiler = folder / PAGE, compiler_of(folder)

    def answer(self, question: bytes) -> bytes:
        """Return the page; without a moment its pictures."""
        asked = json.loads(question)
        try:
            if asked["at"] is not None:
                return typeset(self._compiler, self._page, asked["inputs"], parse_rfc3339(asked["at"]))
            return json.dumps([b64encode(one).decode() for one in draw(self._compiler, self._page, asked["inputs"])]).encode()
        except Refusal as refusal:
            return json.dumps({"problem": refusal.details["problem"]}).encode()
        except MemoryError:
            return json.dumps({"problem": "it takes too much memory"}).encode()


if __name__ == "__main__":
    serve(Template(Path(sys.argv[1])).answer, float(sys.argv[2]), int(sys.argv[3]), open_files=OPEN_FILES)
