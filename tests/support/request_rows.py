"""What the table of good requests is made of: a row for a kind of request, its parameters, and the provider that they are sent to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from idp import endpoints
from tests.support import registering
from tests.support.idp import Browser, Provider, basic, json_of

INTERFACE = "https://scjg.example.cn/interface"
"""A resource (RFC 8707) that a department's system answers for."""

REFUSED = "a page"
"""Instead of an OAuth error: the person is shown what is wrong, and nobody is redirected."""


@dataclass
class World:
    """The provider and a browser in which a citizen is logged in."""

    browser: Browser
    _kept: dict[str, str] = field(default_factory=dict)
    _invitation: str = ""
    _managed: dict[str, str] = field(default_factory=dict)

    @property
    def provider(self) -> Provider:
        return self.browser.provider

    def code(self) -> str:
        return self.browser.authorize()["code"]

    def token(self, name: str) -> str:
        """Return a token that nobody has used."""
        return str(self.browser.tokens()[name])

    def kept(self, name: str) -> str:
        """Return a token that may be used any number of times."""
        if not self._kept:
            self._kept.update(self.browser.tokens())
        return self._kept[name]

    def token_for_interface(self) -> str:
        """Return a token for a department's interface, from a login that granted it."""
        back = self.browser.authorize(resource=INTERFACE)
        return str(json_of(self.provider.redeem(back["code"]))["access_token"])

    def actor_token(self) -> str:
        """Return a token of the system that answers there, on its own behalf."""
        answer = self.provider.post(endpoints.TOKEN, {"grant_type": "client_credentials"}, client_id="interface")
        return str(json_of(answer)["access_token"])

    def invitation(self) -> str:
        """Return an initial access token that is good for many registrations."""
        self._invitation = self._invitation or registering.invite(self.provider.deps, uses=100)
        return self._invitation

    def managed_id(self) -> str:
        """Return the client_id of a client that registered itself just now."""
        self._managed = registering.register(self.provider.deps)
        return self._managed["client_id"]

    def managed_token(self) -> str:
        """Return the access token with which that client keeps itself up."""
        self._managed = self._managed or registering.register(self.provider.deps)
        return self._managed["registration_access_token"]


@dataclass(frozen=True)
class Parameter:
    """A parameter's good value, and the OAuth error without it and with a wrong one; None where it may be so."""

    good: str | Callable[[World], str]
    missing: str | None = None
    wrong: str | None = None
    too_long: str | None = None
    """Where a length is checked before the meaning."""

    def value(self, world: World) -> str:
        return self.good if isinstance(self.good, str) else self.good(world)


@dataclass(frozen=True)
class Row:
    """One kind of request. ``caller``: the client that authenticates by the header; ``bearer``: the token that does.

    ``shown``: the client whose certificate a trusted proxy hands on. ``as_json``: the parameters are members of a JSON body, and their values JSON.
    """

    name: str
    method: str
    path: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    caller: str | None = None
    bearer: Callable[[World], str] | None = None
    shown: str | None = None
    as_json: bool = False
    status: int = 200

    def headers(self, world: World) -> dict[str, str]:
        if self.shown is not None:
            certificate = base64.b64encode(CERTIFICATES[self.shown]).decode()
            return {"Client-Cert": f":{certificate}:"}
        if self.caller is not None:
            return {"Authorization": basic(self.caller, world.provider.secrets[self.caller])}
        return {} if self.bearer is None else {"Authorization": f"Bearer {self.bearer(world)}"}

    @property
    def in_address(self) -> bool:
        """Whether the parameters stand in the address."""
        return self.method in {"GET", "DELETE"}

    def written(self, pairs: Iterable[tuple[str, str]]) -> str:
        """Return parameters as the request carries them."""
        if not self.as_json:
            return urlencode(list(pairs))
        return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"

    def good(self, world: World, *, without: str = "") -> dict[str, str]:
        return {name: parameter.value(world) for name, parameter in self.parameters.items() if name != without}


CERTIFICATES: dict[str, bytes] = {}
"""By the client's name, from when it was registered."""
