"""The folder of a key store: files for their owner alone, each written whole or not at all and never overwritten, and the secrets in it.

Left to others: private keys (``keyfiles``, ``pkcs11_store``), where the cipher of the secrets comes from (the same).
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import Misuse
from kernel.randomness import random_bytes, token
from pki.errors import KEYSTORE_UNUSABLE

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
NONCE = 12


def check_label(label: str) -> str:
    """Return ``label`` if it is one: no path, nothing that needs quoting."""
    if not _LABEL.fullmatch(label):
        message = f"not a key label: {label!r}"
        raise ValueError(message)
    return label


class KeyFolder:
    """The files of one key store in ``path`` (mode 0700, files 0600). ``unlock`` gives the cipher of the secrets, once a process."""

    def __init__(self, path: Path, unlock: Callable[[], AESGCM]) -> None:
        self.path = path
        self._unlock = unlock
        self._lock = threading.Lock()
        self._cipher: AESGCM | None = None
        self._secrets: dict[str, bytes] = {}

    def cipher(self) -> AESGCM:
        """Return the cipher of the secrets."""
        with self._lock:
            if self._cipher is None:
                self._cipher = self._unlock()
            return self._cipher

    def file(self, label: str, kind: str) -> Path:
        """Return where the key or secret ``label`` lies."""
        return self.path / f"{check_label(label)}.{kind}"

    def secret(self, label: str, length: int) -> bytes:
        """Return the secret under ``label``, made when it is first asked for."""
        kept = self._secrets.get(label)
        if kept is not None:
            return kept
        file = self.file(label, "secret")
        cipher = self.cipher()
        sealed = self.read(file)
        if sealed is None:
            nonce = random_bytes(NONCE)
            self.write_once(file, nonce + cipher.encrypt(nonce, random_bytes(length), label.encode()))
            sealed = self.read(file) or b""  # what is there counts: another process may have been first
        try:
            value = cipher.decrypt(sealed[:NONCE], sealed[NONCE:], label.encode())
        except (InvalidTag, ValueError):
            raise self.unusable(problem=f"{file.name} is damaged") from None
        return self._secrets.setdefault(label, value)

    def has_secret(self, label: str) -> bool:
        """Tell whether there is a secret under ``label``."""
        return label in self._secrets or self.file(label, "secret").exists()

    def read(self, file: Path) -> bytes | None:
        """Return what is in ``file``, None when there is none."""
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.unusable(problem=f"{file.name}: {error.strerror}") from None

    def write_once(self, file: Path, content: bytes) -> bool:
        """Write ``file`` durably; False when it exists. A killed process leaves no half file under the name."""
        draft = self.path / f".{file.name}.{token(6)}"
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            file.hardlink_to(draft)  # fails when the name is taken, unlike a rename
            with self._opened() as folder:
                os.fsync(folder)
        except FileExistsError:
            return False
        except OSError as error:
            raise self.unusable(problem=f"{file.name}: {error.strerror}") from None
        finally:
            with suppress(OSError):
                draft.unlink()
        return True

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process and thread that asks for the same out for as long as the block runs."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self.unusable(problem=error.strerror or str(error)) from None
        with self._opened() as folder:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def unusable(self, *, problem: str) -> Misuse:
        """Return the misuse that names this folder."""
        return Misuse(KEYSTORE_UNUSABLE, path=str(self.path), problem=problem)
