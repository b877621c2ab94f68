"""``chaoxin jobs``: the worker's jobs, and which of them have failed since they last came off well."""

from __future__ import annotations

from dataclasses import asdict

import click

from kernel.clock import rfc3339
from service import jobs, schema
from service.cli.options import EXIT_NO, emit, json_option, pass_services
from service.failed_jobs import FailedJob
from service.wiring import Services


@click.command()
@json_option
@pass_services
def command(services: Services, as_json: bool) -> None:
    """List the worker's jobs with the minutes between two runs, and what of them fails; exit 1 if anything does."""
    schema.check_current(services.engine)
    failed = services.failed_jobs.listed()
    every = [{"job": job.__name__, "minutes": minutes} for job, minutes in jobs.EVERY_MINUTES]
    told = {"ok": not failed, "jobs": every, "failed": [_as_json(one) for one in failed]}
    fails = {one.job for one in failed}
    lines = [f"✓ {each['job']}: every {each['minutes']} min" for each in every if each["job"] not in fails]
    emit(told, as_json, "\n".join([*lines, *(f"✗ {one}" for one in failed)]))
    if failed:
        raise SystemExit(EXIT_NO)


def _as_json(one: FailedJob) -> dict[str, object]:
    return asdict(one) | {"since": rfc3339(one.since), "at": rfc3339(one.at)}
