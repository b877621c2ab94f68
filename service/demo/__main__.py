"""``make demo``: build the federation where it is missing, serve it, say where it is and who can log in, stop it on Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from kernel.clock import monotonic
from kernel.errors import ChaoxinError
from service.cli.options import EXIT_MISUSE, explain
from service.demo import addresses, description, federation, plan
from service.demo.processes import ProcessDied, Processes
from service.logs import configure_logs

START_SECONDS = 120.0


def main() -> None:
    """Build, start, watch."""
    configure_logs("WARNING")
    directory = Path(os.environ.get("CHAOXIN_DEMO_DIRECTORY", "var/demo"))
    first_port = int(os.environ.get("CHAOXIN_DEMO_PORT", str(plan.FIRST_PORT)))
    signal.signal(signal.SIGTERM, _stop)
    try:
        run(federation.Demo(directory, first_port, os.environ.get("CHAOXIN_DEMO_DATABASE", federation.DATABASE)))
    except ChaoxinError as error:
        click.echo(explain(error), err=True)
        sys.exit(EXIT_MISUSE)
    except ProcessDied as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("\n演示已停止。 The demo has stopped.")


def run(demo: federation.Demo) -> None:
    """Serve ``demo`` until a signal or a dead process."""
    started = monotonic()
    addresses.check_unmoved(demo)
    addresses.check_free(demo)
    with click.progressbar(
        demo.steps(), label="搭建 building", file=sys.stderr, item_show_func=lambda step: step and step.name
    ) as steps:
        for step in steps:
            step.act()
    with Processes(demo.directory / "logs") as processes:
        demo.start(processes)
        processes.wait_until_answering(demo.ready_urls(), seconds=START_SECONDS)
        demo.synchronise()
        description.write_description(demo)
        demo.start_workers(processes)
        click.echo(description.welcome(demo, seconds=monotonic() - started))
        processes.watch()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
