"""What all commands share: the node they work on, ``--json``, and how an error becomes one line and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kernel.clock import parse_rfc3339
from kernel.errors import ChaoxinError, Misuse
from kernel.people import who
from service.errors import CONFIG_MISSING, FOLDER_UNWRITABLE

if TYPE_CHECKING:
    from service.wiring import Services

EXIT_NO = 1
EXIT_MISUSE = 2

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")

log_level_option = click.option(
    "--log-level",
    type=click.Choice(("DEBUG", "INFO", "WARNING", "ERROR")),
    default="INFO",
    show_default=True,
    help="Say this and more serious things on standard error; libraries are heard from warnings upwards.",
)


def operator_name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return whoever an option names as the audit trail does; the callback of all options that do."""
    del context, parameter
    return f"operator:{who(value)}"


by_option = click.option(
    "--by", required=True, callback=operator_name, metavar="NAME", help="Who does this; stands in the audit trail."
)


def moment(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Return the moment that an option names; the callback of all options that do."""
    del context, parameter
    if value is None:
        return None
    try:
        return parse_rfc3339(value)
    except ValueError:
        message = f"{value!r} is no RFC 3339 moment with an offset, e.g. 2026-11-23T08:00:00Z"
        raise click.BadParameter(message) from None


at_option = click.option("--at", callback=moment, metavar="RFC3339", help="Judge as of this moment instead of now.")


def pass_services(function: Callable[..., Any]) -> Callable[..., Any]:
    """Call the command with the node's ``Services`` as its first argument; opened only when the command runs."""

    @click.pass_context
    def with_services(context: click.Context, *args: Any, **kwargs: Any) -> Any:
        from service.schema import naming_trouble  # noqa: PLC0415 - see open_services

        services = context.with_resource(open_services(context.find_root().params.get("config")))
        with naming_trouble():  # of a database that is damaged, away, or of another version; doctor says more
            return context.invoke(function, services, *args, **kwargs)

    return update_wrapper(with_services, function)


def open_services(config: Path | None) -> Services:
    """Open the node that ``config`` (or ``CHAOXIN_CONFIG``) names; ``Misuse`` when none is named or it cannot be used."""
    from service.config import load_config  # noqa: PLC0415 - a command's --help must not pay for the whole house
    from service.logs import configure_logs  # noqa: PLC0415
    from service.wiring import Services  # noqa: PLC0415

    configure_logs("WARNING")  # a command's own words go to standard output, trouble to standard error
    if config is None:
        raise Misuse(CONFIG_MISSING)
    return Services(load_config(config))


def emit(data: Any, as_json: bool, text: str | Callable[[], str]) -> None:
    """Print ``data`` as JSON or, without ``--json``, the text for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        click.echo(printable(text() if callable(text) else text))


def printable(text: str) -> str:
    """Return ``text`` with what a terminal would obey written out: names in certificates, tokens and of files are others' words."""
    return "".join(each if each.isprintable() or each in "\n\t\u3000" else f"\\u{ord(each):04x}" for each in text)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Tell what the system has against a file or folder in the block as ``Misuse``."""
    try:
        yield
    except OSError as error:
        raise Misuse(FOLDER_UNWRITABLE, path=error.filename or place, problem=error.strerror or error) from None


def explain(error: ChaoxinError) -> str:
    """Return ``error`` as the one line that a terminal shows: code, both languages, remedy."""
    field = f" ({error.field})" if error.field else ""
    return f"{error.code}{field}: {error.text.zh} {error.text.en} {error.remedy.zh} {error.remedy.en}"


def fail(error: ChaoxinError) -> None:
    """Print ``error`` in one line on standard error and exit: 2 for a misuse, 1 for a refusal."""
    click.echo(printable(explain(error)), err=True)
    sys.exit(EXIT_MISUSE if isinstance(error, Misuse) else EXIT_NO)
