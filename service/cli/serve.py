"""``chaoxin serve``: answer requests, after proving that the node can."""

from __future__ import annotations

import os
import socket

import click

from kernel.errors import Misuse
from service import schema
from service.cli.options import pass_services
from service.errors import PORT_IN_USE
from service.logs import configure_logs
from service.wiring import Services


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Web processes.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Threads a process.")
@pass_services
def command(services: Services, workers: int, threads: int) -> None:
    """Serve the node on the address of its configuration until stopped."""
    configure_logs()
    config = services.config
    prepare(services)
    listen = config.settings.listen
    check_port_free(listen.host, listen.port)
    services.engine.dispose()
    os.environ["CHAOXIN_CONFIG"] = str(config.file)

    from granian.constants import Interfaces  # noqa: PLC0415 - only a server needs the server
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    Server(
        "service.wsgi:application",
        address=listen.host,
        port=listen.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=threads,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()


def prepare(services: Services) -> None:
    """Refuse to serve what cannot be served: documents, passphrase, schema; finish what was interrupted."""
    from licenses import recover  # noqa: PLC0415 - the renderer is not needed for a wrong passphrase

    schema.check_current(services.engine)
    _ = services.policies
    _ = services.keys
    recover.finish_or_void(services.licenses)


def check_port_free(host: str, port: int) -> None:
    """Refuse a port that somebody listens on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Misuse(PORT_IN_USE, host=host, port=port) from None
