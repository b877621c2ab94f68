"""What a contradiction among the documents is told as: document, key and problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from kernel.errors import Text
from policies.lines import Path

Finding: TypeAlias = "tuple[str, Path, Text]"


def repeated(values: Iterable[object]) -> Iterator[int]:
    """Yield the places of values that stand there before."""
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)
