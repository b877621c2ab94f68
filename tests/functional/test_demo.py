"""The demo survives being killed at any moment, and describes itself as its contract says."""

from __future__ import annotations

import requests

from tests.support.demo import Federation


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
        assert (federation.root / entry["file"]).is_file()


def test_every_node_is_alive_ready_and_measured(federation: Federation) -> None:
    for node in federation.description["nodes"]:
        assert requests.get(f"{node['url']}/healthz", timeout=30).status_code == 200
        ready = requests.get(f"{node['url']}/readyz", timeout=30)
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert "chaoxin_http_requests_total" in requests.get(f"{node['url']}/metrics", timeout=30).text


def test_killed_twice_while_it_was_built_it_has_everything_once(federation: Federation) -> None:
    numbers = [entry["number"] for entry in federation.description["licenses"]]
    assert len(numbers) == len(set(numbers)) == 14
    assert federation.verify("445122", federation.license_file("445100"))["indication"] == "TOTAL_PASSED"
    assert federation.verify("445103", federation.license_file("445122"))["indication"] == "TOTAL_PASSED"


def test_killed_while_serving_it_takes_its_processes_with_it_and_starts_once_more_with_the_same_secrets(
    federation: Federation,
) -> None:
    described = federation.description
    federation.kill()
    federation.start()  # on the same ports, so nothing of the killed one is left
    assert federation.description == described
