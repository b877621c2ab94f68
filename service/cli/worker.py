"""``chaoxin worker``: run the node's scheduled and queued work until stopped."""

from __future__ import annotations

import click

from service import jobs, schema
from service.cli.options import log_level_option, pass_services
from service.logs import configure_logs
from service.wiring import Services


@click.command()
@click.option("--once", is_flag=True, help="Run every job once and exit.")
@click.option("--workers", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads.")
@log_level_option
@pass_services
def command(services: Services, once: bool, workers: int, log_level: str) -> None:
    """Publish revocation lists, synchronise peers, seal the audit trail, clean up: on schedule."""
    configure_logs(log_level)
    schema.check_current(services.engine)
    jobs.run_all(services)
    if not once:
        jobs.make_queue(services).create_consumer(workers=workers, check_worker_health=False).run()
