"""Many files over HTTP: PDFs and zips of them go in, one line of JSON for each comes out as soon as its verdict is there.

A department's system that shows its token may send as many as policies let a batch have. A stranger's files each take a turn of those
that one network address has in a minute, the first one before the body is taken; when these are used up the rest is refused, line by line.

Left to others: reading zips (``zips``), verdicts (``verifying``), tokens (``service``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from itertools import chain, islice
from typing import IO

from flask import Blueprint, Response, request, stream_with_context
from werkzeug.formparser import parse_form_data

from kernel.errors import Refusal
from kernel.limiter import Limiter, SlidingWindow
from licenses.errors import BATCH_TOO_LARGE, BATCH_TOO_MANY, DOCUMENT_MISSING
from licenses.many.verifying import Answer, Item, verify_many
from licenses.many.zips import is_zip, items_of
from licenses.ports import LicenseDeps
from licenses.spooling import spooled
from licenses.verification import take_turn

PATH = "/api/v1/verifications/batch"
_SCOPE = "licenses.read"
_LINES = "application/x-ndjson"
_ZIP = "application/zip"
_FORM_OVERHEAD = 4 * 1024 * 1024


def make_blueprint(deps: LicenseDeps, identify: Callable[[str], str], limiter: Limiter | None = None) -> Blueprint:
    """Return the interface. ``identify`` tells which system shows a token with a scope, or refuses it.

    ``limiter`` counts strangers' files by network address; by default in this process.
    """
    room = Blueprint("license_batch", __name__)
    counter = limiter or SlidingWindow(deps.policies.licenses.verification.per_address_per_minute)

    @room.post(PATH)
    def verify_batch() -> Response:
        known = "Authorization" in request.headers
        actor = f"client:{identify(_SCOPE)}" if known else "public:batch"
        if not known:
            take_turn(deps, counter, request.remote_addr or "")  # before anything of the body is taken: the first file's
        with ExitStack() as stack:
            items = _items(deps, stack)
            answers = verify_many(
                deps, items if known else _in_turn(deps, counter, items, request.remote_addr or ""), actor=actor
            )
            return Response(stream_with_context(_lines(answers, stack.pop_all())), mimetype=_LINES)

    return room


def _items(deps: LicenseDeps, stack: ExitStack) -> Iterator[Item]:
    """Return the files of the request. ``stack`` closes them: the request itself would before the answer has been read."""
    rules = deps.policies.licenses.verification
    too_large = Refusal(BATCH_TOO_LARGE, field="file", limit_mib=rules.max_batch_bytes >> 20)
    if (request.content_length or 0) > rules.max_batch_bytes + _FORM_OVERHEAD:
        raise too_large
    most = request.max_content_length = rules.max_batch_bytes + _FORM_OVERHEAD
    if request.mimetype == _ZIP:
        return items_of(stack.enter_context(spooled(request.stream)), rules)
    _, _, sent = parse_form_data(request.environ, max_content_length=most, max_form_parts=rules.max_batch_files + 1)
    files = [stack.enter_context(closing(file)) for file in sent.getlist("file")]
    if not files:
        raise Refusal(DOCUMENT_MISSING, field="file")
    if len(files) > rules.max_batch_files:
        raise Refusal(BATCH_TOO_MANY, field="file", limit=rules.max_batch_files)
    parts: list[Iterable[Item]] = []
    for file in files:
        head = file.stream.read(4)
        file.stream.seek(0)
        if is_zip(head):
            parts.append(items_of(file.stream, rules))
        else:
            parts.append(_one(file.filename or "", file.stream, rules.max_upload_bytes))
    return _at_most(chain.from_iterable(parts), rules.max_batch_files)


def _one(name: str, stream: IO[bytes], most: int) -> Iterator[Item]:
    yield Item(name[:200], stream.read(most + 1))


def _at_most(items: Iterator[Item], most: int) -> Iterator[Item]:
    for number, item in enumerate(items):
        yield item if number < most else Item(item.name, Refusal(BATCH_TOO_MANY, field="file", limit=most))


def _in_turn(deps: LicenseDeps, limiter: Limiter, items: Iterator[Item], address: str) -> Iterator[Item]:
    yield from islice(items, 1)
    for item in items:
        try:
            take_turn(deps, limiter, address)
        except Refusal as refusal:
            yield Item(item.name, refusal)
        else:
            yield item


def _lines(answers: Iterator[Answer], files: ExitStack) -> Iterator[str]:
    counts: dict[str, int] = {}
    with files:
        for answer in answers:
            said = "refused" if answer.verdict is None else answer.verdict.indication
            counts[said] = counts.get(said, 0) + 1
            yield json.dumps(answer.as_json(), ensure_ascii=False, separators=(",", ":")) + "\n"
    yield json.dumps({"summary": counts}) + "\n"
