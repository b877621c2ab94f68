"""A node's own licence template: within bounds, looked at before it is used, bound to its type; it reaches nothing and costs little."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kernel.clock import FixedClock
from kernel.errors import ChaoxinError, Refusal
from licenses import archive, documents, issue
from licenses.applications import check_application
from licenses.departments import check_department
from licenses.own_templates import Template, read_template
from service import typesetting
from service.cli import cli
from service.config import load_config
from service.typesetting import Typesetting
from service.wiring import Services
from tests.support.issuing import rules_of
from tests.support.license_node import license_node
from tests.unit.licenses.test_catalogue import CODE, DOG, MARKET, ROW

PAGE = """#import "base.typ": *
#show: setup.with(margin: 25mm)
#place(top + right, image("dog.png", width: 30mm, alt: "犬"))
#title(size: 30pt)
#stack(spacing: 4mm, ..doc.fields.map(item => ruled(item, 12pt)))
#place(bottom + left, qr())
#place(bottom + right, seal(doc.issuer))
"""


def picture(width: int = 60, height: int = 40) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "#5a3d8a").save(made, "PNG")
    return made.getvalue()


def folder_of(at: Path, files: dict[str, bytes]) -> Path:
    at.mkdir(parents=True)
    for name, content in files.items():
        (at / name).write_bytes(content)
    return at


GOOD = {"page.typ": PAGE.encode(), "dog.png": picture()}


def bomb() -> bytes:
    """A PNG of a few octets that says that it has a billion pixels."""
    header = struct.pack(">IIBBBBB", 32_768, 32_768, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))


WRONG: dict[str, dict[str, bytes]] = {
    "nothing": {},
    "no page": {"other.typ": b""},
    "in the place of the house's": {**GOOD, "base.typ": b""},
    "a picture that may hold anything": {**GOOD, "dog.svg": b"<svg/>"},
    "a name that is none": {**GOOD, "Dog 1.png": picture()},
    "not utf-8": {"page.typ": b"\xff\xfe"},
    "no picture": {**GOOD, "dog.png": b"GIF89a"},
    "too many pixels": {**GOOD, "dog.png": bomb()},
    "too large": {**GOOD, "big.typ": bytes(600_000)},
    "too many": {**GOOD, **{f"a{place}.typ": b"" for place in range(20)}},
    "too much together": {**GOOD, **{f"a{place}.typ": bytes(500_000) for place in range(5)}},
}


def test_what_is_no_template_within_the_bounds_is_refused_by_name(tmp_path: Path) -> None:
    for name, files in WRONG.items():
        with pytest.raises(Refusal, match="template_invalid"):
            read_template(folder_of(tmp_path / name, files))
    linked = folder_of(tmp_path / "linked", GOOD)
    (linked / "secret.typ").symlink_to("/etc/passwd")
    with pytest.raises(Refusal, match="template_invalid"):
        read_template(linked)
    assert read_template(folder_of(tmp_path / "good", GOOD)).files == GOOD


@pytest.fixture
def setter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typesetting]:
    monkeypatch.setattr(typesetting, "_SECONDS", 1)
    monkeypatch.setattr(typesetting, "_MEMORY", 400_000_000)
    made = Typesetting(None)
    yield made
    made.close()


REACHING = """
#let what = sys.inputs.what
#let f(x) = f(x + 1)
#if what == "read" { read("/etc/passwd") }
#if what == "image" { image("../secret.png") }
#if what == "package" { import "@pre" + "view/cetz:0.3.1": * }
#if what == "depth" { f(1) }
hello
"""
COSTLY = "#let n = 0\n#for a in range(2000) { for b in range(2000) { for c in range(2000) { n += 1 } } }\n#n"


def test_a_template_reads_nothing_but_itself_and_ends_its_process_when_it_costs_too_much(
    setter: Typesetting, clock: FixedClock
) -> None:
    reaching, costly = (Template({"page.typ": source.encode()}, source) for source in (REACHING, COSTLY))
    good = setter.try_out(reaching, "good", {"what": "nothing"}, clock.now())
    assert (good.pdf[:4], [one[1:4] for one in good.pictures]) == (b"%PDF", [b"PNG"])
    for template, what in ((reaching, "read"), (reaching, "image"), (reaching, "package"), (reaching, "depth"), (costly, "")):
        with pytest.raises(Refusal, match="page_unprintable") as refused:
            setter.try_out(template, "bad", {"what": what}, clock.now())
        assert ("time or memory" in refused.value.text.zh) == (template is costly)
    with pytest.raises(Refusal, match="template_no_folder"):
        setter.add("good", Template({"page.typ": b"hello"}, "good"))


def chaoxin(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "license", "template", *arguments, "--json"])


def told(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.output)


def refused(result: Result) -> str:
    assert isinstance(result.exception, ChaoxinError), result.output
    return result.exception.code


def test_a_type_is_issued_by_a_template_of_the_nodes_own(tmp_path: Path) -> None:
    with license_node(tmp_path / "node", 18774):
        pass
    config, types = tmp_path / "node" / "chaoxin.toml", tmp_path / "node" / "policies" / "license-types"
    types.mkdir(parents=True)
    (types / "dog.toml").write_text(DOG, encoding="utf-8")
    config.write_text(config.read_text(encoding="utf-8") + '\n[policies]\ndirectory = "policies"\n', encoding="utf-8")
    own = folder_of(tmp_path / "dog-card", GOOD)
    # 1. Looked at: a sample page that says so, with the type's data; one without the data is refused.
    sample = tmp_path / "sample.pdf"
    told(chaoxin(config, "check", str(own), "--type", CODE, "--out", str(sample)))
    data = documents.parse(sample.read_bytes()).data
    assert data is not None
    assert (data.type_code, data.number) == (CODE, "0" * 18)
    bare = folder_of(tmp_path / "bare", {"page.typ": b"hello"})
    assert refused(chaoxin(config, "add", str(bare), "--type", CODE, "--yes")) == "template_data"
    # 2. Kept, once and for ever.
    adding = ("add", str(own), "--type", CODE)
    assert told(chaoxin(config, *adding))["changed"] is False
    kept = told(chaoxin(config, *adding, "--yes"))
    assert told(chaoxin(config, *adding, "--yes"))["changed"] is False
    (own / "page.typ").write_text(PAGE + "\n再版", encoding="utf-8")
    assert refused(chaoxin(config, *adding, "--yes")) == "template_taken"
    # 3. Named by a version of the type, it is what that version's licences look like.
    bound = f'template = "dog-card"\ntemplate_sha256 = "{kept["template_sha256"]}"\nversion = 2'
    (types / "dog-2.toml").write_text(DOG.replace('template = "card"', bound), encoding="utf-8")
    assert told(chaoxin(config, "list"))[0]["types"] == [f"{CODE} 2"]
    with Services(load_config(config)) as services:
        register(services)
        deps = services.licenses
        record = issue.issue(deps, check_application(ROW, rules_of(deps)), actor="operator:test").record
        read = documents.parse(archive.get_document(deps, record))
        assert read.data is not None
        assert read.data.type_name == "养犬登记证"
    # 4. Changed behind the node's back it is not that template any more.
    (types / "templates" / "dog-card" / "page.typ").write_text("hello", encoding="utf-8")
    with Services(load_config(config)) as services:
        deps = services.licenses
        asked = check_application({**ROW, "number": "Q00000000002"}, rules_of(deps))
        with pytest.raises(Refusal, match="page_unprintable"):
            issue.issue(deps, asked, actor="operator:test")


def register(services: Services) -> None:
    """Let the city's market supervision issue the type."""
    deps = services.licenses
    with deps.work.begin() as work:
        old = work.records.find_department(MARKET)
        assert old is not None
        row = {"uscc": old.uscc, "name": old.name, "area_code": old.area_code, "types": ";".join((*old.types, CODE))}
        known = [kind.code for kind in deps.policies.licenses.types]
        work.records.put_department(check_department(row, known), deps.clock.now())
