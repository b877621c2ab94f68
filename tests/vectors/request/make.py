"""Makes ``request-1.json``: a county's request to its city, as the first version of the format wrote it. Run once; the file stays for ever."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from crosscert.agreements import request_document
from crosscert.constraints import everything
from kernel.clock import FixedClock
from tests.support.pki import CITY
from tests.support.three_nodes import strangers
from tests.unit.crosscert.forge import NOW

if __name__ == "__main__":
    with TemporaryDirectory() as folder, strangers(Path(folder), FixedClock(NOW)) as nodes:
        deps = nodes.county.deps
        document = request_document.make(deps, CITY.code, everything(deps.policies, deps.node, CITY))
        (Path(__file__).parent / "request-1.json").write_bytes(document + b"\n")
        print(request_document.verify(document, CITY.code, NOW).code)  # noqa: T201 - for the test
