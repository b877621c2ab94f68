"""``make bench``: measure, print the table, exit 1 when a limit of ours is not kept."""

from __future__ import annotations

import importlib
import json
import sys

import click

from benchmarks.figures import machine_microseconds, table

GROUPS = (
    "peers",
    "certificates",
    "federation",
    "paths",
    "revocation",
    "graph",
    "keys",
    "tokens",
    "provider",
    "directories",
    "authenticators",
    "seals",
    "issuing",
    "issuing_together",
    "bulk",
    "log",
    "people",
    "pages",
    "verification",
    "endurance",
)
"""The modules of this folder; each has ``measure()``, which yields figures."""


@click.command()
@click.argument("groups", nargs=-1, type=click.Choice(GROUPS))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(groups: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Measure GROUPS, or all."""
    click.echo(
        f"this machine now: {machine_microseconds():.0f} µs for SHA-256 of 100 KB (50 where the limits were set)", err=True
    )
    figures = []
    for name in groups or GROUPS:
        for figure in importlib.import_module(f"benchmarks.{name}").measure():
            click.echo(f"{figure.name}: {figure.ours:.2f} {figure.unit}", err=True)
            figures.append(figure)
    click.echo(json.dumps([figure.as_json() for figure in figures], ensure_ascii=False, indent=2) if as_json else table(figures))
    missed = [figure.name for figure in figures if figure.against == "limit" and not figure.ratio >= 1]
    if missed:
        click.echo(f"not kept: {', '.join(missed)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
