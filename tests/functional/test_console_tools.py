"""The console's tools over a real node: finding and explaining certificates, checking and handing out the audit trail, reading policies."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask.testing import FlaskClient

from admin_ui import authorities
from kernel.audit import AuditEvent
from pki import crl
from service import audit
from service.wiring import Services
from tests.functional.test_every_route import PEOPLE, Walk
from tests.support.lone_node import lone_node
from tests.support.outside_ca import OutsideCa


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with lone_node(tmp_path_factory.mktemp("tools")) as made:
        yield Walk(made)


@pytest.fixture
def admin(walk: Walk) -> FlaskClient:
    return walk.browser("security_admin")


def services_of(walk: Walk) -> Services:
    return walk.node.services


def post(walk: Walk, browser: FlaskClient, path: str, **fields: Any) -> str:
    answer = browser.post(f"{path}?lang=zh", data={"csrf_token": walk.form_token, **fields})
    assert answer.status_code < 500
    return answer.text


def test_a_certificate_is_found_by_serial_and_by_fingerprint_however_it_is_written(walk: Walk, admin: FlaskClient) -> None:
    with services_of(walk).pki.work.read() as work:
        record = work.records.certificates()[0]
    spaced = ":".join(record.sha256[place : place + 2] for place in range(0, 64, 2)).upper()
    for asked in (record.serial, spaced):
        answer = admin.get("/admin/certificates/find", query_string={"q": asked})
        assert answer.headers["Location"] == f"/admin/certificates/{record.serial}"
    assert "本节点没有签发过这张证书" in admin.get("/admin/certificates/find?q=00&lang=zh").text
    empty = admin.get("/admin/certificates/find?q=+&lang=zh")
    assert (empty.status_code, "要找哪一张证书" in empty.text) == (200, True)
    assert "为什么信任或不信任" in admin.get(f"/admin/certificates/{record.serial}?lang=zh").text


def test_why_a_certificate_is_trusted_or_not_is_told_of_any(walk: Walk, admin: FlaskClient, tmp_path: Path) -> None:
    with services_of(walk).pki.work.read() as work:
        own = work.records.certificates(profile="tsa")[0]
    page = post(walk, admin, "/admin/certificates/explain", certificate=(io.BytesIO(own.der), "own.cer"))
    assert "在本节点算作" in page
    assert "潮州市根CA" in page
    pem = x509.load_der_x509_certificate(own.der).public_bytes(Encoding.PEM)
    assert "在本节点算作" in post(walk, admin, "/admin/certificates/explain", certificate=(io.BytesIO(pem), "own.pem"))
    stranger = OutsideCa.make(tmp_path, services_of(walk).clock.now()).leaf("陌生人").public_bytes(Encoding.DER)
    assert "不信任" in post(walk, admin, "/admin/certificates/explain", certificate=(io.BytesIO(stranger), "x.cer"))
    for rubbish in (b"", b"hello", b"\x30\x80" * 1000, b"x" * 300_000):
        page = post(walk, admin, "/admin/certificates/explain", certificate=(io.BytesIO(rubbish), "x"))
        assert "cx-alert cx-bad" in page


def test_the_trails_chain_is_checked_and_a_changed_event_is_found(walk: Walk, admin: FlaskClient) -> None:
    services = services_of(walk)
    audit.seal(services.engine, older_than=services.clock.now())
    assert "哈希链完整" in post(walk, admin, "/admin/audit/chain")
    with services.engine.begin() as connection:
        number = connection.execute(sa.select(sa.func.min(audit.events.c.number))).scalar_one()
        actor = connection.execute(sa.select(audit.events.c.actor).where(audit.events.c.number == number)).scalar_one()
        connection.execute(audit.events.update().where(audit.events.c.number == number).values(actor="operator:nobody"))
    assert f"哈希链在事件{number}处断开" in post(walk, admin, "/admin/audit/chain")
    with services.engine.begin() as connection:
        connection.execute(audit.events.update().where(audit.events.c.number == number).values(actor=actor))
    assert "哈希链完整" in post(walk, admin, "/admin/audit/chain")


def test_the_trail_is_handed_out_whole_and_narrowed(walk: Walk, admin: FlaskClient) -> None:
    services = services_of(walk)
    with services.engine.begin() as connection:
        now = services.clock.now()
        audit.SqlAuditTrail(connection).record_all([AuditEvent(now, "system", "test.many", f"x:{n}", "ok") for n in range(1200)])
    lines = [json.loads(line) for line in admin.get("/admin/audit/events.jsonl?q=test.many").text.splitlines()]
    assert [line["target"] for line in lines] == [f"x:{n}" for n in reversed(range(1200))]
    assert len(admin.get("/admin/audit/events.jsonl").text.splitlines()) > 1200


def test_the_policies_page_tells_who_may_do_what(admin: FlaskClient) -> None:
    page = admin.get("/admin/policies?lang=zh").text
    assert "agreements.approve" in page
    assert "其他所有部门" in page
    assert "urn:chaoxin:aal:2" in page


def test_a_ca_shows_its_key_its_lists_and_who_answers_for_it(walk: Walk, admin: FlaskClient) -> None:
    services = services_of(walk)
    assert 'href="/admin/authorities/issuing"' in admin.get("/admin/authorities").text
    page = admin.get("/admin/authorities/issuing?lang=zh").text
    newest = crl.current(services.pki, "issuing")
    for told in (
        "EC secp256r1",
        "本机加密文件",
        "可以签名",
        f">{newest.number}</td>",
        f"{len(newest.der):,}",
        "/pki/issuing.crl",
    ):
        assert told in page, told
    assert authorities.show(services.pki, "issuing", services.clock.now()).key.is_there
    assert admin.get("/pki/issuing.crl").data == newest.der
    assert "没有</span>" in re.findall(r"最近24小时的失败.*?</dd>", page, re.DOTALL)[0]
    with services.pki.work.begin() as work:
        details = {"finding": "status: said good of what is revoked"}
        failed = AuditEvent(services.clock.now(), "system", "pki.answer_ocsp", "certificate:7a", "refused", details)
        work.audit.record(failed)
    assert "said good of what is revoked" in admin.get("/admin/authorities/issuing").text
    assert admin.get("/admin/authorities/issuing-7").status_code == 404


def test_a_new_key_takes_a_cas_place_when_two_others_have_approved(walk: Walk, admin: FlaskClient) -> None:
    post(walk, admin, "/admin/authorities/issuing/rollover")
    assert "/admin/authorities/issuing" in post(walk, admin, "/admin/authorities/issuing-2/rollover/withdrawal")
    assert "等待批准" not in admin.get("/admin/authorities/issuing?lang=zh").text
    asked = post(walk, admin, "/admin/authorities/issuing/rollover")
    assert "/admin/authorities/issuing" in asked
    page = admin.get("/admin/authorities/issuing?lang=zh").text
    assert "等待批准：由签发CA-2接替签发CA" in page
    address = "/admin/authorities/issuing-2/rollover/approval"
    assert "rollover_approver" not in page
    assert "提出的人" in post(walk, admin, address)
    for name in ("second_admin", "third_admin"):
        walk.account_ids[name] = walk.add(name, PEOPLE["security_admin"])
        post(walk, walk.browser(name), address)
    page = admin.get("/admin/authorities/issuing-2?lang=zh").text
    assert "签发CA-2：正在签发" in page
    assert "不再签发新证书" in admin.get("/admin/authorities/issuing?lang=zh").text
