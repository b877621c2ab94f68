"""Reading outsiders' PDFs: what an honest one gives, what a hostile one may cost."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from time import thread_time

import pytest

from kernel.errors import Refusal
from licenses.documents import parse
from licenses.unverified import check_is_pdf, has_broken_seal
from tests.support import pdfs
from tests.support.authorities import Authority
from tests.support.license_data import example_data

SECONDS = 5.0


@pytest.fixture(scope="module")
def sealing() -> pdfs.Sealing:
    return pdfs.Sealing.by(Authority())


@pytest.fixture(scope="module")
def pdf(sealing: pdfs.Sealing) -> bytes:
    return pdfs.sealed(sealing, example_data())


def test_an_honest_file_gives_signature_data_and_store(pdf: bytes) -> None:
    document = parse(pdf)
    assert len(document.signatures) == 1
    signature = document.signatures[0]
    assert signature.position == pdfs.hole(pdf)
    assert signature.byte_range == (0, *pdfs.hole(pdf), len(pdf) - pdfs.hole(pdf)[1])
    assert (signature.permission, signature.is_author, signature.kind) == (1, True, "signature")
    assert document.data is not None
    assert document.data.as_json() == example_data()
    assert (len(document.certificates), len(document.crls)) == (5, 2)
    assert document.changes == ()


def test_a_file_without_signature_or_data_is_read() -> None:
    assert parse(pdfs.unsealed(example_data())).signatures == ()
    bare = pdfs.unsealed(example_data()).replace(b"(license.json)", b"(another.json)")
    assert parse(bare).attachment is None


def test_data_that_is_no_licence_data_is_a_fault_and_no_failure() -> None:
    document = parse(pdfs.unsealed({"hello": "world"}))
    assert document.data is None
    assert document.data_fault is not None
    assert document.data_fault.code == "data_invalid"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"x" * 1024 + b"%PDF-1.7", "证照".encode()])
def test_what_has_no_pdf_header_is_no_pdf(content: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        check_is_pdf(content)
    assert (refused.value.code, refused.value.error.status) == ("document_no_pdf", 415)


def test_changes_after_signing_are_named(pdf: bytes, sealing: pdfs.Sealing) -> None:
    def changes(changed: bytes) -> list[tuple[str, str]]:
        return [(change.what, change.kind) for change in parse(changed).changes]

    assert ("replaced", "page") in changes(pdfs.content_changed_by_update(pdf))
    assert ("added", "annotation") in changes(pdfs.annotation_added_by_update(pdf))
    assert ("replaced", "attachment") in changes(pdfs.attachment_changed_by_update(pdf, {}))
    assert ("added", "signature") in changes(pdfs.second_signature_added(pdf, sealing))
    assert changes(pdfs.trailing_bytes(pdf)) == [("trailing_bytes", "object")]


def _xref_stream(dictionary: bytes, content: bytes = b"") -> bytes:
    body = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    stream = b"2 0 obj\n<</Type/XRef/Root 1 0 R" + dictionary + b"/Length %d>>\nstream\n" % len(content) + content
    return body + stream + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def _bomb(name: str) -> bytes:
    def flate_bomb() -> bytes:
        compressed = zlib.compress(b"\0" * 200_000_000, 1)
        return b"<</Filter/FlateDecode/Length %d>>\nstream\n" % len(compressed) + compressed + b"\nendstream"

    makers: dict[str, Callable[[], bytes]] = {
        "entries_of_no_width": lambda: _xref_stream(b"/Size 2/W[0 0 0]/Index[0 2000000000]"),
        "entries_beyond_the_file": lambda: _xref_stream(b"/Size 2/W[1 2 1]/Index[0 2000000000]"),
        "table_beyond_the_file": lambda: (
            b"%PDF-1.7\nxref\n0 2000000000\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
        ),
        "previous_table_is_itself": lambda: (
            b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF\n"
        ),
        "deep_arrays": lambda: pdfs.write({1: b"<</Type/Catalog/AcroForm " + b"[" * 100_000 + b"]" * 100_000 + b">>"}),
        "references_in_a_ring": lambda: pdfs.write({1: b"<</Type/Catalog/AcroForm 2 0 R>>", 2: b"3 0 R", 3: b"2 0 R"}),
        "fields_in_a_ring": lambda: pdfs.write({1: b"<</Type/Catalog/AcroForm<</Fields[2 0 R]>>>>", 2: b"<</T(a)/Kids[2 0 R]>>"}),
        "a_million_numbers": lambda: pdfs.write({1: b"<</Type/Catalog/AcroForm<</Fields[" + b"0 " * 1_000_000 + b"]>>>>"}),
        "a_million_blanks": lambda: pdfs.write({1: b"<</Type/Catalog/AcroForm" + b" " * 5_000_000 + b"2>>"}),
        "attachment_that_unpacks_to_200_mb": lambda: pdfs.write(
            {
                1: b"<</Type/Catalog/Names<</EmbeddedFiles<</Names[(license.json)2 0 R]>>>>>>",
                2: b"<</Type/Filespec/EF<</F 3 0 R>>>>",
                3: flate_bomb(),
            }
        ),
        "length_refers_to_itself": lambda: pdfs.write(
            {1: b"<</Type/Catalog/AcroForm 2 0 R>>", 2: b"<</Length 2 0 R>>\nstream\nx\nendstream"}
        ),
        "encrypted": lambda: pdfs.encrypted(example_data()),
        "no_table_at_all": lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 10_000 + b"%%EOF\n",
        "header_only": lambda: b"%PDF-1.7",
        "nonsense": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 4000,
        "truncated": lambda: pdfs.unsealed(example_data())[:-60],
        "attached_twice": lambda: pdfs.unsealed(example_data()).replace(
            b"[(license.json)7 0 R]", b"[(license.json)7 0 R(license.json)7 0 R]"
        ),
    }
    return makers[name]()


@pytest.mark.parametrize(
    "name",
    [
        "entries_of_no_width",
        "entries_beyond_the_file",
        "table_beyond_the_file",
        "previous_table_is_itself",
        "deep_arrays",
        "references_in_a_ring",
        "fields_in_a_ring",
        "a_million_numbers",
        "a_million_blanks",
        "attachment_that_unpacks_to_200_mb",
        "length_refers_to_itself",
        "encrypted",
        "no_table_at_all",
        "header_only",
        "nonsense",
        "truncated",
        "attached_twice",
    ],
)
def test_a_hostile_file_is_refused_within_seconds(name: str) -> None:
    content = _bomb(name)
    begin = thread_time()
    with pytest.raises(Refusal) as refused:
        parse(content)
    assert refused.value.code == "document_unreadable"
    assert thread_time() - begin < SECONDS


def test_something_before_the_header_is_refused(pdf: bytes) -> None:
    with pytest.raises(Refusal, match="before the PDF header"):
        parse(pdfs.junk_before_header(pdf))


def test_a_sealed_file_that_was_damaged_is_told_from_any_damaged_file(pdf: bytes) -> None:
    table = pdf.rindex(b"xref\n0 ")
    damaged = pdf[:table] + b"yref" + pdf[table + 4 :]
    with pytest.raises(Refusal):
        parse(damaged)
    assert has_broken_seal(damaged)
    assert not has_broken_seal(pdfs.unsealed(example_data()))
    assert not has_broken_seal(pdfs.contents_missing(pdf))


def test_a_signature_value_that_is_not_alone_in_its_object_is_not_taken_for_it(pdf: bytes) -> None:
    """The search for the value must not be fooled by the same characters inside a string."""
    start, end = pdfs.hole(pdf)
    lured = pdf.replace(b"/Filter/Adobe.PPKLite", b"/Filter/Adobe.PPKLite/Reason(/Contents<" + b"ab" * 400 + b">)", 1)
    document = parse(pdfs.moved_offsets(lured, pdf))
    assert document.signatures[0].contents == bytes.fromhex(pdf[start + 1 : end - 1].decode())
    assert document.signatures[0].position is None


def test_json_of_the_attachment_is_what_was_attached(pdf: bytes) -> None:
    attachment = parse(pdf).attachment
    assert attachment is not None
    assert json.loads(attachment) == example_data()
