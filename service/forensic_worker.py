"""A process that takes outsiders' PDFs apart: ``python -m service.forensic_worker SECONDS MEMORY_BYTES``, told by ``service.forensics`` what to read.

A question is a file, an answer JSON. Left to others: what the process may do (``confined_worker``), reading (``licenses.reading``), which
answer means what (``service.forensics``).
"""

from __future__ import annotations

import json
import sys

from kernel.errors import Refusal
from licenses import reading_json
from licenses.errors import DOCUMENT_TOO_COSTLY
from service.confined_worker import serve

REFUSED = b'{"refused":'
"""What an answer that is a refusal begins with; a reading begins otherwise."""

OPEN_FILES = 16


def answer(pdf: bytes) -> bytes:
    """Return what is answered to ``pdf``: a reading, or the code and details of a refusal."""
    try:
        return reading_json.read(pdf)
    except Refusal as refusal:
        return json.dumps({"refused": refusal.code, "details": refusal.details}).encode()
    except MemoryError:
        return json.dumps({"refused": DOCUMENT_TOO_COSTLY.code, "details": {}}).encode()


if __name__ == "__main__":
    serve(answer, float(sys.argv[1]), int(sys.argv[2]), open_files=OPEN_FILES)
