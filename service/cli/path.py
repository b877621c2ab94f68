"""``chaoxin path``: find and validate a certification path from files alone; the tool to find out why a certificate is not trusted.

Left to others: every decision (``crosscert.paths``). No node, no database, no connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.paths import encodings
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import MAX_CRL_BYTES, CrlSet, ParsedCrl
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest, PathVerdict
from kernel.clock import SystemClock, parse_rfc3339
from kernel.errors import ChaoxinError, Misuse
from service.cli.options import EXIT_NO, emit, json_option, printable

MAX_FILES = 100_000
_BUDGET_SECONDS = 10.0
"""More than a node allows itself: here one waits for one answer, and for its reason."""
_LISTS = ("--anchor", "--certs", "--crls", "--policy")
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


class ManyValues(click.Command):
    """A command whose options ``--anchor F…``, ``--certs F…``, ``--crls F…`` and ``--policy OID…`` take one value or several."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each of its values, which is how click takes several."""
        return super().parse_args(ctx, _spread(args))


def _spread(args: Sequence[str]) -> list[str]:
    out: list[str] = []
    target = False
    last_run: list[int] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word in _LISTS:
            values = []
            while rest and not rest[0].startswith("-"):
                values.append(rest.pop(0))
            out += [part for value in values for part in (word, value)] or [word]
            last_run = [len(out) - 1] if len(values) > 1 else last_run
        else:
            out.append(word)
            if word == "--at" and rest:
                out.append(rest.pop(0))
            else:
                target = target or not word.startswith("-")
    if not target and last_run:  # the target stood last, behind an option's values
        place = last_run[0]
        value = out.pop(place)
        out.pop(place - 1)
        out.append(value)
    return out


@dataclass(slots=True)
class Gathered:
    """What was read, and the files of a folder that were passed over."""

    certificates: list[ParsedCertificate] = field(default_factory=list)
    crls: list[ParsedCrl] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)


def gather_files(paths: Iterable[Path]) -> Gathered:
    """Read files, and folders with all that is in them; an unreadable file is a misuse when it was named, else passed over."""
    gathered = Gathered()
    for path in paths:
        for file in _files(path):
            try:
                found = encodings.read(_bytes(file))
            except ChaoxinError as error:
                if file == path:
                    raise Misuse(error.error, field=str(file), **error.details) from None
                gathered.skipped.append(file)
                continue
            gathered.certificates += found.certificates
            gathered.crls += found.crls
    return gathered


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if not file.is_dir())
    if len(files) > MAX_FILES:
        raise Misuse(CERTIFICATE_UNREADABLE, field=str(path), problem=f"more than {MAX_FILES} files")
    return files


def _bytes(file: Path) -> bytes:
    try:
        if not file.is_file():
            raise Misuse(CERTIFICATE_UNREADABLE, field=str(file), problem="not a file")
        with file.open("rb") as stream:
            return stream.read(MAX_CRL_BYTES + 1)
    except OSError as error:
        raise Misuse(CERTIFICATE_UNREADABLE, field=str(file), problem=error.strerror or "cannot be opened") from None


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    if value is None:
        return SystemClock().now()
    try:
        return parse_rfc3339(value)
    except ValueError:
        message = f"{value!r} is not RFC 3339 with an offset, e.g. 2026-11-23T08:00:00Z"
        raise click.BadParameter(message) from None


