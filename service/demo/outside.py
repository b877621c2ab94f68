"""What the demo's nodes ask and write to outside, all served by one process: registers, checks of documents, an SMS gateway.

Left to others: serving it (``register``), starting it (``federation``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kernel.randomness import token
from service.demo import plan
from service.demo.register import RegisterSettings
from service.demo.secrets import private_jwk
from service.files import write_once, write_whole

_CONFIGURATION = """
[registers]
population = {{ url = "{url}/persons/match", key_file = "../register-key" }}
legal_persons = {{ url = "{url}/legal-persons/find", key_file = "../register-key" }}
documents = {{ url = "{url}/documents", key_file = "../register-key", signer_file = "../register-signer.json" }}

[sms]
url = "{url}/sms"
key_file = "../register-key"
"""
_PRIVATE = "register-signer-private.json"


@dataclass(frozen=True, slots=True)
class Outside:
    """The files of that server in the demo's ``directory``, and the ``port`` on which it listens."""

    directory: Path
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://localhost:{self.port}"

    def configuration(self) -> str:
        """Return what a node's configuration says of it; the secrets are made when they are not there."""
        self.directory.mkdir(parents=True, exist_ok=True)
        write_once(self.directory / "register-key", token().encode(), 0o600)
        write_once(self.directory / _PRIVATE, json.dumps(private_jwk()).encode(), 0o600)
        private = self._signer()
        public = {name: value for name, value in private.items() if name != "d"}
        write_once(self.directory / "register-signer.json", json.dumps(public).encode())
        return _CONFIGURATION.format(url=self.url)

    def write_settings(self) -> Path:
        """Write what the server is started with, and return where."""
        legal_persons = self.directory / "legal-persons.csv"
        write_once(legal_persons, (plan.DATA / legal_persons.name).read_bytes())
        settings: RegisterSettings = {
            "port": self.port,
            "key": (self.directory / "register-key").read_text(encoding="utf-8"),
            "people": str(plan.DATA / "people.csv"),
            "legal_persons": str(legal_persons),
            "signer": self._signer(),
            "faults": plan.FAULTS,
        }
        file = self.directory / "register.json"
        write_whole(file, json.dumps(settings, ensure_ascii=False).encode(), 0o600)
        return file

    def _signer(self) -> dict[str, str]:
        signer: dict[str, str] = json.loads((self.directory / _PRIVATE).read_text(encoding="utf-8"))
        return signer
