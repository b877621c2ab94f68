"""The OpenID Provider beside npm ``oidc-provider`` at equal durability, as ``chaoxin serve --threads 1`` runs it: audit, throttling, policies.

Answers or whole flows a second of the server's CPU time. oidc-provider's access tokens are opaque where nothing is said, ours JWTs. A flow
of a fresh login is five requests and a form of whoever has not logged in yet; within a session (SSO) it is two. What PostgreSQL itself uses is counted for
nobody.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks import servers
from benchmarks.figures import Figure, cpu_milliseconds
from benchmarks.provider_crowds import REFRESH_TOKENS, SESSIONS, fill
from benchmarks.provider_flows import Crowd
from benchmarks.provider_latency import measure_latency
from benchmarks.provider_servers import PASSWORD, RESOURCE, Server, install_peer, ours, peer
from idp import housekeeping
from idp.people import passwords
from service.config import load_config
from service.wiring import Services
from tests.support.databases import PostgresServer

_SECONDS = 2
_ROUNDS = 3
_FLOWS = 40
_CONNECTIONS = 8
_UNIT = "1/CPU s"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_REFRESHING = """
local shown = {%s}
local first, last = 1, #shown
local headers = {["Content-Type"] = "application/x-www-form-urlencoded", ["Authorization"] = "%s"}
request = function()
  local token = shown[first]
  first = first + 1
  return wrk.format("POST", "%s", headers, "grant_type=refresh_token&refresh_token=" .. token)
end
response = function(status, headers, body)
  last = last + 1
  shown[last] = body:match('"refresh_token":"([^"]+)"')
end
"""

LIMITS: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "client credentials": (1.5, ("client credentials", "client credentials, JWT")),
    "fresh login": (1.3, ("fresh login",)),
    "SSO": (1.2, ("SSO",)),
    "refresh": (1.2, ("refresh",)),
    "introspection": (1.2, ("introspection",)),
    "userinfo": (1.0, ("userinfo",)),
    "JWKS": (1.3, ("JWKS",)),
    "discovery": (2.0, ("discovery",)),
}
"""How many times what of the peer's each of ours must reach."""

PASSWORD_LIMIT = 0.8
MEMORY_LIMIT = 0.6
CROWD_LIMIT = 0.9  # no slower; a tenth is what two measurements of the same differ by
CLEAN_UP_LIMIT = 1000.0


def measure() -> Iterator[Figure]:
    """Measure on SQLite, then on PostgreSQL, then what a password costs."""
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as name:
        folder = Path(name)
        install_peer(folder)
        with ExitStack() as stack:
            running = {
                "ours": stack.enter_context(ours(folder / "sqlite", "sqlite:///node.sqlite")),
                "SQLite": stack.enter_context(peer(folder, "sqlite", str(folder / "peer.sqlite"))),
                "memory": stack.enter_context(peer(folder, "memory")),
            }
            yield from _compare(running, "SQLite")
            yield from measure_latency("client credentials, SQLite", running["ours"].port, _for_itself(running["ours"]))
            yield from _crowded(running["ours"], folder / "sqlite", "SQLite")
        with PostgresServer(durable=True) as cluster, ExitStack() as stack:
            place, theirs = (stack.enter_context(cluster.database()) for _ in range(2))
            running = {
                "ours": stack.enter_context(ours(folder / "postgresql", place)),
                "PostgreSQL": stack.enter_context(peer(folder, "postgresql", theirs.replace("+psycopg", ""))),
            }
            yield from _compare(running, "PostgreSQL")
            yield from _crowded(running["ours"], folder / "postgresql", "PostgreSQL")
        yield from _password(folder)


def _compare(running: Mapping[str, Server], store: str) -> Iterator[Figure]:
    acts = {who: _acts(server, jwt_only=who == "ours") for who, server in running.items()}
    for name in acts["ours"]:
        factor, against = LIMITS[name]
        wanted = {(who, theirs): acts[who][theirs] for who in running if who != "ours" for theirs in against}
        # In turn, so that whatever the machine does meanwhile meets all of them.
        rounds = [(acts["ours"][name](), {key: act() for key, act in wanted.items()}) for _ in range(_ROUNDS)]
        mine = statistics.median(our for our, _ in rounds)
        for who, theirs in wanted:
            found = statistics.median(each[who, theirs] for _, each in rounds)
            if who == store:
                yield Figure(f"{name}, {store}, to {factor} of {theirs}", mine, _UNIT, "limit", factor * found, "higher")
            else:
                yield Figure(f"{name}, {store}", mine, _UNIT, f"oidc-provider in memory, {theirs}", found, "higher")
    mine, found = (servers.megabytes(running[who].pid) for who in ("ours", store))
    yield Figure(f"memory, {store}, to {MEMORY_LIMIT} of the peer's", mine, "MB", "limit", MEMORY_LIMIT * found)


