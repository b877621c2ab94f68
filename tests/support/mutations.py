"""What may be done to the bytes of a sealed file: many small damages, the same ones each time for one seed.

Left to others: the damages that attackers would do on purpose (``pdfs``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.support.pdfs import hole

_TELLING = b"0123456789ABCDEFabcdef<> /()[]\n\0%"
_TAIL = 1500

Mutation = Callable[[bytes, int, random.Random], bytes]


def mutations(pdf: bytes, count: int, *, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield ``count`` files that are not ``pdf``, each with what was done to it."""
    chance = random.Random(seed)  # noqa: S311 - the same ones each time
    names = sorted(_MUTATIONS)
    made = 0
    while made < count:
        changed, done = pdf, []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            name, at = chance.choice(names), min(_place(pdf, chance), len(changed) - 1)
            changed = _MUTATIONS[name](changed, at, chance)
            done.append(f"{name} at {at}")
        if changed != pdf:
            made += 1
            yield ", ".join(done), changed


def _place(pdf: bytes, chance: random.Random) -> int:
    """A place in the file: often within the signature value, which the signature does not cover, around it, or near the end."""
    start, end = hole(pdf)
    ranges = ((start, min(end, start + 7500)), (start - 400, end + 400), (len(pdf) - _TAIL, len(pdf) - 1), (0, len(pdf) - 1))
    return chance.randint(*chance.choice(ranges))


def _flip(pdf: bytes, at: int, chance: random.Random) -> bytes:
    return pdf[:at] + bytes([pdf[at] ^ (1 << chance.randrange(8))]) + pdf[at + 1 :]


def _set(pdf: bytes, at: int, chance: random.Random) -> bytes:
    return pdf[:at] + bytes([chance.choice(_TELLING)]) + pdf[at + 1 :]


def _remove(pdf: bytes, at: int, chance: random.Random) -> bytes:
    return pdf[:at] + pdf[at + chance.randint(1, 64) :]


def _insert(pdf: bytes, at: int, chance: random.Random) -> bytes:
    return pdf[:at] + chance.randbytes(chance.randint(1, 16)) + pdf[at:]


def _blank(pdf: bytes, at: int, _chance: random.Random) -> bytes:
    """One more space or line: harmless to a lenient parser."""
    return pdf[:at] + b" \n"[at % 2 : at % 2 + 1] + pdf[at:]


def _copy(pdf: bytes, at: int, chance: random.Random) -> bytes:
    length, source = chance.randint(1, 64), chance.randrange(len(pdf))
    return pdf[:at] + pdf[source : source + length] + pdf[at + length :]


def _swap(pdf: bytes, at: int, chance: random.Random) -> bytes:
    length = chance.randint(1, 32)
    return pdf[:at] + pdf[at + length : at + 2 * length] + pdf[at : at + length] + pdf[at + 2 * length :]


def _case(pdf: bytes, at: int, _chance: random.Random) -> bytes:
    return pdf[:at] + pdf[at : at + 8].swapcase() + pdf[at + 8 :]


def _digit(pdf: bytes, at: int, chance: random.Random) -> bytes:
    """The next digit is another one: offsets, lengths, ranges."""
    place = next((i for i in range(at, min(at + 400, len(pdf))) if 48 <= pdf[i] <= 57), at)
    return pdf[:place] + b"%d" % chance.randrange(10) + pdf[place + 1 :]


def _cut(pdf: bytes, at: int, _chance: random.Random) -> bytes:
    return pdf[: max(at, 9)]


def _append(pdf: bytes, _at: int, chance: random.Random) -> bytes:
    return pdf + chance.choice((b"\n", b"\0", b"%%EOF\n", chance.randbytes(20)))


_MUTATIONS: dict[str, Mutation] = {
    "flip": _flip, "set": _set, "remove": _remove, "insert": _insert, "blank": _blank, "copy": _copy, "swap": _swap, "case": _case,
    "digit": _digit, "cut": _cut, "append": _append,
}  # fmt: skip
