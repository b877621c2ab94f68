"""The demo survives being killed at any moment, and describes itself as its contract says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests

from service.demo.federation import PORTS
from tests.support.demo import Federation, start_demo, stop, wait_for_demo
from tests.support.ports import free_port_block


def test_the_description_has_what_others_rely_on(federation: Federation) -> None:
    described = federation.description
    assert [set(node) for node in described["nodes"]] == [{"code", "name", "level", "url"}] * 3
    assert {node["level"] for node in described["nodes"]} == {"city", "county"}
    assert {"citizen", "enterprise", "staff", "security_admin"} <= {
        a["kind"] for a in described["accounts"] if a["node"] == "445100"
    }
    assert all(set(a) == {"node", "kind", "username", "password", "totp_secret"} for a in described["accounts"])
    methods = [client["token_endpoint_auth_method"] for client in described["clients"]]
    assert methods.count("client_secret_basic") >= 2
    assert {"none", "private_key_jwt"} <= set(methods)
    for client in described["clients"]:
        keys = {"node", "client_id", "redirect_uris", "post_logout_redirect_uris", "token_endpoint_auth_method", "scope"}
        keys |= {"client_secret_basic": {"client_secret"}, "private_key_jwt": {"jwk"}}.get(
            client["token_endpoint_auth_method"], set()
        )
        assert set(client) == keys
    assert {entry["node"] for entry in described["licenses"]} == {"445100", "445122", "445103"}
    for entry in described["licenses"]:
        assert set(entry) == {"node", "number", "identifier", "file"}
        assert (federation.directory.parent.parent / entry["file"]).is_file()


def test_every_node_is_alive_ready_and_measured(federation: Federation) -> None:
    for node in federation.description["nodes"]:
        assert requests.get(f"{node['url']}/healthz", timeout=10).status_code == 200
        ready = requests.get(f"{node['url']}/readyz", timeout=10)
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert "chaoxin_http_requests_total" in requests.get(f"{node['url']}/metrics", timeout=10).text


def test_killed_at_any_moment_and_started_again_it_works(tmp_path: Path) -> None:
    first_port = free_port_block(PORTS)
    log = tmp_path / "demo.log"
    # 1. Kill it while it builds, a little later each time.
    for seconds in (2.0, 5.0):
        with log.open("wb") as stream:
            process = start_demo(tmp_path, first_port, stream)
        time.sleep(seconds)
        process.kill()
        process.wait()
    # 2. It starts, from what is there, and does its work.
    with log.open("wb") as stream:
        process = start_demo(tmp_path, first_port, stream)
    try:
        described = wait_for_demo(process, tmp_path, log)
        federation = Federation(tmp_path / "var" / "demo", described, first_port)
        numbers = [entry["number"] for entry in described["licenses"]]
        assert len(numbers) == len(set(numbers)) == 14
        assert federation.verify("445122", federation.license_file("445100"))["indication"] == "TOTAL_PASSED"
        assert federation.verify("445103", federation.license_file("445122"))["indication"] == "TOTAL_PASSED"
    finally:
        process.kill()
        process.wait()
    # 3. Killed while serving, it takes its processes with it and starts once more with the same secrets.
    with log.open("wb") as stream:
        process = start_demo(tmp_path, first_port, stream)
    try:
        assert wait_for_demo(process, tmp_path, log) == described
    finally:
        stop(process)
    for node in described["nodes"]:  # 4. Stopping it leaves nothing listening.
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{node['url']}/healthz", timeout=5)
