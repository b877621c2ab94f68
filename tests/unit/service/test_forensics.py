"""Files are taken apart in processes that may be lost over them: what they cost, what they can do, and what is said of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from kernel.errors import Refusal
from licenses import reading, reading_json
from licenses.verify import judge_unreadable
from policies.models import VerificationRules
from service import confined, forensics
from service.confined import Confined
from service.forensics import Forensics
from tests.support import pdfs
from tests.support.authorities import Authority
from tests.support.license_data import example_data
from tests.support.outside_signing import COMPANY, page, signed, with_evidence
from tests.support.policies import packaged


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have time, however busy the machine is."""
    monkeypatch.setattr(forensics, "ANSWER_SECONDS", 60.0)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return pdfs.sealed(pdfs.Sealing.by(Authority()), example_data())


@pytest.fixture(scope="module")
def rules() -> VerificationRules:
    return packaged().licenses.verification.model_copy(update={"forensic_workers": 1})


@pytest.fixture(scope="module")
def pool(rules: VerificationRules) -> Iterator[Forensics]:
    made = Forensics(rules)
    yield made
    made.close()


def process_of(pool: Forensics) -> int:
    """Return the number of the pool's one process, which is idle."""
    (process,) = pool._idle
    assert process is not None
    return process.pid


def test_the_process_reads_what_is_read_here(pool: Forensics, pdf: bytes) -> None:
    ca = Authority(COMPANY, "9999")
    contract = with_evidence(signed(page(), ca, ca.seal(), at=pdfs.SEALED_AT, stamper=ca.time_stamper()), ca, pdfs.SEALED_AT)
    assert reading.read(contract).others
    for content in (
        pdf, contract, pdfs.trailing_bytes(pdf), pdfs.content_changed_by_update(pdf), pdfs.unsealed({"no": "licence"}),
    ):  # fmt: skip
        assert reading_json.load(pool(content)) == reading.read(content)


def test_a_refusal_comes_back_as_one(pool: Forensics, pdf: bytes) -> None:
    for content in (b"no pdf", b"%PDF-1.7", pdfs.junk_before_header(pdf)):
        with pytest.raises(Refusal) as there:
            pool(content)
        with pytest.raises(Refusal) as here:
            reading.read(content)
        assert (there.value.code, there.value.text) == (here.value.code, here.value.text)


def test_a_file_that_ends_the_process_costs_nobody_else(pool: Forensics, pdf: bytes) -> None:
    pool(pdf)
    os.kill(process_of(pool), signal.SIGKILL)
    with pytest.raises(Refusal) as refused:
        pool(pdf)
    assert refused.value.code == "document_too_costly"
    assert reading_json.load(pool(pdf)) == reading.read(pdf)


def test_a_file_that_takes_too_long_is_given_up(rules: VerificationRules, pdf: bytes) -> None:
    """The time is so short that any file takes too long: the kernel ends the process."""
    hasty = Forensics(rules.model_copy(update={"forensic_seconds": 1e-6}))
    with pytest.raises(Refusal) as refused:
        hasty(pdf)
    hasty.close()
    verdict = judge_unreadable(refused.value, sha256="00", broken_seal=False)
    assert (verdict.indication, verdict.subindication) == ("INDETERMINATE", "LIMITS_EXCEEDED")
    assert "原文件" in verdict.message.zh


def test_a_process_is_replaced_after_many_files(rules: VerificationRules, pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "_RENEWED_AFTER", 2)
    pool = Forensics(rules)
    pool(pdf)
    first = process_of(pool)
    pool(pdf)
    pool(pdf)
    assert process_of(pool) != first
    pool.close()


def held(process: Confined) -> Confined:
    """Stop a process that is being started, long before it is."""
    os.kill(process.pid, signal.SIGSTOP)
    return process


ADDRESS: ContextVar[str] = ContextVar("address", default="192.0.2.9")
BUSY = ("verification_busy", 3, 503)


class Askers:
    """Whoever asks two processes, each in a thread of their own. A process that was stopped is held by what it was asked, like by a bomb."""

    def __init__(self, pool: Forensics, threads: ThreadPoolExecutor, pdf: bytes) -> None:
        self.pool, self._threads, self._pdf = pool, threads, pdf

    def stop(self) -> int:
        """Stop the process that is asked next, and return its number."""
        process = self.pool._idle[-1]
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        return process.pid

    def ask(self, address: str, until: Callable[[Forensics], bool] = lambda _: True) -> Future[bytes]:
        """Have ``address`` ask, and wait until the pool is as it is then."""

        def ask() -> bytes:
            ADDRESS.set(address)
            return self.pool(self._pdf)

        future = self._threads.submit(ask)
        while not until(self.pool):
            os.sched_yield()
        return future


@pytest.fixture(scope="module")
def two(rules: VerificationRules) -> Iterator[Forensics]:
    made = Forensics(rules.model_copy(update={"forensic_workers": 2}), ADDRESS.get)
    made._idle = [made._start(), made._start()]
    yield made
    made.close()


@pytest.fixture
def askers(two: Forensics, pdf: bytes) -> Iterator[Askers]:
    with ThreadPoolExecutor(3) as threads:
        yield Askers(two, threads, pdf)


