"""Licences are printed whole: right text, attached data, scannable code, no empty boxes; the same record gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image, ImageFilter

from kernel.errors import Refusal
from kernel.nodes import Node
from licenses import data, documents, fonts, qr, qr_pictures
from licenses.applications import COLUMNS, check_application, content
from licenses.qr import QrClaim
from licenses.registry_records import LicenseRecord
from licenses.render import Page
from licenses.render import render as render_with
from policies.licenses import find_type
from policies.loader import load
from policies.models import LicenseType
from tests.support.issuing import CITY, demo_rows, demo_rules
from tests.support.programs import need

POLICIES = load(None).licenses
ROWS = {row["type_code"]: row for row in reversed(demo_rows()) if row["expect"] == "ok"}
BUSINESS = "11440000MB2D0339XY001"


def kind_of(code: str) -> LicenseType:
    found = find_type(POLICIES, code)
    assert found is not None
    return found


def record(type_code: str = BUSINESS, **changes: object) -> LicenseRecord:
    row = ROWS[type_code]
    asked = check_application({column: row[column] for column in COLUMNS.required}, demo_rules(CITY))
    assert asked.number is not None
    made = LicenseRecord(
        identifier=data.make_identifier(type_code=type_code, issuer_uscc=asked.issuer_uscc, number=asked.number),
        number=asked.number,
        version="001",
        type_code=type_code,
        holder_kind=asked.holder_kind,
        holder_name=asked.holder_name,
        holder_id=asked.holder_id,
        issuer_uscc=asked.issuer_uscc,
        issuer_name=asked.issuer_name,
        area_code=asked.area_code,
        issue_date=asked.issue_date,
        valid_from=asked.valid_from,
        valid_to=asked.valid_to,
        fields=asked.fields,
        application_digest=hashlib.sha256(content(asked)).hexdigest(),
        requested_at=datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC),
        status_index=7,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


KEY = ec.generate_private_key(ec.SECP256R1())


def state(made: LicenseRecord) -> Callable[[bytes], str]:
    """What a node states of a licence, by a key of the test's: the same each time, as pages are compared."""

    @cache
    def said(digest: bytes) -> str:
        claim = QrClaim(
            made.identifier, made.holder_name, made.holder_id[-4:], made.valid_from, made.valid_to, 7, qr.digest_of(digest)
        )
        return qr.sign(claim, KEY, b"12345678")

    return said


CODE = "7K2M-9XQA"


def render(made: LicenseRecord, kind: LicenseType, node: Node) -> Page:
    return render_with(made, kind, node, lambda digest: digest.hex().upper(), CODE)


def pdf_of(made: LicenseRecord) -> bytes:
    return render(made, kind_of(made.type_code), CITY).pdf


