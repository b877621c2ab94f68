"""Somebody else's registers, as the contract of ``docs/registers.md`` describes them: a real server for the demo and for tests.

In the same process: checks of documents (``checks``), and the SMS gateway whose messages anybody at this machine can read (``mailbox``).

Run as ``python -m service.demo.register SETTINGS.json``. ``faults`` in the settings names numbers at whose mention it misbehaves, so
that whoever connects to it sees what a late, wrong or silent register does. Left to others: everything about accounts.
"""

from __future__ import annotations

import csv
import hmac
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any, Literal, TypedDict

from werkzeug import Request, Response
from werkzeug.serving import make_server

from service.demo.checks import Checks
from service.demo.mailbox import Mailbox

Fault = Literal["late", "wrong", "lying", "huge", "error"]
_MAX_QUESTION = 4096
_LATE_SECONDS = 30.0


class RegisterSettings(TypedDict):
    """What the server needs: its port, the secret that it wants to be shown, its files, its private JWK, and at which numbers it misbehaves."""

    port: int
    key: str
    people: str
    legal_persons: str
    signer: Mapping[str, str]
    faults: Mapping[str, Fault]


class Register:
    """The registers, and what is asked where."""

    def __init__(self, settings: RegisterSettings) -> None:
        self._settings = settings
        self._people = {row["resident_id"]: row["name"] for row in _read(settings["people"])}
        messages = Mailbox(settings["key"])
        self._open: Mapping[str, Callable[[Request], Response]] = {
            "/healthz": lambda _: Response("ok\n"),
            "/sms": messages.answer,
            "/messages": messages.answer,
        }
        self._checks = Checks(f"http://localhost:{settings['port']}/documents", settings["signer"])
        self._pages: Mapping[str, Callable[[Any], Any]] = {
            "/persons/match": self._match,
            "/legal-persons/find": self._find,
            "/documents/checks": self._checks.begin,
            "/documents/results": self._checks.result,
        }

    def answer(self, request: Request) -> Response:
        """Answer one question."""
        if request.path.startswith("/documents/pages/"):
            return self._checks.page(request)
        if request.path in self._open:
            return self._open[request.path](request)
        page = self._pages.get(request.path)
        shown = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(shown, f"Bearer {self._settings['key']}".encode()):
            return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        if page is None or request.method != "POST":
            return Response(status=404)
        try:
            question = json.loads(request.stream.read(_MAX_QUESTION))
            answer = {"request_id": question["request_id"], **page(question)}
        except (ValueError, KeyError, TypeError):
            return Response(status=400)
        return self._told(answer, self._settings["faults"].get(question.get("resident_id") or question.get("uscc")))

    def _match(self, question: Any) -> Mapping[str, Any]:
        return {"result": "matched" if self._people.get(question["resident_id"]) == question["name"] else "not_matched"}

    def _find(self, question: Any) -> Mapping[str, Any]:
        rows = _read(self._settings["legal_persons"])  # as it is now: whoever runs this lets an organisation change hands there
        row = next((one for one in rows if one["uscc"] == question["uscc"]), None)
        if row is None:
            return {"legal_person": None}
        representative = {"name": row["representative_name"], "resident_id": row["representative_id"]}
        entry = {name: row[name] for name in ("uscc", "name", "status")}
        return {"legal_person": entry | {"representative": representative}}

    def _told(self, answer: dict[str, Any], fault: Fault | None) -> Response:
        match fault:
            case "late":
                Event().wait(_LATE_SECONDS)
            case "wrong":
                answer = dict.fromkeys(answer, "maybe") | {"request_id": answer["request_id"]}
            case "lying":
                answer |= {"request_id": "another"}
            case "huge":
                answer |= {"padding": "x" * 1_000_000}
            case "error":
                return Response("<h1>Bad Gateway</h1>", status=502)
            case None:
                pass
        return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")


def _read(file: str) -> list[dict[str, str]]:
    with Path(file).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def main() -> None:
    """Serve the registers that the settings file of the first argument describes."""
    settings: RegisterSettings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    make_server("127.0.0.1", settings["port"], Request.application(Register(settings).answer), threaded=True).serve_forever()


if __name__ == "__main__":
    main()
