"""Files that exist whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(file: Path, content: bytes, mode: int = 0o644) -> None:
    """Write ``content`` to ``file``: a reader sees the old file or the new one, also after a power cut."""
    draft = file.with_name(f".{file.name}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as stream:  # noqa: PTH123 - needs the mode
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def write_once(file: Path, content: bytes, mode: int = 0o644) -> None:
    """Write ``content`` to ``file`` unless it exists."""
    if not file.exists():
        write_whole(file, content, mode)
