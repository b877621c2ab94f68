"""``chaoxin serve``: answer requests, after proving that the node can."""

from __future__ import annotations

import ctypes
import gc
import socket

import click

from idp import signing_keys
from kernel.errors import Misuse
from licenses import recover
from pki import authority
from service import schema
from service.app import create_application
from service.cli.options import log_level_option, pass_services
from service.errors import PORT_IN_USE
from service.logs import configure_logs
from service.wiring import Services


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Web processes.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Threads a process.")
@log_level_option
@pass_services
def command(services: Services, workers: int, threads: int, log_level: str) -> None:
    """Serve the node on the address of its configuration until stopped."""
    listen = services.config.settings.listen
    prepare(services)
    check_port_free(listen.host, listen.port)
    configure_logs(log_level)

    from granian.constants import Interfaces  # noqa: PLC0415 - only a server needs the server
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    from service.one_process import STOP_SECONDS, OneProcess  # noqa: PLC0415

    chain, key = services.config.tls_files or (None, None)
    server = (OneProcess if workers == 1 else Server)(
        "service.app:create_application",
        address=listen.host,
        port=listen.port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        log_level=LogLevels.debug if log_level == "DEBUG" else LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        ssl_cert=chain,
        ssl_key=key,
    )
    # Several workers are forked from here: what is imported, built and unlocked already is theirs, database connections are not.
    application = create_application(services)
    services.engine.dispose()
    _keep_what_is_here()
    server.serve(target_loader=lambda: application, wrap_loader=False)


def prepare(services: Services) -> None:
    """Refuse to serve what cannot be served: documents, passphrase, schema, anchor; finish what was interrupted."""
    schema.check_current(services.engine)
    _ = services.policies
    services.keys.secret("csrf")
    authority.get_principal(services.pki)
    signing_keys.keyring(services.idp)  # other nodes learn the keys' certificates before they meet a token
    recover.finish_or_void(services.licenses)


def _keep_what_is_here() -> None:
    """Give back what was freed, and let what is here before the fork never be collected: to look at it, each worker would copy it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own; no other C library keeps as much
    if trim is not None:
        trim(0)
    gc.freeze()


def check_port_free(host: str, port: int) -> None:
    """Refuse a port that somebody listens on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Misuse(PORT_IN_USE, host=host, port=port) from None
