"""Two hundred PDFs that nobody honest makes: bombs, rings, depths, tables that lie, seals of nonsense. Each by name, the same ones each time.

Left to others: a good file (``pdfs``), small damages to one (``mutations``).
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator

from tests.support import pdfs
from tests.support.authorities import Authority
from tests.support.license_data import example_data

Named = tuple[str, bytes]

_PLACES = {
    "form": b"/AcroForm %s", "names": b"/Names %s", "store": b"/DSS %s", "perms": b"/Perms %s",
    "fields": b"/AcroForm<</Fields %s>>", "files": b"/Names<</EmbeddedFiles<</Names %s>>>>", "certs": b"/DSS<</Certs %s/CRLs[]>>",
}  # fmt: skip
_MIB = 1024 * 1024


def corpus() -> Iterator[Named]:
    """Yield all of them."""
    for family in (_no_pdfs, _depths, _crowds, _rings, _bombs, _tables, _locked, _seals, _values, _large):
        for name, content in family():
            yield f"{family.__name__.strip('_')}: {name}", content


def _catalogue(rest: bytes, **objects: bytes) -> bytes:
    return pdfs.write({1: b"<</Type/Catalog" + rest + b">>", **{int(name[1:]): body for name, body in objects.items()}})


def _no_pdfs() -> Iterator[Named]:
    chance = random.Random(1)  # noqa: S311
    for name, content in {
        "nothing": b"", "one octet": b"%", "half a header": b"%PDF", "a header": b"%PDF-1.7", "a header and its end": b"%PDF-1.7\n%%EOF",
        "a zip": b"PK\x03\x04" + bytes(60), "a picture": b"\x89PNG\r\n\x1a\n" + bytes(60), "XML": b"<?xml version='1.0'?><a/>",
        "a script": b"#!/bin/sh\nrm -rf /\n", "a page of HTML": b"<!doctype html><title>x</title>",
    }.items():  # fmt: skip
        yield name, content
        yield f"{name} behind a header", b"%PDF-1.7\n" + content
    for number in range(6):
        yield (
            f"noise {number}",
            b"%PDF-1.7\n" + chance.randbytes(20_000) + b"\nstartxref\n%d\n%%%%EOF\n" % chance.randrange(20_000),
        )


def _depths() -> Iterator[Named]:
    for depth in (50, 2_000, 20_000):
        for place, text in _PLACES.items():
            yield f"{depth} arrays in {place}", _catalogue(text % (b"[" * depth + b"]" * depth))
    for depth in (2_200, 30_000):
        yield f"{depth} dictionaries", _catalogue(b"/AcroForm " + b"<</A " * depth + b"1" + b">>" * depth)
        yield f"{depth} brackets in a string", _catalogue(b"/AcroForm(" + b"(" * depth + b")" * depth + b")")
        yield f"{depth} levels of fields", _fields_in_depth(min(depth, 2_500) - 2_000)


def _fields_in_depth(depth: int) -> bytes:
    fields = {number: b"<</T(a)/Kids[%d 0 R]>>" % (number + 1) for number in range(2, depth)}
    return pdfs.write({1: b"<</Type/Catalog/AcroForm<</Fields[2 0 R]>>>>", **fields, depth: b"<</T(a)/FT/Sig>>"})


def _crowds() -> Iterator[Named]:
    for place, text in _PLACES.items():
        for name, each in (("numbers", b"0 "), ("names", b"/A "), ("references", b"1 0 R "), ("strings", b"()")):
            count = 40_000 if place == "fields" else 1_000
            yield f"{name} in {place}", _catalogue(text % (b"[" + each * count + b"]"))
    yield "blanks", _catalogue(b"/AcroForm" + b" " * 500_000 + b"2")
    yield "comments", _catalogue(b"/AcroForm" + b"%\n" * 100_000 + b"2")
    yield "keys", _catalogue(b"/AcroForm<<" + b"".join(b"/K%d 0" % n for n in range(20_000)) + b">>")
    yield "digits", _catalogue(b"/AcroForm " + b"9" * 60_000)
    yield "letters of a name", _catalogue(b"/AcroForm /" + b"A" * 60_000)
    yield "octets of a string", _catalogue(b"/AcroForm<" + b"41" * 60_000 + b">")
    yield "escapes", _catalogue(b"/AcroForm(" + b"\\101" * 20_000 + b")")


def _rings() -> Iterator[Named]:
    for place, text in _PLACES.items():
        yield f"{place} is itself", _catalogue(text % b"2 0 R", o2=b"2 0 R")
        yield f"{place} is its own reference", _catalogue(text % b"2 0 R", o2=b"3 0 R", o3=b"2 0 R")
        yield f"{place} holds itself", _catalogue(text % b"2 0 R", o2=b"[2 0 R 2 0 R]")
    yield "fields", _catalogue(b"/AcroForm<</Fields[2 0 R]>>", o2=b"<</T(a)/Kids[2 0 R]>>")
    yield "two fields", _catalogue(b"/AcroForm<</Fields[2 0 R]>>", o2=b"<</T(a)/Kids[3 0 R]>>", o3=b"<</T(b)/Kids[2 0 R]>>")
    yield "a signature that is its field", _catalogue(b"/AcroForm<</Fields[2 0 R]>>", o2=b"<</T(a)/FT/Sig/V 2 0 R>>")
    yield "a length", _catalogue(b"/AcroForm 2 0 R", o2=b"<</Length 2 0 R>>\nstream\nx\nendstream")
    yield "a filter", _catalogue(b"/AcroForm 2 0 R", o2=b"<</Length 1/Filter 2 0 R>>\nstream\nx\nendstream")


def _stream(content: bytes, filters: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d/Filter %s%s>>\nstream\n" % (len(content), filters, more) + content + b"\nendstream"


def _bombs() -> Iterator[Named]:
    zeros = zlib.compress(bytes(40 * _MIB), 1)
    twice = zlib.compress(zeros, 9)
    kinds = {
        "flate": _stream(zeros, b"/FlateDecode"),
        "flate twice": _stream(twice, b"[/FlateDecode/FlateDecode]"),
        "flate ten times": _stream(twice, b"[" + b"/FlateDecode" * 10 + b"]"),
        "flate a thousand times": _stream(twice, b"[" + b"/FlateDecode" * 1000 + b"]"),
        "flate of rows": _stream(zeros, b"/FlateDecode", b"/DecodeParms<</Predictor 12/Columns 1000000000/Colors 9>>"),
        "LZW": _stream(b"\x80\x0b" + b"\xff" * 500_000, b"/LZWDecode"),
        "runs": _stream(b"\x81\x00" * 300_000, b"/RunLengthDecode"),
        "hexadecimal": _stream(b"00" * 500_000, b"/ASCIIHexDecode"),
        "base 85": _stream(b"z" * 500_000 + b"~>", b"/ASCII85Decode"),
        "an unknown filter": _stream(b"x", b"/EvilDecode"),
        "a filter of encryption": _stream(b"x", b"/Crypt"),
    }
    for name, stream in kinds.items():
        attached = b"/Names<</EmbeddedFiles<</Names[(license.json)<</Type/Filespec/EF<</F 2 0 R>>>>]>>>>"
        yield f"{name} attached", _catalogue(attached, o2=stream)
        yield f"{name} as a certificate", _catalogue(b"/DSS<</Certs[2 0 R]/CRLs[]>>", o2=stream)
        yield f"{name} as a list", _catalogue(b"/DSS<</Certs[]/CRLs[2 0 R 2 0 R 2 0 R 2 0 R]>>", o2=stream)


def _xref_stream(dictionary: bytes, content: bytes = b"") -> bytes:
    body = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    stream = b"2 0 obj\n<</Type/XRef/Root 1 0 R" + dictionary + b"/Length %d>>\nstream\n" % len(content) + content
    return body + stream + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def _table(entries: bytes, trailer: bytes, start: bytes = b"9") -> bytes:
    return b"%PDF-1.7\nxref\n" + entries + b"trailer\n" + trailer + b"\nstartxref\n" + start + b"\n%%EOF\n"


def _tables() -> Iterator[Named]:
    free, root = b"0 1\n0000000000 65535 f \n", b"<</Size 1/Root 1 0 R>>"
    for name, widths in (
        ("none", b"0 0 0"),
        ("negative", b"-1 2 1"),
        ("huge", b"9 999999999 9"),
        ("many", b"1 1 1 1"),
        ("words", b"/a/b/c"),
    ):
        yield f"widths: {name}", _xref_stream(b"/Size 2/W[%s]/Index[0 2000000000]" % widths)
    yield "entries beyond the file", _xref_stream(b"/Size 2/W[1 2 1]/Index[0 2000000000]")
    yield "an odd index", _xref_stream(b"/Size 2/W[1 2 1]/Index[0]", bytes(8))
    yield "objects inside each other", _xref_stream(b"/Size 3/W[1 2 1]", b"\x02\x00\x01\x00" * 3)
    yield "a table beyond the file", _table(b"0 2000000000\n0000000000 65535 f \n", root)
    yield "two billion first", _table(b"2000000000 1\n0000000000 65535 f \n", root)
    yield "previous: itself", _table(free, b"<</Size 1/Root 1 0 R/Prev 9>>")
    yield "previous: beyond", _table(free, b"<</Size 1/Root 1 0 R/Prev 999999999>>")
    yield "previous: negative", _table(free, b"<</Size 1/Root 1 0 R/Prev -5>>")
    yield "previous: a reference", _table(free, b"<</Size 1/Root 1 0 R/Prev 1 0 R>>")
    yield "two kinds at once", _table(free, b"<</Size 1/Root 1 0 R/XRefStm 9>>")
    yield "no root", _table(free, b"<</Size 1>>")
    yield "a root that is nowhere", _table(free, b"<</Size 1/Root 99 0 R>>")
    yield "a root that is a number", _table(free, b"<</Size 1/Root 7>>")
    yield "no trailer", b"%PDF-1.7\nxref\n" + free + b"startxref\n9\n%%EOF\n"
    for start in (b"0", b"-1", b"99999999999999999999", b"1e9", b""):
        yield f"start at {start.decode() or 'nothing'}", _table(free, root, start)
    yield (
        "a thousand sections",
        b"%PDF-1.7\n" + b"xref\n" + free + b"trailer\n<</Size 1/Root 1 0 R/Prev 9>>\n" * 1000 + b"startxref\n9\n%%EOF\n",
    )
    yield "a thousand ends", b"%PDF-1.7\n" + b"startxref\n9\n%%EOF\n" * 1000


def _locked() -> Iterator[Named]:
    yield "as it says", pdfs.encrypted(example_data())
    for version in (-1, 0, 1, 2, 4, 5, 6, 99):
        lock = b"/Encrypt<</Filter/Standard/V %d/R %d/O(x)/U(x)/P -1/Length 128>>" % (version, version)
        yield f"version {version}", pdfs.write({1: b"<</Type/Catalog>>"}, lock)
    yield "by a word", pdfs.write({1: b"<</Type/Catalog>>"}, b"/Encrypt/Yes")


def _signed(signature: bytes, more: bytes = b"") -> bytes:
    return _catalogue(b"/AcroForm<</Fields[2 0 R]/SigFlags 3>>" + more, o2=b"<</T(a)/FT/Sig/V 3 0 R>>", o3=signature)


def _seals() -> Iterator[Named]:
    for ranges in (
        b"", b"0", b"0 1", b"0 0 0 0", b"-1 5 9 9", b"0 1 2 99999999999", b"0 99999999999 1 1", b"0 1 0 1", b"9 1 0 1", b"0 1.5 2 3",
        b"/a/b/c/d", b"(0)(1)(2)(3)", b"0 " * 10_000, b"0 1 " * 5_000,
    ):  # fmt: skip
        named = ranges[:24].decode()
        yield f"over {named}", _signed(b"<</Type/Sig/SubFilter/ETSI.CAdES.detached/Contents<3003020101>/ByteRange[%s]>>" % ranges)
    for name, contents in (
        ("no contents", b""), ("a number", b"/Contents 5"), ("a text", b"/Contents(hello)"), ("nothing in it", b"/Contents<>"),
        ("an odd number of digits", b"/Contents<303>"), ("no digits", b"/Contents<zz>"), ("half a megabyte", b"/Contents<" + b"30" * 200_000 + b">"),
        ("a reference", b"/Contents 1 0 R"), ("zeros", b"/Contents<" + b"00" * 5000 + b">"),
    ):  # fmt: skip
        yield name, _signed(b"<</Type/Sig/SubFilter/ETSI.CAdES.detached" + contents + b"/ByteRange[0 10 20 30]>>")
    crowd = b"<</Type/Sig/Contents<3003020101>/ByteRange[0 1 2 3]>>"
    fields = {number: b"<</T(f%d)/FT/Sig/V 2 0 R>>" % number for number in range(3, 503)}
    places = b" ".join(b"%d 0 R" % number for number in fields)
    yield "five hundred fields", pdfs.write({1: b"<</Type/Catalog/AcroForm<</Fields[%s]>>>>" % places, 2: crowd, **fields})


def _values() -> Iterator[Named]:
    """A good file with another value in the place of its seal's."""
    good = pdfs.sealed(pdfs.Sealing.by(Authority()), example_data())
    start, end = pdfs.hole(good)
    room = (end - start - 2) // 2
    chance = random.Random(2)  # noqa: S311
    value = bytes.fromhex(good[start + 1 : end - 1].decode())
    for name, forged in {
        "deep": b"\x30\x80" * (room // 2), "deep in definite form": _nested(room), "long": b"\x30\x84\xff\xff\xff\xff", "short": b"\x30\x00",
        "a length of lengths": b"\x30\xfe" + b"\xff" * 126, "an integer": b"\x02\x82" + (room - 8).to_bytes(2, "big") + b"\x7f" * (room - 8),
        "an identifier": b"\x06\x82" + (room - 8).to_bytes(2, "big") + b"\x81" * (room - 8), "ones": b"\xff" * room,
        "its half": value[: len(value) // 8], "twice": (value[:1500] * 2)[:room],
    }.items():  # fmt: skip
        yield name, good[: start + 1] + forged[:room].hex().encode().ljust(2 * room, b"0") + good[end - 1 :]
    for number in range(8):
        noise = bytearray(value)
        for _ in range(40):
            noise[chance.randrange(3000)] = chance.randrange(256)
        yield f"noise {number}", good[: start + 1] + noise.hex().encode() + good[end - 1 :]


def _nested(room: int) -> bytes:
    content = b""
    while len(content) < room - 8:
        length = len(content)
        content = b"\x30" + (bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")) + content
    return content


def _large() -> Iterator[Named]:
    for name, piece in (
        ("zeros", b"\0"),
        ("lines", b"\n"),
        ("objects", b"1 0 obj\n"),
        ("ends", b"%%EOF\n"),
        ("tables", b"xref\n0 1\n"),
    ):
        yield f"5 MiB of {name}", (b"%PDF-1.7\n" + piece * (5 * _MIB // len(piece)))[: 5 * _MIB]
    yield (
        "5 MiB of a stream",
        _catalogue(b"/AcroForm 2 0 R", o2=b"<</Length %d>>\nstream\n" % (5 * _MIB) + bytes(5 * _MIB) + b"\nendstream"),
    )
    yield "a seal named a hundred thousand times", b"%PDF-1.7\n" + b"/Contents<30>/ByteRange[0 9 9 9]" * 100_000
