"""A licence's record → its page: PDF/A-3b by typst, the data attached. Same record, same bytes.

typst is slow to load and quick to use: one compiler a process, made for the first page. Left to others: sealing (``pki.seals``),
what the data says (``data``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from kernel.errors import Refusal
from kernel.nodes import Node
from licenses import data, fonts, qr, qr_pictures
from licenses.errors import GLYPH_MISSING, PAGE_UNPRINTABLE
from licenses.own_templates import OwnTemplates
from licenses.registry_records import Application, LicenseRecord
from policies.models import HolderKind, LicenseType

if TYPE_CHECKING:
    import typst

TEMPLATES = Path(__file__).parent / "templates" / "typst"
_STANDARD: Final = "a-3b"
_PPI: Final = 96
_CHECKED = {True: "输入编号和核验码", False: "上传文件"}
_ONE_AT_A_TIME = Lock()
"""A compiler serves one thread at a time."""

_LATIN_WIDTH = 0.58

_HOLDER_LABELS: Mapping[HolderKind, tuple[str, str]] = {
    "citizen": ("姓名", "公民身份号码"),
    "enterprise": ("名称", "统一社会信用代码"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page, not yet sealed, and the SHA-256 of the data attached to it."""

    pdf: bytes
    data_sha256: bytes


def render(
    record: LicenseRecord,
    kind: LicenseType,
    node: Node,
    state: Callable[[bytes], str],
    code: str | None,
    *,
    own: OwnTemplates | None = None,
) -> Page:
    """Return the page of ``record``; ``Refusal`` (``glyph_missing``) for a character that no font has.

    ``state`` gives what the QR code says of data with this SHA-256; ``code`` is the check code beside the number, if there is to be one; ``own`` typesets where the
    type names a template of the node's own.
    """
    inputs, digest = inputs_of(record, kind, node, state, code)
    if kind.template_sha256 is not None:
        if own is None:
            raise Refusal(PAGE_UNPRINTABLE, template=kind.template, problem="no such template")
        pdf = own.typeset(kind.template, kind.template_sha256, inputs, record.requested_at.replace(microsecond=0))
        return Page(pdf, digest)
    return Page(compile_page(kind.template, inputs, record.requested_at), digest)


def inputs_of(
    record: LicenseRecord, kind: LicenseType, node: Node, state: Callable[[bytes], str], code: str | None
) -> tuple[dict[str, str], bytes]:
    """Return what a template is given, as text, and the SHA-256 of the data in it."""
    check_printable(record, kind)
    attachment = data.describe(record, kind.name, node).to_bytes()
    digest = hashlib.sha256(attachment).digest()
    page = _page(record, kind, node, state(digest), code)
    return {"page": json.dumps(page, ensure_ascii=False), "data": attachment.decode()}, digest


def compile_page(name: str, inputs: dict[str, str], at: datetime) -> bytes:
    """Return what the house's template called ``name`` makes of ``inputs``, as PDF/A-3b; ``Refusal`` (``page_unprintable``) when it makes nothing."""
    template = find_template(name)
    if template is None:
        raise Refusal(PAGE_UNPRINTABLE, template=name, problem="no such template")
    with _ONE_AT_A_TIME:
        return typeset(_compiler(), template, inputs, at.replace(microsecond=0))


def find_template(name: str) -> Path | None:
    """Return the house's template with this name, None when there is none."""
    template = TEMPLATES / f"{name}.typ"
    return template if template.is_file() else None


def check_printable(record: LicenseRecord | Application, kind: LicenseType) -> None:
    """Refuse the first character of ``record`` that no font can print, naming it and where it stands."""
    coverage = fonts.printable()
    labels = _HOLDER_LABELS[record.holder_kind]
    printed = [("holder_name", labels[0], record.holder_name), ("issuer_name", "发证机关", record.issuer_name)]
    printed += [("extra", field.name, record.fields.get(field.key, "")) for field in kind.fields]
    printed += [("columns", "加注", _annotation(record))]
    for column, name, value in printed:
        if character := coverage.find_missing(value):
            raise Refusal(GLYPH_MISSING, field=column, name=name, character=character, point=f"U+{ord(character):04X}")


