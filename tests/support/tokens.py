"""Tokens of SoftHSM2, each empty and for one test, and what can happen to a token: it goes away, its PIN is changed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pkcs11
import pytest

from kernel.randomness import token
from pki.pkcs11 import Token
from tests.support.programs import need

PIN = "123456"


def _library() -> Path:
    found = sorted(Path("/usr/lib").glob("**/libsofthsm2.so"))
    if not found:
        pytest.fail(
            "libsofthsm2.so is not installed (Debian package softhsm2; scripts/install-system-packages.sh)", pytrace=False
        )
    return found[0]


@dataclass
class SoftHsm:
    """The tokens of this test process, below ``folder``."""

    folder: Path
    module: Path = field(default_factory=_library)

    def configure(self, set_variable: Callable[[str, str], None]) -> None:
        """Let the library look into this folder, and nowhere else, for as long as the variable stands."""
        self.tokens.mkdir()
        config = self.folder / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        set_variable("SOFTHSM2_CONF", str(config))

    def make(self) -> str:
        """Make an empty token; return its label."""
        label = f"test-{token(6)}"
        self.run("--init-token", "--free", "--label", label, "--so-pin", PIN, "--pin", PIN)
        return label

    def open(self, label: str, pin: str = PIN) -> Token:
        return Token(self.module, label, lambda: pin)

    def session(self, label: str, *, rw: bool = False) -> Any:
        """A session of the test's own, after the one of the code under test was logged in."""
        return pkcs11.lib(str(self.module)).get_token(token_label=label).open(rw=rw)

    def set_pin(self, label: str, old: str, new: str) -> None:
        session = self.session(label, rw=True)
        session.set_pin(old, new)
        session.close()

    def run(self, *arguments: str) -> None:
        subprocess.run([need("softhsm2-util", "softhsm2"), *arguments], check=True, capture_output=True)

    def take_away(self) -> None:
        self.tokens.rename(self.folder / "away")

    def bring_back(self) -> None:
        (self.folder / "away").rename(self.tokens)

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """SoftHSM2 with no token yet; this process's library and those of its children look there."""
    made = SoftHsm(tmp_path_factory.mktemp("softhsm"))
    with pytest.MonkeyPatch.context() as patch:
        made.configure(patch.setenv)
        yield made
