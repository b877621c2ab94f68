"""The pages on which people have a code sent to an e-mail address or phone number, and type it."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from idp.authenticators import changing, contacts
from idp.browsers.sessions import Current
from idp.ports import IdpDeps
from idp.records import Channel
from idp.views import browser
from idp.views.authenticators import Page, for_owner, go_to_list
from kernel.errors import Refusal

_MAX_INPUT = 255
_RULE = "/account/contacts/<any(email, phone):channel>"


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""

    def page(current: Current, channel: Channel, *, error: Refusal | None = None, sent: bool = False) -> Page:
        changing.check_fresh(deps, current)
        known = current.account.email if channel == "email" else current.account.phone
        value = _input("address") or known or ""
        return render_template("idp/contact.html", channel=channel, value=value, sent=sent, error=error)

    @blueprint.get(_RULE)
    def show_contact(channel: Channel) -> Page:
        return for_owner(deps, lambda current: page(current, channel, sent="sent" in request.args))

    @blueprint.post(_RULE)
    def send_code(channel: Channel) -> Page:
        def act(current: Current) -> Page:
            contacts.send(deps, current, browser.device(), channel, _input("address"))
            return browser.go_to(url_for("idp.show_contact", channel=channel, sent=1))

        return for_owner(deps, act, again=lambda current, refusal: page(current, channel, error=refusal))

    @blueprint.post(_RULE + "/code")
    def confirm_contact(channel: Channel) -> Page:
        def act(current: Current) -> Page:
            contacts.confirm(deps, current, browser.device(), channel, _input("code"))
            return go_to_list()

        return for_owner(deps, act, again=lambda current, refusal: page(current, channel, error=refusal, sent=True))

    @blueprint.post(_RULE + "/remove")
    def remove_contact(channel: Channel) -> Page:
        def act(current: Current) -> Page:
            contacts.remove(deps, current, channel)
            return go_to_list()

        return for_owner(deps, act, again=lambda current, refusal: page(current, channel, error=refusal))


def _input(name: str) -> str:
    return request.form.get(name, "")[:_MAX_INPUT].replace("\0", "")
