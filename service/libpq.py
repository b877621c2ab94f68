"""Statements on one PostgreSQL connection, carried out by libpq itself: prepared once, and sent together where nobody waits for the answers.

psycopg's cursor costs a short statement four times as much as libpq, and each wait for the server about as much again. So ``BEGIN`` goes with
the first statement, and whatever is put off (``put_off``) with the next one that is waited for, at the latest with ``COMMIT``; statements none of
which is waited for before they are committed need neither, for what is sent together is one transaction: rows that are wanted only then
(``ask``) come with its end. Order, transactions and errors are the
server's as ever; what was put off fails where it is sent.

Left to others: keeping connections (``connections``), the statements (``pki.storage.prepared``).
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from service.engine import refuse_nul

_DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})


@dataclass(slots=True, eq=False)
class _Sent:
    """A statement to be sent: a prepared one's name with values, or a text without. What is ``found`` is known once it was carried out.

    ``rows`` are read then where they were ``asked`` for: later somebody else may have the connection.
    """

    what: bytes
    values: Sequence[Any] | None = None
    rowcount: int = -1
    found: PGresult | None = None
    asked: bool = False
    rows: Sequence[tuple[Any, ...]] = ()


_BEGIN, _COMMIT = _Sent(b"BEGIN"), _Sent(b"COMMIT")


class Answer:
    """What the server answered to a statement."""

    __slots__ = ("_found", "_values", "rowcount")

    def __init__(self, found: PGresult, values: Any) -> None:
        self._found = found
        self._values = values
        self.rowcount = found.command_tuples or 0

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        """Return the rows."""
        count = self._found.ntuples
        if not count:
            return ()
        self._values.set_pgresult(self._found, set_loaders=True, format=Format.BINARY)
        rows: Sequence[tuple[Any, ...]] = self._values.load_rows(0, count, tuple)
        return rows


class Libpq:
    """A connection of psycopg's, in autocommit: nobody begins a transaction but :meth:`begin`."""

    is_far = True

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._pgconn = driver.pgconn
        self._values = Transformer(driver)
        self._names: dict[str, bytes] = {}
        self._waiting: list[_Sent] = []
        self._expected: dict[tuple[str, tuple[Any, ...]], _Sent] = {}
        self._poll = select.poll()
        self._poll.register(self._pgconn.socket, select.POLLIN)
        self._sendable = select.poll()
        self._sendable.register(self._pgconn.socket, select.POLLIN | select.POLLOUT)

    def check(self) -> None:
        """Raise where the server gave the connection up: it says so, and says nothing else to an idle one."""
        if self._poll.poll(0):
            self._verified(_Sent(b"SELECT"), self._pgconn.exec_(b"SELECT"))

    def begin(self) -> None:
        """Let what follows be one transaction."""
        self._waiting.append(_BEGIN)

    def commit(self) -> None:
        """Send what was put off, and commit."""
        waiting = self._waiting
        if waiting and waiting[0] is _BEGIN:
            del waiting[0]  # nothing was carried out yet, and what is sent together is a transaction
        else:
            waiting.append(_COMMIT)
        self._expected.clear()
        self.send()

    def roll_back(self) -> None:
        """Forget what was put off, and undo the transaction if it has begun."""
        self._waiting.clear()
        self._expected.clear()
        if self._pgconn.pipeline_status:
            message = "interrupted between statements and their answers"
            raise psycopg.OperationalError(message)
        if self._pgconn.transaction_status != TransactionStatus.IDLE:
            self._verified(_Sent(b"ROLLBACK"), self._pgconn.exec_(b"ROLLBACK"))

    def execute(self, text: str, values: Sequence[Any]) -> Answer:
        """Carry out a statement after all that was put off, unless it was expected and has gone already."""
        expected = self._expected.pop((text, tuple(values)), None) if self._expected else None
        sent = expected or self.put_off(text, values)
        if sent.found is None:
            self.send()
        return Answer(self._verified(sent, sent.found), self._values)

    def expect(self, text: str, values: Sequence[Any]) -> None:
        """Put off a statement whose answer will be asked for: with the first of several all of them are sent."""
        self._expected[text, tuple(values)] = self.put_off(text, values)

    def ask(self, text: str, values: Sequence[Any]) -> _Sent:
        """Put off a statement whose rows are wanted when the transaction has ended."""
        sent = self.put_off(text, values)
        sent.asked = True
        return sent

    def put_off(self, text: str, values: Sequence[Any]) -> _Sent:
        """Carry out a statement some time before the transaction ends."""
        name = self._names.get(text) or self._prepare(text)
        try:
            sent = _Sent(name, self._values.dump_sequence(values, [PyFormat.TEXT] * len(values)))
        except psycopg.DataError as error:
            refuse_nul(error)
            raise
        self._waiting.append(sent)
        return sent

    def send(self, *_: object) -> None:
        """Carry out what was put off, before somebody uses the connection in another way."""
        if self._waiting:
            self._carry_out()

    def _carry_out(self) -> PGresult:
        """Carry out what was put off; the answer to the last."""
        waiting, self._waiting = self._waiting, []
        return self._alone(waiting[0]) if len(waiting) == 1 else self._together(waiting)

    def _prepare(self, text: str) -> bytes:
        name = f"chaoxin_{len(self._names)}".encode()
        self._verified(_Sent(name), self._pgconn.prepare(name, text.encode()))
        self._names[text] = name
        return name

    def _alone(self, sent: _Sent) -> PGresult:
        pgconn = self._pgconn
        if sent.values is None:
            return self._verified(sent, pgconn.exec_(sent.what))
        return self._verified(sent, pgconn.exec_prepared(sent.what, sent.values, None, Format.BINARY))

    def _together(self, waiting: Sequence[_Sent]) -> PGresult:
        pgconn = self._pgconn
        pgconn.enter_pipeline_mode()
        for sent in waiting:
            if sent.values is None:
                pgconn.send_query_params(sent.what, None)
            else:
                pgconn.send_query_prepared(sent.what, sent.values, None, Format.BINARY)
        pgconn.pipeline_sync()
        while pgconn.flush():
            self._sendable.poll()
            pgconn.consume_input()
        found = []
        for _ in waiting:
            found.append(self._next_result())
            self._next_result()  # the end of one statement's answers
        ended = self._next_result()  # and of all, which commits them where no BEGIN was sent
        if ended is None or ended.status != ExecStatus.PIPELINE_SYNC:
            found[-1] = ended  # the commit's own failure, after which the end comes
            self._next_result()
            self._next_result()
        pgconn.exit_pipeline_mode()
        return [self._verified(*each) for each in zip(waiting, found, strict=True)][-1]

    def _next_result(self) -> PGresult | None:
        while self._pgconn.is_busy():
            self._poll.poll()  # here, because all other threads would stand still while ``get_result`` waits
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _verified(self, sent: _Sent, found: PGresult | None) -> PGresult:
        if found is None:
            message = "the connection was lost"
            raise psycopg.OperationalError(message)
        if found.status not in _DONE:
            raise psycopg.errors.error_from_result(found, encoding="utf-8")
        if sent is _COMMIT and found.command_status != b"COMMIT":  # of a transaction that had failed, the server makes a ROLLBACK
            message = "the transaction was not committed"
            raise psycopg.OperationalError(message)
        if sent.values is not None:
            sent.rowcount, sent.found = found.command_tuples or 0, found
            if sent.asked:
                sent.rows = Answer(found, self._values).fetchall()
        return found
