"""The options that limit a cross-certificate, and the wishes and constraints made of them. Left to others: whether they may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from crosscert.agreements import keep_levels
from crosscert.ports import CrosscertDeps
from crosscert.records import Constraints, Wish
from pki.records import Names

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--level", "levels", multiple=True, help="A level that is to be mapped; may be given more than once. Default: all."
    ),
    click.option("--name", "names", multiple=True, help="A subtree that may be named, as C=CN,ST=…,L=…,O=…; more than once."),
    click.option("--path-length", type=click.IntRange(0, 9), help="How many CAs may follow."),
    click.option("--days", type=click.IntRange(1, 40_000), help="How long the cross-certificate is to be valid."),
)


def limit_options(command: Command) -> Command:
    """Add the options to a command, which gets them as ``**limits``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def parse_names(text: str) -> Names:
    """Return the subtree that an operator wrote; what is wrong with its attributes is found out later."""
    parts = [part.partition("=") for part in text.split(",")]
    if not all(separator for _, separator, _ in parts):
        message = f"{text!r} is not of the form C=CN,O=…"
        raise click.BadParameter(message)
    return tuple((short.strip(), value.strip()) for short, _, value in parts)


def narrow_wish(
    wish: Wish, *, levels: tuple[str, ...], names: tuple[str, ...], path_length: int | None, days: int | None
) -> Wish:
    """Return the wish with what the options say."""
    return replace(
        wish,
        levels=levels or wish.levels,
        permitted_names=tuple(map(parse_names, names)) or wish.permitted_names,
        path_length=wish.path_length if path_length is None else path_length,
        validity_days=wish.validity_days if days is None else days,
    )


def narrow_constraints(
    deps: CrosscertDeps,
    constraints: Constraints,
    *,
    levels: tuple[str, ...],
    names: tuple[str, ...],
    path_length: int | None,
    days: int | None,
) -> Constraints:
    """Return the constraints with what the options say."""
    return replace(
        keep_levels(deps, constraints, levels) if levels else constraints,
        permitted_names=tuple(map(parse_names, names)) or constraints.permitted_names,
        path_length=constraints.path_length if path_length is None else path_length,
        validity_days=constraints.validity_days if days is None else days,
    )
