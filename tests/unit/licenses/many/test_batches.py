"""Many files at once: each is said the same of as alone, and a hostile zip costs nobody anything."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.limiter import SlidingWindow
from licenses import status
from licenses.documents import parse
from licenses.errors import DOCUMENT_TOO_COSTLY, LICENSE_NOT_FOUND
from licenses.many import verifying
from licenses.many.verifying import Item, verify_many
from licenses.many.views import PATH, make_blueprint
from licenses.many.zips import items_of
from pki import archiving
from policies.models import VerificationRules
from service.errors import problem
from tests.support import pdfs
from tests.support.federation import Federation, federation
from tests.support.policies import packaged


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with federation(tmp_path_factory.mktemp("federation"), clock) as made:
        clock.advance(timedelta(hours=6))
        yield made


@pytest.fixture(scope="module")
def own(nodes: Federation) -> bytes:
    return nodes.issue_at_city()


@pytest.fixture(scope="module")
def countys(nodes: Federation) -> bytes:
    return nodes.issue_at_county()


RULES = packaged().licenses.verification.model_copy(
    update={"max_upload_bytes": 200_000, "max_batch_files": 20, "max_batch_bytes": 1_000_000}
)


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in entries:
            file.writestr(name, content)
    return out.getvalue()


def names_and_codes(content: bytes, rules: VerificationRules = RULES) -> list[tuple[str, str | int]]:
    return [
        (item.name, item.content.code if isinstance(item.content, Refusal) else len(item.content))
        for item in items_of(io.BytesIO(content), rules)
    ]


def identify(scope: str) -> str:
    """Know one token."""
    if request.headers["Authorization"] != f"Bearer {scope}":
        raise Refusal(LICENSE_NOT_FOUND)
    return "department"


@pytest.fixture
def client(nodes: Federation) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(make_blueprint(nodes.city, identify, SlidingWindow(5)))
    app.register_error_handler(Refusal, lambda error: (problem(error, instance=PATH), error.error.status))
    return app.test_client()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_changes_during_a_long_batch_counts_from_the_next_portion_on(nodes: Federation) -> None:
    pdf = nodes.issue_at_county(number="445122202100000077")
    data = parse(pdf).data
    assert data is not None

    def items() -> Iterator[Item]:
        yield from (Item("before", pdf) for _ in range(verifying.PORTION))
        status.change(nodes.county, data.identifier, "07", reason="test", actor="operator:test")
        nodes.store_status_list()
        yield Item("after", pdf)

    *before, after = verify_many(nodes.city, items(), actor="operator:test")
    assert {each.verdict and each.verdict.indication for each in before} == {"TOTAL_PASSED"}
    assert after.verdict is not None
    assert after.verdict.subindication == "LICENSE_REVOKED"


def test_each_file_of_many_is_said_the_same_of_as_alone(nodes: Federation, own: bytes, countys: bytes) -> None:
    files = [own, countys, pdfs.trailing_bytes(own), nodes.sealed(), b"%PDF-1.7", own]
    answers = list(verify_many(nodes.city, [Item(str(n), pdf) for n, pdf in enumerate(files)], actor="operator:test"))
    assert [each.name for each in answers] == [str(n) for n in range(len(files))]
    for answer, pdf in zip(answers, files, strict=True):
        assert answer.verdict is not None
        assert answer.verdict.as_json() == nodes.verify(pdf).as_json()


def test_each_file_of_many_is_on_the_audit_trail(nodes: Federation, own: bytes) -> None:
    list(verify_many(nodes.city, [Item("a", own), Item("b", b"no pdf"), Item("c", own)], actor="operator:many"))
    with nodes.city.work.read() as work:
        found = work.audit.page(contains="operator:many")  # type: ignore[attr-defined]
    assert [each.event.details["indication"] for each in found] == ["TOTAL_PASSED"] * 2


def test_what_is_no_document_is_told_in_its_line(nodes: Federation) -> None:
    (empty, no_pdf) = verify_many(nodes.city, [Item("a", b""), Item("b", b"PK\x03\x04")], actor="operator:test")
    assert empty.as_json()["problem"]["code"] == "document_missing"
    assert no_pdf.as_json()["problem"]["code"] == "document_no_pdf"


def test_a_batch_of_files_that_cannot_be_read_is_given_up(nodes: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: bytes) -> bytes:
        raise Refusal(DOCUMENT_TOO_COSTLY)

    monkeypatch.setattr(verifying, "PORTION", 4)
    monkeypatch.setattr(verifying, "_MAX_COSTLY", 5)
    deps = replace(nodes.city, take_apart=lost)
    items = [Item(str(n), b"%PDF-1.7") for n in range(12)]
    answers = list(verify_many(deps, items, actor="operator:test"))
    assert [each.verdict is not None for each in answers] == [True] * 8 + [False] * 4
    assert answers[-1].as_json()["problem"]["code"] == "batch_given_up"


def test_files_and_zips_go_in_and_lines_come_out(client: FlaskClient, own: bytes, countys: bytes) -> None:
    data = {
        "file": [
            (io.BytesIO(own), "own.pdf"),
            (io.BytesIO(zipped(("folder/", b""), ("folder/county.pdf", countys), ("notes.txt", b"hello"))), "more.zip"),
        ]
    }
    response = client.post(PATH, data=data)
    assert (response.status_code, response.mimetype) == (200, "application/x-ndjson")
    first, second, third, last = lines(response.text)
    assert [each["name"] for each in (first, second, third)] == ["own.pdf", "folder/county.pdf", "notes.txt"]
    assert [each["verdict"]["indication"] for each in (first, second)] == ["TOTAL_PASSED"] * 2
    assert third["problem"]["code"] == "document_no_pdf"
    assert last == {"summary": {"TOTAL_PASSED": 2, "refused": 1}}


def test_a_body_that_is_a_zip_is_taken_too(client: FlaskClient, own: bytes) -> None:
    response = client.post(PATH, data=zipped(("own.pdf", own)), content_type="application/zip")
    assert lines(response.text)[0]["verdict"]["indication"] == "TOTAL_PASSED"


def test_a_strangers_files_each_take_a_turn(client: FlaskClient, own: bytes) -> None:
    response = client.post(PATH, data=zipped(*((f"{n}.pdf", own) for n in range(8))), content_type="application/zip")
    told = lines(response.text)
    assert ["verdict" in each for each in told[:-1]] == [True] * 5 + [False] * 3
    assert {each["problem"]["code"] for each in told[5:8]} == {"too_many_verifications"}
    body = {"data": zipped(*((f"{n}.pdf", own) for n in range(8))), "content_type": "application/zip"}
    department = client.post(PATH, **body, headers={"Authorization": "Bearer licenses.read"})
    assert lines(department.text)[-1] == {"summary": {"TOTAL_PASSED": 8}}
    assert client.post(PATH, **body, headers={"Authorization": "Bearer other"}).status_code == 404


def test_a_stranger_without_turns_left_sends_nothing(client: FlaskClient, own: bytes) -> None:
    body = zipped(*((f"{n}.pdf", own) for n in range(5)))
    assert client.post(PATH, data=body, content_type="application/zip").status_code == 200
    unread = io.BytesIO(body)
    response = client.post(PATH, input_stream=unread, content_length=len(body), content_type="application/zip")
    assert (response.status_code, response.json and response.json["code"]) == (429, "too_many_verifications")
    assert unread.tell() == 0


def test_what_is_too_large_is_so_before_its_archive_time_stamps_are_taken_off(nodes: Federation, own: bytes) -> None:
    archived = archiving.archive(nodes.city.pki, own)
    rules = nodes.city.policies.licenses
    small = rules.model_copy(
        update={"verification": rules.verification.model_copy(update={"max_upload_bytes": len(archived) - 1})}
    )
    deps = replace(nodes.city, policies=nodes.city.policies.model_copy(update={"licenses": small}))
    large, fits = verify_many(deps, [Item("a", archived), Item("b", own)], actor="operator:test")
    assert large.as_json()["problem"]["code"] == "document_too_large"
    assert fits.verdict is not None


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"", "application/zip", 422, "zip_unreadable"),
        (b"PK\x03\x04" + bytes(100), "application/zip", 422, "zip_unreadable"),
        (b"{}", "application/json", 400, "document_missing"),
    ],
)
def test_what_is_no_batch_is_refused(client: FlaskClient, body: bytes, kind: str, status: int, code: str) -> None:
    response = client.post(PATH, data=body, content_type=kind)
    assert response.json is not None
    assert (response.status_code, response.json["code"]) == (status, code)


def test_a_batch_that_says_it_is_too_large_is_not_read(client: FlaskClient) -> None:
    response = client.post(
        PATH, data=b"PK", content_type="application/zip", environ_overrides={"CONTENT_LENGTH": str(2 * 1024**3)}
    )
    assert response.status_code == 413


def test_a_bomb_in_a_zip_is_cut_off_at_the_limit_of_one_file() -> None:
    bomb = zipped(("bomb.pdf", bytes(50_000_000)), ("after.pdf", b"%PDF"))
    assert names_and_codes(bomb) == [("bomb.pdf", RULES.max_upload_bytes + 1), ("after.pdf", 4)]


def test_all_entries_together_have_a_limit() -> None:
    many = zipped(*((f"{n}.pdf", bytes(190_000)) for n in range(10)))
    found = names_and_codes(many)
    assert [code for _, code in found[:5]] == [190_000] * 5
    assert {code for _, code in found[6:]} == {"batch_too_large"}


def test_entries_that_break_after_unpacking_count_for_what_was_unpacked() -> None:
    names = [f"{n}.pdf" for n in range(10)]
    broken = bytearray(zipped(*((name, bytes(190_000)) for name in names)))
    at = -1
    while (at := broken.find(b"PK\x01\x02", at + 1)) >= 0:
        broken[at + 16] ^= 1  # the sum in the directory, which is looked at after the last octet
    said = [code for _name, code in names_and_codes(bytes(broken))]
    assert said == ["entry_unreadable"] * 5 + [50_001] + ["batch_too_large"] * 4


def test_a_larger_directory_cannot_hide_behind_a_long_comment() -> None:
    plain = zipped(*((f"{n}.pdf", b"") for n in range(21)))
    end = plain.rfind(b"PK\x05\x06")
    length, place = struct.unpack_from("<LL", plain, end + 12)
    large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 21, 21, length, place)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    for comment in (0, 65_500, 65_516, 65_535):
        small = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 0, 0, comment) + b" " * comment
        hidden = plain[:end] + large + locator + small
        assert len(zipfile.ZipFile(io.BytesIO(hidden)).infolist()) == 21  # the library believes it
        with pytest.raises(Refusal) as caught:
            items_of(io.BytesIO(hidden), RULES)
        assert caught.value.code == "zip_unreadable"


def test_a_zip_with_too_many_entries_is_refused_before_they_are_listed() -> None:
    many = zipped(*((f"{n}.pdf", b"") for n in range(21)))
    with pytest.raises(Refusal) as refused:
        names_and_codes(many)
    assert refused.value.code == "batch_too_many"
    end = many.rindex(b"PK\x05\x06")
    lying = many[: end + 8] + struct.pack("<HH", 1, 1) + many[end + 12 :]
    with pytest.raises(Refusal):
        names_and_codes(lying)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "证照.pdf", "a\x00b.pdf", "\x1b[31m.pdf", "x" * 5000])
def test_a_name_is_only_shown(name: str) -> None:
    ((shown, size),) = names_and_codes(zipped((name, b"%PDF")))
    assert size == 4
    assert shown.isprintable()
    assert len(shown) <= 200


def test_an_entry_that_cannot_be_opened_is_told_and_the_others_are_read() -> None:
    good = zipped(("a.pdf", b"%PDF-a" * 10), ("b.pdf", b"%PDF-b"), method=zipfile.ZIP_STORED)
    broken = good.replace(b"%PDF-a", b"%PDF-x", 1)
    assert names_and_codes(broken) == [("a.pdf", "entry_unreadable"), ("b.pdf", 6)]
    directory = good.index(b"PK\x01\x02")
    locked = good[: directory + 8] + b"\x01" + good[directory + 9 :]
    assert names_and_codes(locked)[0] == ("a.pdf", "entry_unreadable")
    odd = good[: directory + 10] + b"\x63" + good[directory + 11 :]
    assert names_and_codes(odd)[0] == ("a.pdf", "entry_unreadable")


def test_whatever_is_done_to_a_zip_only_a_refusal_comes_of_it() -> None:
    good = zipped(("a.pdf", b"%PDF-a" * 40), ("b.pdf", b"%PDF-b"))
    for at in range(len(good)):
        for put in (b"\xff", b"\x00", b""):
            try:
                names_and_codes(good[:at] + put + good[at + 1 :])
            except Refusal as refusal:
                assert refusal.code in {"zip_unreadable", "batch_too_many"}  # noqa: PT017


def test_zip64_and_pieces_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as file, file.open("a.pdf", "w", force_zip64=True) as entry:
        entry.write(b"%PDF")
    content = path.read_bytes()
    end = content.rindex(b"PK\x05\x06")
    with pytest.raises(Refusal):
        names_and_codes(content[:end] + b"PK\x06\x07" + bytes(16) + content[end:])
