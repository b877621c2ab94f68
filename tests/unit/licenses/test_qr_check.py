"""What a QR code is worth: at the node that issued, at another one by its synchronised list, and away from the network by two files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crosscert.paths.certificates import ParsedCertificate, from_x509
from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import qr, qr_keys, status
from licenses.issue import issue
from licenses.ports import LicenseDeps
from licenses.qr_check import QrVerdict, check
from licenses.qr_offline import check_by_files
from licenses.registry_records import LicenseRecord
from pki.roles import get_credential
from service import audit
from tests.support.federation import Federation, federation
from tests.support.issuing import application
from tests.support.logs import AT

ACTOR = "operator:test"
DATA = hashlib.sha256(b"data").digest()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    clock = FixedClock(AT)
    with federation(tmp_path_factory.mktemp("federation"), clock) as made:
        clock.advance(timedelta(hours=6))
        yield made


@pytest.fixture(scope="module")
def record(nodes: Federation) -> LicenseRecord:
    made = issue(nodes.county, application(nodes.county), actor=ACTOR).record
    nodes.store_status_list()
    return made


def text(deps: LicenseDeps, record: LicenseRecord) -> str:
    return qr.address(deps.node.url, qr_keys.statement(deps, record, DATA))


def anchors(deps: LicenseDeps) -> list[ParsedCertificate]:
    return [from_x509(get_credential(deps.pki, "principal").certificate)]


def offline(nodes: Federation, said: str, *, later: timedelta = timedelta(0), token: bytes | None = None) -> QrVerdict:
    listed = status.current(nodes.county).body.encode() if token is None else token
    return check_by_files(said, listed, anchors(nodes.county), [], nodes.now + later)


def test_a_valid_licence_is_good_everywhere(nodes: Federation, record: LicenseRecord) -> None:
    said = text(nodes.county, record)
    verdicts = [check(nodes.county, said, actor=ACTOR), check(nodes.city, said, actor=ACTOR), offline(nodes, said)]
    assert [(one.kind, one.status, one.source) for one in verdicts] == [
        ("ok", "01", "registry"),
        ("ok", "01", "status_list"),
        ("ok", "01", "status_list"),
    ]
    for one in verdicts:
        told = one.as_json()
        assert (told["genuine"], told["reliable"], told["licence"]["number"]) == (True, True, record.number)
        assert told["licence"]["holder_name"] == record.holder_name
        assert record.holder_id not in str(told)


def test_the_page_of_the_node_itself_needs_no_address(nodes: Federation, record: LicenseRecord) -> None:
    assert check(nodes.county, qr_keys.statement(nodes.county, record, DATA), actor=ACTOR).kind == "ok"


def test_the_age_of_the_list_is_told_and_an_old_one_is_a_reserve(nodes: Federation, record: LicenseRecord) -> None:
    said = text(nodes.county, record)
    fresh = offline(nodes, said, later=timedelta(hours=3))
    assert (fresh.kind, fresh.age_seconds) == ("ok", 3 * 3600)
    old = offline(nodes, said, later=timedelta(days=3))
    assert (old.kind, old.age_seconds) == ("warn", 3 * 86_400)
    assert "状态列表已经过期" in old.message.zh


def test_a_suspended_or_revoked_licence_is_found_out(nodes: Federation) -> None:
    made = issue(nodes.county, application(nodes.county, number="445122202100000003"), actor=ACTOR).record
    for code, kind in (("02", "warn"), ("03", "bad")):
        status.change(nodes.county, made.identifier, code, reason="", actor=ACTOR)  # type: ignore[arg-type]
        nodes.store_status_list()
        said = text(nodes.county, made)
        for verdict in (check(nodes.county, said, actor=ACTOR), check(nodes.city, said, actor=ACTOR), offline(nodes, said)):
            assert (verdict.kind, verdict.status, verdict.as_json()["genuine"]) == (kind, code, True)


def test_dates_are_looked_at(nodes: Federation, record: LicenseRecord) -> None:
    today = nodes.now.date()
    for change, word in (
        ({"valid_to": today - timedelta(days=1)}, "past its last day"),
        ({"valid_from": today + timedelta(days=2)}, "not in force yet"),
    ):
        verdict = offline(nodes, text(nodes.county, replace(record, **change)))  # type: ignore[arg-type]
        assert (verdict.kind, word in verdict.message.en) == ("warn", True)


def test_what_another_key_signed_is_not_genuine(nodes: Federation, record: LicenseRecord) -> None:
    forged = qr.address(nodes.county.node.url, qr_keys.statement(nodes.city, record, DATA))
    for verdict in (check(nodes.county, forged, actor=ACTOR), check(nodes.city, forged, actor=ACTOR), offline(nodes, forged)):
        assert (verdict.kind, verdict.as_json()["genuine"], verdict.claim) == ("bad", False, None)


def test_a_licence_that_the_registry_does_not_have_is_not_relied_on(nodes: Federation, record: LicenseRecord) -> None:
    for change in ({"identifier": record.identifier.replace("445122202100000002", "445122202100000009")}, {"status_index": 1}):
        verdict = check(nodes.county, text(nodes.county, replace(record, **change)), actor=ACTOR)  # type: ignore[arg-type]
        assert (verdict.kind, verdict.status) == ("bad", None)


def test_a_node_that_nobody_knows_is_refused_by_name(nodes: Federation, record: LicenseRecord) -> None:
    said = qr.address("https://elsewhere.example", qr_keys.statement(nodes.county, record, DATA))
    with pytest.raises(Refusal, match="qr_node_unknown"):
        check(nodes.city, said, actor=ACTOR)
    with pytest.raises(Refusal, match="qr_list_elsewhere"):
        offline(nodes, said)


def test_a_list_is_believed_only_by_a_path_from_the_anchor(nodes: Federation, record: LicenseRecord) -> None:
    said, listed = text(nodes.county, record), status.current(nodes.county).body.encode()
    with pytest.raises(Refusal, match="qr_list_untrusted"):
        check_by_files(said, listed, anchors(nodes.city), [], nodes.now)
    with pytest.raises(Refusal, match="token_"):
        offline(nodes, said, token=listed[:-4] + b"AAAA")
    for token in (b"", b"a.b.c", b"\xff" * 100, listed[:-300]):
        with pytest.raises(Refusal):
            offline(nodes, said, token=token)


def test_asking_is_audited_without_a_name(nodes: Federation, record: LicenseRecord) -> None:
    check(nodes.county, text(nodes.county, record), actor="public:page")
    with nodes.county_engine.connect() as connection:
        query = sa.select(audit.events).where(audit.events.c.action == "licenses.verify_qr").order_by(audit.events.c.number)
        row = connection.execute(query).mappings().all()[-1]
    assert row["actor"] == "public:page"
    assert record.holder_name not in str(dict(row))
