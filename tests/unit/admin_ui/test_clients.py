"""The console's list of departments' systems says what speaks against each."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from admin_ui.clients import list_clients
from idp.clients import registry, secrets
from kernel.clock import FixedClock
from tests.support.idp import MARKET, OPERATOR, SOCIAL_SECURITY, Provider, make_idp_deps
from tests.support.pki import MemoryKeys


def test_systems_are_listed_by_department_with_what_speaks_against_them(engine: sa.Engine, clock: FixedClock) -> None:
    provider = Provider(make_idp_deps(engine, MemoryKeys(), clock))
    provider.add_client("b-market", department=MARKET, require_pkce=False)
    provider.add_client("a-market", department=MARKET, backchannel_logout_uri="https://scjg.example.cn/out")
    provider.add_client(
        "social", department=SOCIAL_SECURITY, stage="production", backchannel_logout_uri="https://rsj.example.cn/out"
    )
    made_at = clock.now()
    clock.advance(timedelta(hours=1))
    secrets.add(provider.deps, "social", actor=OPERATOR)
    secrets.note_use(provider.deps, provider.client("social"), provider.client("social").secrets[0].hash)
    registry.disable(provider.deps, "b-market", actor=OPERATOR)
    rows = list_clients(provider.deps)
    assert [(row.client.client_id, list(row.missing)) for row in rows] == [
        ("social", []),
        ("a-market", []),
        ("b-market", ["backchannel_logout_uri"]),
    ]
    assert [row.client.client_id for row in list_clients(provider.deps, limit=1)] == ["social"]
    assert [row.client.client_id for row in list_clients(provider.deps, after=rows[0].place, limit=1)] == ["a-market"]
    assert [row.client.client_id for row in list_clients(provider.deps, after=rows[1].place)] == ["b-market"]
    assert list_clients(provider.deps, after=rows[2].place) == []
    assert rows[0].secrets == [(made_at, clock.now()), (clock.now(), None)]
    assert rows[2].secrets == [(made_at, None)]
    assert not rows[2].client.require_pkce
