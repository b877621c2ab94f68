"""Questions to a directory of staff that several ask: an entry's attributes, and answers that come page by page, with an end.

Left to others: the connection with its bounds (``crosscert.directory.channel``), what is asked (``ldap``, ``groups``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from crosscert.directory.channel import NO_SUCH_OBJECT, SUCCESS, Channel, Page
from crosscert.errors import DIRECTORY_ANSWER
from kernel.errors import Refusal

MAX_PEOPLE = 1_000_000
ANYTHING = "(objectClass=*)"
NOTHING = "1.1"  # RFC 4511 4.5.1.8


def read_group(channel: Channel, name: str, attributes: Sequence[str], filter_: str = ANYTHING) -> Page:
    """Return the group's entry, none when it is not there or not so."""
    return checked(channel.search(name, filter_, attributes, one=True), NO_SUCH_OBJECT)


def paged(
    channel: Channel, base: str, filter_: str, attributes: Sequence[str], *, size: int, most: int, allow: Callable[[], None]
) -> Iterator[Page]:
    """Yield what is found below ``base`` page by page, each with bounds of its own (``allow``); ``Refusal`` after ``most`` entries."""
    cookie, seen = b"", 0
    while True:
        allow()
        page = checked(channel.search(base, filter_, attributes, page=(size, cookie)))
        yield page
        seen += len(page.entries)
        cookie = page.cookie
        if not cookie:
            return
        if not page.entries or seen > most:
            raise Refusal(DIRECTORY_ANSWER, problem="its answer has no end")


def checked(page: Page, *also: int) -> Page:
    """Return what a search has found; ``Refusal(directory_answer)`` where it did not come to its end, but for the codes ``also``."""
    if page.code not in {SUCCESS, *also}:
        raise Refusal(DIRECTORY_ANSWER, problem=f"result {page.code} for a search")
    return page