def _oids(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    for value in values:
        if not _OID.fullmatch(value):
            message = f"{value!r} is not an object identifier"
            raise click.BadParameter(message)
    return frozenset(values)


_path_type = click.Path(path_type=Path, exists=True)


@click.command(cls=ManyValues)
@click.argument("target", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--anchor", "anchors", multiple=True, required=True, type=_path_type, help="The trust anchor; several are tried in turn."
)
@click.option("--certs", multiple=True, type=_path_type, help="Certificates to build the path of: files or folders.")
@click.option("--crls", multiple=True, type=_path_type, help="Revocation lists: files or folders.")
@click.option("--policy", "policies", multiple=True, callback=_oids, help="An acceptable policy OID, in the anchor's domain.")
@click.option("--explicit-policy", is_flag=True, help="One of the policies must hold to the end.")
@click.option("--inhibit-policy-mapping", is_flag=True, help="No policy may be mapped to another.")
@click.option("--inhibit-any-policy", is_flag=True, help="anyPolicy counts as no policy.")
@click.option("--no-revocation", is_flag=True, help="Do not ask whether certificates were revoked. Not for decisions.")
@click.option("--at", callback=_moment, help="The moment of judgement, RFC 3339; now when it is left out.")
@json_option
def command(
    *,
    target: Path,
    anchors: tuple[Path, ...],
    certs: tuple[Path, ...],
    crls: tuple[Path, ...],
    no_revocation: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Find a certification path to TARGET and validate it. Exit 0: valid; 1: not valid; 2: misuse.

    Files are PEM, DER, .p7b or .p7c.
    """
    given, trusted, material, lists = (gather_files(paths) for paths in ([target], anchors, certs, crls))
    for skipped in (*trusted.skipped, *material.skipped, *lists.skipped):
        click.echo(printable(f"{skipped}: neither certificate nor revocation list, passed over"), err=True)
    if not given.certificates:
        raise Misuse(CERTIFICATE_UNREADABLE, field=str(target), problem="no certificate in it")
    if not trusted.certificates:
        raise Misuse(CERTIFICATE_UNREADABLE, field="--anchor", problem="no certificate in it")
    certificate = _lowest(given.certificates)  # whatever a bundle holds beside it may help
    everything = (given, trusted, material, lists)
    pool = Pool(each for gathered in everything for each in gathered.certificates)
    known = [each for gathered in everything for each in gathered.crls]
    for each in known:
        each.entries.prepare()
    request = PathRequest(check_revocation=not no_revocation, budget_seconds=_BUDGET_SECONDS, **asked)
    verdict = _first_good(certificate, trusted.certificates, pool, CrlSet(known), request)
    emit(verdict.as_json(), as_json, lambda: _text(verdict))
    if not verdict.valid:
        raise SystemExit(EXIT_NO)


def _lowest(bundle: Sequence[ParsedCertificate]) -> ParsedCertificate:
    """Return the first certificate that issued none of the others: the order of a PKCS#7 bundle means nothing."""
    above = {each.issuer for each in bundle if not each.self_issued}
    return next((each for each in bundle if each.subject not in above), bundle[0])


def _first_good(
    target: ParsedCertificate, anchors: Sequence[ParsedCertificate], pool: Pool, crls: CrlSet, request: PathRequest
) -> PathVerdict:
    """Try each anchor; when none is good, tell the failure of a path that came from an anchor, or else the first."""
    verdicts = []
    for anchor in anchors:
        verdict = find_path(target, anchor, pool, crls, request)
        if verdict.valid:
            return verdict
        verdicts.append((anchor, verdict))
    led_there = (verdict for anchor, verdict in verdicts if verdict.certificates[:1] == (anchor,))
    return next(led_there, verdicts[0][1])


def _text(verdict: PathVerdict) -> str:
    lines = [
        f"{'  ' * depth}{certificate.subject_text}  [{certificate.serial:x}]"
        for depth, certificate in enumerate(verdict.certificates)
    ]
    if verdict.reason is None:
        return "\n".join([*lines, "可信 valid" + "".join(f"\n  {policy}" for policy in verdict.policies)])
    at = verdict.reason.certificate
    where = "" if at is None else f"\n  {at.subject_text}  [{at.serial:x}]"
    message = verdict.reason.message
    return "\n".join([*lines, f"不可信 not valid: {verdict.reason.code}{where}\n  {message.zh}\n  {message.en}"])
