"""What changes hands between nodes as files: read within limits, written as they are. Left to others: what is in them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

import click

from crosscert import node_description
from crosscert.description_format import MAX_BYTES
from crosscert.errors import DESCRIPTION_INVALID
from crosscert.node_description import IntroducedDescription
from kernel.errors import Misuse, Refusal
from service.cli.options import writing
from service.errors import FOLDER_UNWRITABLE
from service.wiring import Services

file_type = click.Path(path_type=Path, dir_okay=False)
out_option = click.option("--out", type=file_type, help="Write to this file instead of standard output.")


def introduce(services: Services, file: Path) -> IntroducedDescription:
    """Return the other node's description in a file."""
    return node_description.introduce(read(file, MAX_BYTES).strip(), services.clock.now())


def read(file: Path, max_bytes: int) -> bytes:
    """Return what is in a file; ``Misuse`` when it cannot be opened, ``Refusal`` when it is too large."""
    try:
        with file.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise Misuse(DESCRIPTION_INVALID, field=str(file), problem=error.strerror or "cannot be opened") from None
    if len(data) > max_bytes:
        raise Refusal(DESCRIPTION_INVALID, field=str(file), problem=f"more than {max_bytes} bytes")
    return data


def write(data: bytes, out: Path | None) -> None:
    """Write to a file, or to standard output."""
    if out is None:
        click.echo(data, nl=False)
    else:
        with writing(out):
            out.write_bytes(data)


def check_writable(out: Path) -> None:
    """``Misuse`` when nothing can be written there: asked before something happens whose outcome would be lost then."""
    try:
        TemporaryFile(dir=out.parent).close()
    except OSError as error:
        raise Misuse(FOLDER_UNWRITABLE, path=str(out), problem=error.strerror or str(error)) from None
