"""People: a bulk import on PostgreSQL, and how flat it stays in time and memory; and one of five million found by their number.

No peer imports people with encrypted data, evidence and audit, so it is held against the limit of the design: a million in ten minutes.
"""

from __future__ import annotations

import io
import itertools
import time
import tracemalloc
from collections.abc import Iterator
from itertools import islice

from benchmarks import crowd
from benchmarks.figures import Figure
from benchmarks.servers import cpu_milliseconds_of
from idp.administration import importing, looking
from idp.administration.admins import official
from idp.administration.looking import Purpose
from idp.ports import IdpDeps
from kernel.clock import FixedClock, SystemClock
from kernel.rows import RowFile
from tests.support.databases import PostgresServer, engine_on
from tests.support.idp import OPERATOR, add_account, make_idp_deps
from tests.support.pki import MemoryKeys

_PEOPLE = 50_000
_CROWD = 5_000_000
_MILLION_PER_TEN_MINUTES = 600.0


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with PostgresServer(durable=True) as server, server.database() as url, engine_on(url) as engine:
        deps = make_idp_deps(engine, MemoryKeys(), FixedClock(SystemClock().now()))
        file = importing.open_file(io.BytesIO(_people(_PEOPLE)), "people.csv")
        outcomes = importing.import_file(deps, file, actor=OPERATOR)
        halves = []
        for _ in range(2):
            started = time.monotonic()
            assert all(one.outcome == "imported" for one in islice(outcomes, _PEOPLE // 2))
            halves.append(time.monotonic() - started)
        scale = 1_000_000 / _PEOPLE
        yield Figure("import of 1M citizens, from 50k", scale * sum(halves), "s", "limit", _MILLION_PER_TEN_MINUTES)
        yield Figure("import, the second half beside the first", halves[1], "s", "the first half", halves[0])
        started = time.monotonic()
        assert all(one.outcome == "already" for one in importing.import_file(deps, file, actor=OPERATOR))
        yield Figure(
            "the same file again, 1M from 50k",
            scale * (time.monotonic() - started),
            "s",
            "limit",
            _MILLION_PER_TEN_MINUTES,
        )
        yield Figure("memory of an import at most", _peak_megabytes(deps, file), "MB", "limit", 20)
    yield from _look_up()


def _look_up() -> Iterator[Figure]:
    """Find people at a service window: whoever is there, and numbers that nobody has, each another; an official's look is audited."""
    with PostgresServer() as server, server.database() as url, engine_on(url) as engine:
        deps = make_idp_deps(engine, MemoryKeys(), FixedClock(SystemClock().now()))
        add_account(deps, resident_id=_resident_id(0), real_name_level=4)
        crowd.people(engine, _CROWD)
        crowd.analyze(engine)
        clerk, purpose = official("a1", "linwenshu", within=None), Purpose(next(iter(deps.policies.roles.purposes)), "1")
        numbers = itertools.cycle(_resident_id(number) for number in range(1, 50_000))

        def find(number: str, wanted: int) -> None:
            assert len(looking.find(deps, clerk, "number", number, purpose)) == wanted

        name = f"by resident ID among {_CROWD // 1_000_000}M people"
        yield Figure(f"{name}, found", cpu_milliseconds_of(server.pid, lambda: find(_resident_id(0), 1)), "ms CPU", "limit", 2)
        nobody = cpu_milliseconds_of(server.pid, lambda: find(next(numbers), 0))
        yield Figure(f"{name}, nobody has it", nobody, "ms CPU", "limit", 2)


def _peak_megabytes(deps: IdpDeps, file: RowFile) -> float:
    tracemalloc.start()
    for _ in importing.import_file(deps, file, actor=OPERATOR):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1_000_000


def _people(count: int) -> bytes:
    lines = [f"人{number},{_resident_id(number)},+86 138 {number:08}" for number in range(count)]
    return ("name,resident_id,phone\n" + "\n".join(lines) + "\n").encode()


def _resident_id(number: int) -> str:
    body = f"445102{1940 + number // 1000 % 60}{1 + number // 90000 % 12:02}{1 + number // 60000 % 28:02}{number % 1000:03}"
    weighed = sum(2 ** (17 - place) * int(digit) for place, digit in enumerate(body)) % 11  # GB 11643: ISO 7064 MOD 11-2
    return body + "10X98765432"[weighed]