def text_of(pdf: bytes) -> str:
    done = subprocess.run([need("pdftotext", "poppler-utils"), "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def image_of(pdf: bytes, dots_per_inch: int) -> Image.Image:
    command = [need("pdftoppm", "poppler-utils"), "-r", str(dots_per_inch), "-png", "-singlefile", "-"]
    return Image.open(io.BytesIO(subprocess.run(command, input=pdf, capture_output=True, check=True).stdout))


@pytest.mark.parametrize("kind", POLICIES.types, ids=lambda kind: kind.name_en)
def test_each_type_prints_all_that_it_says_on_one_page_in_pdf_a(kind: LicenseType) -> None:
    made = record(kind.code)
    pdf = pdf_of(made)
    text = text_of(pdf)
    assert text.count("\f") == 1
    for said in (made.holder_name, made.holder_id, made.number, made.identifier, made.issuer_name, CODE, *made.fields.values()):
        assert said in text, said
    assert kind.name in text.replace(" ", "")  # the title is spaced out
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf


@pytest.mark.parametrize("kind", POLICIES.types, ids=lambda kind: kind.name_en)
def test_the_qr_code_is_read_from_the_page_at_100_dots_an_inch_also_blurred_and_turned(kind: LicenseType) -> None:
    made = record(kind.code)
    page = render_with(made, kind, CITY, state(made), CODE)
    seen = image_of(page.pdf, 100).convert("L")
    blurred = seen.rotate(4, expand=True, fillcolor=255).filter(ImageFilter.GaussianBlur(0.7))
    for image, how in ((seen, {"format": "PNG"}), (blurred, {"format": "JPEG", "quality": 60})):
        photograph = io.BytesIO()
        image.save(photograph, **how)  # type: ignore[arg-type]
        text = qr_pictures.read_picture(photograph.getvalue())
        assert text.startswith("http://localhost:18100/v#")
        claim = qr.verify(qr.parse(text), {b"12345678": KEY.public_key()})
        assert claim.identifier == made.identifier
        assert claim.agrees_with(page.data_sha256)


def test_the_attached_data_is_what_the_record_says() -> None:
    made = record()
    page = render(made, kind_of(made.type_code), CITY)
    attached = documents.parse(page.pdf)
    assert attached.data == data.describe(made, kind_of(made.type_code).name, CITY)
    assert attached.attachment is not None
    assert hashlib.sha256(attached.attachment).digest() == page.data_sha256


def test_the_same_record_gives_the_same_bytes_and_another_moment_other_ones() -> None:
    assert pdf_of(record()) == pdf_of(record())
    assert pdf_of(record()) != pdf_of(record(requested_at=datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)))


def test_rare_characters_are_printed() -> None:
    made = record(holder_name="饶平县𠮷䶮㬚龘茶业有限公司")
    assert made.holder_name in text_of(pdf_of(made))


@pytest.mark.parametrize(
    ("changes", "field", "name"),
    [
        ({"holder_name": "饶平县\U0002ffff厂"}, "holder_name", "名称"),
        ({"issuer_name": "饶平县\U0002ffff局"}, "issuer_name", "发证机关"),
        ({"fields": {"KZ_FDDBR": "王\U0002ffff", "KZ_ZCZB": "1万元", "KZ_JYFW": "茶", "KZ_ZS": "城"}}, "extra", "法定代表人"),
    ],
)
def test_a_character_that_no_font_has_is_refused_by_name(changes: dict[str, object], field: str, name: str) -> None:
    with pytest.raises(Refusal) as caught:
        pdf_of(record(**changes))
    assert (caught.value.code, caught.value.field) == ("glyph_missing", field)
    assert "U+2FFFF" in caught.value.text.zh
    assert name in caught.value.text.zh


@pytest.mark.parametrize("kind", POLICIES.types, ids=lambda kind: kind.name_en)
def test_the_longest_texts_are_whole_on_a_schedule_where_the_page_has_no_room_for_them_in_readable_letters(
    kind: LicenseType,
) -> None:
    longest = {field.key: "潮" * field.max_length if field.kind == "text" else "肢体" for field in kind.fields}
    made = record(kind.code, holder_name="州" * 100, fields=longest)
    text = text_of(pdf_of(made))
    first, *further, _end = text.replace(" ", "").split("\f")
    assert ("见附页" in first) == any("附页" in page for page in further) == bool(further)
    assert text.count("潮") >= sum(value.count("潮") for value in longest.values())
    assert text.count("州") >= 100


@pytest.mark.parametrize("template", ["card", "certificate", "permit"])
def test_thirty_fields_a_long_issuer_and_a_note_leave_the_code_readable(template: str) -> None:
    kind = next(one for one in POLICIES.types if one.template == template)
    fields = tuple(kind.fields[0].model_copy(update={"key": f"KZ_{n}", "name": f"扩展栏目第{n}项"}) for n in range(30))
    note = {data.COPY_NUMBER: "12", data.COPY_UNTIL: "2027-01-31", data.COPY_RECEIVER: "州" * 30, data.COPY_PURPOSE: "潮" * 40}
    said = {field.key: f"第{n}项的内容" for n, field in enumerate(fields)}
    made = record(kind.code, issuer_name="饶平县行政审批服务局暨公共资源交易管理委员会办公室" * 2, fields=said | note)
    pdf = render_with(made, kind.model_copy(update={"fields": fields}), CITY, state(made), CODE).pdf
    text = text_of(pdf)
    assert all(f"第{n}项的内容" in text for n in range(30))
    photograph = io.BytesIO()
    image_of(pdf, 100).save(photograph, format="PNG")
    assert qr.verify(qr.parse(qr_pictures.read_picture(photograph.getvalue())), {b"12345678": KEY.public_key()}).status_index == 7


def test_markup_in_a_name_is_printed_and_not_obeyed() -> None:
    made = record(holder_name='#read("/etc/passwd") *强* $x$ <a>&b;')
    text = text_of(pdf_of(made))
    assert '#read("/etc/passwd") *强* $x$ <a>&b;' in text
    assert "root:" not in text


def test_an_unknown_template_is_refused() -> None:
    kind = kind_of(BUSINESS).model_copy(update={"template": "../secret"})
    with pytest.raises(Refusal) as caught:
        render(record(), kind, CITY)
    assert caught.value.code == "page_unprintable"


def test_the_coverage_is_the_fonts_own() -> None:
    coverage = fonts.printable()
    assert coverage.find_missing("潮州市𠮷䶮 ABC ㎡、（）〇") is None
    assert coverage.find_missing("a\U0002ffffb") == "\U0002ffff"
    assert "\u0000" not in coverage
    assert "\U0010ffff" not in coverage


def test_fonts_and_typst_are_not_loaded_before_the_first_page() -> None:
    program = "import sys, licenses.render, licenses.issue; sys.exit('typst' in sys.modules or licenses.fonts.printable.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
