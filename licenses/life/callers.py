"""Departments' systems as the licence interfaces know them: by a port that the identity room fills, each an officer of its department."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kernel.people import person_of
from licenses.life.orders import Officer

READ, ISSUE, CHANGE = "licenses.read", "licenses.issue", "licenses.change"


class Caller(Protocol):
    """A department's system: its identifier and its department's credit code."""

    @property
    def client_id(self) -> str:
        """Which system."""
        ...

    @property
    def department(self) -> str:
        """Whose."""
        ...

    @property
    def name(self) -> str:
        """What it is called."""
        ...


class Callers(Protocol):
    """Tells which system asks; filled by the identity room in ``service/wiring``."""

    def verify(self, scope: str) -> Caller:
        """Return the system of the present request's token; ``Refusal`` when it may not do what needs ``scope``."""
        ...


def officers_of(callers: Callers) -> Callable[[str], Officer]:
    """Return what tells which officer the system of the present request is, by the scope that it needs."""

    def officer(scope: str) -> Officer:
        caller = callers.verify(scope)
        actor = f"client:{caller.client_id}"
        return Officer(actor, person_of(actor), (caller.department,))

    return officer