def said_to(future: Future[bytes]) -> tuple[str, object, int]:
    with pytest.raises(Refusal) as refused:
        future.result()
    return refused.value.code, refused.value.details["seconds"], refused.value.error.status


def test_while_bombs_hold_all_processes_the_next_one_is_told_in_time_when_to_come_again(
    askers: Askers, pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, bombs = [], []
    for number in (1, 2):
        stopped.append(askers.stop())
        bombs.append(askers.ask(f"192.0.2.{number}", lambda pool, left=2 - number: len(pool._idle) == left))
    monkeypatch.setattr(forensics, "ANSWER_SECONDS", 0.05)
    assert said_to(askers.ask("192.0.2.3")) == BUSY
    for process in stopped:
        os.kill(process, signal.SIGCONT)
    assert [reading_json.load(bomb.result()) for bomb in bombs] == [reading.read(pdf)] * 2


def test_one_address_holds_half_of_the_processes_and_as_many_of_its_files_wait(askers: Askers, pdf: bytes) -> None:
    stopped = askers.stop()
    first = askers.ask("192.0.2.1", lambda pool: len(pool._idle) == 1)
    second = askers.ask("192.0.2.1", lambda pool: pool._waiting["192.0.2.1"] == 1)
    assert said_to(askers.ask("192.0.2.1")) == BUSY
    another = askers.ask("192.0.2.2").result()
    assert reading_json.load(another) == reading.read(pdf)
    assert not second.done()
    os.kill(stopped, signal.SIGCONT)
    assert first.result() == second.result() == another


def test_whoever_has_a_process_started_is_told_in_time_too_and_the_next_one_finds_it_started(
    rules: VerificationRules, pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forensics, "ANSWER_SECONDS", 0.05)  # no interpreter starts so soon
    pool = Forensics(rules, ADDRESS.get)
    with pytest.raises(Refusal) as refused:
        pool(pdf)
    assert (refused.value.code, refused.value.details["seconds"], refused.value.error.status) == BUSY
    started = process_of(pool)
    monkeypatch.setattr(forensics, "ANSWER_SECONDS", 60.0)
    assert reading_json.load(pool(pdf)) == reading.read(pdf)
    assert process_of(pool) == started
    pool.close()


def test_a_file_that_the_machine_has_no_time_for_gets_no_verdict_but_is_asked_for_again_and_the_next_process_goes_on_starting(
    pool: Forensics, pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool(pdf)
    os.kill(process_of(pool), signal.SIGSTOP)
    monkeypatch.setattr(pool, "_start", lambda: held(Forensics._start(pool)))
    monkeypatch.setattr(forensics, "ANSWER_SECONDS", 0.05)
    with pytest.raises(Refusal) as refused:
        pool(pdf)
    assert (refused.value.code, refused.value.details["seconds"]) == ("verification_busy", 3)
    replaced = process_of(pool)
    with pytest.raises(Refusal, match="verification_busy"):
        pool(pdf)
    os.kill(replaced, signal.SIGCONT)
    monkeypatch.setattr(forensics, "ANSWER_SECONDS", 60.0)
    assert reading_json.load(pool(pdf)) == reading.read(pdf)
    assert process_of(pool) == replaced


def test_whoever_waited_until_there_is_no_time_for_their_file_is_told_so_and_leaves_the_process_as_it_is(
    pool: Forensics, pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool(pdf)
    with ThreadPoolExecutor(1) as threads:
        before = process_of(pool)
        os.kill(before, signal.SIGSTOP)
        first = threads.submit(pool, pdf)
        while pool._idle:
            os.sched_yield()
        monkeypatch.setattr(forensics, "_LEAST_SECONDS", forensics.ANSWER_SECONDS)
        with pytest.raises(Refusal, match="verification_busy"):
            pool(pdf)
        os.kill(before, signal.SIGCONT)
        assert reading_json.load(first.result()) == reading.read(pdf)
    assert process_of(pool) == before


ATTEMPTS = (
    "socket.create_connection(('192.0.2.1', 80), 0.1)",
    "socket.getaddrinfo('localhost', 80)",
    "subprocess.run(['true'])",
    "os.system('true')",
    "os.fork()",
    "open('/tmp/chaoxin-forensics', 'wb')",
    "os.open('/tmp/chaoxin-forensics', os.O_CREAT | os.O_WRONLY)",
    "bytearray(2_000_000_000)",
)


def test_the_process_can_do_nothing_but_read() -> None:
    confined = """
import os, socket, subprocess, sys
from service import confined_worker
confined_worker.confine(100_000_000, open_files=16)
for attempt in sys.argv[1:]:
    try:
        exec(attempt)
    except (PermissionError, MemoryError):
        continue
    print(attempt)
"""
    done = subprocess.run([sys.executable, "-c", confined, *ATTEMPTS], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_the_process_knows_nothing_of_the_node(pool: Forensics, pdf: bytes) -> None:
    pool(pdf)
    with open(f"/proc/{process_of(pool)}/environ", "rb") as environment:  # noqa: PTH123
        names = {each.partition(b"=")[0] for each in environment.read().split(b"\0") if each}
    assert names == {b"PYTHONPATH", b"PYTHONDONTWRITEBYTECODE", b"LC_ALL"}
