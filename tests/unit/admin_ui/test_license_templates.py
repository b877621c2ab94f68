"""A node's own licence template at the console: seen as it will look, agreed to by another officer, and from then on a version of its type."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from licenses import documents, issue, recover, template_proposals
from licenses.applications import check_application
from licenses.life.orders import Officer
from licenses.own_templates import MAX_SAMPLE, MAX_SAMPLE_PICTURE, Template, Tried, make_template
from licenses.ports import LicenseDeps
from licenses.template_records import Proposal, ProposalContent
from policies.licenses import find_type
from policies.loader import TYPES, load
from service.app import create_app
from service.metrics import Metrics
from service.typesetting import Typesetting
from service.wiring import Services
from tests.support import issuing
from tests.support.console import CHEN, LIN, Admin, DoorOfToday, officer
from tests.support.license_node import license_node
from tests.unit.service.test_typesetting import GOOD

HOME = "/admin/licenses/templates"
TYPE = issuing.GOOD_ROW["type_code"]
SECOND = Officer("account:lin", "lin", None)


@dataclass
class Console:
    """The console as one officer after the other uses it, over a node with a policy folder of its own."""

    services: Services
    client: FlaskClient
    door: DoorOfToday
    folder: Path

    def get(self, who: Admin, path: str = "") -> TestResponse:
        self.door.visitor = who
        return self.client.get(HOME + path)

    def post(self, who: Admin, path: str = "", **form: Any) -> TestResponse:
        self.door.visitor = who
        token = re.search(r'name="csrf_token" value="(\w+)"', self.client.get(HOME).text)
        assert token is not None
        return self.client.post(HOME + path, data={**form, "csrf_token": token[1]})

    def propose(self, who: Admin, files: dict[str, bytes], name: str = "new-look") -> TestResponse:
        sent = [(io.BytesIO(content), file) for file, content in files.items()]
        return self.post(who, files=sent, name=name, type_code=TYPE)

    @property
    def deps(self) -> LicenseDeps:
        return self.services.licenses


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with license_node(tmp_path, 18777) as services:
        door, folder = DoorOfToday(), tmp_path / "policies"
        templates = services.__dict__["typesetting"] = Typesetting(folder)
        services.__dict__ |= {"visitors": door, "licenses": replace(services.licenses, templates=templates)}
        yield Console(services, create_app(services, Metrics()).test_client(), door, folder)


def test_a_template_is_seen_agreed_to_by_another_officer_and_bound_to_the_types_next_version(console: Console) -> None:
    answer = console.propose(CHEN, GOOD)
    assert answer.status_code == 303, answer.text
    path = answer.headers["Location"].removeprefix(HOME)
    # Seen: as pictures and as the page, which says that it is a sample; nothing is kept yet.
    with Image.open(io.BytesIO(console.get(LIN, f"{path}/1.png").data), formats=("PNG",)) as picture:
        assert min(picture.size) > 500
    data = documents.parse(console.get(LIN, f"{path}/sample.pdf").data).data
    assert data is not None
    assert (data.type_code, data.number) == (TYPE, "0" * 18)
    assert console.get(LIN, f"{path}/2.png").status_code == 404
    assert console.services.typesetting.names() == []
    # Agreed to: by another officer, once.
    mine, theirs = (console.get(who, path).text for who in (CHEN, LIN))
    assert ('value="approve"' in mine, 'value="approve"' in theirs) == (False, True)
    assert console.post(CHEN, path, answer="approve").status_code == 403
    assert console.propose(LIN, GOOD, "another").status_code == 409
    assert console.post(LIN, path, answer="approve").status_code == 303
    assert console.post(LIN, path, answer="reject").status_code == 409
    # Bound: what starts now issues the type's next version by it, and the one before stays as it was.
    assert "几秒后生效" in console.get(CHEN).text
    policies = load(console.folder)
    old = find_type(policies.licenses, TYPE, 1)
    new = find_type(policies.licenses, TYPE)
    assert old is not None
    sha256 = console.services.typesetting.get("new-look").sha256
    assert new == old.model_copy(update={"version": 2, "template": "new-look", "template_sha256": sha256})
    deps = replace(console.deps, policies=policies)
    issued = issue.issue(deps, check_application(issuing.GOOD_ROW, issuing.rules_of(deps)), actor="operator:test")
    assert issued.record.type_version == 2
    assert issued.pdf is not None


def test_what_is_no_template_is_refused_on_the_form_and_what_nobody_agrees_to_is_gone(console: Console) -> None:
    for files, name in (
        ({"page.typ": b"hello"}, "bare"),
        ({**GOOD, "Secret 1.png": b""}, "named"),
        (GOOD, "../out"),
        ({"page.typ": b"#panic()"}, "broken"),
    ):
        answer = console.propose(CHEN, files, name)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), name
    for who in (CHEN, LIN):
        path = console.propose(CHEN, GOOD).headers["Location"].removeprefix(HOME)
        assert console.post(who, path, answer="reject").status_code == 303
        assert console.get(CHEN, path).status_code == 404
    assert not console.folder.exists()


def test_an_officer_of_another_department_neither_sees_nor_agrees(console: Console) -> None:
    path = console.propose(CHEN, GOOD).headers["Location"].removeprefix(HOME)
    other = officer("y", organization="潮州市公安局")
    for page in (path, f"{path}/1.png", f"{path}/sample.pdf"):
        assert console.get(other, page).status_code == 403
    assert console.post(other, path, answer="approve").status_code == 403
    assert "new-look" not in console.get(other).text


def test_what_was_agreed_to_before_a_crash_is_bound_at_the_next_start_and_only_once(console: Console) -> None:
    deps, template = console.deps, make_template((name, io.BytesIO(content)) for name, content in GOOD.items())
    first = Officer("account:chen", "chen", None)
    waiting = template_proposals.propose(deps, template, "new-look", TYPE, first)
    approved = replace(waiting, state="approved", decided_by="account:lin", decided_at=deps.clock.now())
    with deps.work.begin() as work:
        assert work.records.move_proposal(approved, "waiting")
    console.services.typesetting.add("new-look", template)  # as far as it came
    for _ in range(2):
        recover.finish_or_void(deps)
    done = template_proposals.get_proposal(deps, waiting.id, SECOND)
    assert (done.state, done.type_version) == ("done", 2)
    assert [kind.version for kind in load(console.folder).licenses.types if kind.code == TYPE] == [1, 2]
    # Where somebody else kept another template under the name meanwhile, it is given up.
    later = template_proposals.propose(deps, Template({**template.files, "a.typ": b""}, "0" * 64), "later", TYPE, first)
    console.services.typesetting.add("later", template)
    with pytest.raises(Exception, match="template_taken"):
        template_proposals.approve(deps, later.id, SECOND)
    assert template_proposals.list_proposals(deps, SECOND) == ([done], None)


def test_where_nothing_can_be_written_that_is_said_the_node_starts_and_it_is_agreed_to_again(console: Console) -> None:
    path = console.propose(CHEN, GOOD).headers["Location"].removeprefix(HOME)
    console.folder.mkdir()
    in_the_way = console.folder / TYPES
    in_the_way.write_bytes(b"")
    answer = console.post(LIN, path, answer="approve")
    assert (answer.status_code, "写不进" in answer.text) == (503, True)
    # Killed after it was agreed to, and started again.
    waiting = template_proposals.get_proposal(console.deps, path.removeprefix("/"), SECOND)
    approved = replace(waiting, state="approved", decided_by="account:lin", decided_at=console.deps.clock.now())
    with console.deps.work.begin() as work:
        assert work.records.move_proposal(approved, "waiting")
    recover.finish_or_void(console.deps)
    in_the_way.unlink()
    assert console.post(LIN, path, answer="approve").status_code == 303
    assert template_proposals.get_proposal(console.deps, waiting.id, SECOND).type_version == 2


def test_older_proposals_of_ones_own_types_are_found_whoever_elses_came_since(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps = console.deps
    monkeypatch.setattr(template_proposals, "LISTED", 2)
    others = next(kind.code for kind in deps.policies.licenses.types if kind.code != TYPE and kind.holder_kind == "citizen")
    content, now = ProposalContent({}, b"%PDF", []), deps.clock.now()
    with deps.work.begin() as work:
        for place, code in enumerate((TYPE, TYPE, TYPE, others, others, others)):
            at = now + timedelta(minutes=place // 2)
            one = Proposal(f"id{place}", f"look-{place}", code, "0" * 64, "account:a", "a", at, "done", type_version=1)
            assert work.records.add_proposal(one, content)
    mine = Officer("account:b", "b", issuers_of(deps, TYPE, not_of=others))
    seen, behind = template_proposals.list_proposals(deps, mine)
    assert [one.id for one in seen] == ["id2", "id1"]
    rest, end = template_proposals.list_proposals(deps, mine, before=behind)
    assert ([one.id for one in rest], end) == (["id0"], None)
    assert template_proposals.list_proposals(deps, mine, before="unknown") == ([], None)
    page, pages = console.get(CHEN).text, 1
    while following := re.search(r'href="[^"]*(\?before=\w+)"', page):
        page, pages = console.get(CHEN, following[1]).text, pages + 1
    assert ("look-0" in page, pages) == (True, 2)


def issuers_of(deps: LicenseDeps, code: str, *, not_of: str) -> tuple[str, ...]:
    with deps.work.look() as work:
        return tuple(one.uscc for one in work.records.departments() if code in one.types and not_of not in one.types)


@pytest.mark.parametrize(
    ("pdf", "pictures"), [(1, [2 * MAX_SAMPLE_PICTURE]), (1, [MAX_SAMPLE_PICTURE] * 4), (MAX_SAMPLE + 1, [])]
)
def test_a_sample_beyond_what_a_licence_needs_is_not_kept(
    console: Console, monkeypatch: pytest.MonkeyPatch, pdf: int, pictures: list[int]
) -> None:
    made = Typesetting.try_out

    def larger(self: Typesetting, *asked: Any) -> Tried:
        tried = made(self, *asked)
        return Tried(tried.pdf + bytes(max(0, pdf - len(tried.pdf))), [bytes(size) for size in pictures])

    monkeypatch.setattr(Typesetting, "try_out", larger)
    parse = documents.parse
    monkeypatch.setattr(documents, "parse", lambda pdf: parse(pdf.rstrip(b"\0")))
    answer = console.propose(CHEN, GOOD)
    assert (answer.status_code, "样张太大" in answer.text) == (422, True)