def _crowded(server: Server, folder: Path, store: str) -> Iterator[Figure]:
    acts = _acts(server, jwt_only=True)

    def measured() -> Mapping[str, float]:
        return {name: statistics.median(acts[name]() for _ in range(_ROUNDS)) for name in ("refresh", "SSO", "fresh login")}

    few = measured()
    with Services(load_config(folder / "chaoxin.toml")) as services:
        fill(services.engine)
        many = measured()
        for name, found in many.items():
            what = f"{name}, {store}, {SESSIONS:,} sessions and {REFRESH_TOKENS:,} refresh tokens, to {CROWD_LIMIT} of a few"
            yield Figure(what, found, _UNIT, "limit", CROWD_LIMIT * few[name], "higher")
        spent = cpu_milliseconds(lambda: housekeeping.clean_up(services.idp), rounds=3)
        yield Figure(f"removing what is over among them, {store}", spent, "ms CPU", "limit", CLEAN_UP_LIMIT)


def _acts(server: Server, *, jwt_only: bool) -> Mapping[str, Callable[[], float]]:
    """Return what is measured of a provider, by name; each act returns how many a CPU second."""
    crowd = Crowd(server.department, PASSWORD)
    crowd.log_in(1, anew=True)
    tokens = crowd.log_in(_FLOWS, anew=False)
    acts: dict[str, Callable[[], float]] = {
        "client credentials": lambda: _post(server, server.machine.basic, "token", ["grant_type=client_credentials"]),
        "client credentials, JWT": lambda: _post(
            server, server.machine.basic, "token", [f"grant_type=client_credentials&resource={RESOURCE}"]
        ),
        "refresh": lambda: _refresh(server, crowd),
        "introspection": lambda: _post(
            server, server.department.basic, "introspection", [f"token={one['access_token']}" for one in tokens]
        ),
        "userinfo": lambda: _get(server, "userinfo_endpoint", [f"Bearer {one['access_token']}" for one in tokens]),
        "JWKS": lambda: _get(server, "jwks_uri", [""]),
        "discovery": lambda: _get(server, "/.well-known/openid-configuration", [""]),
        "SSO": lambda: _flows(server, crowd, anew=False),
        "fresh login": lambda: _flows(server, crowd, anew=True),
    }
    return {name: act for name, act in acts.items() if not (jwt_only and name.endswith(", JWT"))}


def _for_itself(server: Server) -> bytes:
    headers = _FORM | {"Authorization": server.machine.basic}
    return servers.raw_request("POST", server.machine.endpoints["token_endpoint"], headers, b"grant_type=client_credentials")


def _post(server: Server, basic: str, endpoint: str, forms: list[str]) -> float:
    path, headers = server.department.endpoints[f"{endpoint}_endpoint"], _FORM | {"Authorization": basic}
    requests = [servers.raw_request("POST", path, headers, form.encode()) for form in forms]
    return servers.ask(server.pid, server.port, servers.in_turn(requests), seconds=_SECONDS, connections=_CONNECTIONS)


def _get(server: Server, where: str, authorizations: list[str]) -> float:
    path = server.department.endpoints.get(where, where)
    headers = [{"Authorization": one} if one else {} for one in authorizations]
    requests = [servers.raw_request("GET", path, each) for each in headers]
    return servers.ask(server.pid, server.port, servers.in_turn(requests), seconds=_SECONDS, connections=_CONNECTIONS)


def _refresh(server: Server, crowd: Crowd) -> float:
    shown = ",".join(f'"{one["refresh_token"]}"' for one in crowd.log_in(_CONNECTIONS, anew=False))
    script = _REFRESHING % (shown, server.department.basic, server.department.endpoints["token_endpoint"])
    return servers.ask(server.pid, server.port, script, seconds=_SECONDS, warm_up=0, connections=_CONNECTIONS)


def _flows(server: Server, crowd: Crowd, *, anew: bool) -> float:
    before = servers.cpu_seconds(server.pid)
    return len(crowd.log_in(_FLOWS, anew=anew)) / (servers.cpu_seconds(server.pid) - before)


def _password(folder: Path) -> Iterator[Figure]:
    stored = passwords.hash_password(PASSWORD)
    floor = 1000 / cpu_milliseconds(lambda: passwords.matches(PASSWORD, stored))
    with ours(folder / "hashing", "sqlite:///node.sqlite", hashing=True) as server:
        crowd = Crowd(server.department, PASSWORD)
        crowd.log_in(1, anew=True)
        measured = statistics.median(_flows(server, crowd, anew=True) for _ in range(_ROUNDS))
    name = f"fresh login with its password, to {PASSWORD_LIMIT} of argon2id alone"
    yield Figure(name, measured, _UNIT, "limit", PASSWORD_LIMIT * floor, "higher")
