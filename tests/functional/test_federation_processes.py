"""Nodes that are killed, hang and come back: no verdict gets worse or better by it, nobody else waits, and it is shown for what it is."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
import sqlalchemy as sa

from crosscert import agreements
from crosscert.federation import arrivals, probes, push, sync
from crosscert.tokens import verify_token
from crosscert.trust import Trust
from kernel.rows import open_rows
from licenses import log
from licenses.applications import COLUMNS, check_application
from licenses.departments import COLUMNS as DEPARTMENT_COLUMNS
from licenses.departments import import_departments
from licenses.issue import issue
from licenses.presentation import present
from licenses.storage import tables
from licenses.verification import verify
from pki import crl
from policies.models import FederationRules
from tests.support.issuing import DATA, demo_rows, rules_of
from tests.support.logs import leaf
from tests.support.nodes import CITY, COUNTY, OTHER, Nodes, impatient_with, running_nodes
from tests.unit.crosscert.forge import signer


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """The three nodes, everybody having fetched from everybody."""
    with running_nodes(tmp_path_factory.mktemp("nodes")) as made:
        yield made


def test_everybody_believes_everybody_and_each_is_as_the_others_expect(nodes: Nodes) -> None:
    for by in nodes.services:
        for of in nodes.services:
            verdict = nodes.judged(by, nodes.token(of))
            assert verdict["valid"], verdict
            assert verdict["node"]["code"] == of
    found = probes.probe_all(nodes.services[COUNTY].crosscert)
    assert {(each.node_code, each.probe) for each in found} == {
        (code, probe) for code in (CITY, OTHER) for probe in ("lists", "known_revoked", "ocsp", "addresses")
    }
    assert [each for each in found if not each.ok] == []
    assert json.loads(nodes.chaoxin(COUNTY, "doctor", "--json").stdout)["ok"]


def test_what_has_not_changed_is_not_sent_again(nodes: Nodes) -> None:
    url = nodes.url(CITY) + "/pki/principal.crl"
    with nodes.services[COUNTY].crosscert.work.read() as work:
        tags = {tag.url: tag.etag for tag in work.records.list_tags(CITY)}
    fetch = nodes.services[COUNTY].crosscert.fetch
    assert fetch.get(url, below=nodes.url(CITY), max_bytes=10**6, timeout=5, etag=tags[url]).data is None


def test_two_nodes_witness_each_others_logs_and_a_restored_backup_is_found_out(nodes: Nodes) -> None:
    for code in (CITY, COUNTY):
        grow(nodes, code, *range(300))
    for code in (COUNTY, CITY, COUNTY):  # each fetches from the others, and then what they cosigned of its own log
        assert nodes.synced(code)[CITY if code == COUNTY else COUNTY] is None
    for code, other in ((CITY, COUNTY), (COUNTY, CITY)):
        shown = json.loads(nodes.chaoxin(code, "log", "show", "--json").stdout)
        assert (other, 300) in [(one["node"], one["size"]) for one in shown["witnesses"]]
        assert (other, 300, 300) in [(one["node"], one["size"], one["read"]) for one in shown["witnessed"]]
        assert f"— {nodes.url(other).partition('://')[2]}/licenses/witness " in shown["checkpoint"]
    # The county grows, which is witnessed, and goes back to a backup of before.
    backup = log_tables(nodes)
    grow(nodes, COUNTY, 300)
    for code in (CITY, COUNTY):
        nodes.synced(code)
    restore(nodes, backup)
    for code in (CITY, COUNTY):
        nodes.synced(code)
    for code, ok in ((CITY, True), (COUNTY, False)):
        (fault,) = json.loads(nodes.chaoxin(code, "log", "show", "--json").stdout)["faults"]
        assert (fault["node"], fault["kind"], fault["found_by"]) == (COUNTY, "rollback", CITY)
        assert ("\n301\n" in fault["held"], "\n300\n" in fault["shown"]) == (True, True)
        told = nodes.chaoxin(code, "doctor", "--json")
        found = next(each for each in json.loads(told.stdout)["checks"] if each["check"] == "log")
        assert (found["ok"], COUNTY in json.dumps(found)) == (ok, True)
    grow(nodes, COUNTY, 300)  # the same leaf: the log is again what was seen
    for code in (CITY, COUNTY):
        assert json.loads(nodes.chaoxin(code, "log", "settle", COUNTY, "--by", "chen", "--json").stdout)["changed"] is False
        settled = nodes.chaoxin(code, "log", "settle", COUNTY, "--by", "chen", "--yes", "--json")
        assert json.loads(settled.stdout) == {"changed": True, "settled": 1}
        nodes.synced(code)
        assert json.loads(nodes.chaoxin(code, "doctor", "--json").stdout)["ok"]


def grow(nodes: Nodes, code: str, *numbers: int) -> None:
    with nodes.services[code].licenses.work.begin() as work:
        log.append(work.records, [leaf(number) for number in numbers])


LOG_TABLES = (tables.log_nodes, tables.log_leaves, tables.counters)


def log_tables(nodes: Nodes) -> list[list[dict[str, object]]]:
    with nodes.services[COUNTY].engine.connect() as connection:
        return [[dict(row) for row in connection.execute(sa.select(table)).mappings()] for table in LOG_TABLES]


def restore(nodes: Nodes, backup: list[list[dict[str, object]]]) -> None:
    with nodes.services[COUNTY].engine.begin() as connection:
        for table, rows in zip(LOG_TABLES, backup, strict=True):
            connection.execute(table.delete())
            connection.execute(table.insert(), rows)


def test_with_the_city_killed_counties_go_on_the_countdown_runs_and_it_comes_back(nodes: Nodes) -> None:
    nodes.kill(CITY)
    try:
        assert nodes.synced() == {CITY: "peer_unreachable", OTHER: None}
        assert nodes.all_valid()
        ready = requests.get(nodes.url(COUNTY) + "/readyz", timeout=30)
        assert ready.status_code == 200
        assert ready.json()["warnings"] == ["peers"]
        left = ready.json()["unheard"][CITY]
        assert 0 < left <= nodes.services[COUNTY].policies.certificates.federation.budget_seconds
        peer = nodes.shown(COUNTY, CITY)
        assert (peer["last_error"], peer["failures"]) == ("peer_unreachable", 1)
        assert peer["failing_since"] is not None
        assert peer["next_try_at"] is not None
        assert f"{CITY}: peer_unreachable since" in nodes.chaoxin(COUNTY, "doctor").stdout
    finally:
        nodes.serve(CITY)
    assert nodes.synced() == {CITY: None, OTHER: None}
    assert nodes.shown(COUNTY, CITY)["failing_since"] is None
    assert requests.get(nodes.url(COUNTY) + "/readyz", timeout=30).json()["unheard"] == {}


def test_a_city_that_hangs_keeps_nobody_waiting_for_the_others(nodes: Nodes) -> None:
    nodes.signal(CITY, signal.SIGSTOP)
    try:
        with impatient_with(CITY):
            assert nodes.synced() == {CITY: "peer_unreachable", OTHER: None}
        assert "too slow" in nodes.chaoxin(COUNTY, "doctor").stdout
        assert nodes.all_valid()
    finally:
        nodes.signal(CITY, signal.SIGCONT)
    assert nodes.synced()[CITY] is None


def licence_of(nodes: Nodes, code: str) -> bytes:
    """Return a licence that a node issues now; its neighbours fetch its status list with everything else."""
    deps = nodes.services[code].licenses
    row = next(row for row in demo_rows() if row["expect"] == "ok" and row["area_code"] == code)
    with (DATA / "departments.csv").open("rb") as stream:
        rows = open_rows(stream, "departments.csv", DEPARTMENT_COLUMNS, max_rows=1000)
        import_departments(deps, rows, actor="operator:test")
    application = check_application({column: row[column] for column in COLUMNS.required}, rules_of(deps))
    return issue(deps, application, actor="operator:test").pdf


def test_drill_without_the_bridge_a_county_relies_on_it_for_the_budget_and_then_refuses(nodes: Nodes) -> None:
    """In real time, with a budget of three seconds; the other county is heard all the while."""
    real = nodes.services[COUNTY].crosscert
    deps = replace(real, policies=real.policies.model_copy(update={"federation": FederationRules(budget_seconds=3)}))
    # However long this takes: the budget begins when the city is heard last.
    token, pdf = nodes.token(OTHER), licence_of(nodes, OTHER)
    assert nodes.synced()[CITY] is None
    nodes.kill(CITY)
    try:
        with deps.work.read() as work:
            city = work.records.find_peer(CITY)
        assert city is not None
        assert city.last_ok_at is not None
        end = city.last_ok_at + timedelta(seconds=3)
        there = replace(nodes.services[COUNTY].licenses, trust=Trust(deps))
        while (now := deps.clock.now()) <= end:
            sync.sync_peer(deps, OTHER)
        sync.sync_peer(deps, OTHER)
        before, after = verify_token(deps, token, at=end), verify_token(deps, token, at=now)
        assert before.valid, before.as_json()
        assert before.relied_until == end
        assert after.reason is not None
        assert (after.valid, after.reason[0]) == (False, "evidence_too_old")
        good, late = (verify(there, pdf, actor="operator:test", at=moment) for moment in (end, now))
        countdown = present(good).reliance
        assert good.indication == "TOTAL_PASSED", good.message
        assert countdown is not None
        assert (countdown.until, countdown.left) == (end.replace(microsecond=0), timedelta(0))
        assert (late.indication, late.subindication) == ("INDETERMINATE", "TRY_LATER")
        assert verify_token(deps, nodes.token(COUNTY), at=now).valid, "its own tokens need nobody"
    finally:
        nodes.serve(CITY)
    assert nodes.synced() == {CITY: None, OTHER: None}


def test_what_was_revoked_is_refused_everywhere_by_the_push_alone_and_kept_for_who_is_away(nodes: Nodes) -> None:
    token = nodes.token(OTHER)
    assert nodes.judged(COUNTY, token)["valid"]
    city = nodes.services[CITY].crosscert
    agreement = agreements.find_live(city, OTHER)
    assert agreement is not None
    nodes.kill(OTHER)
    try:
        revoked = nodes.chaoxin(
            CITY, "crosscert", "revoke", agreement.identifier, "--by", "wang", "--yes", "--override", "trust_lost"
        )
        assert revoked.exit_code == 0, revoked.output
        # Nobody fetched anything: the county's own process took the list that the city sent.
        verdict = nodes.judged(COUNTY, token)
        assert verdict["reason"]["code"] == "certificate_revoked"
        assert verdict["claims"] == {}
        (away,) = nodes.shown(CITY, OTHER)["deliveries"]
        assert away["error"] == "peer_unreachable"
    finally:
        nodes.serve(OTHER)
    push.deliver(city)
    (taken,) = nodes.shown(CITY, OTHER)["deliveries"]
    assert (taken["number"], taken["error"]) == (crl.current(city.pki, "principal").number, None)
    nodes.certify(CITY, OTHER)
    for code in nodes.services:
        nodes.synced(code)
    assert nodes.all_valid()


def test_a_list_pushed_by_a_stranger_is_refused_by_name(nodes: Nodes) -> None:
    url = nodes.url(COUNTY) + arrivals.PATH
    kind = {"Content-Type": arrivals.CONTENT_TYPE}
    answer = requests.post(url, data=signer("stranger").crl().der, headers=kind, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (403, "crl_issuer_unknown")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert requests.post(url, data=b"x", headers=kind, timeout=30).json()["code"] == "crl_unreadable"
    assert requests.post(url, data=b"x", timeout=30).status_code == 415
    assert requests.post(url, data=bytes(arrivals.MAX_BYTES + 1), headers=kind, timeout=30).status_code == 413
