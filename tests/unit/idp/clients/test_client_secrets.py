"""Two secrets while a system changes over; networks that it calls from; test and production."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import endpoints
from idp.clients import registry, secrets, stages
from idp.clients.addresses import may_call_from
from idp.clients.grant_types import DEVICE_CODE
from idp.ports import IdpDeps
from idp.records import Client
from idp.wire import OAuthResponse
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import OPERATOR, Provider, add_client, another_process, basic, events, json_of
from tests.unit.idp.test_concurrency import at_once


def introspect(provider: Provider, secret: str, *, address: str = "") -> OAuthResponse:
    return provider.post(endpoints.INTROSPECT, {"token": "x"}, authorization=basic("scjg", secret), address=address)


def test_both_secrets_count_until_one_is_dropped(provider: Provider, sqlite: sa.Engine) -> None:
    old = provider.secrets["scjg"] or ""
    new = secrets.add(provider.deps, "scjg", actor=OPERATOR)
    assert [introspect(provider, each).status for each in (old, new, "x" * 43)] == [200, 200, 401]
    secrets.drop(provider.deps, "scjg", "older", actor=OPERATOR)
    assert [introspect(provider, each).status for each in (old, new)] == [401, 200]
    newest = secrets.add(provider.deps, "scjg", actor=OPERATOR)
    secrets.drop(provider.deps, "scjg", "newer", actor=OPERATOR)
    assert [introspect(provider, each).status for each in (newest, new)] == [401, 200]
    for action, times in (("idp.add_client_secret", 2), ("idp.drop_client_secret", 2)):
        found = events(sqlite, action)
        assert len(found) == times
        assert new not in str(found)


def test_there_are_one_or_two_secrets_however_many_change_them_at_once(deps: IdpDeps) -> None:
    add_client(deps)
    results = at_once(8, lambda _: secrets.add(another_process(deps), "scjg", actor=OPERATOR))
    assert len([each for each in results if isinstance(each, str)]) == 1
    assert len(registry.get(deps, "scjg").secrets) == 2
    at_once(8, lambda number: secrets.drop(another_process(deps), "scjg", "older" if number % 2 else "newer", actor=OPERATOR))
    assert len(registry.get(deps, "scjg").secrets) == 1


def test_a_third_secret_and_the_only_one_stay_as_they_are(light: IdpDeps) -> None:
    add_client(light)
    with pytest.raises(Refusal, match="client_secrets"):
        secrets.drop(light, "scjg", "older", actor=OPERATOR)
    secrets.add(light, "scjg", actor=OPERATOR)
    with pytest.raises(Refusal, match="client_secrets"):
        secrets.add(light, "scjg", actor=OPERATOR)
    add_client(light, "app", token_endpoint_auth_method="none")
    with pytest.raises(Refusal, match="client_secrets"):
        secrets.add(light, "app", actor=OPERATOR)


def test_since_when_a_secret_is_and_when_it_was_last_used_is_known(deps: IdpDeps, clock: FixedClock) -> None:
    provider = Provider(deps)
    old = provider.add_client().client_secret or ""
    made_at = clock.now()
    clock.advance(timedelta(days=1))
    new = secrets.add(deps, "scjg", actor=OPERATOR)
    assert [one.made_at for one in registry.get(deps, "scjg").secrets] == [made_at, clock.now()]

    def uses() -> dict[bytes, object]:
        with deps.work.read() as work:
            return dict(work.records.secret_uses(["scjg"]))

    assert uses() == {}
    introspect(provider, "x" * 43)
    introspect(provider, new)
    first = clock.now()
    assert uses() == {registry.hash_secret(new): first}
    clock.advance(timedelta(minutes=5))
    introspect(provider, new)
    assert uses() == {registry.hash_secret(new): first}, "it is not written each time"
    clock.advance(timedelta(minutes=5))
    introspect(provider, new)
    introspect(provider, old)
    assert uses() == dict.fromkeys((registry.hash_secret(new), registry.hash_secret(old)), clock.now())
    secrets.drop(deps, "scjg", "older", actor=OPERATOR)
    assert uses().keys() == {registry.hash_secret(new)}


# G4: networks.


@pytest.mark.parametrize(
    ("networks", "address", "may"),
    [
        ((), "192.0.2.1", True),
        ((), "", True),
        (("10.1.0.0/16",), "10.1.255.255", True),
        (("10.1.0.0/16",), "10.2.0.0", False),
        (("10.1.0.0/16",), "::ffff:10.1.2.3", True),
        (("10.1.0.0/16", "2001:db8::/32"), "2001:db8::1", True),
        (("2001:db8::/32",), "10.1.2.3", False),
        (("192.0.2.7",), "192.0.2.7", True),
        (("10.1.0.0/16",), "", False),
        (("10.1.0.0/16",), "10.1.0.0/16", False),
        (("0.0.0.0/0",), "unix", False),
    ],
)
def test_a_system_calls_from_its_networks_only(networks: tuple[str, ...], address: str, may: bool) -> None:
    assert may_call_from(Client("c", "n", "d", addresses=networks), address) is may


@pytest.mark.parametrize("path", [endpoints.TOKEN, endpoints.PUSHED_REQUEST, endpoints.INTROSPECT, endpoints.REVOKE])
def test_g4_the_right_secret_from_elsewhere_is_a_wrong_one(provider: Provider, sqlite: sa.Engine, path: str) -> None:
    provider.add_client("tied", addresses=("10.1.0.0/16",))
    forms: dict[str, dict[str, str | None]] = {
        endpoints.TOKEN: {"grant_type": "refresh_token", "refresh_token": "x"},
        endpoints.PUSHED_REQUEST: dict(provider.request(client_id="tied")),
    }
    form = forms.get(path, {"token": "x"})
    right, wrong = (basic("tied", secret) for secret in (provider.secrets["tied"], "w" * 43))
    elsewhere = provider.post(path, form, authorization=right, address="192.0.2.1")
    mistaken = provider.post(path, form, authorization=wrong, address="10.1.2.3")
    assert (elsewhere.status, elsewhere.body, elsewhere.headers) == (mistaken.status, mistaken.body, mistaken.headers)
    assert (elsewhere.status, json_of(elsewhere)["error"]) == (401, "invalid_client")
    (event,) = events(sqlite, "idp.authenticate_client")
    assert json.loads(event["details"]) == {"code": "client_address", "address": "192.0.2.1"}
    assert provider.post(path, form, authorization=right, address="10.1.2.3").status in {200, 201, 400}


@pytest.mark.parametrize("addresses", [("10.1.0.0/8",), ("x",), ("",), ("10.0.0.0/33",), ("10.0.0.1",) * 51])
def test_what_is_no_network_is_refused(light: IdpDeps, addresses: tuple[str, ...]) -> None:
    with pytest.raises(Refusal) as caught:
        add_client(light, addresses=addresses)
    assert caught.value.field == "addresses"
    with pytest.raises(Refusal):
        add_client(light, token_endpoint_auth_method="none", addresses=("10.1.0.0/16",))


# G1: test and production.


def test_g1_what_production_needs_is_named(deps: IdpDeps, engine: sa.Engine) -> None:
    client = add_client(deps).client
    assert client.stage == "test"
    with pytest.raises(Refusal) as caught:
        stages.promote(deps, "scjg", actor=OPERATOR)
    assert (caught.value.code, caught.value.details["missing"]) == ("client_not_ready", "backchannel_logout_uri")
    with pytest.raises(Refusal) as caught:
        registry.update(deps, replace(client, stage="production"), actor=OPERATOR)
    assert caught.value.field == "backchannel_logout_uri"
    registry.update(deps, replace(client, backchannel_logout_uri="https://scjg.example.cn/out"), actor=OPERATOR)
    assert stages.promote(deps, "scjg", actor=OPERATOR).stage == "production"
    assert registry.get(deps, "scjg").stage == "production"
    assert json.loads(events(engine, "idp.promote_client")[0]["details"]) == {"changed": ["stage"]}
    with pytest.raises(Refusal) as caught:
        registry.update(deps, replace(registry.get(deps, "scjg"), backchannel_logout_uri=None), actor=OPERATOR)
    assert caught.value.field == "backchannel_logout_uri"


def test_g1_a_system_that_logs_nobody_in_needs_nobody_told(light: IdpDeps) -> None:
    add_client(light, grant_types=("client_credentials",), redirect_uris=(), stage="production")


def test_g1_a_kiosk_keeps_no_login_of_its_own_unless_it_is_a_website_as_well(light: IdpDeps) -> None:
    add_client(light, grant_types=(DEVICE_CODE, "refresh_token"), redirect_uris=(), stage="production")
    with pytest.raises(Refusal) as caught:
        add_client(light, "both", grant_types=(DEVICE_CODE, "authorization_code"), stage="production")
    assert caught.value.field == "backchannel_logout_uri"


def test_origins_follow_what_is_registered(deps: IdpDeps) -> None:
    client = add_client(deps, token_endpoint_auth_method="none", origins=("https://a.example.cn",)).client
    registry.update(deps, replace(client, origins=("https://b.example.cn",)), actor=OPERATOR)
    with deps.work.read() as work:
        assert [work.records.is_origin(f"https://{one}.example.cn") for one in "ab"] == [False, True]


def test_a_client_that_was_changed_meanwhile_is_not_overwritten(deps: IdpDeps) -> None:
    client = add_client(deps).client
    registry.update(deps, replace(client, name="新名称"), actor=OPERATOR)
    with pytest.raises(Refusal, match="client_changed"):
        registry.update(deps, replace(client, name="旧名称"), actor=OPERATOR)
    registry.disable(deps, "scjg", actor=OPERATOR)
    with pytest.raises(Refusal, match="client_changed"):
        registry.update(deps, replace(client, version=1), actor=OPERATOR)
    assert registry.all_clients(deps)[0].name == "新名称"


def test_registered_defaults_count_where_a_request_says_nothing(provider: Provider, clock: FixedClock) -> None:
    provider.add_client("careful", default_max_age=60, default_acr_values=("urn:chaoxin:aal:2",))
    provider.add_client("lax")
    browser = provider.browser()
    browser.log_in()
    assert browser.authorize(client_id="careful")["error"] == "unmet_authentication_requirements"
    assert "code" in browser.authorize(client_id="careful", acr_values="urn:chaoxin:aal:1")
    clock.advance(timedelta(seconds=61))
    assert "code" in browser.authorize(client_id="lax", prompt="none")
    again = browser.authorize(client_id="careful", acr_values="urn:chaoxin:aal:1", prompt="none")
    assert again["error"] == "login_required"
