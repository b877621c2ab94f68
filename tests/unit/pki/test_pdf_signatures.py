"""The sealing revision: written by hand for pages as the renderer makes them, read by pyHanko as what it must be; any other file is refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import Any

import pytest
import typst
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from kernel.errors import Refusal
from pki import pdf_signatures
from pki.pdf_signatures import RESERVED_DIGITS, Statement

AT = datetime(2026, 11, 23, 16, 0, 5, tzinfo=timezone(timedelta(hours=8)))
PLAIN = Statement("某局电子印章", "饶平县", "签发电子证照", AT)
VALUE = b"0\x82\x01\x00" + b"v" * 256


def page(text: str) -> bytes:
    made = typst.compile(f'#set document(title: "证照", date: datetime(year: 2026, month: 11, day: 23))\n{text}'.encode())
    assert isinstance(made, bytes)
    return made


ONE = page("Licence 潮州")


def sealed(pdf: bytes = ONE, statement: Statement = PLAIN) -> bytes:
    prepared = pdf_signatures.prepare(pdf, statement, (b"certificate",), (b"list", b"another"))
    prepared.take()
    return prepared.embed(VALUE)


def root_of(pdf: bytes) -> Any:
    return PdfFileReader(BytesIO(pdf), strict=True).root


def first_page(pdf: bytes) -> Any:
    found = root_of(pdf)["/Pages"]
    while "/Kids" in found:
        found = found["/Kids"][0].get_object()
    return found


@pytest.mark.parametrize(
    "text",
    ["one page", "#pagebreak()\n" * 40, '#link("https://example.cn")[here] #link("https://example.cn/2")[there]'],
    ids=["plain", "many pages", "with links"],
)
def test_pyhanko_reads_the_revision_as_it_is_meant(text: str) -> None:
    pdf = page(text)
    made = sealed(pdf)
    assert made.startswith(pdf)
    root, before, first = root_of(made), first_page(pdf), first_page(made)
    (field,) = (each.get_object() for each in root["/AcroForm"]["/Fields"])
    assert (first["/Annots"][0].get_object(), field["/P"]) == (field, first)
    assert len(first["/Annots"]) == 1 + len(before.get("/Annots", ()))
    assert {key: value for key, value in first.items() if key != "/Annots"} == {
        key: value for key, value in before.items() if key != "/Annots"
    }
    held = {key: [each.get_object().data for each in root["/DSS"][key]] for key in ("/Certs", "/CRLs")}
    assert held == {"/Certs": [b"certificate"], "/CRLs": [b"list", b"another"]}
    signature = root["/Perms"]["/DocMDP"]
    assert field["/V"] == signature
    assert signature["/Reference"][0]["/TransformParams"]["/P"] == 1
    start, end, after, rest = signature["/ByteRange"]
    assert (start, after + rest) == (0, len(made))
    assert bytes.fromhex(made[end + 1 : after - 1].decode()) == VALUE.ljust(RESERVED_DIGITS // 2, b"\0")


@settings(max_examples=30)
@given(text=st.text(max_size=40))
@example("𠮷 ( ) \\ > << /Contents <00> endobj \n")
def test_whatever_the_statement_says_comes_back(text: str) -> None:
    text = text.encode("utf-16-be", "replace").decode("utf-16-be")
    said = root_of(sealed(statement=Statement(text, text, text, AT)))["/Perms"]["/DocMDP"]
    assert [str(said[key]) for key in ("/Name", "/Location", "/Reason")] == [text] * 3
    assert said["/M"] == "D:20261123080005Z"


def test_the_same_page_and_statement_give_the_same_octets() -> None:
    assert sealed() == sealed()


def test_a_value_that_is_too_long_has_no_place() -> None:
    prepared = pdf_signatures.prepare(ONE, PLAIN, (), ())
    with pytest.raises(ValueError, match="signature value"):
        prepared.embed(b"v" * (RESERVED_DIGITS // 2 + 1))
    assert prepared.embed(b"v" * (RESERVED_DIGITS // 2))


@pytest.mark.parametrize(
    "changed",
    [
        sealed(),
        ONE[:-7],
        ONE + b"more",
        ONE.replace(b"/Type/Catalog", b"/Type/Catalog/AcroForm 1 0 R"),
        ONE.replace(b"/Type/Page/", b"/Type/Pages"),
        ONE.replace(b"trailer\n<</Size", b"trailer\n<</Encrypt 1 0 R/Size"),
        ONE.replace(b"\nxref\n0 ", b"\nxref\n1 "),
        b"",
        b"%PDF-1.7\n",
    ],
    ids=["signed", "cut", "longer", "a form", "no page", "encrypted", "another table", "nothing", "a header"],
)
def test_what_is_not_as_it_was_rendered_is_refused_by_name(changed: bytes) -> None:
    with pytest.raises(Refusal, match="document_unsuitable"):
        pdf_signatures.prepare(changed, PLAIN, (), ())
