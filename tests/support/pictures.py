"""Pictures for the documents: of one size whatever the page's length, in few colours, so that the repository stays small."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page

from tests.support.programs import need

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 80_000
_COLOURS = (128, 64, 32, 16)


def keep(name: str, seen: Page | Locator, at: Locator | None = None) -> None:
    """Keep what is seen as ``docs/images/{name}.png``: of a page what fits its window, from ``at`` down when that is given."""
    if at is not None:
        at.evaluate("element => window.scrollTo(0, element.getBoundingClientRect().top + window.scrollY - 24)")
    keep_picture(name, Image.open(io.BytesIO(seen.screenshot(animations="disabled"))))


def keep_document(name: str, pdf: Path) -> None:
    """Keep the first page of a PDF as ``docs/images/{name}.png``."""
    command = [need("pdftoppm", "poppler-utils"), "-r", "60", "-png", "-singlefile", str(pdf)]
    drawn = subprocess.run(command, check=True, capture_output=True).stdout
    keep_picture(name, Image.open(io.BytesIO(drawn)))


def keep_picture(name: str, picture: Image.Image) -> None:
    """Keep a picture as ``docs/images/{name}.png``, in as many colours as its size allows."""
    shot = picture.convert("RGB")
    small = next((made for colours in _COLOURS if len(made := _packed(shot, colours)) <= MOST_BYTES), None)
    assert small is not None, f"{name} is too large"
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / f"{name}.png").write_bytes(small)


def _packed(shot: Image.Image, colours: int) -> bytes:
    packed = io.BytesIO()
    shot.quantize(colours, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue()
