"""The room's pages and endpoints on Flask: parse, call one function, render. No decision is taken here."""

from __future__ import annotations

from flask import Blueprint

from idp.browsers.devices import device_name
from idp.people import passwords
from idp.ports import IdpDeps
from idp.views import (
    account,
    authenticators,
    authorize,
    contacts,
    device,
    event_streams,
    events,
    identity,
    kiosk,
    levels,
    login,
    logout,
    machine,
    mandate_check,
    not_me,
    organizations,
    privacy,
    recovery,
    registration,
    reports,
)
from idp.views.browser import Visitors, remember

__all__ = ["Visitors", "make_blueprint"]


def make_blueprint(deps: IdpDeps) -> Blueprint:
    """Return the blueprint of the identity provider."""
    blueprint = Blueprint("idp", "idp", template_folder="templates", static_folder="static", static_url_path="/static/idp")
    people = (
        account.add,
        authenticators.add,
        contacts.add,
        not_me.add,
        organizations.add,
        privacy.add,
        recovery.add,
        registration.add,
        reports.add,
        levels.add,
    )
    for add in (
        machine.add,
        events.add,
        event_streams.add,
        mandate_check.add,
        authorize.add,
        login.add,
        identity.add,
        device.add,
        kiosk.add,
        logout.add,
        *people,
    ):
        add(blueprint, deps)
    blueprint.after_request(remember(deps))
    blueprint.add_app_template_filter(device_name, "as_device")
    passwords.prepare()
    return blueprint
