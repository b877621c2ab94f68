"""Pages that differ from visit to visit by nothing but values of the visit's own: rendered once, kept with gaps where those stood.

A template costs more than all else that such a page needs. Left to others: which pages these are, and what they show (``strangers_page``).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

_MOST = 500


@dataclass(frozen=True, slots=True)
class _Mould:
    """A page's text between the gaps, and whose value goes into each of these. ``shows`` is what else the page was made of."""

    texts: tuple[str, ...]
    gaps: tuple[str, ...]
    shows: object


class Moulds:
    """The moulds of one application, by what each is for."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Mould] = {}

    def cast(self, key: Hashable, shows: object, values: Mapping[str, str]) -> str | None:
        """Return the page of ``key`` with these ``values``; None where there is none yet, or it shows something else than ``shows`` by now."""
        mould = self._kept.get(key)
        if mould is None or mould.shows != shows:
            return None
        parts = [""] * (2 * len(mould.gaps) + 1)
        parts[::2] = mould.texts
        parts[1::2] = [values[gap] for gap in mould.gaps]
        return "".join(parts)

    def keep(self, key: Hashable, shows: object, values: Mapping[str, str], page: str) -> None:
        """Keep a page that was rendered with these ``values``, each as it stands in the page.

        All else that it was made of must be in ``shows``. A value must be such as stands nowhere by chance: drawn at random, and long.
        """
        names = {value: name for name, value in values.items()}
        parts = re.split(f"({'|'.join(map(re.escape, names))})", page)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key] = _Mould(tuple(parts[::2]), tuple(names[value] for value in parts[1::2]), shows)
