"""The pages of a device authorization on the phone: the code, the question, the end."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from idp import endpoints
from idp.device import approval
from idp.device.errors import USER_CODE_WRONG
from idp.errors import LOGIN_THROTTLED
from idp.ports import IdpDeps
from idp.views import browser
from idp.views.authorize import follow
from idp.views.login import Page
from kernel.errors import Refusal

_MAX_CODE = 40


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""

    @blueprint.get(endpoints.DEVICE)
    def show_device() -> Page:
        return render_template("idp/device.html", user_code=request.args.get("user_code", "")[:_MAX_CODE], error=None)

    @blueprint.post(endpoints.DEVICE)
    def submit_device() -> Page:
        typed = request.form.get("user_code", "")[:_MAX_CODE]
        try:
            return follow(approval.enter(deps, browser.visit(deps), typed=typed, address=browser.device().address))
        except Refusal as refusal:
            if refusal.error not in {USER_CODE_WRONG, LOGIN_THROTTLED}:
                raise
            return render_template("idp/device.html", user_code=typed, error=refusal), refusal.error.status

    @blueprint.get(endpoints.DEVICE_CONFIRM)
    def show_device_question() -> Page:
        question = approval.describe(deps, browser.transaction_id(), browser.visit(deps))
        return render_template("idp/device_confirm.html", question=question, txn=browser.transaction_id())

    @blueprint.post(endpoints.DEVICE_CONFIRM)
    def submit_device_answer() -> Page:
        return follow(approval.approve(deps, browser.transaction_id(), browser.visit(deps)))

    @blueprint.get(endpoints.DEVICE_DONE)
    def show_device_done() -> Page:
        return render_template("idp/device_done.html", approved="error" not in request.args)