def _page(record: LicenseRecord, kind: LicenseType, node: Node, said: str, code: str | None) -> dict[str, object]:
    name_label, id_label = _HOLDER_LABELS[record.holder_kind]
    fields = [(name_label, record.holder_name), (id_label, record.holder_id)]
    fields += [(field.name, record.fields[field.key]) for field in kind.fields if field.key in record.fields]
    fields.append(("有效期限", _validity(record.valid_from, record.valid_to)))
    return {
        "title": kind.name,
        "title_en": kind.name_en,
        "accent": kind.accent,
        "number": record.number,
        "identifier": record.identifier,
        "issuer": record.issuer_name,
        "issue_date": _day(record.issue_date),
        "node": node.name,
        "annotation": _annotation(record),
        "fields": [{"label": label, "value": value, "length": _length(value)} for label, value in fields],
        "length": sum(_length(value) for _label, value in fields),
        "qr": qr_pictures.picture(qr.address(node.url, said)),
        "qr_text": qr.address(node.url, said),
        "code": code,
        "notice": f"{node.name}签发，以文件中的电子签名为准。核验：扫描二维码，或在 {node.url}/verify {_CHECKED[code is not None]}",
    }


def _annotation(record: LicenseRecord | Application) -> str:
    """Return what stands across an annotated copy; nothing on the licence itself."""
    if data.COPY_NUMBER not in record.fields:
        return ""
    said = record.fields
    until = _day(date.fromisoformat(said[data.COPY_UNTIL]))
    return f"加注件 {said[data.COPY_NUMBER]}　仅供{said[data.COPY_RECEIVER]}用于{said[data.COPY_PURPOSE]}　{until}前有效　再次复制无效"


def _length(text: str) -> float:
    """Return about how long ``text`` is on the page, in widths of a Chinese character."""
    return sum(_LATIN_WIDTH if character.isascii() else 1.0 for character in text)


def _day(day: date) -> str:
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"


def _validity(start: date, end: date | None) -> str:
    return f"{_day(start)} 至 {_day(end) if end else data.WITHOUT_END}"


def compiler_of(root: Path) -> typst.Compiler:
    """Return a compiler that reads what is in the folder ``root`` and nothing else; a process needs one, for it is slow to make."""
    import typst  # noqa: PLC0415 - 17 MB of fonts and a native library that a process without a page does not need

    return typst.Compiler(
        root=root,
        font_paths=typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(path) for path in fonts.font_folders()]
        ),
        package_path=root / "none",
        package_cache_path=root / "none",
    )


def typeset(compiler: typst.Compiler, page: Path, inputs: Mapping[str, str], at: datetime) -> bytes:
    """Return what ``page`` makes of ``inputs``; ``Refusal(page_unprintable)`` where it fails."""
    pdf = _compile(compiler, page, inputs, format="pdf", pdf_standards=_STANDARD, timestamp=at)
    if not isinstance(pdf, bytes):
        raise Refusal(PAGE_UNPRINTABLE, template=page.stem, problem="more than one file")
    return pdf


def draw(compiler: typst.Compiler, page: Path, inputs: Mapping[str, str]) -> Sequence[bytes]:
    """Return the pages that ``page`` makes of ``inputs`` as pictures (PNG), for looking at; ``Refusal(page_unprintable)`` where it fails."""
    drawn = _compile(compiler, page, inputs, format="png", ppi=_PPI)
    return [drawn] if isinstance(drawn, bytes) else drawn or ()


def _compile(compiler: typst.Compiler, page: Path, inputs: Mapping[str, str], **form: Any) -> bytes | list[bytes] | None:
    import typst  # noqa: PLC0415 - see compiler_of

    try:
        return compiler.compile(input=page, sys_inputs=dict(inputs), **form)
    except typst.TypstError as error:
        raise Refusal(PAGE_UNPRINTABLE, template=page.stem, problem=error.message[:200]) from error


@cache
def _compiler() -> typst.Compiler:
    return compiler_of(TEMPLATES)
