"""The login's page as a stranger is shown it who has just come from a department: in one language the same for all, but for a few values.

Left to others: whatever else the page may have to tell (``login``), keeping it (``moulds``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from markupsafe import escape

from idp.authenticators import switches
from idp.authorize.request import AuthorizationRequest
from idp.authorize.transactions import Visit
from idp.ports import IdpDeps
from idp.records import Client, Switch, Transaction
from idp.views.moulds import Moulds
from kernel.errors import Text

Off = Mapping[str, tuple[Text, str]]
Rendered = TypeVar("Rendered", str, None)


def named(off: Sequence[Switch]) -> Off:
    """Return what is switched off: its name, and why."""
    return {one.what: (switches.name_of(one.what), one.reason) for one in off}


def is_strangers(request: AuthorizationRequest, visit: Visit) -> bool:
    """Tell whether the page says nothing of whoever is shown it: nobody is logged in, and the department says no more than who it is."""
    return visit.current is None and not (request.login_hint or request.ui_locales or request.display == "popup")


def show(
    deps: IdpDeps,
    transaction: Transaction,
    client: Client | None,
    off: Off,
    *,
    language: str,
    root: str,
    passkey: str,
    form: str,
    render: Callable[[], Rendered],
) -> str | Rendered:
    """Return the page; where it is not kept yet, what ``render`` makes, which is kept then.

    ``root`` is where the application is mounted, ``passkey`` what a passkey is asked, ``form`` the field of this browser's forms.
    """
    moulds: Moulds = deps.kept.setdefault("login_pages", Moulds())
    key, shows = (transaction.client_id, language, root), (client, off)
    values = {"txn": transaction.id, "passkey": escape(passkey), "form": form}
    kept = moulds.cast(key, shows, values)
    if kept is not None:
        return kept
    page = render()  # type: ignore[func-returns-value]  # which may be None, and is that in front of Flask
    if page is not None:
        moulds.keep(key, shows, values, page)
    return page
