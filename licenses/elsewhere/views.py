"""Where other nodes ask about a holder's licences and what was verified of theirs, and the holder's page of what they say, below what is here.

Left to others: every decision.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from kernel.errors import Refusal
from kernel.limiter import SlidingWindow, counted_as
from licenses.elsewhere import answering, asking, verified
from licenses.elsewhere.messages import CONTENT_TYPE, PATH
from licenses.errors import TOO_MANY_VERIFICATIONS
from licenses.held import list_own
from licenses.ports import LicenseDeps
from licenses.status import shown_status

QUESTIONS_PER_MINUTE = 600
_MAX_QUESTION = 32 * 1024
_SEE_OTHER = 303


def make_blueprint(deps: LicenseDeps, peers: asking.Peers) -> Blueprint:
    """Return the addresses; questions are counted by network address, in this process."""
    room = Blueprint("elsewhere", __name__, template_folder="templates")
    limiter = SlidingWindow(QUESTIONS_PER_MINUTE)

    def reply(answer: Callable[[LicenseDeps, bytes], str]) -> Response:
        seconds = limiter.take(counted_as(request.remote_addr or ""), deps.clock.now())
        if seconds:
            raise Refusal(TOO_MANY_VERIFICATIONS, seconds=seconds)
        request.max_content_length = _MAX_QUESTION
        response = Response(answer(deps, request.get_data(cache=False)), mimetype=CONTENT_TYPE)
        response.headers["Cache-Control"] = "no-store"
        return response

    @room.post(PATH)
    def tell_licenses() -> Response:
        return reply(answering.answer)

    @room.post(verified.PATH)
    def tell_verified() -> Response:
        return reply(verified.answer)

    @room.get("/account/licenses/elsewhere")
    def show() -> AnyResponse | str:
        visitor = deps.visitors.current()
        if visitor is None:
            return redirect(f"{request.script_root}/login", code=_SEE_OTHER)
        if visitor.holder_id is None:
            return render_template("elsewhere/elsewhere.html", own=(), told=())
        return render_template(
            "elsewhere/elsewhere.html",
            own=list_own(deps, visitor.holder_id),
            shown_status=partial(shown_status, at=deps.clock.now()),
            told=asking.ask_all(deps, peers, visitor.holder_id),
        )

    return room
