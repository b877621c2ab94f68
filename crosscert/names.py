"""The addresses of a host, in the time that there is: the system's resolver takes its own time, and nothing stops it.

So each lookup has a thread of its own, which ends when the resolver does. Of each name there is one, which all who ask for it wait for,
and of all names only so many: a slow server of names holds up nobody else. Left to others: connecting, and where to (``http``).
"""

from __future__ import annotations

import socket
from concurrent.futures import Future
from threading import Lock, Thread

MOST = 32
_PENDING: dict[tuple[str, int | None], Future[list[str]]] = {}
_LOCK = Lock()


def look_up(host: str, port: int | None, *, seconds: float) -> list[str]:
    """Return the IP addresses of ``host``, the preferred first. ``OSError``: ``TimeoutError`` when that takes longer than ``seconds``."""
    key = host, port
    with _LOCK:
        answer = _PENDING.get(key)
        if answer is None:
            if len(_PENDING) >= MOST:
                raise socket.gaierror(socket.EAI_AGAIN, "too many names are being looked up")
            answer = Future()
            Thread(target=_resolve, args=(key, answer), daemon=True).start()
            _PENDING[key] = answer
    return answer.result(max(0.0, seconds))


def _resolve(key: tuple[str, int | None], answer: Future[list[str]]) -> None:
    found: list[str] | OSError
    try:
        found = [str(each[0]) for *_, each in socket.getaddrinfo(*key, type=socket.SOCK_STREAM)]
    except UnicodeError:  # no name that can be asked for
        found = socket.gaierror()
    except OSError as error:
        found = error
    with _LOCK:
        del _PENDING[key]  # before anybody hears the answer: who has it takes up no place any more
    if isinstance(found, OSError):
        answer.set_exception(found)
    else:
        answer.set_result(found)
