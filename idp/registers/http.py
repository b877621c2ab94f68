"""Registers over HTTP, by the contract of ``docs/registers.md``: one question, one answer in JSON, strictly read.

An answer counts only when it repeats the question's ``request_id``, has exactly the members of the contract and says nothing that
cannot be. Of one register only a few questions are on their way at a time, so that a slow one does not hold up everybody else.
Left to others: time, size, TLS and the secret of a request (the ``Fetcher``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any, get_args

from crosscert.ports import Fetcher
from idp.registers.errors import REGISTER_AWAY
from idp.registers.ports import LegalPerson, LegalStatus, Match
from kernel.errors import Refusal
from kernel.identifiers import is_resident_id
from kernel.randomness import token
from kernel.text import find_unwanted_character, normal_form
from pki.strict_json import parse_object

_MAX_ANSWER = 16 * 1024
_AT_ONCE = 8
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Line:
    """The way to one register: where it is asked and how long it may take."""

    fetch: Fetcher
    url: str
    seconds: float
    slots: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AT_ONCE), repr=False)

    def ask(self, question: Mapping[str, str]) -> dict[str, Any]:
        """Return what the register answers to ``question``, without the ``request_id``; ``Refusal(register_away)``."""
        request_id = token(16)
        body = json.dumps({"request_id": request_id, **question}, ensure_ascii=False).encode()
        if not self.slots.acquire(blocking=False):
            raise Refusal(REGISTER_AWAY)
        try:
            answer = self.fetch.post(
                self.url,
                body,
                "application/json",
                below=self.url.rpartition("/")[0],
                max_bytes=_MAX_ANSWER,
                timeout=self.seconds,
            )
        except Refusal as refusal:
            raise Refusal(REGISTER_AWAY) from refusal
        finally:
            self.slots.release()
        told = parse_object(answer.data or b"", REGISTER_AWAY)
        if answer.status != 200 or told.pop("request_id", None) != request_id:  # noqa: PLR2004 - HTTP's own
            raise Refusal(REGISTER_AWAY)
        return told


@dataclass(frozen=True, slots=True)
class HttpPopulationRegister:
    """A ``PopulationRegister``: ``{"name", "resident_id"}`` → ``{"result": "matched" | "not_matched"}``."""

    line: Line

    def match(self, name: str, resident_id: str) -> Match:
        """Ask the register."""
        told = self.line.ask({"name": normal_form(name), "resident_id": resident_id})
        if told.keys() != {"result"} or told["result"] not in get_args(Match):
            raise Refusal(REGISTER_AWAY)
        result: Match = told["result"]
        return result


@dataclass(frozen=True, slots=True)
class HttpLegalPersonRegister:
    """A ``LegalPersonRegister``: ``{"uscc"}`` → ``{"legal_person": null | {"uscc", "name", "representative", "status"}}``."""

    line: Line

    def find(self, uscc: str) -> LegalPerson | None:
        """Ask the register."""
        told = self.line.ask({"uscc": uscc})
        if told.keys() != {"legal_person"}:
            raise Refusal(REGISTER_AWAY)
        return None if told["legal_person"] is None else read_legal_person(uscc, told["legal_person"])


def read_legal_person(uscc: str, entry: Any) -> LegalPerson:
    """Return the entry that a register gave for a code; ``Refusal(register_away)`` when it can be none of that code."""
    values = _members(entry, {"uscc", "name", "representative", "status"})
    representative = _members(values["representative"], {"name", "resident_id"})
    if values["uscc"] != uscc or values["status"] not in get_args(LegalStatus):
        raise Refusal(REGISTER_AWAY)
    number = representative["resident_id"]
    if not isinstance(number, str) or not is_resident_id(number):
        raise Refusal(REGISTER_AWAY)
    return LegalPerson(uscc, _name(values["name"]), _name(representative["name"]), number, values["status"])


def _members(value: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise Refusal(REGISTER_AWAY)
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(normal_form(value)) <= _MAX_NAME or find_unwanted_character(value):
        raise Refusal(REGISTER_AWAY)
    return normal_form(value)
