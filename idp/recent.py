"""What a process found out lately and may find out again: bounded, and worth nothing by itself.

Left to others: making sure that it still is so (whoever acts on it).
"""

from __future__ import annotations

from idp.ports import IdpDeps


class Recent:
    """What was found out lately, by text: a bounded number of entries, of which the oldest goes first."""

    def __init__(self, most: int = 2048) -> None:
        self._most = most
        self._found: dict[str, object] = {}

    def get(self, text: str) -> object | None:
        """Return what was found out about ``text``."""
        return self._found.get(text)

    def put(self, text: str, found: object) -> None:
        """Remember it."""
        while len(self._found) >= self._most:
            self._found.pop(next(iter(self._found), ""), None)
        self._found[text] = found

    def forget(self, text: str) -> None:
        """Remember nothing of ``text``."""
        self._found.pop(text, None)


def recent(deps: IdpDeps, name: str) -> Recent:
    """Return what this process found out lately, kept under ``name``."""
    found: Recent | None = deps.kept.get(name)
    if found is None:
        found = deps.kept[name] = Recent()
    return found
