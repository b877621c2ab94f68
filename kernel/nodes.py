"""What a node is: a city or a county, named by its GB/T 2260 area code, with a place in the tree of names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["province", "city", "county"]

_AREA_CODE = re.compile(r"[1-9][0-9]{5}")


def is_area_code(text: str) -> bool:
    """Tell whether ``text`` has the form of a GB/T 2260 code (six digits)."""
    return _AREA_CODE.fullmatch(text) is not None


def area_level(code: str) -> Level:
    """Return the level of a GB/T 2260 code: ``440000`` a province, ``445100`` a city, ``445122`` a county."""
    if code.endswith("0000"):
        return "province"
    return "city" if code.endswith("00") else "county"


def area_contains(outer: str, inner: str) -> bool:
    """Tell whether area ``inner`` is ``outer`` itself or lies below it."""
    significant = {"province": 2, "city": 4, "county": 6}[area_level(outer)]
    return is_area_code(inner) and inner[:significant] == outer[:significant]


@dataclass(frozen=True, slots=True)
class Node:
    """One running Chaoxin.

    ``level`` is ``outside`` for a CA that is no node but certified like one: it has a short name for a code, and no pages.
    ``url`` is its configured base URL without a trailing slash; every address that it publishes starts with it. ``names`` are
    its X.500 attributes from the top (``(("C", "CN"), ("ST", "广东省"), ("L", "潮州市"), ("O", "饶平县"))``): its name subtree.
    """

    code: str
    name: str
    level: Level | Literal["outside"]
    url: str
    names: tuple[tuple[str, str], ...]

    def cookie(self, what: str) -> str:
        """Return the name of a cookie: the node's code in it, since nodes may share a host; ``__Host-`` where there is https."""
        prefix = "__Host-" if self.url.startswith("https:") else ""
        return f"{prefix}chaoxin_{self.code}_{what}"
