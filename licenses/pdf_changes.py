"""What happened to a file after it was signed, in words: which objects a later revision added or replaced.

For the explanation only: a licence with anything after its signature is refused whatever that is. Left to others: deciding that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kernel.errors import Text

if TYPE_CHECKING:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.reader import PdfFileReader

MAX_OBJECTS = 50

What = Literal["added", "replaced", "removed", "trailing_bytes"]

KINDS: Mapping[str, Text] = {
    "page": Text("页面", "page"),
    "page_tree": Text("页面目录", "page tree"),
    "catalog": Text("文档目录", "document catalogue"),
    "annotation": Text("批注", "annotation"),
    "field": Text("表单域", "form field"),
    "signature": Text("签名", "signature"),
    "attachment": Text("附件", "attachment"),
    "font": Text("字体", "font"),
    "image": Text("图像", "image"),
    "stream": Text("内容流", "content stream"),
    "object": Text("对象", "object"),
}
_BY_TYPE = {
    "/Page": "page",
    "/Pages": "page_tree",
    "/Catalog": "catalog",
    "/Sig": "signature",
    "/DocTimeStamp": "signature",
    "/EmbeddedFile": "attachment",
    "/Filespec": "attachment",
    "/Font": "font",
}
_DONE: Mapping[What, Text] = {
    "added": Text("新增", "added"),
    "replaced": Text("改换", "replaced"),
    "removed": Text("删除", "removed"),
    "trailing_bytes": Text("文件末尾之后附加了内容", "content was put behind the end of the file"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is there now and was not there, or not so, when the document was signed."""

    what: What
    revision: int
    kind: str = "object"
    reference: str = ""
    size: int = 0

    @property
    def text(self) -> Text:
        """The change in words."""
        done = _DONE[self.what]
        if self.what == "trailing_bytes":
            return Text(f"{done.zh}（{self.size} 字节）", f"{done.en} ({self.size} bytes)")
        kind = KINDS[self.kind]
        return Text(f"签名之后{done.zh}了{kind.zh}", f"{kind.en} {done.en} after signing")

    def as_json(self) -> dict[str, Any]:
        """Return the verdict's form."""
        found: dict[str, Any] = {"what": self.what, "revision": self.revision, "text": self.text.as_json()}
        if self.what == "trailing_bytes":
            return {**found, "bytes": self.size}
        return {**found, "kind": self.kind, "object": self.reference}


def find_changes(reader: PdfFileReader, covered: int, size: int) -> tuple[Change, ...]:
    """Return what lies beyond the first ``covered`` bytes of a file of ``size`` bytes, at most ``MAX_OBJECTS`` of it."""
    if not 0 < covered < size:
        return ()
    found: list[Change] = []
    for revision in range(reader.xrefs.total_revisions):
        if reader.xrefs.get_xref_container_info(revision).start_location < covered:
            continue
        for reference in sorted(reader.xrefs.explicit_refs_in_revision(revision), key=lambda ref: ref.idnum):
            if len(found) >= MAX_OBJECTS:
                return tuple(found)
            found.append(_describe(reader, reference, revision))
    if not found:
        found.append(Change("trailing_bytes", reader.xrefs.total_revisions, size=size - covered))
    return tuple(found)


def _describe(reader: PdfFileReader, reference: generic.Reference, revision: int) -> Change:
    known = reader.xrefs.get_introducing_revision(reference) < revision
    kind = "object"
    what: What = "replaced" if known else "added"
    try:
        kind = _kind_of(reader.get_object(reference, revision=revision))
    except Exception:  # noqa: BLE001 - the explanation of a hostile revision must not cost the verdict
        what = "removed" if known else "added"
    return Change(what, revision, kind, f"{reference.idnum} {reference.generation}")


def _kind_of(value: generic.PdfObject) -> str:
    from pyhanko.pdf_utils import generic  # noqa: PLC0415 - only who reads a file has it loaded

    if not isinstance(value, generic.DictionaryObject):
        return "object"
    if "/FT" in value:
        return "field"
    subtype = value.get("/Subtype")
    if value.get("/Type") == "/Annot" or subtype == "/FreeText":
        return "annotation"
    if subtype == "/Image":
        return "image"
    found = _BY_TYPE.get(str(value.get("/Type", "")))
    return found or ("stream" if isinstance(value, generic.StreamObject) else "object")
