"""The ``chaoxin`` command. Each group is a module of this folder with a click command named ``command``, loaded when used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from kernel.errors import ChaoxinError
from service.cli.options import EXIT_MISUSE, fail

GROUPS = {
    "init": "make a new node: configuration, keys, database, certification authorities",
    "serve": "serve the node over HTTP",
    "worker": "run the node's scheduled and queued work",
    "jobs": "the worker's jobs, and which of them fail",
    "doctor": "say what is wrong with the node, if anything",
    "db": "the database: upgrade, version",
    "ca": "the node's certification authorities",
    "cert": "certificates: look, ask, issue, renew, end",
    "crosscert": "agreements and cross-certificates with other nodes",
    "path": "find and validate a certification path from files",
    "department": "the departments that issue licences here",
    "license": "issue and list licences",
    "log": "the transparency log: look at it, look it over, prove an entry",
    "verify": "say whether a licence is genuine, and why",
    "token": "say whether a token of this node or another is genuine, and why",
    "user": "accounts",
    "login": "ways to log in: see them, switch one off and on again",
    "session": "where somebody is logged in",
    "directory": "departments' directories of staff: look, test, take over",
    "client": "departments' systems that log in here",
    "keys": "the key that encrypts personal data, and a new one in its place",
    "audit": "the audit trail",
    "backup": "write an encrypted backup",
    "restore": "restore a backup into an empty folder",
}


class Groups(click.Group):
    """A group whose commands are modules, imported only when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which an operator meets them."""
        del ctx
        return list(GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of module ``cmd_name``."""
        del ctx
        if cmd_name not in GROUPS:
            return None
        command: click.Command = importlib.import_module(f"service.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(GROUPS.items()))


@click.command(cls=Groups)
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), envvar="CHAOXIN_CONFIG", help="The node's chaoxin.toml."
)
@click.version_option(package_name="chaoxin")
def cli(config: Path | None) -> None:
    """潮信 Chaoxin: one login, cross-certified CAs, signed licences, one place to verify them."""
    del config  # read from the root context by the commands that need a node


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line (by default the process's own); exit 0 for yes, 1 for no, 2 for misuse."""
    try:
        cli(arguments, standalone_mode=False)
    except ChaoxinError as error:
        fail(error)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_MISUSE)
    except click.Abort:
        sys.exit(130)
