"""Logging in without a name: what a passkey costs beside the page, and what a password's hash costs in its place.

In one process on SQLite; the browser's own signature is counted with the passkey's login.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, cpu_milliseconds
from idp.authenticators import passkeys
from tests.support.idp import provider_in
from tests.support.passkeys import BROWSER, enrolled, enter, submit
from tests.support.pki import MemoryKeys


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with TemporaryDirectory(prefix="chaoxin-passkeys-") as folder, provider_in(Path(folder), MemoryKeys()) as provider:
        deps = provider.deps
        provider.add_account()
        passkey = enrolled(deps, enter(deps))
        spent = cpu_milliseconds(lambda: submit(deps, passkey.get(passkeys.request_options(deps, BROWSER, None))))
        yield Figure("passkey login beside the page", spent, "ms", "limit", 12)
        yield Figure("passkey login beside the page", spent, "ms", "password login", cpu_milliseconds(lambda: enter(deps)))
