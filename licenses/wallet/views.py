"""A holder's pages about their licences, and the page on which others open what is shown to them.

A view parses, calls one function, renders. Left to others: every decision (``holding``, ``sharing``, ``fetching.consents``), who is logged in (a port).
"""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kernel.errors import Refusal
from kernel.limiter import Limiter, SlidingWindow, counted_as
from licenses.errors.wallet import TOO_MANY_TRIES
from licenses.fetching import consents
from licenses.held import list_own
from licenses.ports import LicenseDeps
from licenses.presentation import present
from licenses.qr_pictures import picture
from licenses.status import shown_status
from licenses.transparency import receipts
from licenses.visitors import Visitor
from licenses.wallet import holding, sharing

TRIES_PER_MINUTE = 20
_SHOWN = "shown_"
_SEE_OTHER = 303


def make_blueprint(deps: LicenseDeps, limiter: Limiter | None = None) -> Blueprint:
    """Return the pages. ``limiter`` counts who opens links, by network address; by default in this process."""
    room = Blueprint(
        "wallet", __name__, template_folder="templates", static_folder="static", static_url_path="/licenses/wallet/static"
    )
    _add_own(room, deps)
    _add_sharing(room, deps)
    _add_opening(room, deps, limiter or SlidingWindow(TRIES_PER_MINUTE))
    return room


def _add_own(room: Blueprint, deps: LicenseDeps) -> None:
    @room.get("/account/licenses")
    def list_licenses() -> Response | str:
        visitor = deps.visitors.current()
        if visitor is None:
            return _log_in()
        holder_id = visitor.holder_id or ""
        return render_template(
            "wallet/licenses.html",
            own=list_own(deps, holder_id),
            shown_status=partial(shown_status, at=deps.clock.now()),
            consents=consents.listed(deps, holder_id),
            days=deps.policies.licenses.wallet.consent_days,
            visitor_holds=bool(holder_id),
        )

    @room.post("/account/licenses/consents")
    def decide() -> Response:
        visitor = deps.visitors.current()
        if visitor is None:
            return _log_in()
        said = request.form.get("consent", "")[:100], visitor.holder_id or "", request.form.get("word", "")
        consents.decide(deps, *said, actor=_actor(visitor))
        return redirect(url_for("wallet.list_licenses"), code=_SEE_OTHER)

    @room.get("/account/licenses/<identifier>")
    def show_license(identifier: str) -> Response | str:
        visitor = deps.visitors.current()
        if visitor is None:
            return _log_in()
        held = holding.describe(deps, identifier, visitor.holder_id or "")
        seconds = deps.policies.licenses.wallet.share_seconds
        return render_template("wallet/license.html", held=held, status=shown_status(held.record, held.at), seconds=seconds)

    @room.get("/account/licenses/<identifier>/receipt")
    def download_receipt(identifier: str) -> Response:
        visitor = deps.visitors.current()
        if visitor is None:
            return _log_in()
        deps.visitors.check_files()
        held = holding.describe(deps, identifier, visitor.holder_id or "")
        name, text = receipts.receipt_of(deps, held.record)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
        return Response(text, mimetype=receipts.MEDIA_TYPE, headers=headers)


def _add_sharing(room: Blueprint, deps: LicenseDeps) -> None:
    @room.post("/account/licenses/<identifier>/shares")
    def share(identifier: str) -> Response | str:
        visitor = deps.visitors.current()
        if visitor is None:
            return _log_in()
        return _show(sharing.share(deps, identifier, visitor.holder_id or "", _choice(), actor=_actor(visitor)))

    @room.post("/account/licenses/<identifier>/counter")
    def show_at_counter(identifier: str) -> Response | str:
        visitor = deps.visitors.current()
        if visitor is None:
            return _log_in()
        return _show(sharing.share_at_counter(deps, identifier, visitor.holder_id or "", actor=_actor(visitor)))

    @room.post("/account/licenses/shares/revoke")
    def revoke() -> Response:
        visitor = deps.visitors.current()
        if visitor is None:
            return _log_in()
        ended = sharing.revoke(deps, request.form.get("share", "")[:100], visitor.holder_id or "", actor=_actor(visitor))
        return redirect(url_for("wallet.show_license", identifier=ended.identifier), code=_SEE_OTHER)


def _add_opening(room: Blueprint, deps: LicenseDeps, limiter: Limiter) -> None:
    @room.get(sharing.PAGE)
    def ask_for_link() -> str:
        return render_template("wallet/open.html")

    @room.post(sharing.PAGE)
    def open_link() -> str:
        seconds = limiter.take(counted_as(request.remote_addr or ""), deps.clock.now())
        if seconds:
            raise Refusal(TOO_MANY_TRIES, seconds=seconds)
        visitor = deps.visitors.current()
        actor = "public:share" if visitor is None else _actor(visitor)
        opened = sharing.open_share(deps, request.form.get("link", ""), request.form.get("viewer", ""), actor=actor)
        return render_template("wallet/opened.html", opened=opened, page=present(opened.verdict))


def _choice() -> sharing.Choice:
    form = request.form
    seconds = form.get("seconds", "")
    return sharing.Choice(
        purpose=form.get("purpose", ""),
        seconds=int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 9 else 0,  # noqa: PLR2004 - years
        shown=[name.removeprefix(_SHOWN) for name in form if name.startswith(_SHOWN)],
        once=form.get("once") == "1",
    )


def _show(made: sharing.Made) -> str:
    return render_template("wallet/shared.html", made=made, code=f"data:image/svg+xml,{quote(picture(made.link))}")


def _actor(visitor: Visitor) -> str:
    return f"account:{visitor.account_id}"


def _log_in() -> Response:
    return redirect(f"{request.script_root}/login", code=_SEE_OTHER)
