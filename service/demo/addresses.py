"""Can the demo be served where it shall be? Asked before anything is built.

Left to others: building (``federation``), serving (``processes``).
"""

from __future__ import annotations

import time

from kernel.clock import monotonic
from kernel.errors import Misuse
from service.cli.serve import check_port_free
from service.config import load_config
from service.demo import plan
from service.demo.federation import PORTS, Demo
from service.errors import DEMO_ELSEWHERE

_SECONDS = 30.0
"""Processes of a demo that was killed get a while to end: a server may take a third of that for the requests that it has."""


def check_unmoved(demo: Demo) -> None:
    """Refuse other ports than those that certificates, licences and clients of an earlier run name for ever."""
    for node in plan.NODES:
        file = demo.config_file(node.code)
        if file.exists() and (port := load_config(file).settings.listen.port) != demo.first_port + node.offset:
            raise Misuse(DEMO_ELSEWHERE, field="CHAOXIN_DEMO_PORT", directory=str(demo.directory), port=port - node.offset)


def check_free(demo: Demo) -> None:
    """Refuse to build where the demo could not be served."""
    deadline = monotonic() + _SECONDS
    for offset in range(PORTS):
        while True:
            try:
                check_port_free("127.0.0.1", demo.first_port + offset)
            except Misuse:
                if monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                break
