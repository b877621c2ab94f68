"""A licence's code is read from the printed page as cameras see it; strangers' pictures harm nothing."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from kernel.errors import Refusal
from licenses import qr_pictures
from tests.unit.licenses.test_qr import SAID

TEXT = f"https://zz.chaozhou.gov.cn/v#{SAID}"


def saved(image: Image.Image, form: str = "PNG", **how: int) -> bytes:
    out = BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def code_of(text: str = TEXT) -> Image.Image:
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=4)
    return Image.open(BytesIO(out.getvalue())).convert("L")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_read_in_each_form(form: str) -> None:
    assert qr_pictures.read_picture(saved(code_of(), form)) == TEXT


def test_the_picture_is_one_small_svg_without_a_script() -> None:
    drawn = qr_pictures.picture(TEXT)
    assert drawn.startswith("<svg")
    assert "script" not in drawn
    assert len(drawn) < 25_000


def two_codes() -> Image.Image:
    sheet = Image.new("L", (900, 500), 255)
    sheet.paste(code_of("one").resize((300, 300)), (20, 20))
    sheet.paste(code_of("two").resize((300, 300)), (500, 20))
    return sheet


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"GIF89a",
        b"%PDF-1.7",
        saved(code_of())[:200],
        saved(Image.new("L", (50, 50), 255)),
        saved(two_codes()),
        saved(code_of(), "GIF"),
    ],
)
def test_what_holds_no_single_code_is_refused_by_name(picture: bytes) -> None:
    with pytest.raises(Refusal, match="qr_picture_unreadable"):
        qr_pictures.read_picture(picture)


def test_a_decompression_bomb_is_refused_before_a_pixel_is_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for side in (9_000, 60_000, 2_000_000_000):
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")
        with pytest.raises(Refusal, match="qr_picture_"):
            qr_pictures.read_picture(bomb)


def test_too_many_octets_are_refused() -> None:
    with pytest.raises(Refusal, match="qr_picture_too_large"):
        qr_pictures.read_picture(bytes(qr_pictures.MAX_PICTURE_BYTES + 1))


GOOD = saved(code_of())


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_only_refusals_come_out_of_damaged_pictures(at: int, garbage: bytes) -> None:
    try:
        assert qr_pictures.read_picture(GOOD[:at] + garbage + GOOD[at + len(garbage) :]) == TEXT
    except Refusal as refusal:
        assert refusal.code.startswith("qr_picture_")  # noqa: PT017 - either is right


def test_a_blurred_and_turned_code_is_read() -> None:
    seen = code_of().rotate(7, expand=True, fillcolor=255).filter(ImageFilter.GaussianBlur(1.2))
    assert qr_pictures.read_picture(saved(seen, "JPEG", quality=50)) == TEXT
